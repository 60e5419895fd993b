package app

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/entry"
)

// TestAnyApplicationComesBackFromItsFile makes whole applications up, every key of them, and wants each back from its file: equal, and printed
// again the same to the letter.
func TestAnyApplicationComesBackFromItsFile(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := drawn{rt}.app()
		if err := a.Validate(); err != nil {
			rt.Fatalf("the generator makes what nobody may apply: %v", err)
		}
		file := a.Format()
		again, err := Parse("again", file)
		if err != nil {
			rt.Fatalf("%v\n%s", err, file)
		}
		if diff := cmp.Diff(a.WithDefaults(), again.WithDefaults()); diff != "" {
			rt.Fatalf("%s\n%s", diff, file)
		}
		if second := again.Format(); !bytes.Equal(file, second) {
			rt.Fatalf("printed first:\n%s\nand then:\n%s", file, second)
		}
	})
}

// drawn draws parts of an application.
type drawn struct{ *rapid.T }

func (d drawn) flag(name string) bool { return rapid.Bool().Draw(d.T, name) }

func (d drawn) text(name string) string {
	return rapid.OneOf(rapid.StringMatching(`[a-zA-Z][ -~]{0,12}`), rapid.StringMatching(`(true|null|1e3|007|- a|a: b|a #b|"|\\|\n|é|\[x\]| )+x`)).Draw(d.T, name)
}

func (d drawn) upTo(n int, name string) int { return rapid.IntRange(0, n).Draw(d.T, name) }

func pickOf[T any](d drawn, name string, of ...T) T { return rapid.SampledFrom(of).Draw(d.T, name) }

// someOf draws up to n things; none is nil.
func someOf[T any](d drawn, n int, name string, one func(i int) T) (out []T) {
	for i := range d.upTo(n, name) {
		out = append(out, one(i))
	}
	return out
}

func (d drawn) app() App {
	a := App{
		ID: ID(rapid.StringMatching(`[a-z][a-z0-9-]{0,20}[a-z0-9]`).Draw(d.T, "id")), Name: d.text("name"), Target: d.target(),
		Schedule:    Schedule{Interval: Duration(time.Duration(1+d.upTo(100_000, "interval")) * time.Second), Workers: 1 + d.upTo(255, "workers")},
		Deprovision: d.deprovision(),
		Quarantine:  Quarantine{Failures: d.upTo(9000, "failures"), Percent: d.upTo(100, "percent"), Base: d.upTo(90000, "base"), References: d.upTo(90000, "references")},
		Drift:       pickOf(d, "drift", ReportDrift, RepairDrift, AcceptDrift), Nested: pickOf(d, "nested", NestedAsMember, NestedFlat, NestedLeftOut),
		Notify: Notify{
			Emails:       someOf(d, 2, "emails", func(i int) string { return fmt.Sprintf("ops%d@contoso.example", i) }),
			WebhookFiles: someOf(d, 2, "hooks", func(i int) string { return fmt.Sprintf("hook %d.url", i) }),
		},
		Objects: []Object{d.object(entry.User)},
		Tests:   someOf(d, 2, "tests", d.test),
	}
	if a.Assignments.Only = d.flag("only"); a.Assignments.Only {
		a.Assignments.Nested = d.flag("nested members")
	}
	if d.flag("groups") {
		a.Objects = append(a.Objects, d.object(entry.Group))
	}
	return a.WithDefaults()
}

func (d drawn) target() Target {
	t := Target{
		SecretFile: d.text("secret"), Dialect: pickOf(d, "dialect", RFC, Legacy), Timeout: Duration(time.Duration(1000+d.upTo(599_000, "timeout")) * time.Millisecond),
		Rate: d.upTo(1000, "rate"), Concurrency: d.upTo(256, "concurrency"),
	}
	if d.flag("direct") {
		t.URL, t.CAFile = "https://scim.example/v2", pickOf(d, "ca", "", "ca.pem")
		return t
	}
	t.Group, t.Resource = "site-"+pickOf(d, "group", "a", "b"), "hr"
	return t
}

func (d drawn) deprovision() Deprovision {
	p := Deprovision{
		SkipOutOfScope: d.flag("skip"), NoDelete: d.flag("no delete"), DeleteLeft: d.flag("left"),
		DeleteLimit: d.upTo(1000, "limit"), DeletePercent: d.upTo(100, "share"), DeletePerDay: d.upTo(1000, "day"),
	}
	p.DeleteLeavers = !p.NoDelete && d.flag("leavers")
	return p
}

func (d drawn) object(t entry.Type) Object {
	o := Object{
		Source: t, Target: pickOf(d, "type", t, "Person"), Scope: d.filter("scope"), Input: d.filter("input"),
		Verbs:    Verbs{Create: true, Update: d.flag("update"), Delete: d.flag("delete")},
		Mappings: []Mapping{{Target: "key", Source: "objectId"}},
		Match:    []Rule{{Precedence: 1, Target: "key"}},
	}
	o.Mappings = append(o.Mappings, someOf(d, 4, "mappings", d.mapping)...)
	if d.flag("second rule") {
		o.Match = append(o.Match, Rule{Precedence: 2 + d.upTo(5, "gap"), Target: "other", Source: pickOf(d, "asked", "[mail]", `ToLower([mail], ) & "x"`)})
	}
	o.Attributes = someOf(d, 3, "attributes", func(i int) Attribute {
		return Attribute{
			Name: fmt.Sprintf("known%d", i), Type: pickOf(d, "kind", String, Integer, Decimal, Boolean, DateTime, Reference, Binary), MultiValued: d.flag("multi"),
			CaseExact: d.flag("exact"), Mutability: pickOf(d, "mutability", ReadWrite, ReadOnly, Immutable, WriteOnly),
		}
	})
	return o
}

func (d drawn) mapping(i int) Mapping {
	target := pickOf(d, "path", "attr%d", "name.part%d", `emails[type eq "t%d"].value`, "urn:contoso:2.0:User:a%d")
	m := Mapping{Target: fmt.Sprintf(target, i), Flow: pickOf(d, "flow", Always, OnCreate, AddValueOnly, FillOnly)}
	switch d.upTo(3, "from") {
	case 0:
		m.Source = pickOf(d, "source", "mail", "department", "extension_1_x")
	case 1:
		c := rapid.String().Draw(d.T, "constant")
		m.Constant = &c
	case 2:
		m.Expression = fmt.Sprintf("Join(%q, [a], \"b\\\\c\")", pickOf(d, "separator", " ", "#", ": ", "'"))
	default:
		m.None = true
	}
	if d.flag("default") {
		m.Default = d.text("standard")
	}
	m.ClearNull = m.Flow == Always && !m.None && d.flag("clear")
	return m
}

func (d drawn) filter(name string) Filter {
	return Filter{Groups: someOf(d, 2, name, func(int) ClauseGroup {
		g := ClauseGroup{Name: pickOf(d, "group name", "", "staff", "a: b # c")}
		for range 1 + d.upTo(2, "clauses") {
			g.Clauses = append(g.Clauses, d.clause())
		}
		return g
	})}
}

func (d drawn) clause() Clause {
	op := rapid.SampledFrom(Operators()).Draw(d.T, "operator")
	c := Clause{Attribute: pickOf(d, "attribute", "mail", "userType"), Operator: op.Name, All: d.flag("all")}
	if op.Unary {
		return c
	}
	for range 1 + d.upTo(2, "values") {
		switch op.Name {
		case RegexMatch, NotRegexMatch:
			c.Values = append(c.Values, pickOf(d, "pattern", `^\d+$`, `a: "b" #c`, `[x-z]{2}'`))
		case GreaterThan, GreaterOrEqual, HasBits, LacksBits:
			c.Values = append(c.Values, fmt.Sprint(d.upTo(1<<20, "number")))
		default:
			c.Values = append(c.Values, d.text("value"))
		}
	}
	return c
}

func (d drawn) test(i int) Test {
	return Test{
		Name: fmt.Sprintf("test %d: %s", i, d.text("test")), Type: entry.User, Deleted: d.flag("deleted"), Unassigned: d.flag("unassigned"),
		Source: Facts{"id": "u1", "mail": d.text("mail"), "n": int64(d.upTo(9, "n")), "b": d.flag("b"), "nothing": nil, "list": []any{d.text("l"), 1.5}},
		Taken:  someOf(d, 2, "taken", func(int) string { return d.text("taken value") }), Now: pickOf(d, "now", "", "2026-01-31T12:00:00Z"),
		Expect: Expectation{Verb: pickOf(d, "verb", "create", "skip"), Target: Facts{"mail": d.text("wanted"), "gone": nil}},
	}
}
