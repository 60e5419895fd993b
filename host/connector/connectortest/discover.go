package connectortest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Discover makes a harness for a target that is there: it reads the schema and gives the attributes of t their parts. patterns say
// what a new object holds, attribute to text in which {n} becomes a number that no other object has ("dn":
// "uid=kit{n},ou=people,dc=example", and "Group.dn" for groups); required attributes without one get made-up values.
func Discover(ctx context.Context, open func(context.Context) (connector.Session, error), t entry.Type, patterns map[string]string) (Harness, error) {
	s, err := open(ctx)
	if err != nil {
		return Harness{}, err
	}
	defer s.Close()
	schema, err := s.Schema(ctx)
	if err != nil {
		return Harness{}, fault.Wrap(fault.Unavailable, "read the schema", err)
	}
	o, ok := schema.Type(t)
	if !ok {
		var names []string
		for _, o := range schema.Types {
			names = append(names, string(o.Name))
		}
		return Harness{}, fault.New(fault.NotFound, "find the object type", "the target has no type %q", t).
			WithHint("it has: %s", strings.Join(names, ", "))
	}
	for name := range patterns {
		if _, ok := o.Attribute(name); !ok && !ofAnother(schema, name) {
			return Harness{}, fault.New(fault.Invalid, "make samples", "%s has no attribute %q", t, name).
				WithHint("spelling counts, as in the schema; that of another type is TYPE.ATTRIBUTE")
		}
	}
	m := maker{object: o, patterns: patterns, run: runName()}
	h := Harness{Open: open, Type: t, Sample: m.sample, Scale: defaultScale / 10}
	h.spares = spares{maker: m, why: map[string]string{}, companies: m.companies(schema)}
	m.cast(&h)
	return h, nil
}

// runName tells the objects of one run from those of all others.
func runName() string {
	b := make([]byte, 4)
	_, _ = rand.Read(b) // never fails
	return "kit" + hex.EncodeToString(b)
}

// maker makes up objects of a type.
type maker struct {
	object   connector.ObjectType
	patterns map[string]string
	run      string
}

// cast gives each part to the first attribute that can play it.
func (m maker) cast(h *Harness) {
	for _, a := range m.object.Attributes {
		_, fixed := m.patterns[a.Name]
		key := fixed || m.anchors(a.Name) || a.Name == m.object.DN
		if a.ReadOnly || a.WriteOnly || a.Immutable {
			continue
		}
		switch {
		case a.Type == connector.String && a.Unique && !a.MultiValued && !fixed && h.Unique == "" && !m.anchors(a.Name) && a.Name != m.object.DN:
			h.Unique = a.Name
		case a.Type == connector.String && a.Required && !a.MultiValued && !key && h.Required == "":
			h.Required = a.Name
		case key || a.Required || a.Unique:
		case a.Type == connector.String && !a.MultiValued && (a.Length == 0 || a.Length >= textRoom):
			h.spares.texts = append(h.spares.texts, a)
		case a.Type == connector.Boolean && !a.MultiValued:
			h.spares.flags = append(h.spares.flags, a)
		case a.Type == connector.String && a.MultiValued:
			h.spares.lists = append(h.spares.lists, a)
		case a.Type == connector.JSON && a.MultiValued:
			h.spares.papers = append(h.spares.papers, a)
		case m.pointsHere(a):
			h.spares.links = append(h.spares.links, a)
		}
	}
	all := func(connector.Attribute) bool { return true }
	*h = h.withText(first(h.spares.texts, all))
	h.Flag = first(h.spares.flags, all).Name
	if h.Unique == "" {
		h.spares.why["Unique"] = "the schema has no other String that is unique and can be written"
	}
	if h.Required == "" { // everything that is required is a key: one of these names the objects
		h.Required = m.naming()
	}
}

// textRoom is how many characters a column of any text takes at least.
const textRoom = 200

func (m maker) anchors(name string) bool {
	for _, a := range m.object.Anchor {
		if a == name {
			return true
		}
	}
	return false
}

// naming returns a required, or else any, single-valued String that can be written.
func (m maker) naming() string {
	best := ""
	for _, a := range m.object.Attributes {
		if a.Type != connector.String || a.MultiValued || a.ReadOnly || a.WriteOnly {
			continue
		}
		if a.Required {
			return a.Name
		}
		if best == "" {
			best = a.Name
		}
	}
	return best
}

// sample makes the n-th object: what the patterns say, and a value for each other attribute that is required, unique or the anchor.
func (m maker) sample(n int) entry.Attrs {
	a := entry.Attrs{}
	for _, x := range m.object.Attributes {
		pattern, given := m.patterns[x.Name]
		needed := x.Required || x.Unique && x.Name != m.object.DN || m.anchors(x.Name) // a place in a tree cannot be made up
		switch {
		case given:
			a[x.Name] = []entry.Value{m.typed(x, strings.ReplaceAll(pattern, "{n}", m.run+strconv.Itoa(n)))}
		case needed && !x.ReadOnly && x.Type != connector.Reference:
			a[x.Name] = []entry.Value{m.made(x, n)}
		}
	}
	return a
}

// made is a value for an attribute that no pattern names.
func (m maker) made(a connector.Attribute, n int) entry.Value {
	switch a.Type {
	case connector.Integer:
		return int64(1_500_000_000 + n)
	case connector.Decimal:
		return float64(n)
	case connector.Boolean:
		return n%2 == 0
	case connector.DateTime:
		return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	case connector.Binary:
		return []byte(m.run)
	case connector.JSON:
		return entry.Complex{"value": m.run}
	}
	return m.run + "-" + strconv.Itoa(n)
}

// typed reads a pattern's text as the attribute's type; a text that does not fit is left for the target to refuse.
func (m maker) typed(a connector.Attribute, text string) entry.Value {
	switch a.Type {
	case connector.Integer:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	case connector.Boolean:
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	}
	return text
}
