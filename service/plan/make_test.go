package plan_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/plan"
)

const file = `
id: hr
target: {url: "https://t.invalid/scim", secretFile: s}
DEPROVISION
objects:
  - source: User
    VERBS
    match: [{precedence: 1, target: userName}, {precedence: 2, target: badge}]
    scope: [{clauses: [{attribute: department, operator: EQUALS, values: [Sales]}]}]
    mappings:
      - {target: userName, source: userPrincipalName}
      - {target: badge, source: employeeId}
      - {target: title, source: jobTitle}
      - {target: nick, source: nickName, flow: ObjectAddOnly, default: none}
      - {target: level, source: level}
      - {target: tags, source: tags, flow: MultiValueAddOnly}
      - {target: secret, expression: 'Redact([pin])'}
      - {target: active, expression: "Not([IsSoftDeleted])"}
      - {target: manager, source: manager}
`

func rules(t *testing.T, deprovision, verbs string) *plan.Rules {
	t.Helper()
	text := strings.NewReplacer("DEPROVISION", deprovision, "VERBS", verbs).Replace(file)
	a, err := app.Parse("hr.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r, err := plan.Compile(a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// world is a target of fixed objects, and links of fixed pairs. It counts what it is asked.
type world struct {
	objects []entry.Entry
	links   map[string]string
	err     error
	asked   int
}

func (w *world) Find(_ context.Context, _ entry.Type, attr string, v entry.Value) (hits []entry.Entry, _ error) {
	w.asked++
	for _, o := range w.objects {
		if entry.Equal(o.Attrs.First(attr), v) {
			hits = append(hits, o)
		}
	}
	return hits, w.err
}

func (w *world) Get(_ context.Context, _ entry.Type, id string) (entry.Entry, error) {
	w.asked++
	for _, o := range w.objects {
		if o.ID == id {
			return o, w.err
		}
	}
	return entry.Entry{}, fault.New(fault.NotFound, "get", "no %s", id)
}

func (w *world) Resolve(_ context.Context, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for _, id := range ids {
		if t, ok := w.links[id]; ok {
			out[id] = t
		}
	}
	return out, w.err
}

func person(attrs entry.Attrs) directory.Change {
	a := entry.Attrs{directory.UserPrincipalName: {"ann@x"}, "employeeId": {"7"}, "department": {"Sales"}, "jobTitle": {"Clerk"}}
	for k, v := range attrs {
		a[k] = v
	}
	return directory.Change{Entry: entry.Entry{Type: entry.User, ID: "u1", Attrs: a}}
}

func TestMake(t *testing.T) {
	account := func(attrs entry.Attrs) entry.Entry {
		a := entry.Attrs{"userName": {"ann@x"}, "badge": {"7"}, "title": {"Clerk"}, "active": {true}}
		for k, v := range attrs {
			a[k] = v
		}
		return entry.Entry{Type: entry.User, ID: "t1", Attrs: a}
	}
	linked := plan.Link{Source: "u1", Type: entry.User, Target: "t1", Active: true}
	left := plan.Link{Source: "u1", Type: entry.User, Target: "t1", Left: true}
	off := entry.Attrs{directory.AccountEnabled: {false}}
	deleted := entry.Attrs{directory.DeletedDateTime: {time.Now()}}
	outside := entry.Attrs{"department": {"IT"}}
	gone := directory.Change{Entry: entry.Entry{Type: entry.User, ID: "u1"}, Deleted: true}
	tests := []struct {
		name        string
		deprovision string
		verbs       string
		change      directory.Change
		link        plan.Link
		world       world
		verb        plan.Verb
		code        string
		edits       string
		reason      string
		kind        fault.Kind
	}{
		{name: "CreateWhenNobodyMatches", change: person(nil), verb: plan.Create, code: "EntryExportAdd"},
		{name: "JoinByFirstRuleWithoutDifference", change: person(nil), world: world{objects: []entry.Entry{account(nil)}}, verb: plan.Skip, code: "RedundantExport"},
		{name: "JoinBySecondRuleUpdates", change: person(nil), world: world{objects: []entry.Entry{account(entry.Attrs{"userName": {"old@x"}})}}, verb: plan.Update, edits: "replace userName"},
		{name: "TextAndNumberAreAlike", change: person(entry.Attrs{"level": {"10"}}), link: linked, world: world{objects: []entry.Entry{account(entry.Attrs{"level": {int64(10)}})}}, verb: plan.Skip, code: "RedundantExport"},
		{name: "AddOnlyNeverTakesAway", change: person(entry.Attrs{"tags": {"b"}}), link: linked, world: world{objects: []entry.Entry{account(entry.Attrs{"tags": {"a"}})}}, verb: plan.Update, edits: "add tags"},
		{name: "NullLeavesTheTargetAlone", change: person(entry.Attrs{"jobTitle": nil}), link: linked, world: world{objects: []entry.Entry{account(nil)}}, verb: plan.Skip},
		{name: "ErrAmbiguous", change: person(nil), world: world{objects: []entry.Entry{account(nil), {Type: entry.User, ID: "t2", Attrs: entry.Attrs{"userName": {"ann@x"}}}}}, verb: plan.Skip, kind: fault.Ambiguous},
		{name: "ErrTargetAway", change: person(nil), world: world{err: fault.New(fault.Unavailable, "find", "down")}, verb: plan.Skip, kind: fault.Unavailable},
		{name: "ErrLinkedAccountGone", change: person(nil), link: linked, verb: plan.Skip, kind: fault.NotFound},
		{name: "BlindWithoutMatchingValue", change: directory.Change{Entry: entry.Entry{Type: entry.User, ID: "u1", Attrs: entry.Attrs{"department": {"Sales"}}}}, verb: plan.Skip, code: "ImportSkipped", reason: "userName, badge"},
		{name: "OutOfScopeNeverProvisioned", change: person(outside), verb: plan.Skip, code: "EntrySynchronizationSkipped", reason: "department"},
		{name: "OutOfScopeIsDisabledAndNothingElse", change: person(entry.Attrs{"department": {"IT"}, "jobTitle": {"New"}}), link: linked, world: world{objects: []entry.Entry{account(nil)}}, verb: plan.Disable, edits: "replace active"},
		{name: "OutOfScopeSkippedWhenAskedTo", deprovision: "deprovision: {skipOutOfScope: true}", change: person(outside), link: linked, verb: plan.Skip},
		{name: "DisabledNeverProvisioned", change: person(off), verb: plan.Skip, reason: "never provisioned"},
		{name: "DisabledIsDisabled", change: person(off), link: linked, world: world{objects: []entry.Entry{account(nil)}}, verb: plan.Disable, edits: "replace active"},
		{name: "SoftDeletedIsDisabled", change: person(deleted), link: linked, world: world{objects: []entry.Entry{account(nil)}}, verb: plan.Disable, edits: "replace active"},
		{name: "SoftDeletedIsDisabledInSpiteOfSkipOutOfScope", deprovision: "deprovision: {skipOutOfScope: true}", change: person(deleted), link: linked, world: world{objects: []entry.Entry{account(nil)}}, verb: plan.Disable, edits: "replace active"},
		{name: "HardDeletedIsDeleted", change: gone, link: linked, verb: plan.Delete, code: "EntryExportDelete"},
		{name: "HardDeletedAfterLeavingScopeStays", change: gone, link: left, verb: plan.Skip},
		{name: "HardDeletedNeverProvisioned", change: gone, verb: plan.Skip},
		{name: "HardDeletedWithDeleteOff", deprovision: "deprovision: {noDelete: true}", change: gone, link: linked, verb: plan.Skip},
		{name: "CreateOff", verbs: "verbs: {create: false, update: true, delete: true}", change: person(nil), verb: plan.Skip, reason: "creating"},
		{name: "UpdateOff", verbs: "verbs: {create: true, update: false, delete: true}", change: person(nil), link: linked, world: world{objects: []entry.Entry{account(entry.Attrs{"title": {"Old"}})}}, verb: plan.Skip, reason: "updating"},
		{name: "ReferenceWaits", change: person(entry.Attrs{"manager": {entry.Ref{ID: "boss"}}}), link: linked, world: world{objects: []entry.Entry{account(nil)}}, verb: plan.Skip},
		{name: "ReferenceIsWritten", change: person(entry.Attrs{"manager": {entry.Ref{ID: "boss"}}}), link: linked, world: world{objects: []entry.Entry{account(nil)}, links: map[string]string{"boss": "t9"}}, verb: plan.Update, edits: "replace manager"},
		{name: "ReferenceInAnyForm", change: person(entry.Attrs{"manager": {entry.Ref{ID: "boss"}}}), link: linked, world: world{objects: []entry.Entry{account(entry.Attrs{"manager.value": {"t9"}})}, links: map[string]string{"boss": "t9"}}, verb: plan.Skip},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := rules(t, tt.deprovision, tt.verbs).Make(t.Context(), &tt.world, plan.Input{Change: tt.change, Link: tt.link, Now: time.Now(), Rand: rand.Reader})
			if fault.KindOf(err) != tt.kind {
				t.Fatalf("err = %v, want kind %v", err, tt.kind)
			}
			if p.Verb != tt.verb || tt.code != "" && p.Code != tt.code || !strings.Contains(p.Reason, tt.reason) {
				t.Errorf("%s %s %q, want %s %s with %q", p.Verb, p.Code, p.Reason, tt.verb, tt.code, tt.reason)
			}
			var words []string
			for _, e := range p.Edits {
				words = append(words, e.Op.String()+" "+e.Attr)
			}
			if got := strings.Join(words, ", "); got != tt.edits {
				t.Errorf("edits %q, want %q", got, tt.edits)
			}
			if len(p.Steps) == 0 && !tt.change.Deleted {
				t.Error("a plan without a story")
			}
		})
	}
}

// TestDigest: an unchanged person is neither asked for nor written; whatever would be written differently changes the digest.
func TestDigest(t *testing.T) {
	r, w := rules(t, "", ""), &world{links: map[string]string{"boss": "t9"}}
	first, err := r.Make(t.Context(), w, plan.Input{Change: person(nil), Now: time.Now(), Rand: rand.Reader})
	if err != nil || first.Verb != plan.Create || first.Want.Attrs.Text("nick") != "none" {
		t.Fatalf("%+v %v", first, err)
	}
	link := plan.Link{Source: "u1", Type: entry.User, Target: "t1", Active: true, Digest: first.Digest}
	w.asked = 0
	again, err := r.Make(t.Context(), w, plan.Input{Change: person(nil), Link: link, Now: time.Now(), Rand: rand.Reader})
	if err != nil || again.Verb != plan.Skip || w.asked != 0 {
		t.Errorf("%s after %d questions (%v), want a skip after none", again.Verb, w.asked, err)
	}
	seen := [][]byte{first.Digest}
	for _, attrs := range []entry.Attrs{{"jobTitle": {"New"}}, {"employeeId": {"8"}}, {"manager": {entry.Ref{ID: "boss"}}}, {"manager": {entry.Ref{ID: "late"}}}, {"tags": {"a", "b"}}, {"tags": {"ab"}}} {
		w.objects = []entry.Entry{{Type: entry.User, ID: "t1", Attrs: entry.Attrs{}}}
		p, err := r.Make(t.Context(), w, plan.Input{Change: person(attrs), Link: link, Now: time.Now(), Rand: rand.Reader})
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(seen, func(d []byte) bool { return slices.Equal(d, p.Digest) }) {
			t.Errorf("%v has a digest seen before", attrs)
		}
		seen = append(seen, p.Digest)
	}
}

func TestRedactedIsMarked(t *testing.T) {
	p, err := rules(t, "", "").Make(t.Context(), &world{}, plan.Input{Change: person(entry.Attrs{"pin": {"1234"}}), Now: time.Now(), Rand: rand.Reader})
	if err != nil || !p.Redacted["secret"] || p.Want.Attrs.Text("secret") != "1234" {
		t.Errorf("redacted %v, want %v (%v)", p.Redacted, p.Want.Attrs, err)
	}
	if text := fmt.Sprint(p.Steps); strings.Contains(text, "1234") {
		t.Errorf("the steps show the secret: %s", text)
	}
}

func TestCompileReportsAllMistakes(t *testing.T) {
	a, err := app.Parse("hr.yaml", []byte(strings.NewReplacer("DEPROVISION", "", "VERBS", "").Replace(file)))
	if err != nil {
		t.Fatal(err)
	}
	a.Objects[0].Mappings[0] = app.Mapping{Target: "userName", Expression: "Nonsense("}
	a.Objects[0].Mappings[2] = app.Mapping{Target: "title", Expression: "Join("}
	_, err = plan.Compile(a)
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "userName") || !strings.Contains(err.Error(), "title") {
		t.Errorf("err = %v, want both targets named", err)
	}
}
