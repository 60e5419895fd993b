package cycle_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/plan"
)

// heard keeps what observers, such as notifications, are told.
type heard struct{ events []cycle.Event }

func (h *heard) Observe(_ context.Context, e cycle.Event) { h.events = append(h.events, e) }

const secretValue = `Se"crikt  Zzqx/ü`

// hides makes nickName a redacted attribute of which neither the value nor its source may be seen.
func hides(b *bench, matched bool) *bytes.Buffer {
	b.revise(func(a *app.App) {
		a.Objects[0].Mappings = append(a.Objects[0].Mappings,
			app.Mapping{Target: "nickName", Expression: `Redact("x" & [mailNickname])`, Flow: app.Always})
		if matched {
			a.Objects[0].Match = []app.Rule{{Precedence: 1, Target: "nickName"}}
		}
	})
	var log bytes.Buffer
	b.observer = &heard{}
	b.job = cycle.NewJob(cycle.Parts{
		Source: b.db.Directory(), Target: b.target, Ledger: b.db.Ledger(), Log: b.db.Journal(), Assigned: b.db.Assignments(), Observer: b.observer,
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, b.rules)
	return &log
}

// told is everything the engine says of the job and of u1, as text.
func (b *bench) told(log *bytes.Buffer) string {
	b.t.Helper()
	var out strings.Builder
	show := func(what string, v any) {
		j, err := json.Marshal(v)
		if err != nil {
			b.t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s: %s\n", what, j)
	}
	for _, r := range b.journal() {
		show("journal", r)
		if image, err := b.db.Journal().Image(b.ctx, r.ID); err == nil {
			show("image", image)
		}
	}
	for e, err := range b.db.Ledger().Escrows(b.ctx, "hr", time.Time{}) {
		if err != nil {
			b.t.Fatal(err)
		}
		show("escrow", e)
	}
	show("state", b.state())
	show("events", b.observer.(*heard).events)
	p, err := b.job.Explain(b.ctx, entry.User, "u1")
	fmt.Fprintf(&out, "explain: %s %s %v %s\n", p.Reason, p.Code, err, fault.HintOf(err))
	show("explain", []any{p.Steps, cycle.ChangesOf(p), p.Origins})
	for p, err := range b.job.Preview(b.ctx, nil) {
		fmt.Fprintf(&out, "row: %s %v\n", p.Reason, err)
		show("row", []any{p.Steps, cycle.ChangesOf(p), p.Origins, cycle.PreconditionOf(p)})
	}
	return out.String() + log.String()
}

// quotes is a refusal that quotes a value in one of the ways targets do.
func quotes(kind fault.Kind, way func(string) string) func(string, entry.Entry) error {
	value := "x" + secretValue
	return func(verb string, _ entry.Entry) error {
		if verb == "find" || verb == "get" || verb == "list" {
			return nil
		}
		f := fault.New(kind, "write", "the server answers 400: nickName %s is too weak", way(value)).WithHint("do not take %s", way(value))
		f.Answer = &fault.Answer{Status: 400, Body: `{"detail":"` + way(value) + `"}`}
		return f
	}
}

// deaf is a target that understands no question about nickNames, and says so in the question's own words.
type deaf struct{ cycle.Target }

func (d deaf) Find(ctx context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	if attr == "nickName" && strings.Contains(fmt.Sprint(v), secretValue) {
		return nil, fault.New(fault.Invalid, "find", "cannot filter by %s eq %q", attr, v)
	}
	return d.Target.Find(ctx, t, attr, v)
}

func plainly(s string) string { return s }

// TestNoWayOutForARedactedValue: whatever quotes a redacted value, nothing that a person or another program reads shows it.
func TestNoWayOutForARedactedValue(t *testing.T) {
	inJSON := func(s string) string { j, _ := json.Marshal(s); return string(j) }
	tests := []struct {
		name    string
		matched bool
		play    func(b *bench)
		says    string // what must be said all the same
	}{
		{"Written", false, func(b *bench) { b.cycle() }, "[Redact]"},
		{"Updated", false, func(b *bench) { b.cycle(); b.user("u1", "ann@x", "mailNickname=other"); b.cycle() }, "[Redact]"},
		{"DeletedWithBeforeImage", false, func(b *bench) {
			b.cycle()
			if err := b.db.Directory().HardDelete(b.ctx, entry.User, "u1"); err != nil {
				b.t.Fatal(err)
			}
			b.cycle()
		}, "nickName"},
		{"Refused", false, func(b *bench) { b.target.Before = quotes(fault.Invalid, plainly); b.cycle() }, "is too weak"},
		{"RefusedQuotedAsJSON", false, func(b *bench) { b.target.Before = quotes(fault.Invalid, inJSON); b.cycle() }, "is too weak"},
		{"RefusedInLowerCase", false, func(b *bench) { b.target.Before = quotes(fault.Invalid, strings.ToLower); b.cycle() }, "is too weak"},
		{"RefusedCutShort", false, func(b *bench) {
			b.target.Before = quotes(fault.Invalid, func(s string) string { return s[:len(s)-4] + "…" })
			b.cycle()
		}, "is too weak"},
		{"UpdateRefusedWithTheOldValue", false, func(b *bench) {
			b.cycle()
			b.user("u1", "ann@x", "mailNickname=other")
			b.target.Before = quotes(fault.Invalid, plainly)
			b.cycle()
		}, "is too weak"},
		{"SourceQuoted", false, func(b *bench) {
			b.target.Before = quotes(fault.Denied, func(s string) string { return s[1:] })
			b.cycle()
		}, "is too weak"},
		{"CredentialRefused", false, func(b *bench) {
			b.target.Before = quotes(fault.Unauthenticated, plainly)
			err := b.job.Cycle(b.ctx)
			if err == nil || !strings.Contains(err.Error(), "nickName [Redact] is too weak") {
				b.t.Errorf("the cycle ends with %v", err)
			}
		}, ""},
		{"Panic", false, func(b *bench) {
			b.target.Before = func(verb string, e entry.Entry) error {
				if verb == "create" {
					panic("cannot hold x" + secretValue)
				}
				return nil
			}
			b.cycle()
		}, "a panic"},
		{"OnDemand", false, func(b *bench) {
			b.target.Before = quotes(fault.Invalid, plainly)
			r, err := b.job.Provision(b.ctx, entry.User, "u1")
			if err != nil {
				b.t.Fatal(err)
			}
			if j, _ := json.Marshal(r); strings.Contains(string(j), "Zzqx") {
				b.t.Errorf("the answer shows it: %s", j)
			}
		}, "is too weak"},
		{"Matched", true, func(b *bench) { b.cycle() }, "[Redact]"},
		{"MatchedByQuestionThatFails", true, func(b *bench) {
			b.job = cycle.NewJob(cycle.Parts{
				Source: b.db.Directory(), Target: deaf{b.target}, Ledger: b.db.Ledger(), Log: b.db.Journal(), Assigned: b.db.Assignments(), Observer: b.observer,
			}, b.rules)
			b.cycle()
		}, "cannot filter by"},
		{"Ambiguous", true, func(b *bench) {
			for _, id := range []string{"t1", "t2"} {
				b.target.Put(entry.Entry{Type: entry.User, ID: id, Attrs: entry.Attrs{"userName": {id}, "nickName": {"x" + secretValue}}})
			}
			b.cycle()
		}, "objects in the target have nickName"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			log := hides(b, tt.matched)
			b.user("u1", "ann@x", "mailNickname="+secretValue)
			tt.play(b)
			told := b.told(log)
			for _, line := range strings.Split(told, "\n") {
				for _, part := range []string{"zzqx", "crik"} {
					if strings.Contains(strings.ToLower(line), part) {
						t.Errorf("shows %q: %s", part, line)
						break
					}
				}
			}
			if !strings.Contains(told, tt.says) {
				t.Errorf("does not say %q: %s", tt.says, told)
			}
		})
	}
}

// TestRefusedValuesAreStillSeenBehindTheVeil: what hides a value hides neither the kind of the failure nor its cause.
func TestRefusedValuesAreStillSeenBehindTheVeil(t *testing.T) {
	cause := fault.New(fault.Exists, "create", "hush is taken").WithHint("not hush")
	p := plan.Plan{Redacted: map[string]bool{"pin": true}, Want: entry.Entry{Attrs: entry.Attrs{"pin": {"hush"}}}}
	err := p.VeilError(fmt.Errorf("export: %w", cause))
	if !fault.Is(err, fault.Exists) || fault.HintOf(err) != "not [Redact]" || fault.CodeOf(err) != "EntryConflict" || strings.Contains(err.Error(), "hush") {
		t.Errorf("%v, hint %q", err, fault.HintOf(err))
	}
	other := fault.New(fault.Exists, "create", "it is taken")
	if p.VeilError(other) != error(other) { //nolint:errorlint // the very same is wanted
		t.Error("an error that shows nothing was changed")
	}
	if got := p.Veil("a hushed voice says HUSH"); strings.Contains(strings.ToLower(got), "hush") {
		t.Error(got)
	}
	p.Hidden = []string{"7"}
	if got := p.Veil("17 of 71, and 7"); got != "17 of 71, and [Redact]" {
		t.Error(got)
	}
}
