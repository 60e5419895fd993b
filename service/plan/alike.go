package plan

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// alike returns want with every value that means the same as a value in have, but is typed otherwise, replaced by that
// value: a mapping yields the text "10000" or "True" where the target holds a number or a boolean. Without this each cycle
// would find a difference and write it.
func alike(have, want []entry.Value) []entry.Value {
	if len(have) == 0 || len(have)*len(want) > 1024 {
		return want
	}
	out := want
	for i, w := range want {
		for _, h := range have {
			if !entry.Equal(h, w) && sameMeaning(h, w) {
				if &out[0] == &want[0] {
					out = append([]entry.Value(nil), want...)
				}
				out[i] = h
				break
			}
		}
	}
	return out
}

// folded is alike for texts that differ in case only.
func folded(have, want []entry.Value) []entry.Value {
	if len(have)*len(want) > 1024 {
		return want
	}
	out := want
	for i, w := range want {
		s, ok := w.(string)
		if !ok {
			continue
		}
		for _, h := range have {
			if t, ok := h.(string); ok && t != s && strings.EqualFold(t, s) && !contains(want, t) {
				if &out[0] == &want[0] {
					out = append([]entry.Value(nil), want...)
				}
				out[i] = t
				break
			}
		}
	}
	return out
}

func contains(vs []entry.Value, s string) bool {
	return slices.ContainsFunc(vs, func(v entry.Value) bool { return v == s })
}

func sameMeaning(a, b entry.Value) bool {
	x, ok := text(a)
	if !ok {
		return false
	}
	y, ok := text(b)
	if !ok {
		return false
	}
	_, abool := a.(bool)
	_, bbool := b.(bool)
	if abool || bbool {
		return strings.EqualFold(x, y)
	}
	return x == y
}

func text(v entry.Value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), true
	}
	return "", false
}
