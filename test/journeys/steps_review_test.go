package journeys

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/review"
)

// plan makes a plan of what the job would do, and remembers its id under a name.
func (p *player) plan(args []string) error {
	if err := need(args, 1, 1); err != nil {
		return err
	}
	return p.ordered(args[0], theApp+"/plans", nil)
}

// undo makes the plan that takes back a plan remembered, or the last cycle.
func (p *player) undo(args []string) error {
	if err := need(args, 2, 3); err != nil {
		return err
	}
	run := p.known[args[1]]
	if args[1] == "cycle" {
		st, err := p.site.call().status()
		if err != nil {
			return err
		}
		run = st.Last.Cycle
	}
	body := map[string]any{"run": run}
	if len(args) == 3 {
		body["created"] = args[2]
	}
	return p.ordered(args[0], theApp+"/undo", body)
}

// ordered has a plan made, waits until it is complete, and remembers it.
func (p *player) ordered(name, path string, body any) error {
	var made review.Plan
	if err := p.site.call().call("POST", path, body, &made); err != nil {
		return err
	}
	p.known[name] = made.ID.String()
	s, err := p.rests(name)
	if err == nil && s.Status != review.Ready {
		err = fmt.Errorf("the plan is %s: %s", s.Status, s.Detail)
	}
	return err
}

// approve has a plan carried out, and waits for its end.
func (p *player) approve(args []string) error {
	if err := need(args, 1, 1); err != nil {
		return err
	}
	if err := p.site.call().call("POST", theApp+"/plans/"+p.known[args[0]]+"/apply", nil, nil); err != nil {
		return err
	}
	s, err := p.rests(args[0])
	if err == nil && s.Status != review.Applied {
		err = fmt.Errorf("the plan is %s: %s", s.Status, s.Detail)
	}
	return err
}

// rests waits until nothing happens with a plan any more.
func (p *player) rests(name string) (s review.Summary, err error) {
	for deadline := time.Now().Add(cycleLimit); time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
		if err = p.site.call().call("GET", theApp+"/plans/"+p.known[name], nil, &s); err != nil || !s.Working && s.Status != review.Making {
			return s, err
		}
	}
	return s, fmt.Errorf("plan %s does not come to rest: %+v", p.known[name], s)
}

// planned says how many rows a plan has of a verb, or with an outcome: expect plan NAME update 2, expect plan NAME refused 1.
func (p *player) planned(args []string) string {
	if err := need(args, 3, 3); err != nil {
		return err.Error()
	}
	var s review.Summary
	if err := p.site.call().call("GET", theApp+"/plans/"+url.PathEscape(p.known[args[0]]), nil, &s); err != nil {
		return err.Error()
	}
	n := s.Totals.Of(plan.Verb(args[1]))
	switch o := review.Outcome(args[1]); o {
	case review.Done, review.Refused, review.Broken, review.Impossible, review.Pending:
		n = s.Totals.With(o)
	}
	if strconv.Itoa(n) != args[2] {
		return fmt.Sprintf("the plan has %d %s, want %s (%v)", n, args[1], args[2], s.Totals)
	}
	return ""
}
