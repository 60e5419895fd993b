package wire

import (
	"fmt"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
)

// FromEntry writes an entry.
func FromEntry(e entry.Entry) *pb.Entry {
	m := &pb.Entry{Type: []byte(e.Type), Id: []byte(e.ID), Attrs: make([]*pb.Attr, 0, len(e.Attrs))}
	for name, vs := range e.Attrs {
		m.Attrs = append(m.Attrs, &pb.Attr{Name: []byte(name), Values: FromValues(vs)})
	}
	return m
}

// ToEntry reads an entry.
func ToEntry(m *pb.Entry) (entry.Entry, error) {
	e := entry.Entry{Type: entry.Type(m.GetType()), ID: string(m.GetId())}
	if n := len(m.GetAttrs()); n > 0 {
		e.Attrs = make(entry.Attrs, n)
	}
	for _, a := range m.GetAttrs() {
		vs, err := ToValues(a.GetValues())
		if err != nil {
			return e, fmt.Errorf("attribute %q: %w", a.GetName(), err)
		}
		e.Attrs[string(a.GetName())] = vs
	}
	return e, nil
}

// FromEntries writes many entries.
func FromEntries(es []entry.Entry) *pb.Entries {
	m := &pb.Entries{Entries: make([]*pb.Entry, len(es))}
	for i, e := range es {
		m.Entries[i] = FromEntry(e)
	}
	return m
}

// ToEntries reads many entries; nil when there are none.
func ToEntries(m *pb.Entries) ([]entry.Entry, error) {
	var out []entry.Entry
	for _, x := range m.GetEntries() {
		e, err := ToEntry(x)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// FromEdits writes edits.
func FromEdits(edits []entry.Edit) []*pb.Edit {
	out := make([]*pb.Edit, len(edits))
	for i, e := range edits {
		out[i] = &pb.Edit{Op: pb.Op(e.Op), Attr: []byte(e.Attr), Values: FromValues(e.Values)}
	}
	return out
}

// ToEdits reads edits.
func ToEdits(ms []*pb.Edit) ([]entry.Edit, error) {
	out := make([]entry.Edit, len(ms))
	for i, m := range ms {
		vs, err := ToValues(m.GetValues())
		if err != nil {
			return nil, err
		}
		out[i] = entry.Edit{Op: ToOp(m.GetOp()), Attr: string(m.GetAttr()), Values: vs}
	}
	return out, nil
}

// ToOp reads an operation; 0, which is none, for one that is unknown.
func ToOp(m pb.Op) entry.Op {
	if m < pb.Op_OP_UNSPECIFIED || m > pb.Op_OP_REMOVE {
		return 0
	}
	return entry.Op(m) //nolint:gosec // from 0 to 3
}

// FromWrites writes the writes of a batch.
func FromWrites(xs []connector.Export) []*pb.Write {
	out := make([]*pb.Write, len(xs))
	for i, x := range xs {
		out[i] = &pb.Write{Op: pb.Op(x.Op), Type: []byte(x.Type), Anchor: []byte(x.Anchor), Entry: FromEntry(x.Entry), Edits: FromEdits(x.Edits)}
	}
	return out
}

// ToWrites reads the writes of a batch.
func ToWrites(ms []*pb.Write) ([]connector.Export, error) {
	out := make([]connector.Export, len(ms))
	for i, m := range ms {
		e, err := ToEntry(m.GetEntry())
		if err != nil {
			return nil, err
		}
		edits, err := ToEdits(m.GetEdits())
		if err != nil {
			return nil, err
		}
		out[i] = connector.Export{Op: ToOp(m.GetOp()), Type: entry.Type(m.GetType()), Anchor: connector.Anchor(m.GetAnchor()), Entry: e, Edits: edits}
	}
	return out, nil
}

// FromResult writes what came of a write.
func FromResult(r connector.Result) *pb.Result {
	m := &pb.Result{Anchor: []byte(r.Anchor), Failure: FromError(r.Err)}
	if r.Err == nil {
		m.Entry = FromEntry(r.Entry)
	}
	return m
}

// ToResult reads what came of a write.
func ToResult(m *pb.Result) (connector.Result, error) {
	e, err := ToEntry(m.GetEntry())
	return connector.Result{Entry: e, Anchor: connector.Anchor(m.GetAnchor()), Err: ToError(m.GetFailure())}, err
}
