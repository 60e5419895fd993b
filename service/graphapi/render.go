package graphapi

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/graphapi/odata"
)

// object is a user or group as it goes out.
type object map[string]any

// render shows an object with the properties selected; the standard ones when selected is nil, all it has for "*".
func (s *shape) render(e entry.Entry, selected []string) object {
	out := object{"id": e.ID}
	switch {
	case selected == nil:
		for i := range s.properties {
			if s.properties[i].standard {
				s.show(out, e, &s.properties[i])
			}
		}
	case slices.Contains(selected, "*"):
		for i := range s.properties {
			s.show(out, e, &s.properties[i])
		}
		for name, vs := range e.Attrs {
			if s.index[strings.ToLower(name)] == nil && name != directory.Manager && name != directory.Members && name != owners && len(vs) > 0 {
				out[name] = plainValues(vs)
			}
		}
	default:
		for _, name := range selected {
			if p := s.index[strings.ToLower(name)]; p != nil {
				s.show(out, e, p)
			} else if len(e.Attrs[name]) > 0 && !isNavigation(name) || s.extends(name) {
				out[name] = plainValues(e.Attrs[name])
			}
		}
	}
	return out
}

func isNavigation(name string) bool {
	return slices.Contains([]string{directory.Manager, directory.Members, owners, "memberOf", "directReports"}, name)
}

func (s *shape) show(out object, e entry.Entry, p *property) {
	if p.sort == nested {
		inner, any := object{}, false
		for _, name := range p.inner {
			inner[name] = one(e.Attrs[name], nil)
			any = any || len(e.Attrs[name]) > 0
		}
		if out[p.name] = inner; !any {
			out[p.name] = nil
		}
		return
	}
	if p.sort == texts {
		out[p.name] = all(e.Attrs[p.name])
		return
	}
	out[p.name] = one(e.Attrs[p.name], p.absent)
}

func one(vs []entry.Value, absent any) any {
	if len(vs) == 0 {
		return absent
	}
	return scalar(vs[0])
}

func all(vs []entry.Value) []any {
	out := make([]any, len(vs))
	for i, v := range vs {
		out[i] = scalar(v)
	}
	return out
}

// plainValues shows an attribute that is in no table: null, a value, or a list of several.
func plainValues(vs []entry.Value) any {
	if len(vs) > 1 {
		return all(vs)
	}
	return one(vs, nil)
}

func scalar(v entry.Value) any {
	switch v := v.(type) {
	case time.Time:
		return instantText(v)
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case entry.Ref:
		return v.ID
	case entry.Complex:
		out := object{}
		for k, x := range v {
			out[k] = scalar(x)
		}
		return out
	}
	return v
}

// instantText writes a time as Graph does; the zero time is "never" (graph-api P14).
func instantText(t time.Time) string {
	if t.IsZero() {
		return "0001-01-01T00:00:00Z"
	}
	return t.UTC().Format("2006-01-02T15:04:05.999999999Z")
}

// typed is an object that says of what type it is, for lists of several types.
func typed(e entry.Entry, selected []string) object {
	if e.Type == directory.ServicePrincipal {
		return showPrincipal(e, selected)
	}
	s := shapeOf(e.Type)
	out := s.render(e, selected)
	out["@odata.type"] = s.kind
	return out
}

// values gives a filter an object's values.
func (s *shape) values(e entry.Entry) odata.Object {
	return func(path string) []any {
		name, ok := s.attribute(path)
		switch {
		case !ok:
			return nil
		case name == "id":
			return []any{e.ID}
		}
		vs := e.Attrs[name]
		if p := s.index[strings.ToLower(name)]; len(vs) == 0 && p != nil && p.absent != nil {
			return []any{p.absent}
		}
		out := make([]any, len(vs))
		for i, v := range vs {
			out[i] = v
		}
		return out
	}
}
