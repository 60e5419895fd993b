package cache

import (
	"iter"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// replacement is a Replace under way. Only rows that differ from the cache are kept aside.
type replacement struct {
	touched map[string]struct{} // anchors written meanwhile; guarded by the cache's lock
	seen    []uint64            // bit per row number: the import has it
	staged  *store              // drafts in the order they came
	byHash  *table              // anchor hash → staged number, of rows the cache does not have
	stats   Stats
}

const maxProblems = 100

// Replace makes the cache hold exactly what an import yields. Nothing is changed before the sequence has ended; if it
// yields an error nothing is changed at all and the error is returned. Objects that stay keep their place and time of
// creation, and their modified time unless their content changed. Objects written by Put, Edit, Remove, Rename or
// Repoint after Replace began keep what was written. Readers see the cache before or after, nothing between.
//
// A row whose anchor came before in the same import, or that cannot be encoded, is counted and named in Stats, not
// taken; if the cache holds such an object it stays as it is. Errors: the sequence's own, and fault.Conflict when
// another Replace is running or a Load came between.
func (c *Cache) Replace(rows iter.Seq2[Row, error]) (Stats, error) { return c.ReplaceIf(rows, nil) }

// ReplaceIf is Replace that asks check, before changing anything, whether it may: a guard against imports that shrink.
// check's error is returned.
func (c *Cache) ReplaceIf(rows iter.Seq2[Row, error], check func(Stats) error) (Stats, error) {
	p, s, err := c.begin()
	if err != nil {
		return Stats{}, err
	}
	defer c.end(p)
	for row, err := range rows {
		if err != nil {
			return p.stats, err
		}
		if err := c.stage(p, s, row); err != nil {
			return p.stats, err
		}
	}
	if check != nil {
		if err := check(c.preview(p, s)); err != nil {
			return p.stats, err
		}
	}
	return c.commit(p, s)
}

func (c *Cache) begin() (*replacement, *space, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running != nil {
		return nil, nil, fault.New(fault.Conflict, "replace the cache", "another import is running").
			WithHint("wait until it has finished")
	}
	c.running = &replacement{touched: map[string]struct{}{}, staged: newStore(), byHash: newTable()}
	return c.running, c.s, nil
}

func (c *Cache) end(p *replacement) {
	p.staged.close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = nil
	c.s.tidy()
}

// stage compares one imported row with the cache and keeps it aside if it differs.
func (c *Cache) stage(p *replacement, s *space, row Row) error {
	d, refused := s.draft(row, true)
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.s != s {
		return exchanged()
	}
	n, known := s.find(row.Anchor)
	twice := known && p.has(n) || !known && p.find(row.Anchor)
	if known && !twice {
		p.mark(n)
	}
	switch {
	case refused != nil:
		p.stats.Refused++
		p.problem(row.Anchor, refused)
	case twice:
		p.stats.Duplicates++
		p.problem(row.Anchor, fault.New(fault.Exists, "import object", "the anchor came before in the same import").
			About(row.Anchor).WithHint("choose an anchor that is unique in the target"))
	case known && s.holds(n, &d):
		p.stats.Rows++
		p.stats.Same++
	default:
		p.stats.Rows++
		p.keep(&d, known)
	}
	return nil
}

func exchanged() error {
	return fault.New(fault.Conflict, "replace the cache", "a saved image was loaded meanwhile").
		WithHint("import again")
}

func (p *replacement) problem(anchor string, err error) {
	if len(p.stats.Problems) < maxProblems {
		p.stats.Problems = append(p.stats.Problems, Problem{anchor, err})
	}
}

func (p *replacement) has(row uint32) bool {
	i := int(row) / 64
	return i < len(p.seen) && p.seen[i]>>(row%64)&1 == 1
}

func (p *replacement) mark(row uint32) {
	if i := int(row) / 64; i >= len(p.seen) {
		p.seen = append(p.seen, make([]uint64, i+1-len(p.seen))...)
	}
	p.seen[row/64] |= 1 << (row % 64)
}

// keep puts a draft aside.
func (p *replacement) keep(d *draft, known bool) {
	n := p.staged.next()
	p.staged.set(n, d.appendTo(make([]byte, 0, len(d.content)+64)))
	if known {
		p.stats.Changed++
		return
	}
	p.stats.Added++
	p.byHash.add(anchorHash(d.anchor), n)
}

// find reports whether a new row with the anchor was kept aside.
func (p *replacement) find(anchor string) (ok bool) {
	p.byHash.each(anchorHash(anchor), func(n uint32) bool {
		r := reader{s: p.staged.get(n)}
		ok = r.text() == anchor
		return !ok
	})
	return ok
}

// preview completes the statistics with what is to go.
func (c *Cache) preview(p *replacement, s *space) Stats {
	c.mu.RLock()
	defer c.mu.RUnlock()
	st := p.stats
	for range p.gone(s) {
		st.Removed++
	}
	st.Overtaken = len(p.touched)
	st.Problems = slices.Clone(st.Problems)
	return st
}

// gone yields the rows that the import does not have and nobody wrote meanwhile.
func (p *replacement) gone(s *space) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for row := range uint32(len(s.seqs)) {
			if !s.rows.has(row) || p.has(row) {
				continue
			}
			rec := s.record(row)
			if _, won := p.touched[rec.anchorText()]; !won && !yield(row) {
				return
			}
		}
	}
}

// commit brings in what was kept aside and takes out what is gone, in one step.
func (c *Cache) commit(p *replacement, s *space) (Stats, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.s != s {
		return p.stats, exchanged()
	}
	for row := range p.gone(s) {
		s.remove(row)
		p.stats.Removed++
	}
	p.stats.Added, p.stats.Changed = 0, 0
	now := millis(time.Now())
	for n := range uint32(len(p.staged.at)) {
		p.bring(s, n, now)
	}
	p.stats.Overtaken = len(p.touched)
	return p.stats, nil
}

// bring applies one staged draft unless its object was written meanwhile, and frees its room.
func (p *replacement) bring(s *space, n uint32, now int64) {
	d := parseDraft(p.staged.get(n), len(s.sets))
	if _, won := p.touched[d.anchor]; !won {
		before := s.live
		if _, changed := s.apply(&d, now, now); s.live > before {
			p.stats.Added++
		} else if changed {
			p.stats.Changed++
		}
	}
	p.staged.drop(n)
}
