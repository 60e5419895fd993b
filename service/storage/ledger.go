package storage

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Ledger implements cycle.Ledger.
type Ledger struct{ base }

var _ cycle.Ledger = (*Ledger)(nil)

// NewLedger returns the jobs' memory kept in the engine.
func NewLedger(e Engine) *Ledger { return &Ledger{base{e}} }

const (
	getLink Query = `SELECT source, type, target, active, departed, digest FROM ledger_link WHERE tenant = $1 AND job = $2 AND source = $3`

	linkOf Query = `SELECT source, type, target, active, departed, digest FROM ledger_link
		WHERE tenant = $1 AND job = $2 AND type = $3 AND target = $4 ORDER BY active DESC, source LIMIT 1`

	listLinks Query = `SELECT source, type, target, active, departed, digest FROM ledger_link
		WHERE tenant = $1 AND job = $2 AND source > $3 ORDER BY source LIMIT $4`

	putLink Query = `INSERT INTO ledger_link (tenant, job, source, type, target, active, departed, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (tenant, job, source) DO UPDATE SET type = excluded.type, target = excluded.target,
			active = excluded.active, departed = excluded.departed, digest = excluded.digest`

	deleteLink Query = `DELETE FROM ledger_link WHERE tenant = $1 AND job = $2 AND source = $3`

	putIntent Query = `INSERT INTO ledger_intent (tenant, job, idem, source, type, verb, target, names) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

	deleteIntent Query = `DELETE FROM ledger_intent WHERE tenant = $1 AND job = $2 AND idem = $3`

	putEscrow Query = `INSERT INTO ledger_escrow (tenant, job, source, type, code, reason, hint, began, due, attempts)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (tenant, job, source) DO UPDATE SET type = excluded.type, code = excluded.code, reason = excluded.reason,
			hint = excluded.hint, began = excluded.began, due = excluded.due, attempts = excluded.attempts`

	deleteEscrow Query = `DELETE FROM ledger_escrow WHERE tenant = $1 AND job = $2 AND source = $3`

	putWaiting Query = `INSERT INTO ledger_waiting (tenant, job, source, wants) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant, job, source, wants) DO NOTHING`

	deleteWaiting Query = `DELETE FROM ledger_waiting WHERE tenant = $1 AND job = $2 AND source = $3`
)

// Link returns the remembered pair of a source object, the zero Link when there is none.
func (l *Ledger) Link(ctx context.Context, job cycle.JobID, source string) (k plan.Link, err error) {
	err = l.read(ctx, "read link", func(tx tx) error {
		k, _, err = tx.link(getLink, string(job), source)
		return err
	})
	return k, err
}

// Links returns the pairs of several source objects at once, by source id; absent ones are left out.
func (l *Ledger) Links(ctx context.Context, job cycle.JobID, sources []string) (map[string]plan.Link, error) {
	found := make(map[string]plan.Link, len(sources))
	err := l.read(ctx, "read links", func(tx tx) error {
		for _, s := range sources {
			k, ok, err := tx.link(getLink, string(job), s)
			if err != nil {
				return err
			}
			if ok {
				found[s] = k
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// LinkOf returns the pair that holds a target object, the zero Link when there is none. If several do, which the engine avoids,
// an active one comes first.
func (l *Ledger) LinkOf(ctx context.Context, job cycle.JobID, t entry.Type, target string) (k plan.Link, err error) {
	err = l.read(ctx, "read link", func(tx tx) error {
		k, _, err = tx.link(linkOf, string(job), string(t), target)
		return err
	})
	return k, err
}

func (t tx) link(q Query, args ...any) (k plan.Link, found bool, err error) {
	err = t.each(q, args, func(r Rows) error {
		found = true
		k, err = scanLink(r)
		return err
	})
	return k, found, err
}

// scanLink reads a row of source, type, target, active, departed, digest.
func scanLink(r Rows) (k plan.Link, err error) {
	var active, departed int64
	err = r.Scan(&k.Source, &k.Type, &k.Target, &active, &departed, &k.Digest)
	k.Active, k.Left = active != 0, departed != 0
	return k, err
}

// Intend writes down what is about to be done.
func (l *Ledger) Intend(ctx context.Context, job cycle.JobID, i cycle.Intent) (cycle.Receipt, error) {
	const op = "write down intent"
	if i.Source == "" {
		return cycle.Receipt{}, fault.New(fault.Internal, op, "the intent names no source object")
	}
	key, err := uuid.NewV7()
	if err != nil {
		return cycle.Receipt{}, fault.Wrap(fault.Internal, op, err)
	}
	r := cycle.Receipt{Job: job, Key: key.String(), Intent: i}
	names := ""
	if len(i.Names) > 0 {
		text, err := json.Marshal(i.Names)
		if err != nil {
			return cycle.Receipt{}, fault.Wrap(fault.Internal, op, err)
		}
		names = string(text)
	}
	err = l.write(ctx, op, func(tx tx) error {
		_, err := tx.exec(putIntent, string(job), r.Key, i.Source, string(i.Type), string(i.Verb), i.Target, names)
		return err
	})
	return r, err
}

// Settle writes down what came of it, and drops the intent. Settling twice is no error.
func (l *Ledger) Settle(ctx context.Context, r cycle.Receipt, o cycle.Outcome) error {
	return l.SettleMany(ctx, []Settlement{{r, o}})
}

// Settlement is one receipt with what came of it.
type Settlement struct {
	Receipt cycle.Receipt
	Outcome cycle.Outcome
}

// SettleMany settles all in one transaction, journal records included: all or nothing.
func (l *Ledger) SettleMany(ctx context.Context, ss []Settlement) error {
	const op = "settle"
	var records []row
	for _, s := range ss {
		if s.source() == "" {
			return fault.New(fault.Internal, op, "the receipt names no source object")
		}
		rows, err := rowsOf(s.Outcome.Records)
		if err != nil {
			return name(op, err)
		}
		records = append(records, rows...)
	}
	return l.write(ctx, op, func(tx tx) error {
		for _, s := range ss {
			if err := tx.settle(s); err != nil {
				return err
			}
		}
		return tx.append(records)
	})
}

func (s Settlement) source() string {
	switch {
	case s.Receipt.Intent.Source != "":
		return s.Receipt.Intent.Source
	case s.Outcome.Escrow != nil:
		return s.Outcome.Escrow.Source
	}
	return s.Outcome.Link.Source
}

func (t tx) settle(s Settlement) error {
	job, source, o := string(s.Receipt.Job), s.source(), s.Outcome
	if s.Receipt.Key != "" {
		if _, err := t.exec(deleteIntent, job, s.Receipt.Key); err != nil {
			return err
		}
	}
	if err := t.settleLink(job, source, o); err != nil {
		return err
	}
	if err := t.settleEscrow(job, source, o.Escrow); err != nil {
		return err
	}
	if o.Stays {
		if _, err := t.exec(deleteHeld, job, source); err != nil {
			return err
		}
	}
	for _, w := range o.Wanted {
		if _, err := t.exec(putWaiting, job, w, source); err != nil {
			return err
		}
	}
	if o.Members != nil {
		return t.settleMembers(job, source, *o.Members)
	}
	return t.settleWaiting(job, source, o.Waiting)
}

func (t tx) settleLink(job, source string, o cycle.Outcome) (err error) {
	k := o.Link
	switch {
	case o.Unlink:
		if _, err = t.exec(deleteLink, job, source); err == nil {
			_, err = t.exec(deleteMark, job, source)
		}
	case k.Target != "":
		_, err = t.exec(putLink, job, source, string(k.Type), k.Target, number(k.Active), number(k.Left), k.Digest)
	}
	return err
}

func (t tx) settleEscrow(job, source string, e *cycle.Escrow) (err error) {
	if e == nil {
		_, err = t.exec(deleteEscrow, job, source)
		return err
	}
	_, err = t.exec(putEscrow, job, source, string(e.Type), e.Code, e.Reason, e.Hint, moment(e.First), moment(e.Next), e.Attempts)
	return err
}

func (t tx) settleWaiting(job, source string, wants []string) error {
	if _, err := t.exec(deleteWaiting, job, source); err != nil {
		return err
	}
	for _, w := range wants {
		if _, err := t.exec(putWaiting, job, source, w); err != nil {
			return err
		}
	}
	return nil
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
