package forwarded_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/sallyport-id/sallyport/internal/forwarded"
)

func TestAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for name, tc := range map[string]struct {
		public, peer string
		header       http.Header
		base, from   string
	}{
		"nobody told": {"", "10.0.0.1:1", nil, "https://inner:8443", "10.0.0.1"},
		"a proxy": {
			"", "10.0.0.1:1",
			http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"idm.example.org"}, "X-Forwarded-Prefix": {"/sally/"}, "X-Forwarded-For": {"192.0.2.7"}},
			"https://idm.example.org/sally", "192.0.2.7",
		},
		"a proxy, over IPv6": {"", "[::ffff:10.0.0.1]:1", http.Header{"X-Forwarded-Host": {"idm.example.org"}, "X-Forwarded-Port": {"8443"}}, "https://idm.example.org:8443", "::ffff:10.0.0.1"},
		"a proxy that appends": {
			"", "10.0.0.1:1",
			http.Header{"X-Forwarded-Host": {"evil.example, idm.example.org"}, "X-Forwarded-Proto": {"http,https"}, "X-Forwarded-For": {"198.51.100.1, 192.0.2.7, 10.0.0.2"}},
			"https://idm.example.org", "192.0.2.7",
		},
		"one that sends another": {"", "10.0.0.1:1", http.Header{"X-Forwarded-Host": {"evil.example", "idm.example.org"}}, "https://idm.example.org", "10.0.0.1"},
		"a stranger":             {"", "192.0.2.1:1", http.Header{"X-Forwarded-Host": {"evil.example"}, "X-Forwarded-For": {"10.0.0.1"}}, "https://inner:8443", "192.0.2.1"},
		"no host":                {"", "10.0.0.1:1", http.Header{"X-Forwarded-Host": {`evil.example/"><script>`}, "X-Forwarded-Proto": {"gopher"}}, "https://inner:8443", "10.0.0.1"},
		"configured":             {"https://public.example.org/", "10.0.0.1:1", http.Header{"X-Forwarded-Host": {"idm.example.org"}}, "https://public.example.org", "10.0.0.1"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/x", nil)
		r.Host, r.RemoteAddr, r.TLS = "inner:8443", tc.peer, &tls.ConnectionState{}
		for k, v := range tc.header {
			r.Header[k] = v
		}
		a := forwarded.Address{Public: tc.public, Proxies: proxies}
		if base, from := a.Base(r), a.From(r); base != tc.base || from != tc.from {
			t.Errorf("%s: %s from %s, want %s from %s", name, base, from, tc.base, tc.from)
		}
	}
}
