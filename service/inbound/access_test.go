package inbound_test

import (
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/service/access"
)

func TestWhoMayComeIn(t *testing.T) {
	s := newSite(t)
	s.user("ann@x")
	other := s.source("other", "hr", 0)
	admin, adminSecret := access.New("root", access.Admin, time.Now(), 0)
	reader, readerSecret := access.New("looker", access.Reader, time.Now(), 0)
	for _, tok := range []access.Token{admin, reader} {
		if err := s.db.Tokens().Put(in("default"), tok); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		token, tenant, path string
		status              int
	}{
		"OK":                {s.token, "default", "/Users", 200},
		"OKOtherTenant":     {other, "other", "/Users", 200},
		"ErrNone":           {"", "default", "/Users", 401},
		"ErrWrong":          {"sp_wrong", "default", "/Users", 401},
		"ErrForeignTenant":  {s.token, "other", "/Users", 401},
		"ErrForeignTenant2": {other, "default", "/Users", 401},
		"ErrNoSuchTenant":   {s.token, "nobody", "/Users", 401},
		"ErrNoTenant":       {s.token, "", "", 401},
		"ErrExpired":        {s.source("default", "late", time.Second), "default", "/Users", 401},
		"ErrAdmin":          {adminSecret, "default", "/Users", 403},
		"ErrReader":         {readerSecret, "default", "/Users", 403},
		"ErrUnknownPath":    {s.token, "default", "/Nothing", 404},
		"ErrDiscovery":      {"", "default", "/ServiceProviderConfig", 401},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.ask(tc.token, tc.tenant, "GET", tc.path, "")
			if a.status != tc.status {
				t.Fatalf("answered %d %s", a.status, a.text)
			}
			if a.status == 401 && a.header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
	if n := s.ask(other, "other", "GET", "/Users", "").total(); n != 0 {
		t.Fatalf("the other tenant sees %d users", n)
	}
}

func TestNothingCrossesTenants(t *testing.T) {
	s := newSite(t)
	other := s.source("other", "hr", 0)
	ann := s.user("ann@x")
	for _, c := range [][3]string{
		{"GET", "/Users/" + ann, ""}, {"DELETE", "/Users/" + ann, ""}, {"PUT", "/Users/" + ann, `{"userName":"x@x"}`},
		{"PATCH", "/Users/" + ann, `{"Operations":[{"op":"replace","path":"title","value":"x"}]}`},
	} {
		if a := s.ask(other, "other", c[0], c[1], c[2]); a.status != 404 {
			t.Errorf("%s answered %d", c[0], a.status)
		}
	}
	if a := s.ask(other, "other", "POST", "/Groups", `{"displayName":"g","members":[{"value":"`+ann+`"}]}`); a.status != 400 {
		t.Errorf("a member of another tenant: %d %s", a.status, a.text)
	}
	if a := s.ask(other, "other", "POST", "/Users", `{"userName":"ANN@x"}`); a.status != 201 {
		t.Errorf("a name that is taken elsewhere: %d %s", a.status, a.text)
	}
	first := s.do(200, "GET", "/Users?cursor=&count=1", "")
	if next, ok := first.doc["nextCursor"].(string); ok {
		t.Fatalf("one user has a next page %s", next)
	}
	s.user("bob@x")
	cursor := s.do(200, "GET", "/Users?cursor=&count=1", "").doc["nextCursor"].(string)
	if a := s.ask(other, "other", "GET", "/Users?count=1&cursor="+cursor, ""); a.status != 400 {
		t.Errorf("a cursor of another tenant answered %d", a.status)
	}
}

func TestRotation(t *testing.T) {
	s := newSite(t)
	first := s.token
	second := s.source("default", "hr", 0)
	status := func(token string) int { return s.ask(token, "default", "GET", "/Users?count=0", "").status }
	if status(first) != 200 || status(second) != 200 {
		t.Fatal("two tokens are not valid at once")
	}
	third := s.source("default", "hr", 0)
	if status(first) != 401 || status(second) != 200 || status(third) != 200 {
		t.Fatal("the third token does not end the first alone")
	}
	if _, err := access.RevokeSource(in("default"), s.db.Tokens(), "hr", false); err != nil {
		t.Fatal(err)
	}
	if status(second) != 401 || status(third) != 401 {
		t.Fatal("a revoked token is valid")
	}
}

func TestMeIsForPeople(t *testing.T) {
	newSite(t).do(501, "GET", "/Me", "")
}
