package sim

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
)

// ledger is the job's memory as one process reaches it. Writes wait on the stage, so that the process can be killed before and
// after each; reads of a killed process fail.
type ledger struct {
	cycle.Ledger
	*life
	stage *stage
}

func (l ledger) call(ctx context.Context, name string, do func() error) error {
	return l.stage.step(ctx, &call{life: l.life, name: "store " + name, write: true, do: do})
}

// Intend implements cycle.Ledger.
func (l ledger) Intend(ctx context.Context, job cycle.JobID, i cycle.Intent) (r cycle.Receipt, err error) {
	err = l.call(ctx, "intend "+i.Source, func() (err error) {
		r, err = l.Ledger.Intend(context.WithoutCancel(ctx), job, i)
		return err
	})
	return r, err
}

// Settle implements cycle.Ledger.
func (l ledger) Settle(ctx context.Context, r cycle.Receipt, o cycle.Outcome) error {
	return l.call(ctx, "settle "+r.Intent.Source, func() error { return l.Ledger.Settle(context.WithoutCancel(ctx), r, o) })
}

// SetState implements cycle.Ledger.
func (l ledger) SetState(ctx context.Context, job cycle.JobID, fn func(cycle.State) (cycle.State, error)) (st cycle.State, err error) {
	err = l.call(ctx, "state", func() (err error) {
		st, err = l.Ledger.SetState(context.WithoutCancel(ctx), job, fn)
		return err
	})
	return st, err
}

// Reset implements cycle.Ledger.
func (l ledger) Reset(ctx context.Context, job cycle.JobID, r cycle.Reset) error {
	return l.call(ctx, "reset", func() error { return l.Ledger.Reset(context.WithoutCancel(ctx), job, r) })
}

// log is the journal as one process reaches it.
type log struct {
	cycle.Log
	*life
	stage *stage
}

// Append implements cycle.Log.
func (l log) Append(ctx context.Context, rs ...journal.Record) error {
	return l.stage.step(ctx, &call{life: l.life, name: "store journal", write: true, do: func() error {
		return l.Log.Append(context.WithoutCancel(ctx), rs...)
	}})
}

// source is the directory as one process reads it: what a cycle needs, and in most plays all that the real one can do besides.
type source struct {
	cycle.Source
	*life
}

// Get implements cycle.Source.
func (s source) Get(ctx context.Context, t entry.Type, id string) (entry.Entry, error) {
	if s.isDead() {
		return entry.Entry{}, errDead
	}
	return s.Source.Get(ctx, t, id)
}

// Now implements directory.Changes.
func (s source) Now(ctx context.Context) (directory.Watermark, error) {
	if s.isDead() {
		return "", errDead
	}
	return s.Source.Now(ctx)
}

// rich is a source that hands out groups without their members, and members page by page.
type rich struct {
	source
	cycle.Roster
	cycle.Presence
}

// GetSlim implements cycle.Roster.
func (s rich) GetSlim(ctx context.Context, t entry.Type, id string) (entry.Entry, error) {
	if s.isDead() {
		return entry.Entry{}, errDead
	}
	return s.Roster.GetSlim(ctx, t, id)
}

func (p *play) source(l *life) cycle.Source {
	d := p.db.Directory()
	if p.plain {
		return source{d, l}
	}
	return rich{source{d, l}, d, d}
}
