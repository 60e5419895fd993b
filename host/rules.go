package host

import (
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// The target's own rules are checked before anything is sent, so that a mistake is named by its attribute, in the same words for
// every connector, and a value that is too long is never cut off. What only the target can know, it still refuses itself.

// allows checks a new object.
func (k *kind) allows(columns entry.Attrs) error {
	for _, a := range k.b.Object().Attributes {
		values := columns[a.Name]
		if len(values) == 0 && a.Required && !a.ReadOnly && !a.WriteOnly && a.Type != connector.Reference {
			return required("create", a.Name)
		}
		if err := k.fits("create", a, values); err != nil {
			return err
		}
	}
	return nil
}

func required(op, column string) error {
	return fault.New(fault.Invalid, op, "the target's attribute %s is required and has no value", column).About(column).
		WithHint("give it a value, or map one to it")
}

// permits checks an update. columns has what the object holds.
func (k *kind) permits(columns func(string) []entry.Value, edits []entry.Edit) error {
	for _, e := range edits {
		a, ok := k.b.Attribute(e.Attr)
		if !ok {
			continue
		}
		if e.Op != entry.Remove {
			if err := k.fits("update", a, e.Values); err != nil {
				return err
			}
		}
		if !a.Required && !a.Immutable || long(a) {
			continue
		}
		have := columns(e.Attr)
		after := entry.Apply(entry.Attrs{e.Attr: have}, single(k, []entry.Edit{e}))[e.Attr]
		switch {
		case a.Immutable && !entry.EqualValues(have, after):
			return fault.New(fault.Invalid, "update", "the target's attribute %s cannot change after the creation", e.Attr).About(e.Attr).
				WithHint("map it for new objects only")
		case a.Required && len(after) == 0 && len(have) > 0 && a.Type != connector.Reference:
			return required("update", e.Attr)
		}
	}
	return nil
}

// fits refuses values that are longer than the target's attribute.
func (k *kind) fits(op string, a connector.Attribute, values []entry.Value) error {
	limit := k.length(a)
	if limit <= 0 {
		return nil
	}
	for _, v := range values {
		n, unit := 0, "characters"
		switch v := v.(type) {
		case string:
			n = utf8.RuneCountInString(v)
		case []byte:
			n, unit = len(v), "bytes"
		}
		if n > limit {
			return fault.New(fault.Invalid, op, "the value has %d %s, and the target's attribute %s takes %d", n, unit, a.Name, limit).About(a.Name).
				WithHint("shorten the value in the mapping, for example with Left, or widen the attribute in the target")
		}
	}
	return nil
}
