package audit

import (
	"context"
	"time"

	"github.com/sallyport-id/sallyport/internal/tenant"
)

// Retention is how long the log is kept unless told otherwise.
const Retention = 400 * 24 * time.Hour

// Keeper is a log whose end is signed now and then, and whose beginning goes when it is old.
type Keeper struct {
	Log
	Marks  Marks
	Signer *Signer
}

// Checkpoint signs the newest entry and keeps the signature; it does nothing when that was done already or the log is empty.
func (k *Keeper) Checkpoint(ctx context.Context, now time.Time) error {
	c, err := k.head(ctx, now, false)
	if err != nil || c.Seq == 0 {
		return err
	}
	last, err := k.newestMark(ctx)
	if err != nil || last.Seq == c.Seq {
		return err
	}
	signed, err := k.Signer.Sign(c)
	if err != nil {
		return err
	}
	return k.Marks.Mark(ctx, signed)
}

// head describes the newest entry.
func (k *Keeper) head(ctx context.Context, now time.Time, end bool) (Checkpoint, error) {
	seq, hash, err := k.Head(ctx)
	return Checkpoint{Tenant: tenant.From(ctx), Seq: seq, Hash: hash, At: now, End: end}, err
}

func (k *Keeper) newestMark(ctx context.Context) (Checkpoint, error) {
	all, err := k.Marks.List(ctx)
	if err != nil || len(all) == 0 {
		return Checkpoint{}, err
	}
	return all[len(all)-1].Open()
}

// Retain drops entries that are covered by a checkpoint made before the time, and returns how many went. What stays hangs on that
// checkpoint, so that the chain can be verified as before.
func (k *Keeper) Retain(ctx context.Context, before time.Time) (int, error) {
	all, err := k.Marks.List(ctx)
	if err != nil {
		return 0, err
	}
	cut := int64(0)
	for _, m := range all {
		c, err := m.Open()
		if err != nil {
			return 0, err
		}
		if c.At.Before(before) {
			cut = c.Seq
		}
	}
	if cut == 0 {
		return 0, nil
	}
	return k.Marks.Cut(ctx, cut)
}

// Run makes checkpoints and drops what is older than life, now and at every interval until ctx ends; report is told of failures.
func (k *Keeper) Run(ctx context.Context, every, life time.Duration, report func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		now := time.Now()
		err := k.Checkpoint(ctx, now)
		if err == nil {
			_, err = k.Retain(ctx, now.Add(-life))
		}
		if err != nil && ctx.Err() == nil {
			report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
