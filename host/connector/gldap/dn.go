package gldap

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"github.com/sallyport-id/sallyport/fault"
)

// dn is a distinguished name in parts, the entry's own first.
type dn []rdn

// rdn is one part of a DN: attributes with their unescaped values, usually one.
type rdn []ava

type ava struct{ attr, value string }

// attributeName is what may stand before the equals sign (RFC 4512 §1.4).
var attributeName = regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*)$`)

// parseDN reads a DN as RFC 4514 spells it. fault.Invalid says what is wrong with it.
func parseDN(s string) (dn, error) {
	if !utf8.ValidString(s) {
		return nil, fault.New(fault.Invalid, "read the DN", "%q is not UTF-8", s)
	}
	p, err := ldap.ParseDN(s)
	if err != nil {
		return nil, fault.New(fault.Invalid, "read the DN", "%q: %w", s, err).WithHint("escape special characters with a backslash, as RFC 4514 says")
	}
	out := make(dn, 0, len(p.RDNs))
	for _, r := range p.RDNs {
		var one rdn
		for _, a := range r.Attributes {
			if !attributeName.MatchString(strings.TrimSpace(a.Type)) {
				return nil, fault.New(fault.Invalid, "read the DN", "%q: %q is no attribute's name", s, a.Type).WithHint("names are letters, digits and hyphens, or numbers with dots")
			}
			one = append(one, ava{strings.TrimSpace(a.Type), a.Value})
		}
		out = append(out, one)
	}
	return out, nil
}

// text spells the DN with every special character escaped.
func (d dn) text() string {
	parts := make([]string, len(d))
	for i, r := range d {
		parts[i] = r.text()
	}
	return strings.Join(parts, ",")
}

func (r rdn) text() string {
	parts := make([]string, len(r))
	for i, a := range r {
		parts[i] = a.attr + "=" + escape(a.value)
	}
	return strings.Join(parts, "+")
}

const hexDigits = "0123456789ABCDEF"

// escape writes a value as it may stand in a DN (RFC 4514 §2.4).
func escape(s string) string {
	var b strings.Builder
	bytes := !utf8.ValidString(s) // a value that is no text is written byte by byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		edge := (i == 0 && (c == ' ' || c == '#')) || (i == len(s)-1 && c == ' ')
		switch {
		case c < ' ' || c == 0x7f || bytes && c >= 0x80:
			b.WriteByte('\\')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		case edge || strings.IndexByte(`"+,;<>\=`, c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// key is the DN in one spelling, so that two names of one entry are the same text: case and repeated spaces do not count.
func (d dn) key() string {
	parts := make([]string, len(d))
	for i, r := range d {
		var as []string
		for _, a := range r {
			as = append(as, strings.ToLower(a.attr)+"="+escape(squeeze(a.value)))
		}
		slices.Sort(as)
		parts[i] = strings.Join(as, "+")
	}
	return strings.Join(parts, ",")
}

func squeeze(s string) string {
	if !utf8.ValidString(s) {
		return s
	}
	return strings.ToLower(strings.Join(strings.Fields(s), " "))
}

// keyOf is key for a DN as the server spells it. A DN that cannot be read keeps its spelling.
func keyOf(s string) string {
	if k, ok := plainKey(s); ok {
		return k
	}
	d, err := parseDN(s)
	if err != nil {
		return s
	}
	return d.key()
}

// plainKey is keyOf for the DNs that most are: ASCII without anything escaped, quoted, doubled or several in one part.
func plainKey(s string) (string, bool) {
	lower, named := true, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 0x7f || c < ' ' || strings.IndexByte(`\"+;<>#`, c) >= 0:
			return "", false
		case c == ' ' && (i == 0 || i == len(s)-1 || strings.IndexByte(" ,=", s[i-1]) >= 0 || strings.IndexByte(",=", s[i+1]) >= 0):
			return "", false
		case c >= 'A' && c <= 'Z':
			lower = false
		case c == '=' && named:
			return "", false
		case c == '=':
			named = true
		case c == ',':
			named = false
		}
	}
	if lower {
		return s, true
	}
	return strings.ToLower(s), true
}

// below reports whether d stands below base, at any depth; not base itself.
func (d dn) below(base dn) bool {
	return len(d) > len(base) && d[len(d)-len(base):].key() == base.key()
}

// at reports whether d is base or stands below it.
func (d dn) at(base dn) bool { return len(d) >= len(base) && d[len(d)-len(base):].key() == base.key() }

func (d dn) parent() dn { return d[1:] }

// inside refuses a DN that does not stand below one of the bases.
func inside(d dn, bases []dn) error {
	if slices.ContainsFunc(bases, func(b dn) bool { return d.below(b) }) {
		return nil
	}
	return fault.New(fault.Invalid, "take the DN", "%q stands outside the configured base DNs", d.text()).About("-dn-").
		WithHint("map a DN below one of the base DNs, or add its place to the base DNs")
}
