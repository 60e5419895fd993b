package graphapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
)

// maxSegments bounds how long a path may be.
const maxSegments = 24

// segments splits an escaped path at its slashes and unescapes each piece; empty pieces, as a trailing slash makes one, are left out.
func segments(escaped string) ([]string, error) {
	var out []string
	for piece := range strings.SplitSeq(escaped, "/") {
		if piece == "" {
			continue
		}
		s, err := url.PathUnescape(piece)
		if err != nil || strings.ContainsRune(s, 0) {
			return nil, fault.New(fault.Invalid, "read the path", "%q is not properly percent-encoded", clip(piece))
		}
		if out = append(out, s); len(out) > maxSegments {
			return nil, fault.New(fault.Invalid, "read the path", "it has more than %d segments", maxSegments)
		}
	}
	return out, nil
}

// call splits name('key'), name(prop='key') and name() as OData writes keys and functions; ok is false for anything else. The key of
// name(prop='key') comes as "prop=key".
func call(segment string) (name, key string, ok bool) {
	open := strings.IndexByte(segment, '(')
	if open < 1 || !strings.HasSuffix(segment, ")") {
		return "", "", false
	}
	name, inner := segment[:open], segment[open+1:len(segment)-1]
	prop, value, named := strings.Cut(inner, "=")
	if !named || strings.HasPrefix(inner, "'") {
		return name, unquoteKey(inner), true
	}
	if strings.EqualFold(prop, "id") {
		return name, unquoteKey(value), true
	}
	return name, prop + "=" + unquoteKey(value), true
}

func unquoteKey(s string) string {
	if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
		return strings.ReplaceAll(s[1:len(s)-1], "''", "'")
	}
	return s
}

// lastKey returns the last key of an object's URL: any host, either version, relative or absolute, with or without a trailing slash,
// agentGroups('id') or agentGroups/id. "" when there is none.
func lastKey(ref string) string {
	ref, _, _ = strings.Cut(strings.TrimSpace(ref), "?")
	if i := strings.Index(ref, "://"); i >= 0 {
		ref = ref[i+3:]
	}
	parts, err := segments(ref)
	if err != nil || len(parts) == 0 {
		return ""
	}
	last := parts[len(parts)-1]
	if _, key, ok := call(last); ok {
		last = key
	}
	return lowerGUID(last)
}

// lowerGUID returns GUIDs in lower case and anything else as it is: ids compare without regard to case (graph-api §2.2).
func lowerGUID(s string) string {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return s
	}
	return strings.ToLower(s)
}

// clip keeps a hostile text from flooding a message.
func clip(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}

// split returns the segments of a request's path, the version taken off, and "v1.0" or "beta", or "" for a path of our own.
func split(r *http.Request) (parts []string, version string, err error) {
	parts, err = segments(r.URL.EscapedPath())
	if err != nil || len(parts) == 0 {
		return parts, "", err
	}
	switch v := strings.ToLower(parts[0]); v {
	case "v1.0", "beta":
		return parts[1:], v, nil
	}
	return parts, "", nil
}
