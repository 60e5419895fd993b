package wire

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
)

// text draws any bytes: what a directory holds need not be UTF-8.
func text() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "text")) })
}

func value(depth int) *rapid.Generator[entry.Value] {
	return rapid.Custom(func(t *rapid.T) entry.Value {
		switch rapid.IntRange(0, min(depth, 1)+6).Draw(t, "sort") {
		case 0:
			return text().Draw(t, "v")
		case 1:
			return rapid.Bool().Draw(t, "v")
		case 2:
			return rapid.Int64().Draw(t, "v")
		case 3:
			return rapid.Float64().Draw(t, "v")
		case 4:
			return rapid.SliceOf(rapid.Byte()).Draw(t, "v")
		case 5:
			return time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "n")).UTC()
		case 6:
			return entry.Ref{Type: entry.Type(text().Draw(t, "type")), ID: text().Draw(t, "id")}
		}
		c := entry.Complex{}
		for range rapid.IntRange(0, 3).Draw(t, "members") {
			c[text().Draw(t, "name")] = value(depth-1).Draw(t, "member")
		}
		return c
	})
}

func object() *rapid.Generator[entry.Entry] {
	return rapid.Custom(func(t *rapid.T) entry.Entry {
		return entry.Entry{Type: entry.Type(text().Draw(t, "type")), ID: text().Draw(t, "id"),
			Attrs: entry.Attrs(rapid.MapOf(text(), rapid.SliceOf(value(3))).Draw(t, "attrs"))}
	})
}

// over marshals a message and reads it again, as the connection does.
func over[T proto.Message](t *rapid.T, m, into T) T {
	raw, err := proto.Marshal(m)
	if err == nil {
		err = proto.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
	return into
}

func TestEntriesComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := object().Draw(t, "entry")
		got, err := ToEntry(over(t, FromEntry(want), &pb.Entry{}))
		if err != nil || got.Type != want.Type || got.ID != want.ID || len(got.Attrs) != len(want.Attrs) {
			t.Fatalf("%+v %v", got, err)
		}
		for name, vs := range want.Attrs {
			if len(got.Attrs[name]) != len(vs) {
				t.Fatalf("%q: %v", name, got.Attrs[name])
			}
			for i := range vs {
				if !entry.Equal(vs[i], got.Attrs[name][i]) {
					t.Fatalf("%q: %#v became %#v", name, vs[i], got.Attrs[name][i])
				}
			}
		}
	})
}

func TestWritesComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		op := rapid.SampledFrom([]entry.Op{entry.Add, entry.Replace, entry.Remove})
		want := []connector.Export{{Op: op.Draw(t, "op"), Type: "User", Anchor: connector.Anchor(text().Draw(t, "anchor")), Entry: object().Draw(t, "entry"),
			Edits: []entry.Edit{{Op: op.Draw(t, "edit"), Attr: text().Draw(t, "attr"), Values: rapid.SliceOf(value(2)).Draw(t, "values")}}}}
		got, err := ToWrites(over(t, &pb.ExportRequest{Writes: FromWrites(want)}, &pb.ExportRequest{}).GetWrites())
		if err != nil || len(got) != 1 || got[0].Op != want[0].Op || got[0].Anchor != want[0].Anchor || got[0].Edits[0].Op != want[0].Edits[0].Op ||
			got[0].Edits[0].Attr != want[0].Edits[0].Attr || len(got[0].Edits[0].Values) != len(want[0].Edits[0].Values) {
			t.Fatalf("%+v %v", got, err)
		}
	})
}

func TestFailuresTravelWithTheirCauses(t *testing.T) {
	deep := fault.New(fault.Denied, "bind", "%w", context.DeadlineExceeded).WithHint("grant it")
	whole := &fault.Error{Op: "log in", Kind: fault.Throttled, Object: "ann", RetryAfter: 1500 * time.Millisecond, Err: fmt.Errorf("the server: %w", deep)}
	for name, err := range map[string]error{
		"Chain": whole, "Plain": errors.New("x"), "Joined": errors.Join(errors.New("a"), deep), "Bare": &fault.Error{Kind: fault.Exists},
		"NotUTF8": fault.New(fault.Invalid, "write", "bad byte \xff here"),
	} {
		t.Run(name, func(t *testing.T) {
			got := ToError(FromError(err))
			if want := strings.ToValidUTF8(err.Error(), "\uFFFD"); got.Error() != want {
				t.Errorf("says %q, said %q", got, want)
			}
			if fault.KindOf(got) != fault.KindOf(err) || fault.HintOf(got) != fault.HintOf(err) || fault.RetryAfterOf(got) != fault.RetryAfterOf(err) {
				t.Errorf("%v: kind %s, hint %q", got, fault.KindOf(got), fault.HintOf(got))
			}
			if _, ok := errors.AsType[*fault.Error](errors.Unwrap(errors.Unwrap(got))); name == "Chain" && !ok {
				t.Error("the inner fault is lost")
			}
			if again := ToError(FailureOf(Status(err))); again.Error() != got.Error() {
				t.Errorf("as a status it says %q", again)
			}
		})
	}
	if ToError(FromError(nil)) != nil || Status(nil) != nil || FailureOf(errors.New("x")) != nil {
		t.Error("nothing became something")
	}
	if ToError(&pb.Failure{}) == nil {
		t.Error("a failure without causes is still one")
	}
}

func TestAnErrorThatNeverEndsIsCut(t *testing.T) {
	err := error(fault.New(fault.Invalid, "a", "b"))
	for range 1000 {
		err = fault.Wrap(fault.Invalid, "again", err)
	}
	if n := len(FromError(err).GetCauses()); n != maxCauses {
		t.Errorf("%d causes", n)
	}
	if n := len(FromError(errors.New(strings.Repeat("x", 1<<20))).GetCauses()[0].GetMessage()); n > maxText+8 {
		t.Errorf("%d bytes", n)
	}
}

func TestSchemaAndCapabilitiesComeBackAsTheyWere(t *testing.T) {
	schema := connector.Schema{Types: []connector.ObjectType{{Name: "User", Anchor: []string{"a", "b\xff"}, DN: "dn", Attributes: []connector.Attribute{
		{Name: "all\xff", Type: connector.Reference, MultiValued: true, Required: true, ReadOnly: true, Immutable: true, Unique: true, CaseExact: true, WriteOnly: true, RefType: "Group", Length: 9}}}}}
	if d := cmp.Diff(schema, ToSchema(FromSchema(schema))); d != "" {
		t.Error(d)
	}
	can := connector.Capabilities{Export: true, Shape: connector.ObjectReplace, Batch: 3, Delta: true, Deletions: true, Push: true, Lookup: true, Password: true, OldPassword: true,
		Partitions: true, Hierarchy: true, Rename: true, DN: connector.DNLDAP, Count: true, Test: true, Writers: 4, Limited: true, Excuses: map[string]string{"a": "b"}}
	if d := cmp.Diff(can, ToCapabilities(FromCapabilities(can))); d != "" {
		t.Error(d)
	}
}

// FuzzRead gives the reading side whatever bytes a broken plugin might send: it answers, and never falls.
func FuzzRead(f *testing.F) {
	seed, err := proto.Marshal(&pb.Changes{Changes: []*pb.Change{{Entry: FromEntry(entry.Entry{Type: "User", Attrs: entry.Attrs{"a": {entry.Complex{"b": entry.Complex{"c": "d"}}}}})}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	deep := &pb.Value{Kind: &pb.Value_Text{Text: []byte("x")}}
	for range 200 {
		deep = &pb.Value{Kind: &pb.Value_Complex{Complex: &pb.Complex{Members: []*pb.Member{{Name: []byte("n"), Value: deep}}}}}
	}
	if _, err := ToValue(deep); err == nil {
		f.Error("a value nested two hundred times was taken")
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var c pb.Changes
		if proto.Unmarshal(raw, &c) == nil {
			for _, x := range c.GetChanges() {
				if e, err := ToEntry(x.GetEntry()); err == nil {
					if again, err := ToEntry(FromEntry(e)); err != nil || again.ID != e.ID {
						t.Errorf("%+v is not read again: %v", e, err)
					}
				}
			}
		}
		var w pb.ExportRequest
		if proto.Unmarshal(raw, &w) == nil {
			_, _ = ToWrites(w.GetWrites())
		}
		var failure pb.Failure
		if proto.Unmarshal(raw, &failure) == nil && ToError(&failure) == nil {
			t.Error("a failure is no error")
		}
		var s pb.SchemaReply
		if proto.Unmarshal(raw, &s) == nil {
			ToSchema(&s)
		}
	})
}
