package endpoint_test

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
	"github.com/sallyport-id/sallyport/host/endpoint"
	"github.com/sallyport-id/sallyport/scim"
)

const clubTables = `
CREATE TABLE People (Login TEXT PRIMARY KEY, Mail TEXT, Boss TEXT);
CREATE TABLE Clubs (ID INTEGER PRIMARY KEY, Title TEXT NOT NULL);
CREATE TABLE Members (Club INTEGER, Person TEXT, PRIMARY KEY (Club, Person));
CREATE TABLE Owners (Club INTEGER, Person TEXT, PRIMARY KEY (Club, Person));
CREATE TABLE Peers (Login TEXT, Peer TEXT, PRIMARY KEY (Login, Peer));
`

const clubsYAML = `listen: 127.0.0.1:0
connectors:
  - name: Clubs
    kind: gsql
    secretTokenFile: token
    settings:
      url: sqlite:DB
      types: [User=People, Group=Clubs]
      multiValued:
        - Group.Members=Members(Club -> Person) ref User
        - Group.Owners=Owners(Club -> Person) ref User
        - User.Peers=Peers(Login -> Peer) ref User
    objects:
      User: {core: {userName: Login}, match: [Login]}
      Group: {core: {displayName: Title, members: Members}}
    deprovision: {delete: delete}
`

// clubs is a host over a database of clubs, whose groups and people have more than one list of references.
type clubs struct {
	t     *testing.T
	db    *sql.DB
	cfg   config.Config
	ask   func(method, path, body string) (int, string)
	close func()
}

func newClubs(t *testing.T, yaml string) clubs {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "clubs.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Exec(clubTables); err != nil {
		t.Fatal(err)
	}
	return openClubs(t, db, load(t, dir, strings.NewReplacer("DB", path, "DATA", filepath.Join(dir, "data")).Replace(yaml)))
}

// openClubs starts a host with the configuration.
func openClubs(t *testing.T, db *sql.DB, cfg config.Config) clubs {
	t.Helper()
	h, err := endpoint.Open(cfg, map[string]connector.Driver{"gsql": gsql.Driver{}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	stop := running(t, h.Work)
	ready(t, h)
	tr, url := h.Transport(), h.URL("Clubs")
	return clubs{t: t, db: db, cfg: cfg, close: stop, ask: func(method, path, body string) (int, string) {
		t.Helper()
		status, answer, _ := ask(t, tr, method, url+path, token, body)
		return status, answer
	}}
}

// make creates a resource and returns its id.
func (x clubs) make(path, body string) string {
	x.t.Helper()
	status, answer := x.ask("POST", path, body)
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(answer), &made); err != nil || status != 201 {
		x.t.Fatalf("POST %s: %d %s", path, status, answer)
	}
	return made.ID
}

// patch carries operations out.
func (x clubs) patch(path, operations string) (int, string) {
	x.t.Helper()
	return x.ask("PATCH", path, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+operations+`]}`)
}

func (x clubs) patched(path, operations string) {
	x.t.Helper()
	if status, answer := x.patch(path, operations); status != 200 && status != 204 {
		x.t.Fatalf("PATCH %s: %d %s", path, status, answer)
	}
}

// holds compares a column of the target with what it should be.
func (x clubs) holds(query string, want ...string) {
	x.t.Helper()
	rows, err := x.db.Query(query)
	if err != nil {
		x.t.Fatal(err)
	}
	defer rows.Close()
	got := []string{}
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			x.t.Fatal(err)
		}
		got = append(got, s)
	}
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, got); diff != "" || rows.Err() != nil {
		x.t.Errorf("%s: %v %s", query, rows.Err(), diff)
	}
}

// lists compares a list of references as GET shows it.
func (x clubs) lists(path, urn, name string, want ...string) {
	x.t.Helper()
	_, answer := x.ask("GET", path, "")
	var doc map[string]json.RawMessage
	var inner map[string]json.RawMessage
	var got []string
	if err := json.Unmarshal([]byte(answer), &doc); err != nil {
		x.t.Fatal(err)
	}
	if doc[urn] != nil {
		if err := json.Unmarshal(doc[urn], &inner); err != nil {
			x.t.Fatal(err)
		}
	}
	if inner[name] != nil {
		if err := json.Unmarshal(inner[name], &got); err != nil {
			x.t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		x.t.Errorf("GET %s shows another %s: %s", path, name, diff)
	}
}

// What is taken out of a list of references beside members is gone in the target too: access that was revoked must not stay.
func TestEveryListOfReferencesIsWritten(t *testing.T) {
	x := newClubs(t, clubsYAML)
	ada, bob := x.make("/Users", `{"userName":"ada"}`), x.make("/Users", `{"userName":"bob"}`)
	club := x.make("/Groups", `{"displayName":"Chess","members":[{"value":"`+ada+`"}],"`+scim.ECMA2HostGroupURN+`":{"Owners":["`+ada+`"]}}`)
	const owners, peers = "SELECT Person FROM Owners ORDER BY 1", "SELECT Peer FROM Peers WHERE Login='ada' ORDER BY 1"
	for _, list := range []struct{ path, urn, name, query string }{
		{"/Groups/" + club, scim.ECMA2HostGroupURN, "Owners", owners},
		{"/Users/" + ada, scim.ECMA2HostURN, "Peers", peers},
	} {
		attr := `"path":"` + list.urn + ":" + list.name
		check := func(want ...string) {
			t.Helper()
			x.holds(list.query, want...)
			var ids []string
			for _, w := range want {
				ids = append(ids, map[string]string{"ada": ada, "bob": bob}[w])
			}
			x.lists(list.path, list.urn, list.name, ids...)
		}
		x.patched(list.path, `{"op":"add",`+attr+`","value":["`+ada+`","`+bob+`"]}`)
		check("ada", "bob")
		x.patched(list.path, `{"op":"remove",`+attr+`","value":["`+ada+`"]}`)
		check("bob")
		x.patched(list.path, `{"op":"replace",`+attr+`","value":["`+ada+`"]}`)
		check("ada")
		x.patched(list.path, `{"op":"add",`+attr+`","value":["`+bob+`"]}`)
		x.patched(list.path, `{"op":"remove",`+attr+`[value eq \"`+ada+`\"]"}`)
		check("bob")
		x.patched(list.path, `{"op":"remove",`+attr+`"}`)
		check()
		x.patched(list.path, `{"op":"add",`+attr+`","value":["`+ada+`"]}`)
		check("ada")
	}
	x.holds("SELECT Person FROM Members", "ada")
	if status, answer := x.ask("PUT", "/Groups/"+club, `{"displayName":"Chess","`+scim.ECMA2HostGroupURN+`":{"Owners":["`+bob+`"]}}`); status != 200 {
		t.Fatalf("PUT: %d %s", status, answer)
	}
	x.holds(owners, "bob")
	x.holds("SELECT Person FROM Members")
}

// A host that does not serve the members of groups says so: left out in silence they would seem to be in the group.
func TestMembersThatAreNotServedAreRefused(t *testing.T) {
	x := newClubs(t, strings.Replace(clubsYAML, "displayName: Title, members: Members", "displayName: Title", 1))
	ada := x.make("/Users", `{"userName":"ada"}`)
	x.make("/Groups", `{"displayName":"Empty","members":[]}`)
	for _, op := range []struct{ method, path string }{{"POST", "/Groups"}, {"PUT", "/Groups/" + x.make("/Groups", `{"displayName":"Go"}`)}} {
		status, answer := x.ask(op.method, op.path, `{"displayName":"Chess","members":[{"value":"`+ada+`"}]}`)
		if status != 400 || !strings.Contains(answer, "members") || !strings.Contains(answer, "core:") {
			t.Errorf("%s: %d %s", op.method, status, answer)
		}
	}
	x.holds("SELECT Title FROM Clubs ORDER BY 1", "Empty", "Go")
}
