package endpoint_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/test/targets"
)

// Who is renamed stays in every group, and the next of the old name is in none, though the tables have no cascading keys.
func TestReferencesFollowARename(t *testing.T) {
	x := newClubs(t, strings.Replace(clubsYAML, "url: sqlite", "references: User.Boss=User\n      url: sqlite", 1))
	x.make("/Users", `{"userName":"bob"}`)
	ada := x.make("/Users", `{"userName":"ada"}`)
	cy := x.make("/Users", `{"userName":"cy","`+scim.ECMA2HostURN+`":{"Boss":"`+ada+`"}}`)
	club := x.make("/Groups", `{"displayName":"Chess","members":[{"value":"`+ada+`"},{"value":"`+cy+`"}],"`+scim.ECMA2HostGroupURN+`":{"Owners":["`+ada+`"]}}`)
	status, answer := x.patch("/Users/"+ada, `{"op":"replace","path":"userName","value":"ada2"}`)
	if status != 200 || !strings.Contains(answer, `"-dn-":"CN=ada2,OBJECT=USER"`) {
		t.Errorf("%d %s", status, answer)
	}
	_, answer = x.ask("GET", "/Users/"+ada, "")
	if !strings.Contains(answer, `"-dn-":"CN=ada2,OBJECT=USER"`) {
		t.Errorf("GET: %s", answer)
	}
	x.holds("SELECT Person FROM Members ORDER BY 1", "ada2", "cy")
	x.holds("SELECT Person FROM Owners", "ada2")
	x.holds("SELECT Boss FROM People WHERE Login='cy'", "ada2")
	x.make("/Users", `{"userName":"ada"}`)
	x.holds("SELECT Person FROM Members ORDER BY 1", "ada2", "cy")
	var renamed struct{ ID string }
	if err := json.Unmarshal([]byte(answer), &renamed); err != nil {
		t.Fatal(err)
	}
	x.patched("/Groups/"+club, `{"op":"remove","path":"members[value eq \"`+renamed.ID+`\"]"}`)
	x.holds("SELECT Person FROM Members", "cy")
}

// References that the target refused to change after a rename are not forgotten, not even by a restart.
func TestReferencesThatCouldNotFollowDoSoLater(t *testing.T) {
	x := newClubs(t, strings.Replace(clubsYAML, "connectors:", "data: DATA\nconnectors:", 1))
	ada := x.make("/Users", `{"userName":"ada"}`)
	x.make("/Groups", `{"displayName":"Chess","members":[{"value":"`+ada+`"}]}`)
	if _, err := x.db.Exec("CREATE TRIGGER no BEFORE DELETE ON Members BEGIN SELECT RAISE(ABORT, 'members are locked'); END"); err != nil {
		t.Fatal(err)
	}
	status, answer := x.patch("/Users/"+ada, `{"op":"replace","path":"userName","value":"ada2"}`)
	if status < 400 || !strings.Contains(answer, "members are locked") {
		t.Errorf("the failure is not told: %d %s", status, answer)
	}
	x.holds("SELECT Login FROM People", "ada2")
	x.holds("SELECT Person FROM Members", "ada")
	x.close()
	if _, err := x.db.Exec("DROP TRIGGER no"); err != nil {
		t.Fatal(err)
	}
	openClubs(t, x.db, x.cfg)
	deadline, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for person := ""; person != "ada2" && deadline.Err() == nil; runtime.Gosched() {
		if err := x.db.QueryRow("SELECT Person FROM Members").Scan(&person); err != nil {
			t.Fatal(err)
		}
	}
	x.holds("SELECT Person FROM Members", "ada2")
}

// directory is a host over a directory of its own kind of groups.
type directory struct {
	clubs
	server *targets.LDAP
	base   string
}

const directoryYAML = `listen: 127.0.0.1:0
data: DIR/data
connectors:
  - name: LDAP
    kind: gldap
    secretTokenFile: token
    settings:
      servers: SERVER
      tls: none
      user: ADMIN
      passwordFile: password
      bases: ["ou=people,BASE", "ou=groups,BASE"]
      types: [User=inetOrgPerson, Group=CLASS]
      attributes: ["User=uid,cn,sn,mail,manager,seeAlso", "Group=GROUP"]
      references: [REFS]
      dn: ["User=uid={uid},ou=people,BASE", "Group=cn={cn},ou=groups,BASE"]
      delta: none
    objects:
      User: {match: [uid]}
      Group: {core: {members: MEMBERS}, match: [cn]}
    deprovision: {delete: delete}
`

func newDirectory(t *testing.T, class, group, members, refs string) directory {
	t.Helper()
	l, base := targets.OpenLDAP(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte(l.Password), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("DIR", dir, "SERVER", l.URL, "ADMIN", l.Admin, "BASE", base, "CLASS", class, "GROUP", group, "REFS", refs, "MEMBERS", members).Replace(directoryYAML)
	h := startWith(t, load(t, dir, text), map[string]connector.Driver{"gldap": gldap.New()})
	ready(t, h)
	tr, url := h.Transport(), h.URL("LDAP")
	return directory{clubs{t: t, ask: func(method, path, body string) (int, string) {
		t.Helper()
		status, answer, _ := ask(t, tr, method, url+path, token, body)
		return status, answer
	}}, l, base}
}

// user creates somebody and returns the id.
func (x directory) user(uid string) string {
	x.t.Helper()
	return x.make("/Users", fmt.Sprintf(`{"%s":{"uid":"%s","cn":"C","sn":"S"}}`, scim.ECMA2HostURN, uid))
}

// values reads an attribute of an entry.
func (x directory) values(dn, attr string) []string {
	x.t.Helper()
	c, err := x.server.Dial()
	if err != nil {
		x.t.Fatal(err)
	}
	defer c.Close()
	found, err := c.Search(ldap.NewSearchRequest(dn+","+x.base, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{attr}, nil))
	if err != nil || len(found.Entries) != 1 {
		x.t.Fatal(err)
	}
	out := found.Entries[0].GetAttributeValues(attr)
	slices.Sort(out)
	return out
}

func (x directory) has(dn, attr string, want ...string) {
	x.t.Helper()
	if diff := cmp.Diff(want, x.values(dn, attr), cmpopts.EquateEmpty()); diff != "" {
		x.t.Errorf("%s of %s: %s", attr, dn, diff)
	}
}

const renaming = `{"op":"replace","path":"` + scim.ECMA2HostURN + `:uid","value":"%s"}`

// A member that a group holds by its login name is renamed in the group too, so that nobody else inherits the place.
func TestMembersByNameFollowARename(t *testing.T) {
	x := newDirectory(t, "posixGroup", "cn,gidNumber,memberUid", "memberUid", `"Group.memberUid=User by uid"`)
	one, two := x.user("px1"), x.user("px2")
	group := x.make("/Groups", `{"members":[{"value":"`+one+`"},{"value":"`+two+`"}],"`+scim.ECMA2HostGroupURN+`":{"cn":"px","gidNumber":7}}`)
	x.has("cn=px,ou=groups", "memberUid", "px1", "px2")
	status, answer := x.patch("/Users/"+one, fmt.Sprintf(renaming, "px1ren"))
	if status != 200 || !strings.Contains(answer, `"-dn-":"uid=px1ren,`) {
		t.Errorf("%d %s", status, answer)
	}
	x.has("cn=px,ou=groups", "memberUid", "px1ren", "px2")
	x.user("px1")
	if _, answer = x.ask("GET", "/Groups/"+group, ""); !strings.Contains(answer, one) || strings.Count(answer, `"value"`) != 2 {
		t.Errorf("GET: %s", answer)
	}
	x.patched("/Groups/"+group, `{"op":"remove","path":"members[value eq \"`+one+`\"]"}`)
	x.has("cn=px,ou=groups", "memberUid", "px2")
}

// DNs that the server's referential integrity does not look after (owner, seeAlso) follow a rename, and those it does (member) do once.
func TestDNsFollowARename(t *testing.T) {
	x := newDirectory(t, "groupOfNames", "cn,description,member,owner", "member", `"Group.member=User", "Group.owner=User", "User.seeAlso=User"`)
	one, two := x.user("s1"), x.user("s2")
	group := x.make("/Groups", `{"members":[{"value":"`+one+`"}],"`+scim.ECMA2HostGroupURN+`":{"cn":"g","owner":["`+one+`","`+two+`"]}}`)
	x.patched("/Users/"+two, `{"op":"add","path":"`+scim.ECMA2HostURN+`:seeAlso","value":["`+one+`"]}`)
	x.patched("/Users/"+one, fmt.Sprintf(renaming, "s1ren"))
	dn := func(uid string) string { return "uid=" + uid + ",ou=people," + x.base }
	x.has("cn=g,ou=groups", "owner", dn("s1ren"), dn("s2"))
	x.has("uid=s2,ou=people", "seeAlso", dn("s1ren"))
	x.patched("/Groups/"+group, `{"op":"remove","path":"`+scim.ECMA2HostGroupURN+`:owner","value":["`+one+`"]}`)
	x.has("cn=g,ou=groups", "owner", dn("s2"))
	if status, answer := x.ask("PUT", "/Groups/"+group, `{"`+scim.ECMA2HostGroupURN+`":{"cn":"g","description":"new"}}`); status != 200 {
		t.Errorf("a client that knows no -dn- cannot PUT: %d %s", status, answer)
	}
	x.has("cn=g,ou=groups", "description", "new")
	x.has("cn=g,ou=groups", "owner")
}
