package graphapi

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// visit is how the client came here; links lead it back the same way.
type visit struct {
	base    string // https://host[/prefix], without a slash at the end
	version string // "v1.0", "beta", or "" for our own tree
}

type visitKey struct{}

func visitOf(r *http.Request) visit {
	v, ok := r.Context().Value(visitKey{}).(visit)
	if !ok {
		v = visit{base: hostBase(r), version: "v1.0"}
	}
	return v
}

// withVisit remembers how the client came.
func (a *API) withVisit(r *http.Request, version string) *http.Request {
	v := visit{base: a.publicBase(r), version: version}
	return r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
}

// base returns the address clients know this service by, without a slash at the end (graph-api P4).
func base(r *http.Request) string { return visitOf(r).base }

// root returns base and version, where Graph's paths begin.
func root(r *http.Request) string {
	v := visitOf(r)
	if v.version == "" {
		v.version = "v1.0"
	}
	return v.base + "/" + v.version
}

// here returns the URL of this request as the client knows it, without its query.
func here(r *http.Request) string { return base(r) + r.URL.EscapedPath() }

func contextURL(r *http.Request, what string) string { return root(r) + "/$metadata#" + what }

// publicBase is the configured address, else what a trusted proxy says, else the Host header.
func (a *API) publicBase(r *http.Request) string {
	if a.PublicURL != "" {
		return strings.TrimRight(a.PublicURL, "/")
	}
	if !a.trusted(r.RemoteAddr) {
		return hostBase(r)
	}
	u := url.URL{Scheme: scheme(r), Host: r.Host}
	if s := strings.ToLower(first(r.Header.Get("X-Forwarded-Proto"))); s == "https" || s == "http" {
		u.Scheme = s
	}
	if h := first(r.Header.Get("X-Forwarded-Host")); plainHost(h) {
		u.Host = h
		if p := first(r.Header.Get("X-Forwarded-Port")); p != "" && !strings.Contains(h, ":") && p != "443" && p != "80" && digits(p) {
			u.Host = h + ":" + p
		}
	}
	if p := strings.Trim(first(r.Header.Get("X-Forwarded-Prefix")), "/"); p != "" {
		u.Path = "/" + p
	}
	return u.String()
}

// trusted reports whether the peer is a proxy whose forwarded headers count.
func (a *API) trusted(remote string) bool {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, p := range a.TrustedProxies {
		if p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

func hostBase(r *http.Request) string {
	u := url.URL{Scheme: scheme(r), Host: r.Host}
	return u.String()
}

func scheme(r *http.Request) string {
	if r.TLS == nil {
		return "http"
	}
	return "https"
}

// first returns the first of a list: the proxy nearest to the client wrote it.
func first(list string) string {
	s, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(s)
}

func plainHost(h string) bool {
	return h != "" && len(h) < 256 && !strings.ContainsFunc(h, func(r rune) bool {
		return r != '.' && r != '-' && r != ':' && r != '[' && r != ']' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

func digits(s string) bool {
	return len(s) <= 5 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
