package forwarded

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Address is how clients reach a service.
type Address struct {
	Public  string         // https://host[:port][/path]; "" takes it from each request
	Proxies []netip.Prefix // peers whose headers are believed
}

// Base returns the address clients know the service by, without a slash at the end: the configured one, else what a trusted proxy says, else
// the Host header.
func (a Address) Base(r *http.Request) string {
	if a.Public != "" {
		return strings.TrimRight(a.Public, "/")
	}
	u := url.URL{Scheme: scheme(r), Host: r.Host}
	if !a.trusts(r.RemoteAddr) {
		return u.String()
	}
	if s := strings.ToLower(last(r, "X-Forwarded-Proto")); s == "https" || s == "http" {
		u.Scheme = s
	}
	if h := last(r, "X-Forwarded-Host"); plainHost(h) {
		u.Host = h
		if p := last(r, "X-Forwarded-Port"); p != "" && !strings.Contains(h, ":") && p != "443" && p != "80" && digits(p) {
			u.Host = h + ":" + p
		}
	}
	if p := strings.Trim(last(r, "X-Forwarded-Prefix"), "/"); p != "" {
		u.Path = "/" + p
	}
	return u.String()
}

// From returns the address a request came from: the nearest one that is no trusted proxy.
func (a Address) From(r *http.Request) string {
	at := plainAddr(r.RemoteAddr)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && a.trusts(at); i-- {
		ip, err := netip.ParseAddr(plainAddr(strings.TrimSpace(hops[i])))
		if err != nil {
			break
		}
		at = ip.String()
	}
	return at
}

// trusts reports whether a peer is a proxy whose headers count.
func (a Address) trusts(peer string) bool {
	ip, err := netip.ParseAddr(plainAddr(peer))
	if err != nil {
		return false
	}
	for _, p := range a.Proxies {
		if p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

func scheme(r *http.Request) string {
	if r.TLS == nil {
		return "http"
	}
	return "https"
}

// last returns the last of a list: the nearest proxy wrote it. What stands before it may be what the client sent, since some proxies append.
func last(r *http.Request, name string) string {
	list := strings.Join(r.Header.Values(name), ",")
	return strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:])
}

func plainAddr(s string) string {
	if host, _, err := net.SplitHostPort(s); err == nil {
		return host
	}
	return strings.Trim(s, "[]")
}

func plainHost(h string) bool {
	return h != "" && len(h) < 256 && !strings.ContainsFunc(h, func(r rune) bool {
		return r != '.' && r != '-' && r != ':' && r != '[' && r != ']' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

func digits(s string) bool {
	return len(s) <= 5 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
