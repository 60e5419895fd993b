package graphapi

import (
	"reflect"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/graphapi/odata"
)

// shownName is the property that $search looks into in lists that are not of the directory.
const shownName = "displayName"

// propertiesOf returns the names of what a type has in JSON: annotations and navigations, which are lists behind a pointer, are none.
func propertiesOf[T any]() (names []string) {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		navigation := f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Slice
		if name != "" && name != "-" && !navigation && !strings.Contains(name, "@") {
			names = append(names, name)
		}
	}
	return names
}

// about refuses a filter, a search or an order by properties that are not among those known; a path counts by its first part.
func (o *options) about(known []string) error {
	for option, paths := range o.paths() {
		for _, p := range paths {
			head, _, _ := strings.Cut(p, "/")
			if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, head) }) {
				return fault.New(fault.Invalid, "read "+option, "there is no property %q that can be asked for", clip(p)).WithHint("there are %s", strings.Join(known, ", "))
			}
		}
	}
	if o.search != nil && !slices.Contains(known, shownName) {
		return unserved("$search")
	}
	return nil
}

// paths returns the properties that each option names.
func (o *options) paths() map[string][]string {
	out := map[string][]string{}
	if o.filter != nil {
		out["$filter"] = o.filter.Paths()
	}
	if o.search != nil {
		out["$search"] = o.search.Paths()
	}
	for _, k := range o.order {
		out["$orderby"] = append(out["$orderby"], k.Path)
	}
	return out
}

// unserved refuses an option that a list does not answer to, which is better than an answer that reads over it.
func unserved(option string) error {
	return fault.New(fault.Invalid, "read "+option, "this list cannot be asked with %s", option).WithHint("leave %s out, and choose among what comes", option)
}

// shown is what an item keeps: what is selected and what is expanded; nil is everything.
func (o *options) shown() []string {
	if o.selected == nil {
		return nil
	}
	out := slices.Clone(o.selected)
	for _, e := range o.expand {
		out = append(out, e.Name)
	}
	return out
}

// dress cuts an item down to what is selected of it, and of what is expanded in it.
func (o *options) dress(item object) object {
	for _, e := range o.expand {
		for name, v := range item {
			if list, ok := v.([]any); ok && strings.EqualFold(e.Name, name) {
				item[name] = trimmed(list, e)
			}
		}
	}
	return pick(item, o.shown())
}

// trimmed leaves of a list that was expanded what the options inside $expand ask for.
func trimmed(list []any, e odata.Expansion) []any {
	if e.Top > 0 {
		list = list[:min(e.Top, len(list))]
	}
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			pick(m, e.Select)
		}
	}
	return list
}
