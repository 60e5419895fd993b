package storage

import (
	"context"

	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/plan"
)

const (
	getMark Query = `SELECT mark FROM ledger_roster WHERE tenant = $1 AND job = $2 AND source = $3`

	putMark Query = `INSERT INTO ledger_roster (tenant, job, source, mark) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant, job, source) DO UPDATE SET mark = excluded.mark`

	deleteMark  Query = `DELETE FROM ledger_roster WHERE tenant = $1 AND job = $2 AND source = $3`
	deleteMarks Query = `DELETE FROM ledger_roster WHERE tenant = $1 AND job = $2`

	awaited Query = `SELECT ledger_link.source, ledger_link.type, ledger_link.target, ledger_link.active, ledger_link.departed, ledger_link.digest
		FROM ledger_waiting JOIN ledger_link ON ledger_link.tenant = $1 AND ledger_link.job = $2 AND ledger_link.source = ledger_waiting.wants
		WHERE ledger_waiting.tenant = $1 AND ledger_waiting.job = $2 AND ledger_waiting.source = $3 ORDER BY ledger_waiting.wants LIMIT $4`

	deleteWait Query = `DELETE FROM ledger_waiting WHERE tenant = $1 AND job = $2 AND source = $3 AND wants = $4`
)

// Mark returns how far the memberships of a group are in the target; false when they were never written whole.
func (l *Ledger) Mark(ctx context.Context, job cycle.JobID, group string) (mark int64, known bool, err error) {
	err = l.read(ctx, "read memberships", func(tx tx) error {
		known, err = tx.one(getMark, []any{string(job), group}, &mark)
		return err
	})
	return mark, known, err
}

// Awaited returns up to limit pairs of objects the group waits for that are linked by now.
func (l *Ledger) Awaited(ctx context.Context, job cycle.JobID, group string, limit int) (ks []plan.Link, err error) {
	err = l.read(ctx, "read waiting references", func(tx tx) error {
		return tx.each(awaited, []any{string(job), group, limit}, func(r Rows) error {
			k, err := scanLink(r)
			ks = append(ks, k)
			return err
		})
	})
	return ks, err
}

// settleMembers writes down what came of a group's memberships.
func (t tx) settleMembers(job, group string, m cycle.MemberMarks) (err error) {
	switch {
	case m.Mark > 0:
		_, err = t.exec(putMark, job, group, m.Mark)
	case m.Mark == 0:
		_, err = t.exec(deleteMark, job, group)
	}
	if err == nil && m.All {
		_, err = t.exec(deleteWaiting, job, group)
	}
	for _, w := range m.Drop {
		if err == nil {
			_, err = t.exec(deleteWait, job, group, w)
		}
	}
	for _, w := range m.Add {
		if err == nil {
			_, err = t.exec(putWaiting, job, group, w)
		}
	}
	return err
}
