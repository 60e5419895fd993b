package identitytest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Provider is an OpenID Connect provider at which everybody is signed in already, as whom Claims says. Its fields are set before it is
// asked.
type Provider struct {
	*httptest.Server
	Claims map[string]any       // of ID tokens, beside the usual ones
	Change func(map[string]any) // spoils an ID token before it is signed
	Refuse string               // error to answer the browser with
	Secret string               // of the client
	Key    *rsa.PrivateKey      // that signs ID tokens; the one published is the one New made

	t         testing.TB
	published *rsa.PublicKey
	mu        sync.Mutex
	codes     map[string]url.Values // what was asked for, by code
}

// New starts a provider that ends with the test. Ann (ann@x.example, of the groups staff and idm-operators) is signed in.
func New(t testing.TB) *Provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{
		t: t, Key: key, published: &key.PublicKey, codes: map[string]url.Values{}, Secret: "provider-secret",
		Claims: map[string]any{"preferred_username": "Ann@x.example", "name": "Ann", "groups": []string{"staff", "idm-operators"}},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
	})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asked has gone
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.published, KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
}

// authorize sends the browser back at once.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a := url.Values{"state": {q.Get("state")}}
	if p.Refuse != "" {
		a.Set("error", p.Refuse)
	} else {
		a.Set("code", p.code(q))
	}
	back.RawQuery = a.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (p *Provider) code(q url.Values) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := rand.Text()
	p.codes[code] = q
	return code
}

// Asked returns how many sign-ins wait to be collected.
func (p *Provider) Asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.codes)
}

func (p *Provider) collect(code string) (url.Values, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q, known := p.codes[code]
	delete(p.codes, code)
	return q, known
}

// token checks code, secret, address and PKCE as a provider does.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q, known := p.collect(r.PostForm.Get("code"))
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	_, secret, _ := r.BasicAuth()
	if !known || secret != p.Secret || q.Get("redirect_uri") != r.PostForm.Get("redirect_uri") ||
		q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"no"}`)
		return
	}
	says := map[string]any{
		"iss": p.URL, "sub": "1234", "aud": q.Get("client_id"), "nonce": q.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	maps.Copy(says, p.Claims)
	if p.Change != nil {
		p.Change(says)
	}
	answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": p.sign(says)})
}

func (p *Provider) sign(claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: p.Key, KeyID: "1"}}, nil)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		p.t.Error(err)
	}
	return text
}
