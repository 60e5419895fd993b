package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/catalog"
)

func TestSlug(t *testing.T) {
	for name, want := range map[string]app.ID{
		"Contoso": "contoso", "SAP  SuccessFactors (EU)": "sap-successfactors-eu", "---": "app", "": "app", "日本": "app", "Ünïcode App": "n-code-app", "a/b\\c'd": "a-b-c-d",
		strings.Repeat("x", 100): app.ID(strings.Repeat("x", 40)),
	} {
		if got := catalog.Slug(name, ""); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := catalog.Slug("Contoso", "1a2b"); got != "contoso-1a2b" {
		t.Errorf("with a suffix: %q", got)
	}
}

func TestDerivedIDsStay(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := app.App{ID: "hr", Name: "HR"}
	x, y, other := catalog.Derive("default", a, now), catalog.Derive("default", a, now.Add(time.Hour)), catalog.Derive("other", a, now)
	if x.Principal != y.Principal || x.Client != y.Client || x.Object != y.Object || x.Job.ID != y.Job.ID {
		t.Errorf("the same file twice is %+v and %+v", x, y)
	}
	seen := map[string]bool{}
	for _, id := range []string{x.Principal, x.Client, x.Object, other.Principal, other.Client, other.Object} {
		if _, err := uuid.Parse(id); err != nil || seen[id] {
			t.Errorf("%q is no id of its own", id)
		}
		seen[id] = true
	}
}

func TestTemplates(t *testing.T) {
	for _, x := range catalog.Templates() {
		if got, ok := catalog.FindTemplate(strings.ToUpper(x.ID)); !ok || got != x {
			t.Errorf("%s: %v", x.ID, got)
		}
		if got, ok := catalog.FindJobTemplate(strings.ToLower(x.Job)); !ok || got != x {
			t.Errorf("%s: %v", x.Job, got)
		}
	}
	if got, ok := catalog.FindJobTemplate("customappsso"); !ok || got.Job != "scim" {
		t.Errorf("what Graph calls scim: %v", got)
	}
	if _, ok := catalog.FindTemplate("none"); ok {
		t.Error("there is a template none")
	}
}

func TestJobID(t *testing.T) {
	if got := catalog.JobID("scim", "a1b2-c3", "p"); got != "scim.a1b2c3.p" {
		t.Errorf("got %s", got)
	}
}
