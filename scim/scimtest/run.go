package scimtest

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Level is how much a check weighs, in the words of RFC 2119.
type Level string

// The levels.
const (
	Must   Level = "MUST"
	Should Level = "SHOULD"
	May    Level = "MAY"
)

// Options says what to test and how. The endpoint should hold test data only: the suite creates users and groups with random
// names and deletes those that its checks do not delete themselves.
type Options struct {
	BaseURL string         // of the endpoint; a trailing slash does not matter
	Token   string         // bearer token
	Client  *http.Client   // nil: one with a timeout of 20 s that follows no redirects
	Levels  []Level        // only checks of these levels; nil: all
	Only    *regexp.Regexp // only checks whose ID or area matches; nil: all
	Strict  bool           // the endpoint reads RFC 7644 to the letter: leave out what only the dialects of Entra and Okta need
}

// Check is one rule and how to see whether it holds.
type Check struct {
	ID     string // area and number, stable within a version: "filter-07"
	Area   string
	Level  Level
	Title  string // what must hold, in words
	Source string // where the rule comes from

	dialect bool // only in the dialect of Entra and Okta
	run     func(x *exchange)
}

// Verdict is what a check came to.
type Verdict string

// The verdicts.
const (
	Passed  Verdict = "passed"
	Failed  Verdict = "failed"
	Skipped Verdict = "skipped" // the endpoint says that it lacks the feature
)

// Checks returns every check, in the order in which they run.
func Checks() []Check {
	groups := [][]Check{
		authChecks(), transportChecks(), discoveryChecks(), createChecks(), readChecks(), projectionChecks(), listChecks(),
		cursorChecks(), sortChecks(), filterChecks(), searchChecks(), putChecks(), patchChecks(), dialectChecks(), groupChecks(),
		deleteChecks(), etagChecks(), bulkChecks(), idempotencyChecks(), asyncChecks(),
	}
	var all []Check
	for _, g := range groups {
		for i, c := range g {
			c.ID = fmt.Sprintf("%s-%02d", c.Area, i+1)
			all = append(all, c)
		}
	}
	return all
}

// Run runs the checks against the endpoint. A failing check does not stop the others; an endpoint on which nothing can be
// created at all gives a Report with Fatal set and no results.
func Run(ctx context.Context, o Options) Report {
	r := Report{BaseURL: o.BaseURL, Started: time.Now().UTC()}
	s := newSession(ctx, o)
	defer s.cleanUp(context.WithoutCancel(ctx))
	if err := s.prepare(); err != nil {
		r.Fatal = err.Error()
		return r
	}
	for _, c := range Checks() {
		if ctx.Err() != nil {
			r.Fatal = "interrupted: " + ctx.Err().Error()
			break
		}
		if o.wants(c) {
			r.Results = append(r.Results, s.check(c))
		}
	}
	r.Elapsed = time.Since(r.Started)
	return r
}

func (o Options) wants(c Check) bool {
	if o.Strict && c.dialect || len(o.Levels) > 0 && !slices.Contains(o.Levels, c.Level) {
		return false
	}
	return o.Only == nil || o.Only.MatchString(c.ID) || o.Only.MatchString(c.Area)
}

// check runs one check.
func (s *session) check(c Check) Result {
	x := &exchange{session: s}
	started := time.Now()
	c.run(x)
	res := Result{ID: c.ID, Area: c.Area, Level: c.Level, Title: c.Title, Source: c.Source, Verdict: Passed, Elapsed: time.Since(started)}
	switch {
	case x.skip != "":
		res.Verdict, res.Why = Skipped, []string{x.skip}
	case len(x.why) > 0:
		res.Verdict, res.Why = Failed, x.why[:min(3, len(x.why))]
	}
	return res
}

// list is a short way to write the checks of one area.
type list struct {
	area   string
	source string
	checks []Check
}

func (l *list) add(level Level, title string, run func(x *exchange)) *Check {
	l.checks = append(l.checks, Check{Area: l.area, Level: level, Title: title, Source: l.source, run: run})
	return &l.checks[len(l.checks)-1]
}

func (l *list) must(title string, run func(x *exchange))   { l.add(Must, title, run) }
func (l *list) should(title string, run func(x *exchange)) { l.add(Should, title, run) }
func (l *list) may(title string, run func(x *exchange))    { l.add(May, title, run) }

// entra adds a check that only the dialect of Entra and Okta needs.
func (l *list) entra(title string, run func(x *exchange)) { l.add(Must, title, run).dialect = true }

func trimBase(url string) string { return strings.TrimRight(url, "/") }
