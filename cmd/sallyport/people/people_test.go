package people_test

import (
	"bytes"
	"encoding/csv"
	"slices"
	"testing"

	"github.com/sallyport-id/sallyport/cmd/sallyport/people"
)

func TestCompany(t *testing.T) {
	all := people.Company(1000)
	seen := map[string]bool{}
	for i, p := range all {
		if seen[p.UPN] {
			t.Errorf("%s twice", p.UPN)
		}
		seen[p.UPN] = true
		if i > 0 && !seen[p.Manager] {
			t.Errorf("%s comes before the manager %s", p.UPN, p.Manager)
		}
		for _, g := range p.Groups {
			if !slices.Contains(people.GroupNames(), g) {
				t.Errorf("%s is in the unknown group %s", p.UPN, g)
			}
		}
	}
	if n := len(people.GroupNames()); n != 30 {
		t.Errorf("%d groups, want 30", n)
	}
	if !slices.EqualFunc(all[:50], people.Company(50), func(a, b people.Person) bool { return a.UPN == b.UPN }) {
		t.Error("a smaller company has other people")
	}
}

func TestWriteCSV(t *testing.T) {
	var b bytes.Buffer
	if err := people.WriteCSV(&b, people.Company(100)); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1+30+100 {
		t.Errorf("%d rows, want 131", len(rows))
	}
}
