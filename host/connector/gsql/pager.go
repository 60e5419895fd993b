package gsql

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
)

// pager reads an object type and its tables of values page by page over one connection that has one result set at a time.
type pager struct {
	ctx  context.Context
	conn *stdConn
	scan scan
	size int

	main     pageRows
	children []*pageRows
	last     []any // bound anchor of the last object of the page before
	begun    bool
	ended    bool
}

// pageRows is one of a pager's result sets: what it holds of the present page.
type pageRows struct {
	pager *pager
	held  [][]entry.Value
}

func newPager(ctx context.Context, c *stdConn, s scan) *pager {
	p := &pager{ctx: ctx, conn: c, scan: s, size: pageSize}
	p.main.pager = p
	for range s.object.children {
		p.children = append(p.children, &pageRows{pager: p})
	}
	return p
}

func (p *pager) rows() []rows {
	out := []rows{&mainRows{&p.main}}
	for _, c := range p.children {
		out = append(out, c)
	}
	return out
}

// turn reads the next page of objects, and the values that belong to it.
func (p *pager) turn() error {
	q := p.scan.page(p.size, !p.begun)
	q.args = p.last
	var err error
	if p.main.held, err = all(p.ctx, p.conn, q); err != nil {
		return err
	}
	p.ended = len(p.main.held) < p.size
	if len(p.main.held) == 0 {
		return nil
	}
	upto, err := p.anchor(p.main.held[len(p.main.held)-1])
	if err != nil {
		return err
	}
	for i, c := range p.scan.object.children {
		q := p.scan.childPage(c, !p.begun)
		q.args = append(append([]any{}, upto...), p.last...)
		if p.children[i].held, err = all(p.ctx, p.conn, q); err != nil {
			return err
		}
	}
	p.last, p.begun = upto, true
	return nil
}

// anchor returns the bound anchor of a row.
func (p *pager) anchor(row []entry.Value) ([]any, error) {
	m := newMaker(p.scan.object)
	out := make([]any, len(m.anchor))
	for i, at := range m.anchor {
		var err error
		if out[i], err = p.conn.binder.bind(p.scan.object.anchor[i], p.conn.clock, row[at]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// mainRows turns the pages.
type mainRows struct{ *pageRows }

func (r *mainRows) next(dst []entry.Value) (bool, error) {
	if len(r.held) == 0 && !r.pager.ended {
		if err := r.pager.turn(); err != nil {
			return false, err
		}
	}
	return r.pageRows.next(dst)
}

func (r *pageRows) next(dst []entry.Value) (bool, error) {
	if len(r.held) == 0 {
		return false, nil
	}
	copy(dst, r.held[0])
	r.held = r.held[1:]
	return true, nil
}

// paused reports whether the next page may bring more.
func (r *pageRows) paused() bool { return !r.pager.ended }

func (r *pageRows) close() error { return nil }
