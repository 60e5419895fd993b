package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/identity"
)

func readKey(t *testing.T, path string) (*rsa.PrivateKey, string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		ID    string `json:"kid"`
		PKCS8 []byte `json:"pkcs8"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	k, err := x509.ParsePKCS8PrivateKey(all[0].PKCS8)
	if err != nil {
		t.Fatal(err)
	}
	return k.(*rsa.PrivateKey), all[0].ID
}

// selfSigned returns a certificate for the key as PEM.
func selfSigned(t *testing.T, key any, begins, ends time.Time) []byte {
	t.Helper()
	public := any(nil)
	switch k := key.(type) {
	case *rsa.PrivateKey:
		public = &k.PublicKey
	case *ecdsa.PrivateKey:
		public = &k.PublicKey
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pipeline"}, NotBefore: begins, NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, form, form, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// assert signs an assertion as the identity libraries do.
func assert(t *testing.T, key any, alg jose.SignatureAlgorithm, header, claims map[string]any) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("JWT")
	for k, v := range header {
		options = options.WithHeader(jose.HeaderKey(k), v)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestCertificates(t *testing.T) {
	s := newSite(t, nil)
	c, _ := s.client("pipeline", access.Reader)
	now := time.Now()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s.change(c.ID, func(c identity.Client) (identity.Client, error) {
		c, err := c.AddCertificate(selfSigned(t, key, now.Add(-time.Hour), now.Add(time.Hour)), now)
		if err != nil {
			return c, err
		}
		return c.AddCertificate(selfSigned(t, curve, now.Add(time.Hour), now.Add(2*time.Hour)), now)
	})
	c, err = s.db.Identity().Client(s.ctx, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	x5t, sha2 := map[string]any{"x5t": c.Certificates[0].SHA1}, map[string]any{"x5t#S256": c.Certificates[0].SHA256}
	plain := func(sum string) string { // as MSAL for Go writes it
		b, err := base64.RawURLEncoding.DecodeString(sum)
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(b)
	}
	good := map[string]any{
		"aud": s.http.URL + tokenPath, "iss": c.ID, "sub": c.ID, "jti": "1", "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
	change := func(name string, v any) map[string]any {
		m := maps.Clone(good)
		m[name] = v
		return m
	}
	for name, tc := range map[string]struct {
		assertion string
		code      int
	}{
		"OK, x5t":               {assert(t, key, jose.RS256, x5t, good), 0},
		"OK, x5t padded":        {assert(t, key, jose.RS256, map[string]any{"x5t": plain(c.Certificates[0].SHA1)}, good), 0},
		"OK, x5t#S256 padded":   {assert(t, key, jose.PS256, map[string]any{"x5t#S256": plain(c.Certificates[0].SHA256)}, good), 0},
		"OK, x5t#S256 and PSS":  {assert(t, key, jose.PS256, sha2, good), 0},
		"OK, kid":               {assert(t, key, jose.RS256, map[string]any{"kid": c.Certificates[0].Thumbprint()}, good), 0},
		"OK, issuer as aud":     {assert(t, key, jose.RS256, x5t, change("aud", s.http.URL+"/default/v2.0")), 0},
		"ErrSignature":          {assert(t, stranger, jose.RS256, x5t, good), 700027},
		"ErrNoThumbprint":       {assert(t, key, jose.RS256, nil, good), 700027},
		"ErrUnknownThumbprint":  {assert(t, key, jose.RS256, map[string]any{"x5t": "AAAA"}, good), 700027},
		"ErrKeyInside":          {assert(t, stranger, jose.RS256, map[string]any{"jwk": jose.JSONWebKey{Key: &stranger.PublicKey}}, good), 700027},
		"ErrExpired":            {assert(t, key, jose.RS256, x5t, change("exp", now.Add(-2*time.Minute).Unix())), 700027},
		"ErrNoExpiry":           {assert(t, key, jose.RS256, x5t, change("exp", nil)), 700027},
		"ErrTooLong":            {assert(t, key, jose.RS256, x5t, change("exp", now.Add(48*time.Hour).Unix())), 700027},
		"ErrNotYet":             {assert(t, key, jose.RS256, x5t, change("nbf", now.Add(time.Hour).Unix())), 700027},
		"ErrAudience":           {assert(t, key, jose.RS256, x5t, change("aud", "https://elsewhere.example/token")), 700027},
		"ErrIssuer":             {assert(t, key, jose.RS256, x5t, change("iss", "x")), 700027},
		"ErrSubject":            {assert(t, key, jose.RS256, x5t, change("sub", "x")), 700027},
		"ErrCertificateNotYet":  {assert(t, curve, jose.ES256, map[string]any{"x5t": c.Certificates[1].SHA1}, good), 700027},
		"ErrHMACWithThumbprint": {assert(t, []byte("0123456789abcdef0123456789abcdef"), jose.HS256, x5t, good), 700027},
		"ErrGarbage":            {"a.b.c", 700027},
		"ErrAlgNone":            {unsigned(t, x5t, change("jti", "none")), 700027},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.post(tokenPath, url.Values{
				"grant_type": {"client_credentials"}, "client_id": {string(c.ID)}, "scope": {s.http.URL + "/.default"},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {tc.assertion},
			})
			if tc.code == 0 && r.Status != 200 || tc.code != 0 && (r.Status != 401 || !slices.Equal(r.Codes, []int{tc.code})) {
				t.Errorf("%+v", r)
			}
		})
		s.server = identity.New(s.server.Config) // which has not counted the wrong attempts
		s.http.Config.Handler = s.server.Or(nil)
	}
}

// unsigned is an assertion that says it needs no signature.
func unsigned(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	head := maps.Clone(header)
	head["alg"], head["typ"] = "none", "JWT"
	var parts []string
	for _, v := range []any{head, claims} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(text))
	}
	return strings.Join(parts, ".") + "."
}

// TestAssertionsAreUsedOnce replays assertions that were good, as somebody would who had read them on the way.
func TestAssertionsAreUsedOnce(t *testing.T) {
	s := newSite(t, nil)
	c, _ := s.client("pipeline", access.Reader)
	now := time.Now()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.change(c.ID, func(c identity.Client) (identity.Client, error) {
		return c.AddCertificate(selfSigned(t, key, now.Add(-time.Hour), now.Add(time.Hour)), now)
	})
	if c, err = s.db.Identity().Client(s.ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	send := func(assertion string) reply {
		return s.post(tokenPath, url.Values{
			"grant_type": {"client_credentials"}, "client_id": {string(c.ID)}, "scope": {s.http.URL + "/.default"},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion},
		})
	}
	claims := map[string]any{"aud": s.http.URL + tokenPath, "iss": c.ID, "sub": c.ID}
	header := map[string]any{"x5t#S256": c.Certificates[0].SHA256}
	for _, life := range []time.Duration{-time.Second, 10 * time.Minute, time.Hour} { // of a clock that is behind by less than a minute
		claims["exp"], claims["nbf"] = time.Now().Add(life).Unix(), time.Now().Add(40*time.Second).Unix()
		a := assert(t, key, jose.ES256, header, claims)
		if r := send(a); r.Status != http.StatusOK {
			t.Fatalf("the first time: %+v", r)
		}
		for name, again := range map[string]string{"as it was": a, "with the other signature": twin(t, a)} {
			if r := send(again); r.Status != http.StatusUnauthorized || !strings.Contains(r.Description, "used already") {
				t.Errorf("sent again %s: %+v", name, r)
			}
		}
	}
}

// twin is the assertion with the second signature that ECDSA has for everything: r and n-s.
func twin(t *testing.T, assertion string) string {
	t.Helper()
	head, tail := assertion[:strings.LastIndexByte(assertion, '.')+1], assertion[strings.LastIndexByte(assertion, '.')+1:]
	sig, err := base64.RawURLEncoding.DecodeString(tail)
	if err != nil || len(sig) != 64 {
		t.Fatal(err, len(sig))
	}
	s := new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(sig[32:]))
	return head + base64.RawURLEncoding.EncodeToString(append(sig[:32:32], s.FillBytes(make([]byte, 32))...))
}

func TestErrCertificate(t *testing.T) {
	now := time.Now()
	weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // it is there to be refused
	if err != nil {
		t.Skip("this Go makes no weak keys:", err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"weak":        selfSigned(t, weak, now, now.Add(time.Hour)),
		"expired":     selfSigned(t, key, now.Add(-2*time.Hour), now.Add(-time.Hour)),
		"private key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"empty":       nil,
		"text":        []byte("hello"),
	} {
		if _, err := (identity.Client{}).AddCertificate(text, now); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
