package identity_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/identity"
)

// claimsOf reads a token without checking it.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// forge signs claims with a key of its own, or with the service's.
func forge(t *testing.T, key any, alg jose.SignatureAlgorithm, kid string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// ownKey is the service's private key, read from its file as a thief would.
func ownKey(t *testing.T, dir string) (*rsa.PrivateKey, string) {
	t.Helper()
	return readKey(t, filepath.Join(dir, "signing.json"))
}

func TestAuthenticateRefuses(t *testing.T) {
	s := newSite(t, nil)
	dir := t.TempDir()
	keys, err := identity.OpenKeys(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s.keys = keys
	config := s.server.Config
	config.Keys = keys
	s.server = identity.New(config)
	s.http.Config.Handler = s.server.Or(http.NotFoundHandler())
	c, secret := s.client("pipeline", access.Admin)
	good := s.token(c, secret)
	says := claimsOf(t, good)
	own, kid := ownKey(t, dir)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	change := func(pairs ...any) map[string]any {
		m := maps.Clone(says)
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		return m
	}
	parts := strings.Split(good, ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"`+kid+`"}`)) + "." + parts[1] + "."
	for name, token := range map[string]string{
		"empty parts":         "..",
		"not base64":          "a.b.c",
		"alg none":            unsigned,
		"signature cut":       parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-4],
		"claims of another":   parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"x"}`)) + "." + parts[2],
		"foreign key":         forge(t, other, jose.RS256, kid, says),
		"unknown key id":      forge(t, own, jose.RS256, "x", says),
		"HMAC with our key":   forge(t, own.PublicKey.N.Bytes(), jose.HS256, kid, says),
		"expired":             forge(t, own, jose.RS256, kid, change("exp", time.Now().Add(-2*time.Minute).Unix())),
		"without expiry":      forge(t, own, jose.RS256, kid, change("exp", 0)),
		"not valid yet":       forge(t, own, jose.RS256, kid, change("nbf", time.Now().Add(time.Hour).Unix())),
		"other issuer":        forge(t, own, jose.RS256, kid, change("iss", "https://evil.example/default/v2.0")),
		"issuer of a tenant":  forge(t, own, jose.RS256, kid, change("tid", "other")),
		"client of none":      forge(t, own, jose.RS256, kid, change("tid", "other", "iss", s.http.URL+"/other/v2.0")),
		"other audience":      forge(t, own, jose.RS256, kid, change("aud", "https://evil.example")),
		"no subject":          forge(t, own, jose.RS256, kid, change("sub", "")),
		"bearer of nobody":    "sp_" + strings.Repeat("A", 52),
		"client secret":       secret,
		"empty":               "",
		"very long":           strings.Repeat("a.", 2) + strings.Repeat("b", 100_000),
		"public key as claim": forge(t, other, jose.RS256, "", change("jwk", "x")),
	} {
		t.Run(name, func(t *testing.T) {
			if who, err := s.server.Authenticate(t.Context(), token); !fault.Is(err, fault.Unauthenticated) || who.Subject != "" && len(who.Roles) > 0 {
				t.Errorf("got %+v, %v", who, err)
			}
		})
	}
	if _, err := s.server.Authenticate(t.Context(), good); err != nil {
		t.Errorf("the good one: %v", err)
	}
	if err := s.server.SignOut(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	if _, err := s.server.Authenticate(t.Context(), good); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("after signing out: %v", err)
	}
}

func TestPublicURLBindsTokens(t *testing.T) {
	s := newSite(t, nil)
	c, secret := s.client("pipeline", access.Reader)
	token := s.token(c, secret)
	config := s.server.Config
	config.Public = "https://idm.example.com/"
	if _, err := identity.New(config).Authenticate(t.Context(), token); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("a token made under another name: %v", err)
	}
}

func TestDiscovery(t *testing.T) {
	s := newSite(t, nil)
	get := func(path string) map[string]any {
		t.Helper()
		resp, err := s.http.Client().Get(s.http.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %s %s %v", path, resp.Status, text, err)
		}
		out := map[string]any{}
		_ = json.Unmarshal(text, &out) // lists have no map
		return out
	}
	for _, path := range []string{
		"/default/v2.0/.well-known/openid-configuration", "/default/v2.0/.well-known/openid-configuration?", "/.well-known/openid-configuration",
		"/.well-known/oauth-authorization-server",
	} {
		d := get(path)
		if d["issuer"] != s.http.URL+"/default/v2.0" || d["token_endpoint"] != s.http.URL+tokenPath {
			t.Errorf("%s: %v", path, d)
		}
	}
	adfs := get("/adfs/.well-known/openid-configuration")
	if adfs["token_endpoint"] != s.http.URL+"/adfs/oauth2/v2.0/token" {
		t.Errorf("%v", adfs["token_endpoint"])
	}
	set := get("/default/discovery/v2.0/keys")["keys"].([]any)
	if k := set[0].(map[string]any); k["kty"] != "RSA" || k["use"] != "sig" || k["d"] != nil || k["p"] != nil || k["kid"] == "" {
		t.Errorf("key %v", k)
	}
	if cloud := get("/metadata/endpoints?api-version=2022-09-01"); cloud["microsoftGraphResourceId"] != s.http.URL || cloud["authentication"] == nil {
		t.Errorf("cloud %v", cloud)
	}
	if v := get("/subscriptions?api-version=2019-11-01")["value"].([]any); len(v) != 0 {
		t.Errorf("subscriptions %v", v)
	}
}

func TestKeysRotate(t *testing.T) {
	dir, now := filepath.Join(t.TempDir(), "identity"), time.Now()
	keys, err := identity.OpenKeys(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "signing.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	ids := func(k *identity.Keys) (out []string) {
		for _, x := range k.Public().Keys {
			out = append(out, x.KeyID)
		}
		return out
	}
	first := ids(keys)[0]
	if err := keys.Turn(now.Add(identity.KeyLife - time.Minute)); err != nil || len(ids(keys)) != 1 {
		t.Fatalf("turned too early: %v, %v", ids(keys), err)
	}
	due := now.Add(identity.KeyLife)
	if err := keys.Turn(due); err != nil || len(ids(keys)) != 2 || ids(keys)[1] != first {
		t.Fatalf("after a month: %v, %v", ids(keys), err)
	}
	again, err := identity.OpenKeys(dir, due)
	if err != nil || strings.Join(ids(again), " ") != strings.Join(ids(keys), " ") {
		t.Fatalf("read back: %v, %v", ids(again), err)
	}
	if err := again.Turn(due.Add(identity.MaxTokenLife + 2*time.Hour)); err != nil || len(ids(again)) != 1 || ids(again)[0] == first {
		t.Fatalf("the old key stays: %v, %v", ids(again), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "signing.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := identity.OpenKeys(dir, now); fault.HintOf(err) == "" {
		t.Errorf("a broken file: %v", err)
	}
}
