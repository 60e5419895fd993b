package mapping

import (
	"fmt"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/expr"
)

// Origin is where the value of a target attribute comes from.
type Origin struct {
	Mapping string              // as a person would write it: [mail], "text", Join(" ", [givenName], [surname])
	Sources map[string][]string // the source attributes it reads, and what they hold; "[Redact]" where no log may show it
	Default bool                // the source had no value, so the default was taken
}

// maxShown is how many values of an attribute an origin shows.
const maxShown = 10

// Origin tells where a target attribute's value comes from; false when no mapping writes it.
func (m *Mapping) Origin(target string, in Input) (Origin, bool) { return m.Origins(in)(target) }

// Origins returns Origin for many attributes of one object.
func (m *Mapping) Origins(in Input) func(target string) (Origin, bool) {
	ev := &evaluation{in: &in}
	return func(target string) (Origin, bool) {
		r, ok := m.byTarget[target]
		if !ok {
			return Origin{}, false
		}
		return r.origin(ev), true
	}
}

func (r *rule) origin(ev *evaluation) Origin {
	o := Origin{Mapping: r.written}
	hidden := r.expression != nil && r.expression.Redacted()
	if hidden {
		o.Mapping = "[Redact]"
	}
	for _, name := range r.reads {
		values := ev.attribute(name)
		if o.Sources == nil {
			o.Sources = make(map[string][]string, len(r.reads))
		}
		o.Sources[name] = shown(values, hidden)
	}
	if r.none {
		o.Default = r.standard != ""
	}
	if r.standard != "" && !r.none && ev.in.Creating && r.constant == nil {
		res, err := ev.value(r)
		o.Default = err == nil && res.kind == expr.Null
	}
	return o
}

// text is the mapping as a person would write it.
func (r *rule) text() string {
	switch {
	case r.expression != nil:
		return r.expression.String()
	case r.constant != nil:
		return expr.Quote(expr.Text(r.constant[0]))
	case r.none:
		return "none"
	}
	return "[" + r.source + "]"
}

func shown(values []entry.Value, hidden bool) []string {
	out := make([]string, 0, min(len(values), maxShown+1))
	for i, v := range values {
		switch {
		case i == maxShown:
			return append(out, fmt.Sprintf("… %d more", len(values)-maxShown))
		case hidden:
			out = append(out, "[Redact]")
		default:
			out = append(out, expr.Text(v))
		}
	}
	return out
}
