package graphapi

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/graphapi/odata"
)

// readProperties reads a body's properties into attributes: one that is null or empty comes with an empty list, which clears it.
// Annotations are read over, and so is a password, which Sallyport does not keep (graph-api P3).
func (s *shape) readProperties(raw map[string]json.RawMessage) (entry.Attrs, error) {
	out := entry.Attrs{}
	if err := once(raw); err != nil {
		return nil, err
	}
	for name, data := range raw {
		if strings.Contains(name, "@") || strings.EqualFold(name, "passwordProfile") {
			continue
		}
		if err := s.readProperty(out, name, data); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// once refuses a property that stands there twice in different cases: which of them counts, nobody could say.
func once(raw map[string]json.RawMessage) error {
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		fold := strings.ToLower(name)
		if first, twice := seen[fold]; twice {
			return badProperty(name, "the property stands there twice, as %q and as %q", clip(first), clip(name))
		}
		seen[fold] = name
	}
	return nil
}

func (s *shape) readProperty(out entry.Attrs, name string, data json.RawMessage) error {
	p := s.index[strings.ToLower(name)]
	switch {
	case name == "id" || p != nil && p.computed:
		return badProperty(name, "it cannot be set")
	case isNavigation(name):
		return badProperty(name, "it is set by its own path, /%s/$ref", name)
	case p == nil:
		vs, err := looseValues(name, data)
		out[name] = vs
		return err
	case p.sort == nested:
		return p.readNested(out, data)
	}
	vs, err := p.read(data)
	out[p.name] = vs
	return err
}

func badProperty(name, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "read the request", format, args...).About(clip(name))
}

func (p *property) readNested(out entry.Attrs, data json.RawMessage) error {
	var sub map[string]json.RawMessage
	if err := json.Unmarshal(data, &sub); err != nil {
		return badProperty(p.name, "it takes an object")
	}
	if err := once(sub); err != nil {
		return err
	}
	if sub == nil {
		for _, name := range p.inner {
			out[name] = nil
		}
		return nil
	}
	for key, value := range sub {
		found := strings.Contains(key, "@")
		for _, name := range p.inner {
			if strings.EqualFold(name, key) {
				vs, err := (&property{name: name}).read(value)
				if err != nil {
					return err
				}
				out[name], found = vs, true
			}
		}
		if !found {
			return badProperty(p.name, "it has no property %q", clip(key))
		}
	}
	return nil
}

// read reads a value of the property's sort.
func (p *property) read(data json.RawMessage) ([]entry.Value, error) {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, badProperty(p.name, "%w", err)
	}
	if v == nil {
		return []entry.Value{}, nil
	}
	switch p.sort {
	case texts:
		list, ok := v.([]any)
		if !ok {
			return nil, badProperty(p.name, "it takes a list of texts")
		}
		out := []entry.Value{}
		for _, x := range list {
			s, ok := x.(string)
			if !ok {
				return nil, badProperty(p.name, "it takes texts")
			}
			out = append(out, s)
		}
		return out, nil
	case flag:
		if b, ok := v.(bool); ok {
			return []entry.Value{b}, nil
		}
		return nil, badProperty(p.name, "it takes true or false")
	case instant:
		s, _ := v.(string)
		t, err := odata.ParseTime(s)
		if err != nil {
			return nil, badProperty(p.name, "%q is not a time like 2026-01-31T00:00:00Z", clip(s))
		}
		return []entry.Value{t}, nil
	}
	if s, ok := v.(string); ok {
		if s == "" {
			return []entry.Value{}, nil
		}
		return []entry.Value{s}, nil
	}
	return nil, badProperty(p.name, "it takes a text")
}

// looseValues reads an attribute that is in no table: texts, booleans and numbers, one or several.
func looseValues(name string, data json.RawMessage) ([]entry.Value, error) {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, badProperty(name, "%w", err)
	}
	list, many := v.([]any)
	if !many {
		list = []any{v}
	}
	out := []entry.Value{}
	for _, x := range list {
		switch x := x.(type) {
		case nil:
		case string, bool:
			out = append(out, x)
		case float64:
			if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
				out = append(out, int64(x))
			} else {
				out = append(out, x)
			}
		default:
			return nil, badProperty(name, "an object cannot be stored here")
		}
	}
	return out, nil
}

// bound reads a list of object URLs, as members@odata.bind has them.
func bound(raw map[string]json.RawMessage, name string) ([]entry.Ref, error) {
	data, ok := raw[name]
	if !ok {
		return nil, nil
	}
	var urls []string
	if err := json.Unmarshal(data, &urls); err != nil {
		return nil, badProperty(name, "it takes a list of URLs")
	}
	if len(urls) > 20 {
		return nil, badProperty(name, "it takes at most 20 URLs, not %d", len(urls))
	}
	out := make([]entry.Ref, 0, len(urls))
	for _, u := range urls {
		id := lastKey(u)
		if id == "" {
			return nil, badProperty(name, "%q is not the URL of an object", clip(u))
		}
		out = append(out, entry.Ref{ID: id})
	}
	return out, nil
}

// owners is the attribute, and navigation, of who looks after a group.
const owners = "owners"
