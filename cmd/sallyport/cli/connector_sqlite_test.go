package cli

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestConnectorKitFindsItsPartsInSQLite judges tables with a key of text, a table of values, a reference and a group with members.
func TestConnectorKitFindsItsPartsInSQLite(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "hr.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `
CREATE TABLE persons (login text PRIMARY KEY NOT NULL, name text NOT NULL, note text, boss text REFERENCES persons (login) ON UPDATE CASCADE ON DELETE SET NULL);
CREATE TABLE phones (person text NOT NULL REFERENCES persons (login) ON UPDATE CASCADE ON DELETE CASCADE, phone text NOT NULL);
CREATE TABLE teams (title text PRIMARY KEY NOT NULL);
CREATE TABLE members (team text NOT NULL REFERENCES teams (title) ON DELETE CASCADE,
	person text NOT NULL REFERENCES persons (login) ON UPDATE CASCADE ON DELETE CASCADE, PRIMARY KEY (team, person))`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "host.yaml")
	text := fmt.Sprintf(`connectors:
  - name: HR
    kind: gsql
    settings:
      url: sqlite:%s
      types: [User=persons, Group=teams]
      multiValued: ["User.phones=phones(person -> phone)", "Group.members=members(team -> person) ref User"]
      delta: none
    objects: {User: {match: [login]}, Group: {match: [title]}}
`, file)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := tried(t, "connector", "test", "HR", "--config", config, "--write", "--tier", "values,references,rename")
	if code != ExitOK {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	for _, check := range []string{"ManyValuesAreAddedAndRemoved", "ReferencesPointToAnchors", "MembersAreAddedAndRemovedOneByOne", "RenameGivesTheNewAnchor"} {
		if !regexp.MustCompile("passed +[a-z]+ +" + check).MatchString(out) {
			t.Errorf("%s is not made:\n%s", check, out)
		}
	}
}
