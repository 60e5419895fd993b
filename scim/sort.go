package scim

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// Compare orders two values of an attribute for sorting (RFC 7644 §3.4.2.3): negative when a comes first. Strings follow CaseExact,
// times are instants, false comes before true. nil (absent) comes last.
func Compare(a, b entry.Value, attr *Attribute) int {
	if a == nil || b == nil {
		return cmp.Compare(boolInt(a == nil), boolInt(b == nil))
	}
	switch x := a.(type) {
	case bool:
		if y, ok := b.(bool); ok {
			return cmp.Compare(boolInt(x), boolInt(y))
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y)
		}
	case []byte:
		if y, ok := b.([]byte); ok {
			return bytes.Compare(x, y)
		}
	case int64, float64:
		if c, ok := compareNumbers(a, b); ok {
			return c
		}
	}
	return compareTexts(a, b, attr != nil && attr.CaseExact)
}

func compareTexts(a, b entry.Value, exact bool) int {
	x, _ := textOf(a)
	y, _ := textOf(b)
	if exact {
		return strings.Compare(x, y)
	}
	return compareFold(x, y)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// SortKey returns the value by which a resource sorts: of a multi-valued attribute the primary or first one, of a complex attribute
// its "value"; nil when absent. by is a name in any form that Canonical takes.
func (rt *ResourceType) SortKey(s Source, by string) entry.Value {
	f := rt.lookup(by)
	if f == nil {
		return nil
	}
	if f.value != nil {
		f = f.value
	}
	vs := rt.values(f, s)
	if len(vs) == 0 {
		return nil
	}
	v := f.of(vs[max(0, slices.IndexFunc(vs, isPrimary))])
	if c, ok := v.(entry.Complex); ok {
		return c["formatted"]
	}
	return v
}

// Less reports whether resource a comes before b when sorting ascending by an attribute.
func (rt *ResourceType) Less(a, b Source, by string) bool {
	f := rt.lookup(by)
	if f == nil {
		return false
	}
	if f.value != nil {
		f = f.value
	}
	return Compare(rt.SortKey(a, by), rt.SortKey(b, by), f.attr) < 0
}
