package cycle

import (
	"context"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Preview makes the plans of a whole cycle, or of some objects, and writes nothing. See Job.Preview.
func (s *Jobs) Preview(ctx context.Context, id JobID, which iter.Seq2[Object, error]) iter.Seq2[plan.Plan, error] {
	j, err := s.job(ctx, id)
	if err != nil {
		return func(yield func(plan.Plan, error) bool) { yield(plan.Plan{}, err) }
	}
	return j.Preview(ctx, which)
}

// Apply carries out the plan for one object now, if it is still the one that somebody approved. See Job.Apply.
func (s *Jobs) Apply(ctx context.Context, id JobID, t entry.Type, source string, expect Precondition) (journal.Record, error) {
	j, err := s.job(ctx, id)
	if err != nil {
		return journal.Record{}, err
	}
	return j.Apply(ctx, t, source, expect)
}

// Write carries out a write that is spelt out. See Job.Write.
func (s *Jobs) Write(ctx context.Context, id JobID, c Compensation) (journal.Record, error) {
	j, err := s.job(ctx, id)
	if err != nil {
		return journal.Record{}, err
	}
	return j.Write(ctx, c)
}

// Candidate makes a job of a configuration that nobody applied, to look with and never to run: Explain and Preview show what it would do.
func (s *Jobs) Candidate(ctx context.Context, a app.App) (*Job, error) {
	rules, err := plan.Compile(a)
	if err != nil {
		return nil, err
	}
	parts := s.parts
	parts.Tolerance = nil // whoever looks sees what differs, accepted or not
	if parts.Target, err = s.target(ctx, a); err != nil {
		return nil, err
	}
	return NewJob(parts, rules), nil
}
