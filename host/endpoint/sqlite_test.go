package endpoint_test

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the target is prepared with it

	"github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
	"github.com/sallyport-id/sallyport/host/endpoint"
)

const contoso = `
CREATE TABLE Employees (ContosoLogin TEXT PRIMARY KEY, FirstName TEXT NOT NULL, LastName TEXT NOT NULL, Email TEXT,
  InternalGUID TEXT DEFAULT (lower(hex(randomblob(16)))), "odd.name" TEXT, Enabled BOOLEAN, Boss TEXT REFERENCES Employees(ContosoLogin));
CREATE TABLE Teams (TeamID INTEGER PRIMARY KEY, Title TEXT NOT NULL);
CREATE TABLE TeamMembers (Team INTEGER REFERENCES Teams(TeamID), Member TEXT REFERENCES Employees(ContosoLogin), PRIMARY KEY (Team, Member));
INSERT INTO Employees (ContosoLogin, FirstName, LastName, Email) VALUES ('old', 'Old', 'Hand', 'old@x');
`

const sqliteYAML = `listen: 127.0.0.1:0
connectors:
  - name: SQL
    kind: gsql
    secretTokenFile: token
    settings:
      url: sqlite:DB
      types: [User=Employees, Group=Teams]
      multiValued: Group.Members=TeamMembers(Team -> Member) ref User
      references: User.Boss=User
    objects:
      User:
        core: {userName: ContosoLogin, name.givenName: FirstName, name.familyName: LastName, emails: Email, active: Enabled, manager: Boss}
        match: [ContosoLogin, Email]
      Group:
        core: {displayName: Title, members: Members}
    deprovision: {delete: delete}
`

func TestSQLite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "target.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(contoso); err != nil {
		t.Fatal(err)
	}
	cfg := load(t, dir, strings.Replace(sqliteYAML, "DB", path, 1))
	drivers := map[string]connector.Driver{"gsql": gsql.Driver{}}
	if err := cfg.Check(t.Context(), drivers); err != nil {
		t.Fatal(err)
	}
	h := startWith(t, cfg, drivers)
	ready(t, h)
	tr, url := h.Transport(), h.URL("SQL")
	post := func(path, body string, want int) string {
		t.Helper()
		status, answer, _ := ask(t, tr, "POST", url+path, token, body)
		if status != want {
			t.Fatalf("POST %s: %d %s", path, status, answer)
		}
		var made struct{ ID, Detail string }
		if err := json.Unmarshal([]byte(answer), &made); err != nil {
			t.Fatal(err)
		}
		return made.ID + made.Detail
	}
	text := func(query string) (s string) {
		t.Helper()
		if err := db.QueryRow(query).Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	boss := post("/Users", `{"userName":"boss","name":{"givenName":"B","familyName":"O"},"emails":[{"value":"b@x","type":"work"}],
		"urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User":{"odd_x002E_name":"it's \"odd\" % + ,"}}`, 201)
	if got := text(`SELECT "odd.name" FROM Employees WHERE ContosoLogin='boss'`); got != `it's "odd" % + ,` {
		t.Errorf("odd.name holds %q", got)
	}
	if detail := post("/Users", `{"userName":"x","name":{"familyName":"O"}}`, 400); !strings.Contains(detail, "FirstName") {
		t.Errorf("the database's words are lost: %s", detail)
	}
	if _, err := db.Exec(`INSERT INTO Employees (ContosoLogin, FirstName, LastName, Email) VALUES ('unseen', 'U', 'N', 'u@x')`); err != nil {
		t.Fatal(err)
	}
	post("/Users", `{"userName":"second","name":{"givenName":"U","familyName":"N"},"emails":[{"value":"u@x"}]}`, 409)
	if _, body, _ := ask(t, tr, "GET", url+`/Users?filter=emails+eq+%22u@x%22`, token, ""); !strings.Contains(body, `"unseen"`) {
		t.Errorf("the account found in the target is not shown: %s", body)
	}
	team := post("/Groups", `{"displayName":"Team","members":[{"value":"`+boss+`"}]}`, 201)
	if got := text(`SELECT Member FROM TeamMembers`); got != "boss" {
		t.Errorf("member %q", got)
	}
	ada := post("/Users", `{"userName":"ada","name":{"givenName":"A","familyName":"L"},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"`+boss+`"}}}`, 201)
	status, body, _ := ask(t, tr, "PATCH", url+"/Users/"+ada, token, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
		{"op":"Replace","path":"active","value":"False"},{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:Email","value":"ada@x"}]}`)
	if status != 200 || !strings.Contains(body, `"active":false`) || !strings.Contains(body, "ada@x") {
		t.Errorf("PATCH: %d %s", status, body)
	}
	if got := text(`SELECT Boss || Enabled || Email FROM Employees WHERE ContosoLogin='ada'`); got != "boss0ada@x" {
		t.Errorf("row %q", got)
	}
	if status, body, _ := ask(t, tr, "DELETE", url+"/Users/"+ada, token, ""); status != 204 {
		t.Errorf("DELETE: %d %s", status, body)
	}
	if status, body, _ := ask(t, tr, "GET", url+"/Groups/"+team, token, ""); status != 200 || !strings.Contains(body, boss) {
		t.Errorf("group: %d %s", status, body)
	}
}

func startWith(t *testing.T, cfg config.Config, drivers map[string]connector.Driver) *endpoint.Host {
	t.Helper()
	h, err := endpoint.Open(cfg, drivers, nil)
	if err != nil {
		t.Fatal(err)
	}
	running(t, h.Work)
	return h
}
