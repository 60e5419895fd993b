package binding

import (
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Coerce gives values that a connector returned the type that its schema says: an Integer that came as text becomes a number.
// Values that fit already, which is the rule, are returned as they are. fault.Invalid names the attribute.
func Coerce(a connector.Attribute, values []entry.Value) ([]entry.Value, error) {
	for i, v := range values {
		if a.Type.Holds(v) {
			continue
		}
		out := make([]entry.Value, len(values))
		copy(out, values[:i])
		for j := i; j < len(values); j++ {
			x, err := toColumn(part{attr: a.Name, column: a}, values[j])
			if err != nil {
				return nil, fault.New(fault.Invalid, "read", "%s holds a value that is no %s", a.Name, a.Type).About(a.Name).
					WithHint("correct the value in the target, or the attribute's type in the connector's settings")
			}
			out[j] = x
		}
		return out, nil
	}
	return values, nil
}
