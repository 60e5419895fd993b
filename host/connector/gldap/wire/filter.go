package wire

// Filter is a search filter in its binary form. It is built from parts and never from text, so that no value can change its meaning.
type Filter func(*builder)

// And is true when all are; without parts it is true (RFC 4526).
func And(parts ...Filter) Filter { return several(0xa0, parts) }

// Or is true when one is; without parts it is false (RFC 4526).
func Or(parts ...Filter) Filter { return several(0xa1, parts) }

func several(tag byte, parts []Filter) Filter {
	return func(w *builder) {
		w.nest(tag, func() {
			for _, p := range parts {
				p(w)
			}
		})
	}
}

// Not is true when f is false.
func Not(f Filter) Filter { return func(w *builder) { w.nest(0xa2, func() { f(w) }) } }

// Equal is true when the attribute has the value, by the attribute's own matching rule.
func Equal(attr, value string) Filter { return compare(0xa3, attr, value) }

// AtLeast is true when the attribute has a value not below this one.
func AtLeast(attr, value string) Filter { return compare(0xa5, attr, value) }

func compare(tag byte, attr, value string) Filter {
	return func(w *builder) {
		w.nest(tag, func() {
			w.octets(tagOctets, attr)
			w.octets(tagOctets, value)
		})
	}
}

// Present is true when the attribute has a value.
func Present(attr string) Filter { return func(w *builder) { w.octets(0x87, attr) } }

// Encoded is a filter that was encoded elsewhere, from an administrator's text.
func Encoded(ber []byte) Filter { return func(w *builder) { w.b = append(w.b, ber...) } }

// Bytes returns the filter's encoding.
func (f Filter) Bytes() []byte {
	var w builder
	f(&w)
	return w.b
}
