package plan_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/plan"
)

const tried = `
assignments: {only: true}
objects:
  - source: User
    match: [{target: userName}]
    scope: [{name: sales, clauses: [{attribute: department, operator: EQUALS, values: [Sales]}]}]
    mappings:
      - {target: userName, source: userPrincipalName}
      - {target: title, source: jobTitle, clearNull: true}
      - {target: alias, expression: 'SelectUniqueValue([mailNickname], [mailNickname] & "2")', flow: ObjectAddOnly}
      - {target: pin, expression: "Redact([pin])"}
      - {target: hired, expression: 'FormatDateTime(Now(), , , "yyyy-MM-dd") & DefaultDomain()', flow: ObjectAddOnly}
      - {target: active, expression: "Not([IsSoftDeleted])"}
      - {target: manager, source: manager}
  - source: Group
    match: [{target: displayName}]
    mappings:
      - {target: displayName, source: displayName}
      - {target: members, source: members}
tests:
`

// TestTrial plays tests that hold, and tests that miss with the misses they shall report.
func TestTrial(t *testing.T) {
	for _, c := range []struct{ name, test, misses string }{
		{"Create", `{name: x, now: 2026-02-03T00:00:00Z, defaultDomain: .de, taken: [ann], links: {u9: t9},
			source: {id: u1, userPrincipalName: ann@x, department: Sales, mailNickname: ann, manager: u9, level: 3},
			expect: {verb: create, scope: in, target: {userName: ann@x, alias: ann2, active: true, hired: 2026-02-03.de, manager: t9, title: null}}}`, ""},
		{"Update", `{name: x, source: {userPrincipalName: ann@x, department: Sales, jobTitle: Boss}, target: {id: t1, userName: ann@x, title: Clerk, active: true, other: 1},
			expect: {verb: update, changes: {title: Boss}, target: {other: 1, title: Boss}}}`, ""},
		{"Cleared", `{name: x, source: {userPrincipalName: ann@x, department: Sales}, target: {userName: ann@x, title: Clerk, active: true}, expect: {changes: {title: null}}}`, ""},
		{"Linked", `{name: x, linked: true, source: {userPrincipalName: new@x, department: Sales}, target: {id: t1, userName: old@x, active: true}, expect: {verb: update, changes: {userName: new@x}}}`, ""},
		{"OutOfScope", `{name: x, linked: true, source: {userPrincipalName: ann@x, department: IT}, target: {id: t1, active: true}, expect: {verb: disable, scope: out, changes: {active: false}}}`, ""},
		{"Unassigned", `{name: x, unassigned: true, source: {userPrincipalName: ann@x, department: Sales}, expect: {verb: skip, scope: out}}`, ""},
		{"SoftDeleted", `{name: x, linked: true, source: {userPrincipalName: ann@x, department: Sales, deletedDateTime: 2026-01-01T00:00:00Z}, target: {id: t1, active: true}, expect: {verb: disable}}`, ""},
		{"Deleted", `{name: x, linked: true, deleted: true, target: {id: t1}, expect: {verb: delete}}`, ""},
		{"Error", `{name: x, source: {userPrincipalName: ann@x, department: Sales, manager: [a, b]}, expect: {error: 2 references}}`, ""},
		{"Group", `{name: x, type: Group, linked: true, links: {u1: t1, u2: t2}, source: {displayName: All, members: [u1, u2, {id: g2, type: Group}]}, target: {id: tg, displayName: All, members: [t1, stranger]},
			expect: {verb: update, changes: {members: [t2, t1]}}}`, ""},

		{"MissesVerb", `{name: x, source: {userPrincipalName: ann@x, department: Sales}, expect: {verb: skip}}`, "verb skip|create: is in scope and has no account yet"},
		{"MissesScope", `{name: x, source: {userPrincipalName: ann@x, department: IT}, expect: {scope: in}}`, `scope in|out: department EQUALS "Sales" is false: department is "IT"`},
		{"MissesScopeOfTheDeleted", `{name: x, deleted: true, expect: {scope: in}}`, "scope in|not asked: was deleted in the directory and was never provisioned"},
		{"MissesValue", `{name: x, source: {userPrincipalName: ann@x, department: Sales, jobTitle: "3"}, expect: {target: {title: 3, userName: null}}}`, `target.title 3|"3"; target.userName no value|"ann@x"`},
		{"MissesChange", `{name: x, source: {userPrincipalName: ann@x, department: Sales, jobTitle: Boss}, target: {userName: ann@x, title: Clerk, active: true}, expect: {changes: {active: true}}}`, `changes.active true|not written; changes.title not written|"Boss"`},
		{"MissesError", `{name: x, source: {userPrincipalName: ann@x, department: Sales}, expect: {verb: create, error: boom}}`, "error an error with boom|none: create, is in scope and has no account yet"},
		{"MissesOtherError", `{name: x, source: {userPrincipalName: ann@x, department: Sales, manager: [a, b]}, expect: {error: boom}}`, "error an error with boom|map manager: from [manager]: the source has 2 references, the target holds one"},
		{"MissesNoError", `{name: x, source: {userPrincipalName: ann@x, department: Sales, manager: [a, b]}, expect: {verb: create}}`, "error none|map manager: from [manager]: the source has 2 references, the target holds one"},
		{"MissesWithoutShowingSecrets", `{name: x, source: {userPrincipalName: ann@x, department: Sales, pin: geheim}, expect: {target: {pin: other}}}`, `target.pin "other"|[Redact]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := compiled(t, tried+"  - "+strings.ReplaceAll(c.test, "\t", " "))
			got := r.Try(t.Context(), r.App.Tests[0], rand.Reader)
			var misses []string
			for _, m := range got.Misses {
				misses = append(misses, m.What+" "+m.Want+"|"+m.Got)
			}
			if diff := cmp.Diff(c.misses, strings.Join(misses, "; ")); diff != "" || got.Passed != (c.misses == "") {
				t.Errorf("%s\n%+v", diff, got.Plan.Steps)
			}
		})
	}
}

func TestTrialOfABadInstant(t *testing.T) {
	r := compiled(t, tried+"  - {name: x, expect: {verb: skip}}")
	if got := r.Try(t.Context(), app.Test{Name: "x", Type: "User", Now: "soon", Expect: app.Expectation{Verb: string(plan.Skip)}}, rand.Reader); got.Passed {
		t.Error("passed")
	}
}

// TestRules plays the application files that name each rule of mapping, scope and leaving.
func TestRules(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		a, err := app.Parse(file, data)
		if err != nil {
			t.Fatal(err)
		}
		r, err := plan.Compile(a)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range a.Tests {
			t.Run(a.Name+"/"+test.Name, func(t *testing.T) {
				for _, m := range r.Try(t.Context(), test, rand.Reader).Misses {
					t.Errorf("%s: want %s, got %s", m.What, m.Want, m.Got)
				}
			})
		}
	}
}
