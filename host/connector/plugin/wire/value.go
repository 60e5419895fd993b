package wire

import (
	"fmt"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
)

// FromValue writes a value. What is none, which is a mistake of the connector, becomes its text.
func FromValue(v entry.Value) *pb.Value {
	switch v := v.(type) {
	case string:
		return &pb.Value{Kind: &pb.Value_Text{Text: []byte(v)}}
	case bool:
		return &pb.Value{Kind: &pb.Value_Flag{Flag: v}}
	case int64:
		return &pb.Value{Kind: &pb.Value_Integer{Integer: v}}
	case float64:
		return &pb.Value{Kind: &pb.Value_Decimal{Decimal: v}}
	case []byte:
		return &pb.Value{Kind: &pb.Value_Binary{Binary: v}}
	case time.Time:
		return &pb.Value{Kind: &pb.Value_Time{Time: &pb.Time{Seconds: v.Unix(), Nanos: int32(v.Nanosecond())}}} //nolint:gosec // below 1e9
	case entry.Ref:
		return &pb.Value{Kind: &pb.Value_Ref{Ref: &pb.Ref{Type: []byte(v.Type), Id: []byte(v.ID)}}}
	case entry.Complex:
		c := &pb.Complex{Members: make([]*pb.Member, 0, len(v))}
		for name, x := range v {
			c.Members = append(c.Members, &pb.Member{Name: []byte(name), Value: FromValue(x)})
		}
		return &pb.Value{Kind: &pb.Value_Complex{Complex: c}}
	}
	return &pb.Value{Kind: &pb.Value_Text{Text: fmt.Append(nil, v)}}
}

// maxNesting bounds sub-objects within sub-objects: what goes deeper is no SCIM.
const maxNesting = 32

// ToValue reads a value; an error for one of no kind, as a newer or broken plugin may send.
func ToValue(m *pb.Value) (entry.Value, error) { return toValue(m, maxNesting) }

func toValue(m *pb.Value, depth int) (entry.Value, error) {
	switch k := m.GetKind().(type) {
	case *pb.Value_Text:
		return string(k.Text), nil
	case *pb.Value_Flag:
		return k.Flag, nil
	case *pb.Value_Integer:
		return k.Integer, nil
	case *pb.Value_Decimal:
		return k.Decimal, nil
	case *pb.Value_Binary:
		return append([]byte{}, k.Binary...), nil
	case *pb.Value_Time:
		return time.Unix(k.Time.GetSeconds(), int64(k.Time.GetNanos())).UTC(), nil
	case *pb.Value_Ref:
		return entry.Ref{Type: entry.Type(k.Ref.GetType()), ID: string(k.Ref.GetId())}, nil
	case *pb.Value_Complex:
		return toComplex(k.Complex, depth-1)
	}
	return nil, fmt.Errorf("a value has no kind")
}

func toComplex(m *pb.Complex, depth int) (entry.Value, error) {
	if depth == 0 {
		return nil, fmt.Errorf("a value is nested too deeply")
	}
	c := make(entry.Complex, len(m.GetMembers()))
	for _, x := range m.GetMembers() {
		v, err := toValue(x.GetValue(), depth)
		if err != nil {
			return nil, err
		}
		c[string(x.GetName())] = v
	}
	return c, nil
}

// FromValues writes a list of values.
func FromValues(vs []entry.Value) []*pb.Value {
	out := make([]*pb.Value, len(vs))
	for i, v := range vs {
		out[i] = FromValue(v)
	}
	return out
}

// ToValues reads a list of values.
func ToValues(ms []*pb.Value) ([]entry.Value, error) {
	out := make([]entry.Value, len(ms))
	for i, m := range ms {
		var err error
		if out[i], err = ToValue(m); err != nil {
			return nil, err
		}
	}
	return out, nil
}
