package journal_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/service/journal"
)

func TestRedactHidesValuesEverywhere(t *testing.T) {
	before := journal.Record{
		Changes: []journal.Change{{Name: "password", New: "s3cret"}, {Name: "title", Old: "a", New: "b"}},
		Steps:   []journal.Step{{Name: "EntryExportAdd", Facts: map[string]string{"password": "s3cret", "title": "b"}}},
	}
	after := journal.Redact(before, func(attr string) bool { return attr == "password" })
	text, err := json.Marshal(after)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "s3cret") {
		t.Fatalf("the secret shows: %s", text)
	}
	if c := after.Changes[0]; c.Old != "" || c.New != "[Redact]" {
		t.Fatalf("got %+v", c)
	}
	if after.Changes[1].New != "b" || after.Steps[0].Facts["title"] != "b" {
		t.Fatalf("hid too much: %s", text)
	}
	if before.Changes[0].New != "s3cret" || before.Steps[0].Facts["password"] != "s3cret" {
		t.Fatal("changed the caller's record")
	}
}
