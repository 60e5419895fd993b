package wire

import (
	"maps"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
)

// FromSettings writes what can be configured.
func FromSettings(ss []connector.Setting) []*pb.Setting {
	out := make([]*pb.Setting, len(ss))
	for i, s := range ss {
		out[i] = &pb.Setting{Name: s.Name, Label: s.Label, Help: s.Help, Type: string(s.Type), Default: s.Default, Required: s.Required, Choices: s.Choices, Page: s.Page}
	}
	return out
}

// ToSettings reads what can be configured.
func ToSettings(ms []*pb.Setting) []connector.Setting {
	out := make([]connector.Setting, len(ms))
	for i, m := range ms {
		out[i] = connector.Setting{Name: m.GetName(), Label: m.GetLabel(), Help: m.GetHelp(), Type: connector.SettingType(m.GetType()), Default: m.GetDefault(),
			Required: m.GetRequired(), Choices: m.GetChoices(), Page: m.GetPage()}
	}
	return out
}

// FromSamples writes samples.
func FromSamples(ss []connector.Sample) []*pb.Sample {
	out := make([]*pb.Sample, len(ss))
	for i, s := range ss {
		out[i] = &pb.Sample{Name: s.Name, For: s.For, Config: s.Config, Privileges: s.Privileges, Setup: s.Setup}
	}
	return out
}

// ToSamples reads samples.
func ToSamples(ms []*pb.Sample) []connector.Sample {
	var out []connector.Sample
	for _, m := range ms {
		out = append(out, connector.Sample{Name: m.GetName(), For: m.GetFor(), Config: m.GetConfig(), Privileges: m.GetPrivileges(), Setup: m.GetSetup()})
	}
	return out
}

// FromCapabilities writes what a connector can do.
func FromCapabilities(c connector.Capabilities) *pb.Capabilities {
	return &pb.Capabilities{
		Export: c.Export, Shape: string(c.Shape), Batch: int32(min(c.Batch, 1<<30)), Delta: c.Delta, Deletions: c.Deletions, Push: c.Push, //nolint:gosec // bounded
		Lookup: c.Lookup, Password: c.Password, OldPassword: c.OldPassword, Partitions: c.Partitions, Hierarchy: c.Hierarchy, Rename: c.Rename, Dn: string(c.DN),
		Count: c.Count, Test: c.Test, Writers: int32(min(c.Writers, 1<<30)), Limited: c.Limited, Excuses: maps.Clone(c.Excuses), //nolint:gosec // bounded
	}
}

// ToCapabilities reads what a connector can do.
func ToCapabilities(m *pb.Capabilities) connector.Capabilities {
	return connector.Capabilities{
		Export: m.GetExport(), Shape: connector.ExportShape(m.GetShape()), Batch: int(m.GetBatch()), Delta: m.GetDelta(), Deletions: m.GetDeletions(), Push: m.GetPush(),
		Lookup: m.GetLookup(), Password: m.GetPassword(), OldPassword: m.GetOldPassword(), Partitions: m.GetPartitions(), Hierarchy: m.GetHierarchy(),
		Rename: m.GetRename(), DN: connector.DNStyle(m.GetDn()), Count: m.GetCount(), Test: m.GetTest(), Writers: int(m.GetWriters()), Limited: m.GetLimited(),
		Excuses: m.GetExcuses(),
	}
}

// FromSchema writes a schema.
func FromSchema(s connector.Schema) *pb.SchemaReply {
	m := &pb.SchemaReply{}
	for _, o := range s.Types {
		t := &pb.ObjectType{Name: []byte(o.Name), Dn: []byte(o.DN)}
		for _, a := range o.Anchor {
			t.Anchor = append(t.Anchor, []byte(a))
		}
		for _, a := range o.Attributes {
			t.Attributes = append(t.Attributes, &pb.Attribute{Name: []byte(a.Name), Type: string(a.Type), MultiValued: a.MultiValued, Required: a.Required, ReadOnly: a.ReadOnly,
				Immutable: a.Immutable, Unique: a.Unique, CaseExact: a.CaseExact, WriteOnly: a.WriteOnly, RefType: []byte(a.RefType), Length: int64(a.Length)})
		}
		m.Types = append(m.Types, t)
	}
	return m
}

// ToSchema reads a schema.
func ToSchema(m *pb.SchemaReply) connector.Schema {
	var s connector.Schema
	for _, t := range m.GetTypes() {
		o := connector.ObjectType{Name: entry.Type(t.GetName()), DN: string(t.GetDn())}
		for _, a := range t.GetAnchor() {
			o.Anchor = append(o.Anchor, string(a))
		}
		for _, a := range t.GetAttributes() {
			o.Attributes = append(o.Attributes, connector.Attribute{Name: string(a.GetName()), Type: connector.DataType(a.GetType()), MultiValued: a.GetMultiValued(),
				Required: a.GetRequired(), ReadOnly: a.GetReadOnly(), Immutable: a.GetImmutable(), Unique: a.GetUnique(), CaseExact: a.GetCaseExact(),
				WriteOnly: a.GetWriteOnly(), RefType: entry.Type(a.GetRefType()), Length: int(a.GetLength())})
		}
		s.Types = append(s.Types, o)
	}
	return s
}

// FromStage writes a step of a test.
func FromStage(s connector.Stage) *pb.Stage {
	return &pb.Stage{Name: clean(s.Name), Detail: clean(s.Detail), Failure: FromError(s.Err)}
}

// ToStage reads a step of a test.
func ToStage(m *pb.Stage) connector.Stage {
	return connector.Stage{Name: m.GetName(), Detail: m.GetDetail(), Err: ToError(m.GetFailure())}
}
