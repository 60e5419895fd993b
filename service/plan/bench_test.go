package plan_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/plan"
)

// twenty are twenty mappings with a filter of two clauses, as a large application has them.
const twenty = `
objects:
  - source: User
    match: [{precedence: 1, target: userName}, {precedence: 2, target: externalId}]
    scope:
      - name: staff
        clauses:
          - {attribute: userType, operator: NOT EQUALS, values: [Guest]}
          - {attribute: mail, operator: REGEX MATCH, values: ['@contoso\.com$']}
    mappings:
      - {target: userName, source: userPrincipalName}
      - {target: externalId, source: objectId}
      - {target: active, expression: "Not([IsSoftDeleted])"}
      - {target: displayName, source: displayName}
      - {target: name.givenName, source: givenName}
      - {target: name.familyName, source: surname}
      - {target: name.formatted, expression: 'Join(" ", [givenName], [surname])'}
      - {target: title, source: jobTitle, default: Staff}
      - {target: 'emails[type eq "work"].value', source: mail}
      - {target: 'phoneNumbers[type eq "work"].value', expression: 'Replace([telephoneNumber], , "[^0-9+]", , "", , )'}
      - {target: 'phoneNumbers[type eq "mobile"].value', source: mobile}
      - {target: 'addresses[type eq "work"].locality', source: city}
      - {target: 'addresses[type eq "work"].country', expression: 'Switch([country], "Other", "Germany", "DE", "Italy", "IT", "France", "FR")'}
      - {target: nickName, expression: 'ToLower(NormalizeDiacritics(Left([givenName], 1) & [surname]))'}
      - {target: locale, source: preferredLanguage, default: en}
      - {target: userType, constant: Employee}
      - {target: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber", source: employeeId}
      - {target: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", source: department}
      - {target: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter", expression: 'IIF(IsPresent([costCenter]), [costCenter], "0000")'}
      - {target: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", source: manager}
`

// staff is person number i.
func staff(i int) directory.Change {
	n := fmt.Sprint(i)
	return directory.Change{Entry: entry.Entry{Type: entry.User, ID: "u" + n, Attrs: entry.Attrs{
		"userPrincipalName": {"person." + n + "@contoso.com"}, "displayName": {"José García " + n}, "givenName": {"José"}, "surname": {"García"}, "jobTitle": {"Engineer"},
		"mail": {"person." + n + "@contoso.com"}, "telephoneNumber": {"+49 30 5550-" + n}, "mobile": {"+49 170 " + n}, "city": {"Berlin"}, "country": {"DE"}, "userType": {"Member"},
		"preferredLanguage": {"de-DE"}, "employeeId": {n}, "department": {"Sales"}, "costCenter": {"4711"}, "manager": {entry.Ref{Type: entry.User, ID: "u0"}}, "accountEnabled": {true},
	}}}
}

// memory is a target in memory, indexed by the matching attributes.
type memory struct {
	*world
	byName map[string]entry.Entry
}

// indexed makes a target that holds what the plans of the people would create, but for those left out.
func indexed(tb testing.TB, r *plan.Rules, people []directory.Change) (memory, []plan.Link) {
	tb.Helper()
	m := memory{&world{links: map[string]string{"u0": "t0"}}, map[string]entry.Entry{}}
	links := make([]plan.Link, len(people))
	for i, c := range people {
		p, err := r.Make(tb.Context(), m, plan.Input{Change: c, Now: time.Unix(0, 0), Rand: rand.Reader})
		if err != nil || p.Verb != plan.Create {
			tb.Fatal(p.Verb, p.Reason, err)
		}
		e := entry.Entry{Type: entry.User, ID: "t" + c.Entry.ID, Attrs: p.Want.Attrs}
		for _, ref := range p.Refs {
			e.Attrs[ref.Attr] = []entry.Value{entry.Ref{ID: ref.Targets[0]}}
		}
		m.byName[e.Attrs.Text("userName")] = e
		m.byName[e.ID] = e
		links[i] = plan.Link{Source: c.Entry.ID, Type: entry.User, Target: e.ID, Active: true, Digest: p.Digest}
	}
	return m, links
}

// BenchmarkPlan plans for one person with twenty mappings, on one core, and copies the person's attributes as a base to compare with.
func BenchmarkPlan(b *testing.B) {
	r := compiled(b, twenty)
	people := make([]directory.Change, 1000)
	for i := range people {
		people[i] = staff(i + 1)
	}
	target, links := indexed(b, r, people)
	for _, c := range []struct {
		name string
		make func(i int) (plan.Plan, error)
		verb plan.Verb
	}{
		{"Create", func(i int) (plan.Plan, error) {
			return r.Make(b.Context(), &world{links: target.links}, plan.Input{Change: people[i], Now: time.Unix(0, 0), Rand: rand.Reader})
		}, plan.Create},
		{"Match", func(i int) (plan.Plan, error) {
			return r.Make(b.Context(), target, plan.Input{Change: people[i], Now: time.Unix(0, 0), Rand: rand.Reader})
		}, plan.Skip},
		{"Unchanged", func(i int) (plan.Plan, error) {
			return r.Make(b.Context(), target, plan.Input{Change: people[i], Link: links[i], Now: time.Unix(0, 0), Rand: rand.Reader})
		}, plan.Skip},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if p, err := c.make(i % len(people)); err != nil || p.Verb != c.verb {
					b.Fatal(p.Verb, p.Reason, err)
				}
				i++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "objects/s")
		})
	}
	b.Run("CopyOfAMap", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			if m := maps.Clone(people[i%len(people)].Entry.Attrs); len(m) == 0 {
				b.Fatal("nothing copied")
			}
			i++
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "objects/s")
	})
}

// BenchmarkLargeGroup plans one change of a group of 100,000 members.
func BenchmarkLargeGroup(b *testing.B) {
	const n = 100_000
	members, held, links := make([]entry.Value, n), make([]entry.Value, n), make(map[string]string, n)
	for i := range n {
		id := fmt.Sprintf("u%06d", i)
		members[i], held[i], links[id] = entry.Ref{Type: entry.User, ID: id}, entry.Ref{ID: "t" + id}, "t"+id
	}
	r := compiled(b, strings.ReplaceAll(team, "NESTED", ""))
	w := &world{links: links, objects: []entry.Entry{{Type: entry.Group, ID: "tg", Attrs: entry.Attrs{"displayName": {"All"}, "members": held[1:]}}}}
	group := directory.Change{Entry: entry.Entry{Type: entry.Group, ID: "g1", Attrs: entry.Attrs{"displayName": {"All"}, "members": members}}}
	b.ReportAllocs()
	for b.Loop() {
		p, err := r.Make(b.Context(), w, input(group, plan.Link{Source: "g1", Type: entry.Group, Target: "tg", Active: true}))
		if err != nil || len(p.Edits) != 1 || len(p.Edits[0].Values) != 1 {
			b.Fatal(p.Edits, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/group")
}

func (m memory) Find(_ context.Context, _ entry.Type, _ string, v entry.Value) ([]entry.Entry, error) {
	if e, ok := m.byName[v.(string)]; ok {
		return []entry.Entry{e}, nil
	}
	return nil, nil
}

func (m memory) Get(_ context.Context, _ entry.Type, id string) (entry.Entry, error) {
	return m.byName[id], nil
}
