package graphapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/identity"
)

// TestNamesOfClientsAreTaken: what is there already is told in words; neither table nor column comes out.
func TestNamesOfClientsAreTaken(t *testing.T) {
	h := newHouse(t)
	for _, name := range []string{"canary-client", "Canary-Client"} {
		if got, text := h.ask(h.admin, "POST", "/sallyport/v1/access/clients", `{"name":"`+name+`"}`); got != 400 || !strings.Contains(text, "there is a client of this name") {
			t.Errorf("%s: %d %s", name, got, text)
		}
	}
	c, err := identity.NewClient("canary-client", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if c, _, err = c.AddSecret(time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	err = h.db.Identity().AddClient(h.ctx, c)
	if err == nil || strings.Contains(err.Error(), "identity_client") || strings.Contains(err.Error(), "UNIQUE") {
		t.Errorf("the store says %v", err)
	}
}

// TestOwnersOfWhatExists: who is to own an application is not told that it does when there is none.
func TestOwnersOfWhatExists(t *testing.T) {
	h := newHouse(t)
	for _, app := range []string{"nope", "HR", "App2"} {
		h.must(400, "POST", "/sallyport/v1/access/clients", `{"name":"c-`+app+`","apps":["`+app+`"]}`)
		h.must(400, "POST", "/sallyport/v1/access/grants", `{"subject":"token:looker","role":"owner","app":"`+app+`"}`)
	}
	if cs, err := h.db.Identity().ListClients(h.ctx); err != nil || len(cs) != 1 {
		t.Errorf("%d clients, %v", len(cs), err)
	}
	h.must(201, "POST", "/sallyport/v1/access/clients", `{"name":"c","apps":["hr"]}`)
	h.must(201, "POST", "/sallyport/v1/access/grants", `{"subject":"token:looker","role":"`+string(access.Owner)+`","app":"hr"}`)
}
