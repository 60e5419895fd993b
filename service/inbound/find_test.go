package inbound_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/service/inbound"
)

func (s *site) find(path, filter string) answer {
	s.t.Helper()
	return s.do(200, "GET", path+"?filter="+url.QueryEscape(filter), "")
}

// crowd puts n users with the ids u00000… into the directory: every third has the city Bern, their titles go down.
func (s *site) crowd(n int) (ids []string) {
	s.t.Helper()
	es := make([]entry.Entry, n)
	for i := range es {
		id := fmt.Sprintf("u%05d", i)
		es[i] = entry.Entry{Type: entry.User, ID: id, Attrs: entry.Attrs{
			"userPrincipalName": {id + "@x"}, "city": {"Rome"}, "jobTitle": {fmt.Sprintf("T%05d", (n-i)/2)}, "externalId": {"E" + id},
		}}
		if i%3 == 0 {
			es[i].Attrs.Set("city", "Bern")
		}
		if i%10 == 0 {
			es[i].Attrs.Set("jobTitle")
		}
		ids = append(ids, id)
	}
	if err := s.db.Directory().PutMany(in("default"), es); err != nil {
		s.t.Fatal(err)
	}
	return ids
}

// pages walks by index and by cursor; both must give the same, whatever the size of the page.
func (s *site) pages(query string, size int) (ids []string) {
	s.t.Helper()
	for start := 1; ; start += size {
		a := s.do(200, "GET", fmt.Sprintf("/Users?attributes=userName&startIndex=%d&count=%d&%s", start, size, query), "")
		ids = append(ids, a.ids()...)
		if start+size > a.total() {
			break
		}
	}
	var walked []string
	for cursor := ""; ; {
		a := s.do(200, "GET", fmt.Sprintf("/Users?attributes=userName&cursor=%s&count=%d&%s", cursor, size, query), "")
		walked = append(walked, a.ids()...)
		next, ok := a.doc["nextCursor"].(string)
		if !ok {
			break
		}
		cursor = next
	}
	if !slices.Equal(ids, walked) {
		s.t.Fatalf("pages of %d by %s: by index %d, by cursor %d ids, or in another order", size, query, len(ids), len(walked))
	}
	return ids
}

func TestPages(t *testing.T) {
	s := newSite(t)
	ids := s.crowd(700)
	var bern, tens []string
	for i, id := range ids {
		if i%3 == 0 {
			bern = append(bern, id)
		}
		if i%10 == 0 {
			tens = append(tens, id)
		}
	}
	byTitle := slices.Clone(ids)
	slices.SortStableFunc(byTitle, func(a, b string) int {
		key := func(id string) string {
			var i int
			fmt.Sscanf(id, "u%d", &i)
			if i%10 == 0 {
				return "~" // comes last
			}
			return fmt.Sprintf("%05d", (700-i)/2)
		}
		return strings.Compare(key(a), key(b))
	})
	for query, want := range map[string][]string{
		"": ids, `filter=addresses.locality+eq+"bern"`: bern, `filter=not+(title+pr)`: tens, `filter=userName+eq+"nobody"`: nil,
		"sortBy=userName&sortOrder=descending": reversed(ids), "sortBy=title": byTitle,
		`sortBy=id&filter=addresses[locality+eq+"Bern"]`: bern, "sortBy=meta.created": ids,
	} {
		for _, size := range []int{97, 256, 1000} {
			if got := s.pages(query, size); !slices.Equal(got, want) {
				t.Errorf("%q in pages of %d gave %d ids, want %d: %.10v… %.10v…", query, size, len(got), len(want), got, want)
			}
		}
	}
	for query, want := range map[string]int{"count=0": 700, `count=0&filter=title+pr`: 630, "count=0&sortBy=title": 700, "startIndex=701": 700, "startIndex=9999&sortBy=title": 700} {
		if a := s.do(200, "GET", "/Users?"+query, ""); a.total() != want || len(a.ids()) != 0 {
			t.Errorf("%s gave %d of %d", query, len(a.ids()), a.total())
		}
	}
}

func reversed(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Reverse(ids)
	return ids
}

// TestWalkWhileOthersWrite: nobody who stays is missed or given twice, whoever comes and goes.
func TestWalkWhileOthersWrite(t *testing.T) {
	for _, query := range []string{"", "&sortBy=title", "&sortBy=userName&sortOrder=descending", "&filter=userName+sw+%22u%22"} {
		s := newSite(t)
		ids := s.crowd(60)
		seen, deleted := map[string]int{}, map[string]bool{}
		for cursor, page := "", 0; ; page++ {
			a := s.do(200, "GET", "/Users?count=7&cursor="+cursor+query, "")
			for _, id := range a.ids() {
				seen[id]++
			}
			next, ok := a.doc["nextCursor"].(string)
			if !ok {
				break
			}
			cursor = next
			last := a.ids()[6] // the very one the cursor points to
			s.do(204, "DELETE", "/Users/"+last, "")
			deleted[last] = true
			s.user(fmt.Sprintf("new%d@x", page))
		}
		for _, id := range ids {
			if seen[id] != 1 && !deleted[id] || seen[id] > 1 {
				t.Errorf("%q: %s was seen %d times", query, id, seen[id])
			}
		}
	}
}

func TestFilters(t *testing.T) {
	s := newSite(t)
	s.crowd(20)
	boss := s.user("boss@x")
	s.do(200, "PATCH", "/Users/u00007", `{"Operations":[{"op":"add","path":"manager","value":"`+boss+`"}]}`)
	g := s.do(201, "POST", "/Groups", `{"displayName":"Sales","externalId":"G","members":[{"value":"u00003"},{"value":"u00004"}]}`).id()
	for _, tc := range []struct{ path, filter, want string }{
		{"/Users", `userName eq "U00003@X"`, "u00003"}, {"/Users", `externalId eq "Eu00003"`, "u00003"}, {"/Users", `externalId eq "eu00003"`, ""},
		{"/Users", `id eq "u00003" and userName eq "u00004@x"`, ""}, {"/Users", `id eq "u00003" or userName eq "u00004@x"`, "u00003 u00004"},
		{"/Users", `manager eq "` + boss + `"`, "u00007"}, {"/Users", `manager.value eq "` + boss + `" and title pr`, "u00007"},
		{"/Users", scim.EnterpriseURN + `:manager eq "` + boss + `"`, "u00007"}, {"/Users", `id eq "u00007" and manager eq "` + boss + `"`, "u00007"},
		{"/Users", `id eq "u00006" and manager eq "` + boss + `"`, ""}, {"/Users", `manager pr`, "u00007"}, {"/Users", `externalId ew "0001"`, "u00001"},
		{"/Users", `groups.value eq "` + g + `"`, "u00003 u00004"}, {"/Users", `active eq false`, ""},
		{"/Users", `meta.created lt "2001-01-01T00:00:00Z"`, ""}, {"/Users", `meta.lastModified gt "2001-01-01T00:00:00Z" and id eq "u00003"`, "u00003"},
		{"/Users", `externalId eq "Eu00003" and externalId eq "Eu00004"`, ""}, {"/Users", `userName eq "*"`, ""}, {"/Users", `userName eq "u0000%@x"`, ""},
		{"/Groups", `displayName eq "sALES"`, g}, {"/Groups", `members eq "u00003"`, g}, {"/Groups", `members.value eq "u00005"`, ""},
		{"/Groups", `members[value eq "u00003"]`, g}, {"/Groups", `id eq "` + g + `" and members eq "u00004"`, g}, {"/Groups", `id eq "` + g + `" and members eq "u00005"`, ""},
		{"/Groups", `externalId eq "G"`, g}, {"/Groups", `members pr`, g}, {"/Groups", `not (members eq "u00003")`, ""}, {"/Groups", `members.value sw "u0000"`, g},
		{"", `externalId eq "Eu00003" or displayName eq "Sales"`, "u00003 " + g}, {"", `userName eq "u00003@x"`, "u00003"},
	} {
		a := s.find(tc.path, tc.filter)
		if got := strings.Join(a.ids(), " "); got != tc.want {
			t.Errorf("%s %s found %q, want %q", tc.path, tc.filter, got, tc.want)
		}
	}
}

// counting counts how many objects are read.
type counting struct {
	inbound.Directory
	read int
}

func TestProbesReadOnlyMatches(t *testing.T) {
	s := newSite(t)
	s.crowd(600)
	s.user("boss@x")
	var ids []string
	for i := range 300 {
		ids = append(ids, fmt.Sprintf(`{"value":"u%05d"}`, i))
	}
	s.do(201, "POST", "/Groups", `{"displayName":"Sales","members":[`+strings.Join(ids, ",")+`]}`)
	types := inbound.Types()
	for i, filters := range [][]string{
		{`userName eq "u00003@x"`, `externalId eq "Eu00003"`, `id eq "u00003"`, `title pr and userName eq "u00003@x" and active eq true`, `manager eq "u00001"`},
		{`displayName eq "sales"`, `members eq "u00003"`, `externalId eq "none"`},
	} {
		for _, text := range filters {
			f, err := types[i].ParseFilter(text)
			if err != nil {
				t.Fatal(err)
			}
			dir := &counting{Directory: s.db.Directory()}
			store := inbound.NewStore(dir, types...)
			if _, err := store.Find(in("default"), scimserver.Query{Type: types[i].Name, Filter: f, Count: 10}); err != nil {
				t.Fatal(err)
			}
			if dir.read > 1 {
				t.Errorf("%s read %d objects", text, dir.read)
			}
		}
	}
}
