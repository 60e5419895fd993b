package relay

import (
	"net/url"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
)

// join puts a target from the wire below an application's base, or refuses it. The result has the base's scheme and host, and a path below
// the base's path, however often the application decodes it.
func join(base *url.URL, target string) (*url.URL, error) {
	if err := plain(target); err != nil {
		return nil, err
	}
	path, query, _ := strings.Cut(target, "?")
	if err := stays(path); err != nil {
		return nil, err
	}
	u, err := url.Parse(base.EscapedPath() + path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || u.User != nil || u.Fragment != "" {
		return nil, refused("it is not a path")
	}
	u.Scheme, u.Host, u.RawQuery = base.Scheme, base.Host, query
	return u, nil
}

// plain refuses what could split a request line: control characters, spaces, fragments, and anything that is not a path from the root.
func plain(target string) error {
	if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") {
		return refused("it does not begin with one slash")
	}
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c >= 0x7f || c == '#' || c == '\\' {
			return refused("it holds the byte %#x", c)
		}
	}
	return nil
}

const decodings = 4

// stays refuses paths with "." or ".." segments, also when the dots or slashes are encoded, once or several times.
func stays(path string) error {
	for range decodings {
		for seg := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' || r == ';' }) {
			if seg == "." || seg == ".." {
				return refused("it holds a %q segment", seg)
			}
		}
		if strings.ContainsAny(path, "\x00\r\n") {
			return refused("it holds an encoded control character")
		}
		next, err := url.PathUnescape(path)
		if err != nil || next == path {
			return nil // a stray % in decoded text: nobody decodes further
		}
		path = next
	}
	return refused("it is encoded more than %d times", decodings-1)
}

func refused(format string, args ...any) *fault.Error {
	return fault.New(fault.Denied, "check path", format, args...).WithHint("the agent relays only paths below the application's address")
}
