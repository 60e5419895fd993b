package gsql

import (
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// TestHistoryThatMayNotBeReadAsksForSelectAlone: the hint asks for no more than the history needs.
func TestHistoryThatMayNotBeReadAsksForSelectAlone(t *testing.T) {
	_, owner := watching(t, databases[1])
	role := "reader_" + strings.ReplaceAll(t.Name()[4:14], "/", "_")
	var setup []string
	setup = append(setup, `DROP ROLE IF EXISTS "`+role+`"`, `CREATE ROLE "`+role+`"`)
	users := owner.objects[entry.User].table
	schema, _ := splitTable(users)
	setup = append(setup, `GRANT USAGE ON SCHEMA `+schema+` TO "`+role+`"`, `GRANT SELECT, INSERT, UPDATE, DELETE ON `+users+` TO "`+role+`"`, `SET ROLE "`+role+`"`)
	for _, text := range setup {
		if _, err := owner.conn.exec(t.Context(), query{text: text}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := owner.Mark(t.Context())
	history := historyTable(owner.grammar(), owner.objects[entry.User])
	hint := fault.HintOf(err)
	if !fault.Is(err, fault.Denied) || !strings.Contains(hint, "SELECT ON "+history) || strings.Contains(hint, "INSERT") || strings.Contains(err.Error(), "INSERT") {
		t.Errorf("%v (%s)", err, hint)
	}
}

// splitTable parts a quoted table from its schema.
func splitTable(quoted string) (schema, name string) {
	at := schemaEnd(quoted)
	return strings.TrimSuffix(quoted[:at], "."), quoted[at:]
}

// TestReferencesHaveAColumnForEachPartOfTheAnchor: what would write a whole compound anchor into one column is refused when the schema is read.
func TestReferencesHaveAColumnForEachPartOfTheAnchor(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		layout := simple(map[string]string{"types": "User=users\nGroup=grps", "anchors": "User=site, badge", "multiValued": "Group.members=grpm(g -> s) ref User"},
			`CREATE TABLE users (site varchar(20) NOT NULL, badge varchar(20) NOT NULL, PRIMARY KEY (site, badge))`, `CREATE TABLE grps (id bigint PRIMARY KEY NOT NULL)`,
			`CREATE TABLE grpm (g bigint NOT NULL, s varchar(50) NOT NULL)`)(d)
		url := d.url(t)
		if err := layout.Create(t.Context(), url, connector.Secret{}); err != nil {
			t.Fatal(err)
		}
		opened, err := New().Open(t.Context(), layout.Config("x", url, connector.Secret{}))
		if err == nil {
			_, err = opened.Schema(t.Context())
		}
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "Group.members") || !strings.Contains(fault.HintOf(err), "badge") {
			t.Errorf("%v", err)
		}
	})
}

// TestNULIsRefusedByTheNameOfTheColumn: what PostgreSQL cannot hold is refused, alone and in a batch, and says where it is.
func TestNULIsRefusedByTheNameOfTheColumn(t *testing.T) {
	d := databases[1]
	s := open(t, simple(map[string]string{"types": "User=users", "multiValued": "User.phones=phones(owner -> phone)"}, `CREATE TABLE users (id bigint PRIMARY KEY NOT NULL, name text, note text)`,
		`CREATE TABLE phones (owner bigint NOT NULL, phone text NOT NULL)`)(d), d.url(t))
	bad := entry.Entry{Type: entry.User, Attrs: entry.Attrs{"id": {int64(2)}, "name": {"fine"}, "note": {"a\x00b"}}}
	_, created := s.Create(t.Context(), bad)
	create(t, s, entry.User, entry.Attrs{"id": {int64(1)}})
	_, updated := s.Update(t.Context(), entry.User, "1", []entry.Edit{{Op: entry.Replace, Attr: "note", Values: []entry.Value{"\x00"}}})
	_, phoned := s.Update(t.Context(), entry.User, "1", []entry.Edit{{Op: entry.Add, Attr: "phones", Values: []entry.Value{"note\x00"}}})
	batch := s.Export(t.Context(), []connector.Export{{Op: entry.Add, Type: entry.User, Entry: bad}, {Op: entry.Add, Type: entry.User, Entry: entry.Entry{Type: entry.User, Attrs: entry.Attrs{"id": {int64(3)}}}}})
	for what, err := range map[string]error{"create": created, "update": updated, "values": phoned, "batch": batch[0].Err} {
		name := map[bool]string{true: "phones", false: "note"}[what == "values"]
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "NUL") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got, err := s.Lookup(t.Context(), entry.User, "name", "\x00"); len(got) != 0 || err != nil || batch[1].Err != nil {
		t.Errorf("found %v, %v; beside it %v", got, err, batch[1].Err)
	}
}

// TestSectionOfValuesHasNoAnchor: it runs once for all objects, and one that asks for an anchor is refused when the schema is read.
func TestSectionOfValuesHasNoAnchor(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		for text, good := range map[string]bool{"SELECT phone FROM phones WHERE person = @Anchor": false, "SELECT phone FROM phones WHERE person = :Anchor_id": false, "SELECT person, phone FROM phones": true} {
			layout := simple(map[string]string{"types": "User=(query)", "anchors": "User=id", "statements": "[User import]\nSELECT id FROM persons\n[User values phones]\n" + text},
				`CREATE TABLE persons (id bigint PRIMARY KEY NOT NULL)`, `CREATE TABLE phones (person bigint NOT NULL, phone {short} NOT NULL)`)(d)
			url := d.url(t)
			if err := layout.Create(t.Context(), url, connector.Secret{}); err != nil {
				t.Fatal(err)
			}
			opened, err := New().Open(t.Context(), layout.Config("x", url, connector.Secret{}))
			if err == nil {
				_, err = opened.Schema(t.Context())
			}
			if good != (err == nil) || err != nil && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "values phones")) {
				t.Errorf("%s: %v", text, err)
			}
		}
	})
}
