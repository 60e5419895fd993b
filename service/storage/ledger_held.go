package storage

import (
	"context"
	"iter"

	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/journal"
)

const (
	putHeld Query = `INSERT INTO ledger_held (tenant, job, source, type, verb, name, since, released, told) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)
		ON CONFLICT (tenant, job, source) DO UPDATE SET type = excluded.type, verb = excluded.verb, name = excluded.name`

	deleteHeld Query = `DELETE FROM ledger_held WHERE tenant = $1 AND job = $2 AND source = $3`

	countHeld Query = `SELECT released, COUNT(*) FROM ledger_held WHERE tenant = $1 AND job = $2 GROUP BY released`

	listHeld Query = `SELECT source, type, verb, name, since, released FROM ledger_held
		WHERE tenant = $1 AND job = $2 AND source > $3 ORDER BY source LIMIT $4`

	listReleased Query = `SELECT source, type, verb, name, since, released FROM ledger_held
		WHERE tenant = $1 AND job = $2 AND released = 1 AND source > $3 ORDER BY source LIMIT $4`

	untoldHeld Query = `SELECT source, type, verb, name, since, released FROM ledger_held
		WHERE tenant = $1 AND job = $2 AND told = 0 ORDER BY source LIMIT $3`

	tellHeld Query = `UPDATE ledger_held SET told = 1 WHERE tenant = $1 AND job = $2 AND source = $3`

	releaseHeld    Query = `UPDATE ledger_held SET released = 1 WHERE tenant = $1 AND job = $2 AND source = $3 AND released <> 1`
	releaseAllHeld Query = `UPDATE ledger_held SET released = 1 WHERE tenant = $1 AND job = $2 AND released <> 1`

	keepOthers Query = `UPDATE ledger_held SET released = 2 WHERE tenant = $1 AND job = $2 AND released = 0`

	deleteHelds Query = `DELETE FROM ledger_held WHERE tenant = $1 AND job = $2`
)

// Hold stores entries; one that is there already keeps its time and its release.
func (l *Ledger) Hold(ctx context.Context, job cycle.JobID, es []cycle.HeldEntry) error {
	if len(es) == 0 {
		return nil
	}
	return l.write(ctx, "hold", func(tx tx) error {
		for _, e := range es {
			if _, err := tx.exec(putHeld, string(job), e.Source, string(e.Type), string(e.Verb), e.Name, moment(e.Since)); err != nil {
				return err
			}
		}
		return nil
	})
}

// What the column released says.
const (
	heldFree     = 0
	heldReleased = 1
	heldKept     = 2
)

// HeldCount counts the entries.
func (l *Ledger) HeldCount(ctx context.Context, job cycle.JobID) (c cycle.HeldCount, err error) {
	err = l.read(ctx, "count what is held", func(tx tx) error {
		return tx.each(countHeld, []any{string(job)}, func(r Rows) error {
			var sort, n int
			err := r.Scan(&sort, &n)
			c.All += n
			switch sort {
			case heldReleased:
				c.Released = n
			case heldKept:
				c.Kept = n
			}
			return err
		})
	})
	return c, err
}

// Held yields entries in the order of source id, after the id given: all, or only those that are released.
func (l *Ledger) Held(ctx context.Context, job cycle.JobID, after string, released bool) iter.Seq2[cycle.HeldEntry, error] {
	q := listHeld
	if released {
		q = listReleased
	}
	return pages(func(last *cycle.HeldEntry) (es []cycle.HeldEntry, err error) {
		from := after
		if last != nil {
			from = last.Source
		}
		err = l.read(ctx, "read what is held", func(tx tx) error {
			es, err = tx.held(q, string(job), from, pageSize)
			return err
		})
		return es, err
	})
}

func (t tx) held(q Query, args ...any) (es []cycle.HeldEntry, err error) {
	err = t.each(q, args, func(r Rows) error {
		var e cycle.HeldEntry
		var since, released int64
		err := r.Scan(&e.Source, &e.Type, &e.Verb, &e.Name, &since, &released)
		e.Since, e.Released, e.Kept = when(since), released == heldReleased, released == heldKept
		es = append(es, e)
		return err
	})
	return es, err
}

// Release marks held entries as released, all when none is named, and returns how many it marked.
func (l *Ledger) Release(ctx context.Context, job cycle.JobID, sources []string) (n int, err error) {
	err = l.write(ctx, "release", func(tx tx) error {
		n = 0
		if len(sources) == 0 {
			m, err := tx.exec(releaseAllHeld, string(job))
			n = int(m)
			return err
		}
		for _, s := range sources {
			m, err := tx.exec(releaseHeld, string(job), s)
			if err != nil {
				return err
			}
			n += int(m)
		}
		if n == 0 {
			return nil
		}
		_, err := tx.exec(keepOthers, string(job))
		return err
	})
	return n, err
}

// TellHeld marks up to limit held entries that the journal does not know of, and stores what tell says of them in the same
// transaction. tell runs inside of it and must not call the ledger.
func (l *Ledger) TellHeld(ctx context.Context, job cycle.JobID, limit int, tell func([]cycle.HeldEntry) []journal.Record) (n int, err error) {
	err = l.write(ctx, "tell what is held", func(tx tx) error {
		es, err := tx.held(untoldHeld, string(job), limit)
		if err != nil || len(es) == 0 {
			n = 0
			return err
		}
		rows, err := rowsOf(tell(es))
		if err != nil {
			return err
		}
		for _, e := range es {
			if _, err := tx.exec(tellHeld, string(job), e.Source); err != nil {
				return err
			}
		}
		n = len(es)
		return tx.append(rows)
	})
	return n, err
}
