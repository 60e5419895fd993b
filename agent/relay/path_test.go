package relay

import (
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
)

var base = &url.URL{Scheme: "https", Host: "host:8585", Path: "/ecma2host_hr/scim"}

func TestJoinKeepsBelowTheBase(t *testing.T) {
	for _, target := range []string{
		"/Users", "/Users/1?filter=userName%20eq%20%22a%22", "/Users/CN=a%2Fb,OBJECT=USER", "/Users/%E5%B1%B1", "/Users/a..b", "/Users/...", "/Users/50%25",
		"/Users?x=../y", "/Users/a:b@c", "/", "/Users/http:%2F%2Felsewhere",
	} {
		u, err := join(base, target)
		if err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		if got := u.String(); got != "https://host:8585/ecma2host_hr/scim"+target {
			t.Errorf("%s became %s", target, got)
		}
	}
}

func TestJoinRefusesEscapes(t *testing.T) {
	for _, target := range []string{
		"", "Users", "//elsewhere/x", "http://elsewhere/x", "https:/x", "/../x", "/a/../../x", "/..", "/.", "/a/./b", "/%2e%2e/x", "/%2E./x", "/a%2f..%2fx", "/a%2F%2e%2e%2Fx",
		"/%252e%252e/x", "/%25252e%25252e/x", "/%25%32%65%25%32%65/x", "/a\\..\\x", "/a%5c..%5cx", "/..;/x", "/a;..;b", "/x\r\nHost: elsewhere", "/x%0d%0aHost:%20elsewhere", "/x y", "/x\ty",
		"/x#y", "/x\x00", "/x%00", "/\x7f", "/é", "*", "elsewhere:80", "/%zz", "/%2525252525252e",
	} {
		if u, err := join(base, target); !fault.Is(err, fault.Denied) {
			t.Errorf("%q became %v, %v", target, u, err)
		}
	}
}

func FuzzJoin(f *testing.F) {
	for _, s := range []string{"/Users?x=1", "/%2e%2e/x", "//h/x", "/a%2f..", "/..;/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		u, err := join(base, target)
		if err != nil {
			return
		}
		text := u.String()
		back, err := url.Parse(text)
		if err != nil || back.Host != base.Host || back.Scheme != base.Scheme || back.User != nil || strings.ContainsAny(text, " \r\n\t#\\") {
			t.Fatalf("%q became %q", target, text)
		}
		path := back.EscapedPath()
		for range 6 {
			if !strings.HasPrefix(base.ResolveReference(&url.URL{Path: path}).Path, base.Path) {
				t.Fatalf("%q leads to %q", target, path)
			}
			next, err := url.PathUnescape(path)
			if err != nil {
				break
			}
			path = next
		}
	})
}
