package journeys

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/sallyport-id/sallyport/service/drift"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/review"
)

// Steps about what somebody decides. Attributes of the target are named without their schema.
//
//	refresh                                the host reads its target anew, as it does once in a while
//	repair NAME                            look for drift, and make the plan that puts it right
//	tolerate [all]                         look for drift, and accept it; all: removed objects and orphans too
//
// Expectations:
//
//	expect drift NAME=N...                 look at the target now: changed, removed, orphans, accepted, pending
//	expect discover NAME=N...              matched, unmatched, ambiguous, orphan, … as the first cycle would meet them
//	expect discover NAME=N... with FILE    the same, for rules that are not applied
//	expect replay FILE USER...             who would have been treated differently since the beginning by the rules of a file
//	expect origin USER ATTR VALUE MAPPING [SOURCE=VALUE]...
//	                                       where an attribute of somebody's account comes from
//	expect export stable                   the application printed, applied and printed again is the same to the letter
func init() {
	maps.Copy(verbs, map[string]func(*player, []string) error{
		"refresh": (*player).refresh, "repair": (*player).repair, "tolerate": (*player).tolerate,
	})
	maps.Copy(expectations, map[string]func(*player, []string) string{
		"drift": (*player).drifted, "discover": (*player).discovered, "replay": (*player).replayed, "origin": (*player).origin, "export": (*player).roundtrip,
	})
}

func (p *player) refresh(args []string) error {
	if err := need(args, 0, 0); err != nil {
		return err
	}
	p.site.kill(host) // it imports when it starts
	p.site.start(host)
	return nil
}

func (p *player) repair(args []string) error {
	if err := need(args, 1, 1); err != nil {
		return err
	}
	if _, err := p.check(); err != nil {
		return err
	}
	return p.ordered(args[0], theApp+"/drift/repair", map[string]string{})
}

func (p *player) tolerate(args []string) error {
	if err := need(args, 0, 1); err != nil {
		return err
	}
	if _, err := p.check(); err != nil {
		return err
	}
	return p.site.call().call("POST", theApp+"/drift/accept", map[string]any{"all": len(args) == 1}, nil)
}

// check looks for drift; while the host reads its target it waits.
func (p *player) check() (r drift.Report, err error) {
	for deadline := time.Now().Add(cycleLimit); ; <-time.After(50 * time.Millisecond) {
		if err = p.site.call().call("POST", theApp+"/drift/check", map[string]any{}, &r); err == nil || time.Now().After(deadline) {
			return r, err
		}
	}
}

func (p *player) drifted(args []string) string {
	r, err := p.check()
	if err != nil {
		return err.Error()
	}
	return counted(args, map[string]int{"changed": r.Changed, "removed": r.Removed, "orphans": r.Orphans, "accepted": r.Accepted, "pending": r.Pending})
}

// counted compares NAME=N words with counts.
func counted(words []string, have map[string]int) string {
	want, err := pairs(words)
	if err != nil {
		return err.Error()
	}
	for name, n := range want {
		if strconv.Itoa(have[name]) != n {
			return fmt.Sprintf("there are %d %s, want %s (%v)", have[name], name, n, have)
		}
	}
	return ""
}

func (p *player) discovered(args []string) string {
	body := map[string]any{}
	if n := len(args); n > 2 && args[n-2] == "with" {
		file, err := p.rules(args[n-1])
		if err != nil {
			return err.Error()
		}
		body["file"], body["name"], args = file, args[n-1], args[:n-2]
	}
	counts := map[string]int{}
	err := p.lines(theApp+"/discover", body, func(d drift.Discovered) { counts[string(d.Sort)]++ })
	if err != nil {
		return err.Error()
	}
	return counted(args, counts)
}

// rules is the application as it is applied, with a story's file laid over it.
func (p *player) rules(name string) (string, error) {
	overlay, ok := p.files[name]
	if !ok {
		return "", fmt.Errorf("the story has no file %s", name)
	}
	file, err := p.exported()
	if err != nil {
		return "", err
	}
	return overlaid(file, overlay)
}

// overlaid lays keys over an application file, as a story's app.yaml is laid over the sample.
func overlaid(file, overlay string) (string, error) {
	var under, over any
	if err := yaml.Unmarshal([]byte(file), &under); err != nil {
		return "", err
	}
	if err := yaml.Unmarshal([]byte(overlay), &over); err != nil {
		return "", err
	}
	out, err := yaml.Marshal(merge(under, over))
	return string(out), err
}

func (p *player) exported() (string, error) {
	var out struct{ File string }
	err := p.site.call().call("GET", theApp, nil, &out)
	return out.File, err
}

// lines calls an address that answers with one JSON object a line.
func (p *player) lines(path string, body any, each any) error {
	text, err := p.site.call().do("POST", path, body)
	if err != nil {
		return err
	}
	for dec := json.NewDecoder(bytes.NewReader(text)); ; {
		switch each := each.(type) {
		case func(drift.Discovered):
			var d drift.Discovered
			if err = dec.Decode(&d); err == nil {
				each(d)
			}
		case func(review.Replayed):
			var r review.Replayed
			if err = dec.Decode(&r); err == nil {
				each(r)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (p *player) replayed(args []string) string {
	if len(args) == 0 {
		return "write: expect replay FILE USER..."
	}
	file, err := p.rules(args[0])
	if err != nil {
		return err.Error()
	}
	var differ []string
	body := map[string]any{"file": file, "name": args[0], "since": time.Unix(1, 0)}
	err = p.lines(theApp+"/replay", body, func(r review.Replayed) {
		if r.Differs() {
			differ = append(differ, r.Source.Name)
		}
	})
	if err != nil {
		return err.Error()
	}
	slices.Sort(differ)
	if !slices.Equal(differ, slices.Sorted(slices.Values(args[1:]))) {
		return fmt.Sprintf("the rules differ for %q", differ)
	}
	return ""
}

func (p *player) origin(args []string) string {
	if len(args) < 4 {
		return "write: expect origin USER ATTR VALUE MAPPING [SOURCE=VALUE]..."
	}
	var s journal.Story
	if err := p.site.call().call("GET", theApp+"/provenance?user="+url.QueryEscape(args[0]), nil, &s); err != nil {
		return err.Error()
	}
	i := slices.IndexFunc(s.Written, func(w journal.Written) bool {
		return w.Attribute == args[1] || strings.HasSuffix(w.Attribute, ":"+args[1])
	})
	if i < 0 {
		return fmt.Sprintf("nothing is known of %s: %+v", args[1], s.Written)
	}
	w := s.Written[i]
	want, err := pairs(args[4:])
	if err != nil {
		return err.Error()
	}
	have := map[string]string{}
	for name, values := range w.Sources {
		have[name] = strings.Join(values, ",")
	}
	if w.Value != args[2] || w.Mapping != args[3] || !maps.Equal(have, want) || w.At.IsZero() || w.Cycle == "" {
		return fmt.Sprintf("%s comes from %+v", args[1], w)
	}
	return ""
}

func (p *player) roundtrip(args []string) string {
	first, err := p.exported()
	if err != nil {
		return err.Error()
	}
	if err := p.site.call().call("PUT", theApp, map[string]any{"name": "contoso.yaml", "file": first}, nil); err != nil {
		return err.Error()
	}
	second, err := p.exported()
	if err != nil {
		return err.Error()
	}
	if first != second {
		return fmt.Sprintf("printed first:\n%s\nand then:\n%s", first, second)
	}
	return ""
}

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
