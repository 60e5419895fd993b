package scimclient_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim/scimclient"
)

func grant(n int) step {
	return step{status: 200, body: fmt.Sprintf(`{"access_token":"t%d","token_type":"Bearer","expires_in":3600}`, n)}
}

func credentials(s *script) *scimclient.ClientCredentials {
	return &scimclient.ClientCredentials{Endpoint: "https://login.example/token", ID: "me", Secret: "hush+&", Scope: "scim", Transport: s}
}

func TestClientCredentials(t *testing.T) {
	t.Run("RenewedBeforeExpiry", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &script{steps: []step{grant(1), grant(2)}}
			src := credentials(s)
			for _, want := range []string{"t1", "t1", "t2"} {
				if got, err := src.Token(t.Context()); err != nil || got != want {
					t.Errorf("%q %v, want %q", got, err, want)
				}
				time.Sleep(29 * time.Minute) // the bubble's clock
			}
			form, _ := url.ParseQuery(s.sent[0])
			if form.Get("grant_type") != "client_credentials" || form.Get("client_id") != "me" || form.Get("client_secret") != "hush+&" || form.Get("scope") != "scim" {
				t.Errorf("sent %s", s.sent[0])
			}
		})
	})
	t.Run("OldTokenServesWhileRenewingFails", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			src := credentials(&script{steps: []step{grant(1), {err: errors.New("down")}}})
			_, _ = src.Token(t.Context())
			time.Sleep(57 * time.Minute)
			if got, err := src.Token(t.Context()); err != nil || got != "t1" {
				t.Errorf("%q %v", got, err)
			}
			time.Sleep(5 * time.Minute)
			if got, err := src.Token(t.Context()); !fault.Is(err, fault.Unavailable) || got != "" {
				t.Errorf("%q %v", got, err)
			}
		})
	})
	t.Run("Assertion", func(t *testing.T) {
		s := &script{steps: []step{grant(1)}}
		src := credentials(s)
		src.Assertion = func(context.Context) (string, error) { return "jwt", nil }
		if _, err := src.Token(t.Context()); err != nil || !strings.Contains(s.sent[0], "client_assertion=jwt") || strings.Contains(s.sent[0], "hush") {
			t.Errorf("%v %s", err, s.sent[0])
		}
	})
	t.Run("Basic", func(t *testing.T) {
		s := &script{steps: []step{grant(1)}}
		src := credentials(s)
		src.Basic = true
		_, err := src.Token(t.Context())
		if id, secret, _ := (&http.Request{Header: s.heads[0]}).BasicAuth(); err != nil || id != "me" || secret != "hush%2B%26" || strings.Contains(s.sent[0], "hush") {
			t.Errorf("%v %s %s", err, id, secret)
		}
	})
	for name, c := range map[string]struct {
		st   step
		kind fault.Kind
	}{
		"ErrRefused": {step{status: 401, body: `{"error":"invalid_client","error_description":"expired"}`}, fault.Unauthenticated},
		"ErrDown":    {step{status: 503}, fault.Unavailable},
		"ErrPage":    {step{status: 200, body: "<html>"}, fault.Unauthenticated},
		"ErrType":    {step{status: 200, body: `{"access_token":"x","token_type":"mac"}`}, fault.Unsupported},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := credentials(&script{steps: []step{c.st}}).Token(t.Context())
			if !fault.Is(err, c.kind) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestRefusedTokenIsRenewedOnce: a 401 was not carried out, so even a write may be sent again with a fresh token.
func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	s := &script{steps: []step{{status: 401}, {status: 204}}}
	cl := scripted(t, s, func(c *scimclient.Config) { c.Token = credentials(&script{steps: []step{grant(1), grant(2)}}) })
	if err := cl.Delete(t.Context(), entry.User, "1"); err != nil || len(s.heads) != 2 || s.heads[1].Get("Authorization") != "Bearer t2" {
		t.Errorf("%v after %d requests", err, len(s.heads))
	}
	s = &script{steps: []step{{status: 401}}}
	cl = scripted(t, s, func(c *scimclient.Config) { c.Token = credentials(&script{steps: []step{grant(1), grant(2)}}) })
	if err := cl.Delete(t.Context(), entry.User, "1"); !fault.Is(err, fault.Unauthenticated) || len(s.heads) != 2 {
		t.Errorf("%v after %d requests", err, len(s.heads))
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	src := credentials(nil)
	for _, text := range []string{fmt.Sprint(src), fmt.Sprintf("%+v %#v", src, src), fmt.Sprint(scimclient.Static("hush")), fmt.Sprintf("%#v", scimclient.Static("hush"))} {
		if strings.Contains(text, "hush") {
			t.Errorf("%s", text)
		}
	}
}
