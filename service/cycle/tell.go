package cycle

import "context"

// tell tells the observer what a cycle that ran to its end changed about the job.
func (p *pass) tell(ctx context.Context, before, after *Quarantine, held int, done Progress) {
	if done.Done > 0 {
		p.observe(ctx, Event{Kind: CycleEnded, Cycle: done.Cycle, Held: held, Last: &done})
	}
	if held > p.state.HeldCount {
		p.observe(ctx, Event{
			Kind: DeletionsHeld, Cycle: done.Cycle, Held: held, Quarantine: after, Last: &done,
			Detail: "disables and deletes reached the limit and are held", Hint: "release them, or restore the people in the directory",
		})
	}
	switch {
	case before != nil && after == nil:
		p.observe(ctx, Event{Kind: QuarantineEnded, Cycle: done.Cycle, Quarantine: before, Last: &done, Detail: "the job runs normally again"})
	case after != nil && (before == nil || before.Reason != after.Reason):
		p.observe(ctx, Event{Kind: QuarantineBegan, Cycle: done.Cycle, Quarantine: after, Held: held, Last: &done, Detail: after.Detail, Hint: after.Hint})
	}
}
