package storage

import (
	"context"

	"github.com/sallyport-id/sallyport/service/cycle"
)

const (
	putDue Query = `INSERT INTO ledger_due (tenant, job, seq, source, type, reach) VALUES ($1, $2, $3, $4, $5, $6)`

	listDue Query = `SELECT seq, source, type, reach FROM ledger_due WHERE tenant = $1 AND job = $2 AND seq > $3 ORDER BY seq LIMIT $4`

	deleteDue Query = `DELETE FROM ledger_due WHERE tenant = $1 AND job = $2 AND seq <= $3`

	deleteDues Query = `DELETE FROM ledger_due WHERE tenant = $1 AND job = $2`
)

// dueNews is touched by every order.
const dueNews = "due"

// Order asks for objects to be looked at in the next cycle.
func (l *Ledger) Order(ctx context.Context, job cycle.JobID, ds []cycle.Due) error {
	return l.write(ctx, "order", func(tx tx) error { return tx.order(string(job), ds) })
}

// order appends to the job's list. Whoever shares the transaction is seen together with the order. The journal's clock is held
// until the end of the transaction, so that orders become visible in their order, and never use a number again.
func (t tx) order(job string, ds []cycle.Due) error {
	var seq int64
	if _, err := t.one(lockJournalClock, nil, &seq); err != nil {
		return err
	}
	for _, d := range ds {
		seq++
		if _, err := t.exec(putDue, job, seq, d.Object.ID, string(d.Object.Type), number(d.Reach)); err != nil {
			return err
		}
	}
	t.touch(dueNews)
	_, err := t.exec(saveJournalClock, seq)
	return err
}

// Ordered returns up to limit orders after the position, in their order.
func (l *Ledger) Ordered(ctx context.Context, job cycle.JobID, after int64, limit int) (ds []cycle.Due, err error) {
	err = l.read(ctx, "read orders", func(tx tx) error {
		return tx.each(listDue, []any{string(job), after, limit}, func(r Rows) error {
			var d cycle.Due
			var reach int64
			err := r.Scan(&d.Seq, &d.Object.ID, &d.Object.Type, &reach)
			d.Reach = reach != 0
			ds = append(ds, d)
			return err
		})
	})
	return ds, err
}

// Served forgets the orders up to the position.
func (l *Ledger) Served(ctx context.Context, job cycle.JobID, upTo int64) error {
	return l.write(ctx, "forget orders", func(tx tx) error {
		_, err := tx.exec(deleteDue, string(job), upTo)
		return err
	})
}

// AwaitOrder returns nil as soon as something is ordered.
func (l *Ledger) AwaitOrder(ctx context.Context, job cycle.JobID) error {
	return l.wait(ctx, "wait for orders", dueNews, func() (bool, error) {
		ds, err := l.Ordered(ctx, job, -1, 1)
		return len(ds) > 0, err
	})
}
