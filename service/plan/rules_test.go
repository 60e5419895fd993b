package plan_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/plan"
)

// compiled compiles a file with the usual head.
func compiled(t testing.TB, body string) *plan.Rules {
	t.Helper()
	a, err := app.Parse("hr.yaml", []byte("id: hr\ntarget: {url: \"https://t.invalid/scim\", secretFile: s}\n"+body))
	if err != nil {
		t.Fatal(err)
	}
	r, err := plan.Compile(a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// words writes edits as "replace title=Clerk, add tags=a|b".
func words(edits []entry.Edit) string {
	var out []string
	for _, e := range edits {
		var vs []string
		for _, v := range e.Values {
			if r, ok := v.(entry.Ref); ok {
				v = r.ID
			}
			vs = append(vs, fmt.Sprint(v))
		}
		out = append(out, e.Op.String()+" "+e.Attr+"="+strings.Join(vs, "|"))
	}
	return strings.Join(out, ", ")
}

func input(c directory.Change, l plan.Link) plan.Input {
	return plan.Input{Change: c, Link: l, Now: time.Unix(0, 0), Rand: rand.Reader}
}

func TestAssignments(t *testing.T) {
	linked := plan.Link{Source: "u1", Type: entry.User, Target: "t1", Active: true}
	account := entry.Entry{Type: entry.User, ID: "t1", Attrs: entry.Attrs{"userName": {"ann@x"}, "active": {true}}}
	for _, c := range []struct {
		name, head string
		in         plan.Input
		verb       plan.Verb
		reason     string
	}{
		{"SyncAllTakesEverybody", "", input(person(nil), plan.Link{}), plan.Create, ""},
		{"UnassignedIsNotCreated", "assignments: {only: true}", input(person(nil), plan.Link{}), plan.Skip, "is not assigned"},
		{"AssignedIsCreated", "assignments: {only: true}", plan.Input{Change: person(nil), Assigned: true}, plan.Create, ""},
		{"UnassignedIsDisabled", "assignments: {only: true}", input(person(nil), linked), plan.Disable, "is not assigned"},
		{"UnassignedIsSkippedWhenAskedTo", "assignments: {only: true}\ndeprovision: {skipOutOfScope: true}", input(person(nil), linked), plan.Skip, "switched off"},
		{"AssignedButFilteredOut", "assignments: {only: true}", plan.Input{Change: person(entry.Attrs{"department": {"IT"}}), Assigned: true}, plan.Skip, "department"},
		{"LeaverIsDeletedWhereTheTargetCannotDisable", "deprovision: {deleteLeavers: true}", input(person(entry.Attrs{"department": {"IT"}}), linked), plan.Delete, "cannot disable"},
		{"DisabledIsDeletedWhereTheTargetCannotDisable", "deprovision: {deleteLeavers: true}", input(person(entry.Attrs{directory.AccountEnabled: {false}}), linked), plan.Delete, "cannot disable"},
		{"SkipOutOfScopeWinsOverDeleting", "deprovision: {deleteLeavers: true, skipOutOfScope: true}", input(person(entry.Attrs{"department": {"IT"}}), linked), plan.Skip, "switched off"},
		{"SomebodyWhoLeftIsDeletedWhenAskedTo", "deprovision: {deleteLeft: true}", input(directory.Change{Entry: entry.Entry{Type: entry.User, ID: "u1"}, Deleted: true}, plan.Link{Source: "u1", Type: entry.User, Target: "t1", Left: true}), plan.Delete, ""},
		{"InputFilterLeavesTheAccountAlone", "", input(person(entry.Attrs{"kind": {"robot"}, "department": {"IT"}}), linked), plan.Skip, "input filter"},
		{"RestoredIsUpdated", "", input(person(nil), plan.Link{Source: "u1", Type: entry.User, Target: "t1", Left: true, Digest: []byte("of the disable")}), plan.Skip, "exactly this"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := compiled(t, c.head+`
objects:
  - source: User
    match: [{target: userName}]
    scope: [{clauses: [{attribute: department, operator: EQUALS, values: [Sales]}]}]
    input: [{clauses: [{attribute: kind, operator: IS NULL}]}]
    mappings:
      - {target: userName, source: userPrincipalName}
      - {target: active, expression: "Not([IsSoftDeleted])"}
`)
			c.in.Now, c.in.Rand = time.Unix(0, 0), rand.Reader
			w := &world{}
			if c.in.Link.Target != "" {
				w.objects = []entry.Entry{account}
			}
			p, err := r.Make(t.Context(), w, c.in)
			if err != nil || p.Verb != c.verb || !strings.Contains(p.Reason, c.reason) {
				t.Errorf("%s %q %v, want %s %q", p.Verb, p.Reason, err, c.verb, c.reason)
			}
		})
	}
}

func TestScopingStepAnswersEveryQuestion(t *testing.T) {
	r := compiled(t, `assignments: {only: true}
objects:
  - source: User
    match: [{target: userName}]
    scope: [{name: sales, clauses: [{attribute: department, operator: EQUALS, values: [Sales]}]}]
    mappings: [{target: userName, source: userPrincipalName}]
`)
	in := input(person(nil), plan.Link{})
	in.Assigned, in.AssignedWhy = true, "member of Staff, which is assigned"
	p, err := r.Make(t.Context(), &world{}, in)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"IsActive": "True", "Assigned": "True: member of Staff, which is assigned", "IsEffectivelyEntitledForProvisioning": "True", "IsInProvisioningScope": "True",
		"ScopeEvaluationResult.1": `sales: department EQUALS "Sales" is true: department is "Sales"`,
	}
	if diff := cmp.Diff(want, p.Steps[1].Facts); diff != "" {
		t.Error(diff)
	}
}

const described = `
objects:
  - source: User
    match: [{target: userName}]
    mappings:
      - {target: userName, source: userPrincipalName}
      - {target: title, source: jobTitle}
      - {target: level, source: level}
      - {target: tags, source: tags, flow: MultiValueAddOnly}
      - {target: locale, source: locale, flow: AttributeAddOnly}
      - {target: office, none: true, default: Rome}
      - {target: password, source: pin}
      - {target: nick, source: nick, clearNull: true}
    attributes:
      - {name: title}
      - {name: level, type: Integer}
      - {name: tags, multiValued: true}
      - {name: password, mutability: WriteOnly}
`

func TestOneChangeIsOneEdit(t *testing.T) {
	r := compiled(t, described)
	holds := entry.Attrs{"userName": {"ann@x"}, "title": {"Clerk"}, "level": {int64(3)}, "tags": {"a"}, "locale": {"it"}, "office": {"Oslo"}, "nick": {"Annie"}}
	base := entry.Attrs{"level": {"3"}, "tags": {"a"}, "locale": {"en"}, "pin": {"1"}, "nick": {"Annie"}}
	first, err := r.Make(t.Context(), &world{}, input(person(base), plan.Link{}))
	if err != nil || first.Verb != plan.Create {
		t.Fatal(first, err)
	}
	if first.Want.Attrs.First("level") != int64(3) || first.Want.Attrs.Text("office") != "Rome" {
		t.Errorf("created with %v", first.Want.Attrs)
	}
	for _, c := range []struct {
		name  string
		attrs entry.Attrs
		have  entry.Attrs
		edits string
	}{
		{"Nothing", nil, nil, ""},
		{"Text", entry.Attrs{"jobTitle": {"Boss"}}, nil, "replace title=Boss"},
		{"OnlyCase", entry.Attrs{"jobTitle": {"CLERK"}}, nil, ""},
		{"Number", entry.Attrs{"level": {"4"}}, nil, "replace level=4"},
		{"ValueIsAdded", entry.Attrs{"tags": {"a", "b"}}, nil, "add tags=b"},
		{"ValueIsNotTakenAway", entry.Attrs{"tags": {"b"}}, entry.Attrs{"tags": {"a", "b"}}, ""},
		{"FilledOnlyWhenEmpty", entry.Attrs{"locale": {"fr"}}, entry.Attrs{"locale": nil}, "replace locale=fr"},
		{"NotFilledOver", entry.Attrs{"locale": {"fr"}}, nil, ""},
		{"NoneFillsAnEmptyTarget", nil, entry.Attrs{"office": {""}}, "replace office=Rome"},
		{"NullClearsWhereAskedTo", entry.Attrs{"nick": nil}, nil, "replace nick="},
		{"NullLeavesTheRestAlone", entry.Attrs{"jobTitle": nil}, nil, ""},
		{"WriteOnlyIsWrittenWhenItChanged", entry.Attrs{"pin": {"2"}}, nil, "replace password=2"},
		{"WriteOnlyStaysWhenOthersChanged", entry.Attrs{"jobTitle": {"Boss"}, "pin": {"1"}}, nil, "replace title=Boss"},
	} {
		t.Run(c.name, func(t *testing.T) {
			attrs, have := base.Clone(), holds.Clone()
			for k, v := range c.attrs {
				attrs[k] = v
			}
			for k, v := range c.have {
				have[k] = v
			}
			w := &world{objects: []entry.Entry{{Type: entry.User, ID: "t1", Attrs: have}}}
			in := input(person(attrs), plan.Link{Source: "u1", Type: entry.User, Target: "t1", Active: true, Digest: first.Digest})
			in.Compare = true
			p, err := r.Make(t.Context(), w, in)
			if err != nil || words(p.Edits) != c.edits {
				t.Errorf("%s %q (%v), want %q", p.Verb, words(p.Edits), err, c.edits)
			}
			for _, e := range p.Edits {
				if p.Origins[e.Attr].Mapping == "" {
					t.Errorf("%s has no origin", e.Attr)
				}
			}
		})
	}
}

func TestOrigins(t *testing.T) {
	p, err := compiled(t, described).Make(t.Context(), &world{}, input(person(entry.Attrs{"level": {"3"}}), plan.Link{}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]plan.Origin{
		"userName": {Mapping: "[userPrincipalName]", Sources: map[string][]string{"userPrincipalName": {"ann@x"}}},
		"title":    {Mapping: "[jobTitle]", Sources: map[string][]string{"jobTitle": {"Clerk"}}},
		"level":    {Mapping: "[level]", Sources: map[string][]string{"level": {"3"}}},
		"office":   {Mapping: "none", Default: true},
	}
	if diff := cmp.Diff(want, p.Origins); diff != "" {
		t.Error(diff)
	}
}

const roles = `assignments: {only: true}
objects:
  - source: User
    match: [{target: userName}]
    mappings:
      - {target: userName, source: userPrincipalName}
      - {target: roles, expression: "FUNCTION([appRoleAssignments])"}
    attributes: [{name: roles, multiValued: true}]
`

func TestRoles(t *testing.T) {
	role := func(name string) entry.Complex { return entry.Complex{"id": "i", "value": name, "displayName": name} }
	have := []entry.Value{entry.Complex{"primary": false, "type": "WindowsAzureActiveDirectoryRole", "display": "Old", "value": "Old"}}
	for function, want := range map[string]string{"AppRoleAssignmentsComplex": "add roles", "AssertiveAppRoleAssignmentsComplex": "replace roles", "SingleAppRoleAssignment": "replace roles"} {
		t.Run(function, func(t *testing.T) {
			w := &world{objects: []entry.Entry{{Type: entry.User, ID: "t1", Attrs: entry.Attrs{"userName": {"ann@x"}, "roles": have}}}}
			if function == "SingleAppRoleAssignment" {
				w.objects[0].Attrs["roles"] = []entry.Value{"Old"}
			}
			in := input(person(nil), plan.Link{Source: "u1", Type: entry.User, Target: "t1", Active: true})
			in.Assigned, in.Roles = true, []entry.Value{role("New")}
			p, err := compiled(t, strings.ReplaceAll(roles, "FUNCTION", function)).Make(t.Context(), w, in)
			if err != nil || len(p.Edits) != 1 || p.Edits[0].Op.String()+" "+p.Edits[0].Attr != want || len(p.Edits[0].Values) != 1 {
				t.Errorf("%v %v, want %s", p.Edits, err, want)
			}
			if in.Change.Entry.Attrs["appRoleAssignments"] != nil {
				t.Error("the source was changed")
			}
		})
	}
	t.Run("ErrWithoutAssignments", func(t *testing.T) {
		a, err := app.Parse("hr.yaml", []byte("id: hr\ntarget: {url: \"https://t.invalid/scim\", secretFile: s}\n"+strings.NewReplacer("FUNCTION", "SingleAppRoleAssignment", "only: true", "only: false").Replace(roles)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = plan.Compile(a); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "only: true") {
			t.Errorf("got %v", err)
		}
	})
}

const team = `NESTED
objects:
  - source: User
    match: [{target: userName}]
    mappings: [{target: userName, source: userPrincipalName}]
  - source: Group
    match: [{target: displayName}]
    mappings:
      - {target: displayName, source: displayName}
      - {target: members, source: members}
`

// expanding is a world that knows who is in a group.
type expanding struct {
	*world
	groups map[string][]string
}

func (w expanding) Expand(_ context.Context, ids []string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, id := range ids {
		if users, ok := w.groups[id]; ok {
			out[id] = users
		}
	}
	return out, nil
}

func TestNestedGroups(t *testing.T) {
	group := directory.Change{Entry: entry.Entry{Type: entry.Group, ID: "g1", Attrs: entry.Attrs{
		"displayName": {"All"}, "members": {entry.Ref{ID: "u1"}, entry.Ref{Type: entry.Group, ID: "g2"}, entry.Ref{Type: entry.User, ID: "u3"}},
	}}}
	links := map[string]string{"u1": "t1", "u2": "t2", "u3": "t3", "g2": "tg"}
	for way, want := range map[string]string{"": "t1 tg t3", "nestedGroups: member": "t1 tg t3", "nestedGroups: flatten": "t1 t2 t3", "nestedGroups: ignore": "t1 t3"} {
		t.Run(way, func(t *testing.T) {
			w := expanding{&world{links: links}, map[string][]string{"g2": {"u1", "u2", "u3"}}}
			p, err := compiled(t, strings.ReplaceAll(team, "NESTED", way)).Make(t.Context(), w, input(group, plan.Link{}))
			if err != nil || strings.Join(p.Refs[0].Targets, " ") != want {
				t.Errorf("%v %v, want %s", p.Refs, err, want)
			}
			if len(group.Entry.Attrs["members"]) != 3 {
				t.Error("the source was changed")
			}
		})
	}
	t.Run("ErrNobodyCanTell", func(t *testing.T) {
		_, err := compiled(t, strings.ReplaceAll(team, "NESTED", "nestedGroups: flatten")).Make(t.Context(), &world{links: links}, input(group, plan.Link{}))
		if !fault.Is(err, fault.Unsupported) {
			t.Errorf("got %v", err)
		}
	})
}

// TestLargeGroup: one more member of many is one value in one edit, and one less too.
func TestLargeGroup(t *testing.T) {
	const n = 100_000
	members, held, links := make([]entry.Value, n), make([]entry.Value, n), make(map[string]string, n)
	for i := range n {
		id := fmt.Sprintf("u%06d", i)
		members[i], held[i], links[id] = entry.Ref{Type: entry.User, ID: id}, entry.Complex{"value": "t" + id}, "t"+id
	}
	held[n-1] = entry.Complex{"value": "stranger"}
	w := &world{links: links, objects: []entry.Entry{{Type: entry.Group, ID: "tg", Attrs: entry.Attrs{"displayName": {"All"}, "members": held}}}}
	group := directory.Change{Entry: entry.Entry{Type: entry.Group, ID: "g1", Attrs: entry.Attrs{"displayName": {"All"}, "members": members}}}
	p, err := compiled(t, strings.ReplaceAll(team, "NESTED", "")).Make(t.Context(), w, input(group, plan.Link{Source: "g1", Type: entry.Group, Target: "tg", Active: true}))
	if err != nil || words(p.Edits) != "remove members=stranger, add members=tu099999" {
		t.Fatalf("%.200s %v", words(p.Edits), err)
	}
	if origin := p.Origins["members"].Sources["members"]; len(origin) != 11 {
		t.Errorf("the origin shows %d values", len(origin))
	}
}
