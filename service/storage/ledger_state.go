package storage

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/plan"
)

const (
	listIntents Query = `SELECT idem, source, type, verb, target, names FROM ledger_intent
		WHERE tenant = $1 AND job = $2 AND idem > $3 ORDER BY idem LIMIT $4`

	// dueEscrows goes on after (began, source); without a time it takes all.
	dueEscrows Query = `SELECT source, type, code, reason, hint, began, due, attempts FROM ledger_escrow
		WHERE tenant = $1 AND job = $2 AND (began, source) > ($3, $4) AND ($5 = 0 OR due <= $5)
		ORDER BY began, source LIMIT $6`

	getEscrow Query = `SELECT source, type, code, reason, hint, began, due, attempts FROM ledger_escrow
		WHERE tenant = $1 AND job = $2 AND source = $3`

	nextEscrow Query = `SELECT due FROM ledger_escrow WHERE tenant = $1 AND job = $2 ORDER BY due LIMIT 1`

	// arrived goes on after a source id.
	arrived Query = `SELECT ledger_waiting.source, MAX(ledger_link.type) FROM ledger_waiting
		JOIN ledger_link ON ledger_link.tenant = $1 AND ledger_link.job = $2 AND ledger_link.source = ledger_waiting.source
		WHERE ledger_waiting.tenant = $1 AND ledger_waiting.job = $2 AND ledger_waiting.source > $3 AND EXISTS
			(SELECT 1 FROM ledger_link WHERE ledger_link.tenant = $1 AND ledger_link.job = $2 AND ledger_link.source = ledger_waiting.wants)
		GROUP BY ledger_waiting.source ORDER BY ledger_waiting.source LIMIT $4`

	countLinks Query = `SELECT type, COUNT(*) FROM ledger_link WHERE tenant = $1 AND job = $2 AND active = 1 GROUP BY type`

	listWaiting Query = `SELECT source FROM ledger_waiting WHERE tenant = $1 AND job = $2 AND wants = $3 ORDER BY source`

	getState Query = `SELECT version, doc FROM ledger_state WHERE tenant = $1 AND job = $2`

	insertState Query = `INSERT INTO ledger_state (tenant, job, version, doc) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant, job) DO NOTHING`

	updateState Query = `UPDATE ledger_state SET version = $3, doc = $4 WHERE tenant = $1 AND job = $2 AND version = $5`

	deleteLinks    Query = `DELETE FROM ledger_link WHERE tenant = $1 AND job = $2`
	deleteWaitings Query = `DELETE FROM ledger_waiting WHERE tenant = $1 AND job = $2`
	deleteEscrows  Query = `DELETE FROM ledger_escrow WHERE tenant = $1 AND job = $2`
	deleteIntents  Query = `DELETE FROM ledger_intent WHERE tenant = $1 AND job = $2`
	deleteState    Query = `DELETE FROM ledger_state WHERE tenant = $1 AND job = $2`
)

// pages yields what next reads page by page, holding no transaction while the consumer works. next gets the last thing yielded,
// nil at first.
func pages[T any](next func(last *T) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last *T
		for {
			page, err := next(last)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for i := range page {
				if !yield(page[i], nil) {
					return
				}
				last = &page[i]
			}
			if len(page) < pageSize {
				return
			}
		}
	}
}

// Intents yields what was intended and never settled, in the order it was intended.
func (l *Ledger) Intents(ctx context.Context, job cycle.JobID) iter.Seq2[cycle.Receipt, error] {
	return pages(func(last *cycle.Receipt) (rs []cycle.Receipt, err error) {
		after := ""
		if last != nil {
			after = last.Key
		}
		err = l.read(ctx, "read intents", func(tx tx) error {
			return tx.each(listIntents, []any{string(job), after, pageSize}, func(r Rows) error {
				c := cycle.Receipt{Job: job}
				var names string
				if err := r.Scan(&c.Key, &c.Intent.Source, &c.Intent.Type, &c.Intent.Verb, &c.Intent.Target, &names); err != nil {
					return err
				}
				if names != "" {
					if err := json.Unmarshal([]byte(names), &c.Intent.Names); err != nil {
						return fault.Wrap(fault.Internal, "read intent", err)
					}
				}
				rs = append(rs, c)
				return nil
			})
		})
		return rs, err
	})
}

// AllLinks yields every pair of the job, in the order of source id.
func (l *Ledger) AllLinks(ctx context.Context, job cycle.JobID) iter.Seq2[plan.Link, error] {
	return pages(func(last *plan.Link) (ks []plan.Link, err error) {
		after := ""
		if last != nil {
			after = last.Source
		}
		err = l.read(ctx, "read links", func(tx tx) error {
			return tx.each(listLinks, []any{string(job), after, pageSize}, func(r Rows) error {
				k, err := scanLink(r)
				ks = append(ks, k)
				return err
			})
		})
		return ks, err
	})
}

// Escrows yields the failed entries that are due at the time, by first failure and then by source; the zero time yields all.
func (l *Ledger) Escrows(ctx context.Context, job cycle.JobID, due time.Time) iter.Seq2[cycle.Escrow, error] {
	return pages(func(last *cycle.Escrow) (es []cycle.Escrow, err error) {
		after := []any{int64(-1 << 63), ""}
		if last != nil {
			after = []any{moment(last.First), last.Source}
		}
		err = l.read(ctx, "read escrows", func(tx tx) error {
			return tx.each(dueEscrows, []any{string(job), after[0], after[1], moment(due), pageSize}, func(r Rows) error {
				e, err := scanEscrow(r)
				es = append(es, e)
				return err
			})
		})
		return es, err
	})
}

// Escrow returns the escrow of one object; false when it has none.
func (l *Ledger) Escrow(ctx context.Context, job cycle.JobID, source string) (e cycle.Escrow, found bool, err error) {
	err = l.read(ctx, "read escrow", func(tx tx) error {
		return tx.each(getEscrow, []any{string(job), source}, func(r Rows) (err error) {
			found = true
			e, err = scanEscrow(r)
			return err
		})
	})
	return e, found, err
}

// NextDue returns when the next escrow is due; the zero time when there is none.
func (l *Ledger) NextDue(ctx context.Context, job cycle.JobID) (at time.Time, err error) {
	err = l.read(ctx, "read escrows", func(tx tx) error {
		var due int64
		_, err := tx.one(nextEscrow, []any{string(job)}, &due)
		at = when(due)
		return err
	})
	return at, err
}

// Arrived yields the linked objects that wait for somebody who is linked by now, in the order of source id.
func (l *Ledger) Arrived(ctx context.Context, job cycle.JobID) iter.Seq2[cycle.Object, error] {
	return pages(func(last *cycle.Object) (os []cycle.Object, err error) {
		after := ""
		if last != nil {
			after = last.ID
		}
		err = l.read(ctx, "read waiting references", func(tx tx) error {
			return tx.each(arrived, []any{string(job), after, pageSize}, func(r Rows) error {
				var o cycle.Object
				err := r.Scan(&o.ID, &o.Type)
				os = append(os, o)
				return err
			})
		})
		return os, err
	})
}

// LinkCounts counts the active pairs by type.
func (l *Ledger) LinkCounts(ctx context.Context, job cycle.JobID) (map[entry.Type]int, error) {
	counts := map[entry.Type]int{}
	err := l.read(ctx, "count links", func(tx tx) error {
		return tx.each(countLinks, []any{string(job)}, func(r Rows) error {
			var t entry.Type
			var n int
			err := r.Scan(&t, &n)
			counts[t] = n
			return err
		})
	})
	return counts, err
}

func scanEscrow(r Rows) (e cycle.Escrow, err error) {
	var began, due int64
	err = r.Scan(&e.Source, &e.Type, &e.Code, &e.Reason, &e.Hint, &began, &due, &e.Attempts)
	e.First, e.Next = when(began), when(due)
	return e, err
}

// Waiting yields the source ids of objects whose references to the source object could not be resolved yet, sorted.
func (l *Ledger) Waiting(ctx context.Context, job cycle.JobID, source string) (ids []string, err error) {
	err = l.read(ctx, "read waiting references", func(tx tx) error {
		return tx.each(listWaiting, []any{string(job), source}, func(r Rows) error {
			var id string
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		})
	})
	return ids, err
}

// State returns the job's state; the zero State when it never ran.
func (l *Ledger) State(ctx context.Context, job cycle.JobID) (cycle.State, error) {
	s, _, err := l.state(ctx, job)
	return s, err
}

func (l *Ledger) state(ctx context.Context, job cycle.JobID) (s cycle.State, version int64, err error) {
	err = l.read(ctx, "read job state", func(tx tx) error {
		s, version, err = tx.state(job)
		return err
	})
	return s, version, err
}

func (t tx) state(job cycle.JobID) (s cycle.State, version int64, err error) {
	var doc []byte
	found, err := t.one(getState, []any{string(job)}, &version, &doc)
	if err == nil && found {
		err = openJSON(doc, &s)
	}
	return s, version, err
}

// SetState applies fn to the job's state in one transaction: fn runs outside of it, and again if the state changed meanwhile.
func (l *Ledger) SetState(ctx context.Context, job cycle.JobID, fn func(cycle.State) (cycle.State, error)) (cycle.State, error) {
	const op = "write job state"
	return retry(ctx, op, func() (cycle.State, error) {
		have, version, err := l.state(ctx, job)
		if err != nil {
			return have, err
		}
		want, err := fn(have)
		if err != nil {
			return have, err
		}
		return want, l.write(ctx, op, func(tx tx) error { return tx.setState(job, version, want) })
	})
}

// setState stores the state over the version it was made from; errMoved when that is not there any more.
func (t tx) setState(job cycle.JobID, version int64, s cycle.State) error {
	doc, err := sealJSON(s)
	if err != nil {
		return err
	}
	var n int64
	if version == 0 {
		n, err = t.exec(insertState, string(job), 1, doc)
	} else {
		n, err = t.exec(updateState, string(job), version+1, doc, version)
	}
	if err == nil && n == 0 {
		err = errMoved
	}
	return err
}

// Reset forgets parts of the job's memory. Without a watermark the next cycle is an initial one. With the links go the
// references that waited for them. What was intended and never settled stays, so that a crash is still made good.
func (l *Ledger) Reset(ctx context.Context, job cycle.JobID, r cycle.Reset) error {
	const op = "reset job"
	return l.write(ctx, op, func(tx tx) error {
		var qs []Query
		if r.Escrows {
			qs = append(qs, deleteEscrows)
		}
		if r.Links {
			qs = append(qs, deleteLinks, deleteWaitings, deleteMarks)
		}
		if err := tx.all(string(job), qs...); err != nil {
			return err
		}
		return tx.resetState(job, r)
	})
}

func (t tx) resetState(job cycle.JobID, r cycle.Reset) error {
	s, version, err := t.state(job)
	if err != nil || version == 0 {
		return err
	}
	s.Resets++
	if r.Watermark {
		s.Watermark, s.Initial, s.Reading = "", false, nil
	}
	if r.Links {
		s.Links = nil
	}
	if r.Escrows {
		s.Pruned = false
	}
	if r.Quarantine {
		s.Quarantine, s.Disabled, s.Failures = nil, "", 0
	}
	return t.setState(job, version, s)
}

// forgetJob drops everything a job remembers.
func (t tx) forgetJob(job app.ID) error {
	return t.all(string(job), deleteLinks, deleteWaitings, deleteEscrows, deleteIntents, deleteState, deleteHelds, deleteDues, deleteMarks,
		deleteReviewRows, deleteReviews, deleteDrift, deleteDriftReport)
}

func (t tx) all(job string, qs ...Query) error {
	for _, q := range qs {
		if _, err := t.exec(q, job); err != nil {
			return err
		}
	}
	return nil
}
