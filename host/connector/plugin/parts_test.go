package plugin

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

func TestDescriptionTravels(t *testing.T) {
	d, _ := load(t, "wild")
	if diff := cmp.Diff(wild{}.Settings(), d.Settings()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(wild{}.Samples(), d.Samples()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(connector.CapabilitiesOf(wild{}), connector.CapabilitiesOf(d)); diff != "" {
		t.Error(diff)
	}
	schema, err := openSession(t, d, nil).Schema(t.Context())
	if diff := cmp.Diff(peopleAndTeams(), schema); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// TestPartsAreThereExactlyWhenThePluginHasThem compares what a session can do with what it can do through the wire, whatever it
// owns up to.
func TestPartsAreThereExactlyWhenThePluginHasThem(t *testing.T) {
	d, _ := load(t, "wild")
	all := strings.Fields("export batch delta deletions push lookup password oldPassword partitions hierarchy rename count test limited")
	rapid.Check(t, func(r *rapid.T) {
		parts := strings.Join(rapid.SliceOfDistinct(rapid.SampledFrom(all), rapid.ID[string]).Draw(r, "parts"), " ")
		s := openSession(t, d, map[string]string{"parts": parts})
		defer s.Close()
		if diff := cmp.Diff(connector.CapabilitiesOf(shaped{parts}), connector.CapabilitiesOf(s)); diff != "" {
			r.Fatalf("%s: %s", parts, diff)
		}
	})
	s := openSession(t, d, map[string]string{"parts": "none"})
	if diff := cmp.Diff(connector.CapabilitiesOf(bare{}), connector.CapabilitiesOf(s)); diff != "" {
		t.Fatalf("a bare session: %s", diff)
	}
}

func TestPartsThatAreDeniedAreUnsupported(t *testing.T) {
	d, _ := load(t, "wild")
	s, ctx := openSession(t, d, map[string]string{"parts": "none"}), t.Context()
	calls := map[string]func() error{
		"create":   func() error { _, err := s.Create(ctx, entry.Entry{}); return err },
		"update":   func() error { _, err := s.Update(ctx, "Person", "1", nil); return err },
		"delete":   func() error { return s.Delete(ctx, "Person", "1") },
		"export":   func() error { return s.Export(ctx, make([]connector.Export, 1))[0].Err },
		"mark":     func() error { _, err := s.Mark(ctx); return err },
		"delta":    func() error { return first(s.ImportSince(ctx, "Person", "")) },
		"watch":    func() error { return s.Watch(ctx, "Person", "") },
		"lookup":   func() error { _, err := s.Lookup(ctx, "Person", "a", "b"); return err },
		"password": func() error { return s.SetPassword(ctx, "Person", "1", connector.NewSecret("x")) },
		"change": func() error {
			return s.ChangePassword(ctx, "Person", "1", connector.NewSecret("x"), connector.NewSecret("y"))
		},
		"partitions": func() error { _, err := s.Partitions(ctx); return err },
		"containers": func() error { _, err := s.Containers(ctx, ""); return err },
		"count":      func() error { _, err := s.Count(ctx, "Person"); return err },
	}
	for name, call := range calls {
		if err := call(); !fault.Is(err, fault.Unsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Test(ctx); err != nil {
		t.Errorf("a plugin that answers passes the test: %v", err)
	}
}

func first(changes func(func(connector.Change, error) bool), _ func() connector.Watermark, err error) error {
	if err != nil {
		return err
	}
	for _, err := range changes {
		return err
	}
	return nil
}

const everything = "export batch delta deletions push lookup password oldPassword partitions hierarchy rename count test"

func TestWhatPartsSayTravels(t *testing.T) {
	d, _ := load(t, "wild")
	s, ctx := openSession(t, d, map[string]string{"parts": everything}), t.Context()
	t.Run("ErrorsInAnImport", func(t *testing.T) {
		var got []string
		for e, err := range s.Import(ctx, "Person") {
			got = append(got, e.ID)
			if err != nil {
				says(t, err, fault.Partial, "half of it")
			}
		}
		if len(got) != 2 || got[0] != "1" {
			t.Fatal(got)
		}
	})
	t.Run("Deltas", func(t *testing.T) {
		changes, next, err := s.ImportSince(ctx, "Person", "w")
		if err != nil {
			t.Fatal(err)
		}
		for c, err := range changes {
			if err != nil || !c.Deleted || c.Entry.ID != "1" {
				t.Fatal(c, err)
			}
		}
		if next() != "w\xff!" {
			t.Fatalf("%q", next())
		}
		if err := first(s.ImportSince(ctx, "Person", "old")); !fault.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
	})
	t.Run("Watching", func(t *testing.T) {
		if err := s.Watch(ctx, "Person", "now"); err != nil {
			t.Fatal(err)
		}
		ending, cancel := context.WithCancel(ctx)
		cancel()
		if err := s.Watch(ending, "Person", "later"); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	})
	t.Run("OutcomesThatAreMissingAreUnknown", func(t *testing.T) {
		rs := s.Export(ctx, make([]connector.Export, 3))
		if len(rs) != 3 || rs[0].Err != nil || rs[1].Err != nil {
			t.Fatal(rs)
		}
		says(t, rs[2].Err, fault.Timeout, "2 of 3 writes")
	})
	t.Run("PlacesAndCounts", func(t *testing.T) {
		ps, err := s.Partitions(ctx)
		if diff := cmp.Diff([]connector.Partition{{ID: "dc=a", Name: "A", Selected: true}, {ID: "dc=b"}}, ps); err != nil || diff != "" {
			t.Error(err, diff)
		}
		cs, err := s.Containers(ctx, "dc=a")
		if diff := cmp.Diff([]connector.Container{{DN: "ou=x,dc=a", Name: "x", Leaf: true}}, cs); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if n, err := s.Count(ctx, "Person"); n != 42 || err != nil {
			t.Error(n, err)
		}
	})
	t.Run("Tests", func(t *testing.T) {
		if err := s.Test(ctx); !fault.Is(err, fault.Denied) {
			t.Error(err)
		}
		var names []string
		for stage := range s.TestStages(ctx) {
			names = append(names, stage.Name)
			if stage.Name == "Connect" && !fault.Is(stage.Err, fault.Unavailable) {
				t.Error(stage.Err)
			}
		}
		if diff := cmp.Diff([]string{"Resolve", "Connect"}, names); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("PasswordsStayOutOfErrors", func(t *testing.T) {
		err := s.ChangePassword(ctx, "Person", "1", connector.NewSecret("0ld-pa55"), connector.NewSecret("n3w-pa55"))
		if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "pa55") {
			t.Error(err)
		}
		err = s.SetPassword(ctx, "Person", "1", connector.NewSecret("n3w-pa55"))
		if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "pa55") {
			t.Error(err)
		}
	})
}
