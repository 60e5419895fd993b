package connectortest_test

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/connectortest"
	"github.com/sallyport-id/sallyport/host/connector/mem"
)

// whole is every optional part of the contract that mem has.
type whole interface {
	connector.Session
	connector.Exporter
	connector.BatchExporter
	connector.DeltaImporter
	connector.Watcher
	connector.Lookup
	connector.PasswordSetter
	connector.PasswordChanger
	connector.Partitioner
	connector.Counter
	connector.Tester
	connector.Limits
	connector.Describer
}

// mutant is mem with one promise broken.
type mutant struct {
	whole
	broken string
}

func (m mutant) Create(ctx context.Context, e entry.Entry) (entry.Entry, error) {
	if t := e.Attrs.Text("note"); m.broken == "trims text" && t != "" {
		e = e.Clone()
		e.Attrs["note"] = []entry.Value{strings.TrimSpace(t)}
	}
	if m.broken == neverEmpty && e.Type == "Person" {
		e = e.Clone()
		for name, v := range map[string]entry.Value{"kind": "plain", "active": true} {
			if len(e.Attrs[name]) == 0 {
				e.Attrs[name] = []entry.Value{v}
			}
		}
	}
	if m.broken == "names every failure a timeout" {
		made, err := m.whole.Create(ctx, e)
		if err != nil {
			err = fault.New(fault.Timeout, "create", "something went wrong")
		}
		return made, err
	}
	return m.whole.Create(ctx, e)
}

// neverEmpty is a target whose attributes kind and active are NOT NULL with a default. That breaks no promise.
const neverEmpty = "has attributes that are never empty"

// refusesLists is a target that takes no phones. That breaks no promise either.
const refusesLists = "takes no phones"

func (m mutant) Update(ctx context.Context, t entry.Type, a connector.Anchor, edits []entry.Edit) (connector.Anchor, error) {
	if m.broken == neverEmpty && slices.ContainsFunc(edits, func(e entry.Edit) bool {
		return (e.Attr == "kind" || e.Attr == "active") && (len(e.Values) == 0 || e.Op == entry.Remove)
	}) {
		return "", fault.New(fault.Invalid, "update", "the column must not be null")
	}
	if m.broken == refusesLists && slices.ContainsFunc(edits, func(e entry.Edit) bool { return e.Attr == "phones" }) {
		return "", fault.New(fault.Invalid, "update", "phones are for the telephone exchange")
	}
	if m.broken == "ignores clearing" {
		edits = slices.DeleteFunc(slices.Clone(edits), func(e entry.Edit) bool { return len(e.Values) == 0 })
	}
	if m.broken == "adds to what it should replace" {
		edits = slices.Clone(edits)
		for i, e := range edits {
			if e.Op == entry.Replace && e.Attr == "phones" && len(e.Values) > 0 {
				edits[i].Op = entry.Add
			}
		}
	}
	return m.whole.Update(ctx, t, a, edits)
}

func (m mutant) Delete(ctx context.Context, t entry.Type, a connector.Anchor) error {
	err := m.whole.Delete(ctx, t, a)
	if m.broken == "deletes nobody gladly" && fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

func (m mutant) Import(ctx context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		n := 0
		for e, err := range m.whole.Import(ctx, t) {
			if n++; m.broken == "imports the first page only" && n > 1000 {
				return
			}
			if e.ID != "" && m.broken == "imports dates as text" {
				e = e.Clone()
				e.Attrs["floor"] = []entry.Value{fmt.Sprint(e.Attrs.First("floor"))}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (m mutant) Lookup(ctx context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	if text, ok := v.(string); ok && m.broken == "takes a star for a wildcard" && strings.HasSuffix(text, "*") && attr == "note" {
		var all []entry.Entry
		for e, err := range m.whole.Import(ctx, t) {
			if err == nil && strings.HasPrefix(e.Attrs.Text(attr), strings.TrimSuffix(text, "*")) {
				all = append(all, e)
			}
		}
		return all, nil
	}
	found, err := m.whole.Lookup(ctx, t, attr, v)
	if m.broken == "looks unknown attributes up" && fault.Is(err, fault.Invalid) {
		return nil, nil
	}
	return found, err
}

func (m mutant) ImportSince(ctx context.Context, t entry.Type, w connector.Watermark) (iter.Seq2[connector.Change, error], func() connector.Watermark, error) {
	changes, next, err := m.whole.ImportSince(ctx, t, w)
	if m.broken == "forgets nothing" && fault.Is(err, fault.Conflict) {
		return func(func(connector.Change, error) bool) {}, func() connector.Watermark { return w }, nil
	}
	if m.broken == "counts the watermark from the end" && err == nil {
		return func(func(connector.Change, error) bool) {}, next, nil // as if nothing had come before it
	}
	return func(yield func(connector.Change, error) bool) {
		for c, err := range changes {
			if m.broken == "tells no deletions" && c.Deleted {
				continue
			}
			if !yield(c, err) {
				return
			}
		}
	}, next, err
}

func (m mutant) Export(ctx context.Context, xs []connector.Export) []connector.Result {
	out := m.whole.Export(ctx, xs)
	switch m.broken {
	case "answers a batch in another order":
		slices.Reverse(out)
	case "lets one failure fail a batch":
		for _, r := range out {
			if r.Err != nil {
				for i := range out {
					out[i].Err = r.Err
				}
			}
		}
	}
	return out
}

func (m mutant) SetPassword(ctx context.Context, t entry.Type, a connector.Anchor, p connector.Secret) error {
	err := m.whole.SetPassword(ctx, t, a, p)
	if m.broken == "sets passwords of nobody" {
		return nil
	}
	return err
}

func (m mutant) ChangePassword(ctx context.Context, t entry.Type, a connector.Anchor, was, want connector.Secret) error {
	if m.broken == "does not look at the old password" {
		return m.whole.SetPassword(ctx, t, a, want)
	}
	return m.whole.ChangePassword(ctx, t, a, was, want)
}

func (m mutant) Count(ctx context.Context, t entry.Type) (int, error) {
	n, err := m.whole.Count(ctx, t)
	if m.broken == "counts one more" {
		n++
	}
	return n, err
}

func (m mutant) Capabilities() connector.Capabilities {
	c := m.whole.Capabilities()
	switch m.broken {
	case "lacks without a word":
		c.Partitions = false
	case "counts the watermark from the end":
		c.Push = false // nobody would wait a minute for a push that is never read
	}
	return c
}

func attributes() connector.Schema {
	return connector.Schema{Types: []connector.ObjectType{{Name: "Person", Anchor: []string{"login"}, Attributes: []connector.Attribute{
		{Name: "login", Type: connector.String, Required: true, Unique: true, CaseExact: true},
		{Name: "surname", Type: connector.String, Required: true, CaseExact: true}, {Name: "badge", Type: connector.String, Unique: true, CaseExact: true},
		{Name: "kind", Type: connector.String, CaseExact: true}, {Name: "active", Type: connector.Boolean}, {Name: "left", Type: connector.Boolean},
		{Name: "note", Type: connector.String, CaseExact: true}, {Name: "floor", Type: connector.Integer},
		{Name: "phones", Type: connector.String, MultiValued: true, CaseExact: true}, {Name: "secret", Type: connector.String, WriteOnly: true},
		{Name: "boss", Type: connector.Reference, RefType: "Person"}, {Name: "papers", Type: connector.JSON, MultiValued: true},
	}}, {Name: "Team", Anchor: []string{"title"}, Attributes: []connector.Attribute{
		{Name: "title", Type: connector.String, Required: true, Unique: true, CaseExact: true},
		{Name: "people", Type: connector.Reference, RefType: "Person", MultiValued: true},
	}}}}
}

// harness reaches a population through a mutant; there is somebody in it already.
func harness(t *testing.T, broken string) connectortest.Harness {
	t.Helper()
	d := mem.With(attributes())
	open := func(ctx context.Context) (connector.Session, error) {
		s, err := d.Open(ctx, connector.Config{Name: "x", Values: map[string]string{"batch": "40"}})
		if err != nil {
			return nil, err
		}
		return mutant{s.(whole), broken}, nil
	}
	s, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.(mutant).whole.Create(t.Context(), entry.Entry{Type: "Person", Attrs: entry.Attrs{"login": {"resident"}, "surname": {"Resident"}, "floor": {int64(1)}}}); err != nil {
		t.Fatal(err)
	}
	return connectortest.Harness{
		Open: open, Type: "Person", Anchor: "login", Required: "surname", Unique: "badge", Text: "note", Number: "floor", Many: "phones", Scale: 1100,
		Sample: func(n int) entry.Attrs {
			return entry.Attrs{"login": {fmt.Sprint("login", n)}, "surname": {fmt.Sprint("Surname ", n)}, "badge": {fmt.Sprint("badge", n)}, "floor": {int64(n)}}
		},
	}
}

func failing(t *testing.T, h connectortest.Harness, o connectortest.Options) (failed []string, passed int) {
	t.Helper()
	for v := range connectortest.Judge(t.Context(), h, o) {
		switch v.Outcome {
		case connectortest.Failed:
			failed = append(failed, v.Check)
		case connectortest.Passed:
			passed++
		}
	}
	return failed, passed
}

func TestMain(m *testing.M) {
	flag.Parse()
	for name, value := range map[string]string{"rapid.shrinktime": "50ms", "rapid.nofailfile": "true"} { // the failures are meant
		if err := flag.Set(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func TestEachBrokenPromiseFailsItsCheck(t *testing.T) {
	for broken, check := range map[string]string{
		"trims text":                        "TextComesBackByteForByte",
		"names every failure a timeout":     "ExistsIsSaid",
		"ignores clearing":                  "UpdateReplacesAndClears",
		"adds to what it should replace":    "ManyValuesAreAddedAndRemoved",
		"deletes nobody gladly":             "NotFoundIsSaid",
		"imports the first page only":       "ImportYieldsEveryObject",
		"imports dates as text":             "ImportFitsTheSchema",
		"takes a star for a wildcard":       "LookupAgreesWithMemory",
		"looks unknown attributes up":       "HostileNamesAreRefused",
		"forgets nothing":                   "ForgottenWatermarkIsAConflict",
		"counts the watermark from the end": "ChangesAreTold",
		"tells no deletions":                "DeletionsAreTold",
		"answers a batch in another order":  "BatchAnswersEachInOrder",
		"lets one failure fail a batch":     "OneFailureLeavesTheOthers",
		"sets passwords of nobody":          "PasswordOfNobodyIsNotFound",
		"does not look at the old password": "OldPasswordMustBeRight",
		"counts one more":                   "CountCounts",
		"lacks without a word":              "WhatIsMissingIsExcused",
	} {
		t.Run(broken, func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(connectortest.Checks(), func(c connectortest.Check) bool { return c.Name == check })
			failed, _ := failing(t, harness(t, broken), connectortest.Options{Write: true, Tiers: []connectortest.Tier{connectortest.Checks()[i].Tier}})
			if !slices.Contains(failed, check) {
				t.Errorf("%s passes; what failed is %v", check, failed)
			}
		})
	}
}

// onParts are checks that need a part which Discover has to find.
var onParts = []string{"TextComesBackByteForByte", "ManyValuesAreAddedAndRemoved", "LastOfManyValuesIsDeleted", "DocumentsAreAddedAndRemoved", "ReferencesPointToAnchors",
	"MembersAreAddedAndRemovedOneByOne", "GroupOfThousandsImports", "RenameGivesTheNewAnchor", "ChangesOfMembersAreTold", "RenamesAreTold"}

func TestFoundParts(t *testing.T) {
	verdicts := func(t *testing.T, broken string, patterns map[string]string) map[string]connectortest.Verdict {
		t.Helper()
		h, err := connectortest.Discover(t.Context(), harness(t, broken).Open, "Person", patterns)
		if err != nil {
			t.Fatal(err)
		}
		h.Scale = 20
		all := map[string]connectortest.Verdict{}
		for v := range connectortest.Judge(t.Context(), h, connectortest.Options{Write: true, Tiers: []connectortest.Tier{connectortest.Values, connectortest.References, connectortest.Rename}}) {
			all[v.Check] = v
		}
		return all
	}
	t.Run("SaysWhatWasTried", func(t *testing.T) {
		v := verdicts(t, refusesLists, nil)["ManyValuesAreAddedAndRemoved"]
		if v.Outcome != connectortest.Skipped || !strings.Contains(v.Detail, "tried in vain: phones (refused: ") {
			t.Errorf("%+v", v)
		}
	})
	t.Run("SaysWhatTheSchemaLacks", func(t *testing.T) {
		v := verdicts(t, "", nil)["MovedObjectsKeepTheirValues"]
		if v.Outcome != connectortest.Skipped || !strings.Contains(v.Detail, "the schema names no DN") {
			t.Errorf("%+v", v)
		}
	})
	t.Run("FailsWhereATargetSaysYesAndDoesNot", func(t *testing.T) {
		if v := verdicts(t, "ignores clearing", nil)["ManyValuesAreAddedAndRemoved"]; v.Outcome != connectortest.Failed {
			t.Errorf("%+v", v)
		}
	})
	t.Run("TakesPatternsOfAnotherType", func(t *testing.T) {
		if v := verdicts(t, "", map[string]string{"Team.title": "crew {n}"})["MembersAreAddedAndRemovedOneByOne"]; v.Outcome != connectortest.Passed {
			t.Errorf("%+v", v)
		}
		if _, err := connectortest.Discover(t.Context(), harness(t, "").Open, "Person", map[string]string{"Team.x": ""}); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	})
}

func TestLiveTarget(t *testing.T) {
	residents := func(h connectortest.Harness) (ids []string) {
		s, err := h.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range s.(mutant).whole.Import(t.Context(), h.Type) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, e.ID)
		}
		return ids
	}
	t.Run("IsLeftAsItWas", func(t *testing.T) {
		h := harness(t, "")
		failed, passed := failing(t, h, connectortest.Options{Write: true})
		if left := residents(h); len(failed) > 0 || passed < 40 || !slices.Equal(left, []string{"resident"}) {
			t.Errorf("failed %v, %d passed, left are %v", failed, passed, left)
		}
	})
	t.Run("IsOnlyReadWithoutLeave", func(t *testing.T) {
		h := harness(t, "")
		s, _ := h.Open(t.Context())
		before, _ := s.(mutant).Mark(t.Context())
		failed, passed := failing(t, h, connectortest.Options{})
		if after, _ := s.(mutant).Mark(t.Context()); len(failed) > 0 || passed < 8 || before != after {
			t.Errorf("failed %v, %d passed, %s became %s", failed, passed, before, after)
		}
	})
	t.Run("PartsAreTried", func(t *testing.T) {
		h, err := connectortest.Discover(t.Context(), harness(t, neverEmpty).Open, "Person", map[string]string{"login": "kit-{n}"})
		if err != nil {
			t.Fatal(err)
		}
		for v := range connectortest.Judge(t.Context(), h, connectortest.Options{Write: true}) {
			if v.Outcome == connectortest.Failed {
				t.Errorf("%s: %v", v.Check, v.Failures)
			}
			if slices.Contains(onParts, v.Check) && v.Outcome != connectortest.Passed {
				t.Errorf("%s: no other attribute took the part: %s %s", v.Check, v.Outcome, v.Detail)
			}
		}
		if left := residents(h); len(left) != 1 {
			t.Errorf("left are %v", left)
		}
	})
	t.Run("PartsAreFound", func(t *testing.T) {
		h, err := connectortest.Discover(t.Context(), harness(t, "").Open, "Person", map[string]string{"login": "kit-{n}"})
		if err != nil || h.Required != "surname" || h.Unique != "badge" || h.Text != "kind" || h.Flag != "active" {
			t.Fatalf("%v, %+v", err, h)
		}
		if a, b := h.Sample(1), h.Sample(2); a.Text("login") == b.Text("login") || !strings.HasPrefix(a.Text("login"), "kit-kit") || a.Text("surname") == "" {
			t.Errorf("%v %v", a, b)
		}
		if failed, _ := failing(t, h, connectortest.Options{Write: true}); len(failed) > 0 {
			t.Errorf("failed %v", failed)
		}
		if _, err := connectortest.Discover(t.Context(), h.Open, "Nobody", nil); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		if _, err := connectortest.Discover(t.Context(), h.Open, "Person", map[string]string{"x": ""}); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	})
}
