package scimtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/scim"
)

// note records what is wrong with the answer.
func (r reply) note(format string, args ...any) reply {
	r.x.failf("%s: %s", r.asked, fmt.Sprintf(format, args...))
	return r
}

// is expects one of the statuses.
func (r reply) is(statuses ...int) reply {
	if r.status != 0 && !slices.Contains(statuses, r.status) {
		r.note("status %d, want %s: %.160s", r.status, words(statuses), r.raw)
	}
	return r
}

func words(statuses []int) string {
	list := make([]string, len(statuses))
	for i, s := range statuses {
		list[i] = strconv.Itoa(s)
	}
	return strings.Join(list, " or ")
}

// done expects a PATCH or PUT to have worked.
func (r reply) done() reply { return r.is(http.StatusOK, http.StatusNoContent) }

// refused expects a SCIM error with the status and one of the scimTypes (none: any, or no scimType).
func (r reply) refused(status int, scimTypes ...string) reply {
	r.is(status)
	if r.status == 0 {
		return r
	}
	r.has("schemas", scim.ErrorURN).want("status", strconv.Itoa(r.status))
	if r.text("detail") == "" && len(scimTypes) > 0 {
		r.note("the error has no detail")
	}
	if got := r.text("scimType"); len(scimTypes) > 0 && !slices.Contains(scimTypes, got) {
		r.note("scimType %q, want %s", got, strings.Join(scimTypes, " or "))
	}
	return r
}

// want expects a value. A path has slashes between keys; a number is an index, * all elements, key=value those that have it.
func (r reply) want(path string, value any) reply {
	if got := at(r.doc, path); r.status != 0 && !same(got, value) {
		r.note("%s is %s, want %s", path, show(got), show(value))
	}
	return r
}

// has expects a list, or a text, to contain a value.
func (r reply) has(path string, value any) reply {
	got := at(r.doc, path)
	if l, ok := got.([]any); ok && slices.ContainsFunc(l, func(v any) bool { return same(v, value) }) {
		return r
	}
	if t, ok := got.(string); ok && strings.Contains(t, fmt.Sprint(value)) {
		return r
	}
	if r.status == 0 {
		return r
	}
	return r.note("%s is %s, want it to hold %s", path, show(got), show(value))
}

// absent expects no value, or an empty one.
func (r reply) absent(paths ...string) reply {
	for _, path := range paths {
		if got := at(r.doc, path); got != nil && !same(got, []any{}) {
			r.note("%s is %s, want nothing", path, show(got))
		}
	}
	return r
}

// count expects a list of n elements; 0 is also no list at all.
func (r reply) count(path string, n int) reply {
	l, _ := at(r.doc, path).([]any)
	if r.status != 0 && len(l) != n {
		r.note("%s has %d elements, want %d", path, len(l), n)
	}
	return r
}

// kind expects the JSON type of a value: string, bool, number, list, object.
func (r reply) kind(path, kind string) reply {
	if got := kindOf(at(r.doc, path)); r.status != 0 && got != kind {
		r.note("%s is %s, want a %s", path, got, kind)
	}
	return r
}

// only expects a list answer with exactly these resources, by id, in any order.
func (r reply) only(ids ...string) reply {
	r.is(http.StatusOK).want("totalResults", len(ids))
	got, _ := at(r.doc, "Resources/*/id").([]any)
	if r.status == http.StatusOK && len(got) != len(ids) {
		return r.note("%d resources, want %d", len(got), len(ids))
	}
	for _, id := range ids {
		r.has("Resources/*/id", id)
	}
	return r
}

// text returns a string member, "" when it is absent or no string.
func (r reply) text(path string) string {
	s, _ := at(r.doc, path).(string)
	return s
}

// extensions returns the URNs under which a resource has further attributes.
func (r reply) extensions() (urns []string) {
	o, _ := r.doc.(map[string]any)
	for key := range o {
		if strings.HasPrefix(key, "urn:") {
			urns = append(urns, key)
		}
	}
	return urns
}

func (r reply) number(path string) int {
	n, _ := at(r.doc, path).(float64)
	return int(n)
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case bool:
		return "bool"
	case float64:
		return "number"
	case []any:
		return "list"
	case map[string]any:
		return "object"
	}
	return "absent"
}

// same compares a value of an answer with an expected one, which may be any Go value that has that JSON.
func same(got, want any) bool {
	if n, ok := want.(int); ok {
		return got == float64(n)
	}
	return reflect.DeepEqual(got, want)
}

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(text) > 120 {
		return string(text[:120]) + "…"
	}
	return string(text)
}

// at follows a path into a JSON document; nil when it leads nowhere. After a * the result is a list.
func at(doc any, path string) any {
	key, rest, more := strings.Cut(path, "/")
	var next any
	switch v := doc.(type) {
	case map[string]any:
		next = v[key]
	case []any:
		if key == "*" {
			return each(v, rest)
		}
		next = pick(v, key)
	}
	if !more || next == nil {
		return next
	}
	return at(next, rest)
}

func each(list []any, rest string) any {
	if rest == "" {
		return list
	}
	var out []any
	for _, v := range list {
		if got := at(v, rest); got != nil {
			out = append(out, got)
		}
	}
	return out
}

func pick(list []any, key string) any {
	if i, err := strconv.Atoi(key); err == nil {
		if i < 0 || i >= len(list) {
			return nil
		}
		return list[i]
	}
	name, value, _ := strings.Cut(key, "=")
	for _, v := range list {
		if o, ok := v.(map[string]any); ok && fmt.Sprint(o[name]) == value {
			return v
		}
	}
	return nil
}
