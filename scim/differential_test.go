package scim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"pgregory.net/rapid"
)

// naive is a filter as a test draws it: it can be written as text, and evaluated by the book without schema tables, folding
// tricks or early ends.
type naive struct {
	kind        string // and, or, not, term, path (a[inner]), pathSub (a[inner].sub op lit)
	left, right *naive
	attr, sub   string // attr is canonical; sub is "" or a sub-attribute
	op          string
	lit         entry.Value
}

func (n *naive) String() string {
	switch n.kind {
	case "and", "or":
		return "(" + n.left.String() + " " + n.kind + " " + n.right.String() + ")"
	case "not":
		return "not (" + n.left.String() + ")"
	case "path":
		return n.attr + "[" + n.left.String() + "]"
	case "pathSub":
		return n.attr + "[" + n.left.String() + "]." + n.right.String()
	}
	name := n.attr
	if n.sub != "" && name != "" {
		name += "."
	}
	name += n.sub
	if n.op == "pr" {
		return name + " pr"
	}
	return name + " " + n.op + " " + Literal(n.lit)
}

// eval evaluates over a resource.
func (n *naive) eval(a entry.Attrs) bool {
	switch n.kind {
	case "and":
		l, r := n.left.eval(a), n.right.eval(a)
		return l && r
	case "or":
		l, r := n.left.eval(a), n.right.eval(a)
		return l || r
	case "not":
		return !n.left.eval(a)
	case "path":
		return slices.ContainsFunc(a[n.attr], func(v entry.Value) bool { return n.left.evalElement(v) })
	case "pathSub":
		var subs []entry.Value
		for _, v := range a[n.attr] {
			if n.left.evalElement(v) {
				subs = append(subs, naiveSub(v, n.right.sub)...)
			}
		}
		return n.right.any(subs)
	}
	var vs []entry.Value
	for _, v := range a[n.attr] {
		vs = append(vs, naiveSub(v, n.sub)...)
	}
	return n.any(vs)
}

func naiveSub(v entry.Value, sub string) []entry.Value {
	c, ok := v.(entry.Complex)
	if !ok || sub == "" {
		return []entry.Value{v}
	}
	if c[sub] == nil {
		return nil
	}
	return []entry.Value{c[sub]}
}

// any holds when one value does; no value at all is only different from everything.
func (n *naive) any(vs []entry.Value) bool {
	if len(vs) == 0 {
		return n.op == "ne"
	}
	return slices.ContainsFunc(vs, n.holds)
}

func (n *naive) evalElement(v entry.Value) bool {
	switch n.kind {
	case "and":
		return n.left.evalElement(v) && n.right.evalElement(v)
	case "or":
		return n.left.evalElement(v) || n.right.evalElement(v)
	case "not":
		return !n.left.evalElement(v)
	}
	return n.any(naiveSub(v, n.sub))
}

func (n *naive) exact() bool { return n.attr == "externalId" || n.attr == ent+"manager" }

func (n *naive) holds(v entry.Value) bool {
	if n.op == "pr" {
		return v != ""
	}
	c := 0
	switch x := v.(type) {
	case string:
		l := n.lit.(string)
		if !n.exact() {
			x, l = naiveFold(x), naiveFold(l)
		}
		switch n.op {
		case "co":
			return strings.Contains(x, l)
		case "sw":
			return strings.HasPrefix(x, l)
		case "ew":
			return strings.HasSuffix(x, l)
		}
		c = strings.Compare(x, l)
	case bool:
		if x != n.lit {
			c = 1
		}
	case int64:
		c = int(x - n.lit.(int64))
	case time.Time:
		c = x.Compare(n.lit.(time.Time))
	}
	return map[string]bool{"eq": c == 0, "ne": c != 0, "gt": c > 0, "ge": c >= 0, "lt": c < 0, "le": c <= 0}[n.op]
}

// naiveFold is enough for the letters that the test draws.
func naiveFold(s string) string {
	return strings.Map(func(r rune) rune {
		if r == 'é' {
			return 'É' // the smaller of the two
		}
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

var (
	drawText  = rapid.SampledFrom([]string{"a", "A", "b", "ab", "Ab", "é", "É", "aé", `"`, `\`, "work", "home", ""})
	textOps   = rapid.SampledFrom([]string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"})
	orderOps  = rapid.SampledFrom([]string{"eq", "ne", "gt", "ge", "lt", "le", "pr"})
	boolOps   = rapid.SampledFrom([]string{"eq", "ne", "pr"})
	drawTime  = rapid.Custom(func(t *rapid.T) time.Time { return time.Unix(rapid.Int64Range(0, 3).Draw(t, "s"), 0).UTC() })
	drawPlain = rapid.SampledFrom([]string{"userName", "externalId", "title", ent + "department", host + "Tags"})
)

func drawTerm(t *rapid.T) *naive {
	n := &naive{kind: "term"}
	switch rapid.IntRange(0, 7).Draw(t, "attribute") {
	case 0, 1:
		n.attr, n.op, n.lit = drawPlain.Draw(t, "plain"), textOps.Draw(t, "op"), drawText.Draw(t, "text")
	case 2:
		n.attr, n.op, n.lit = "active", boolOps.Draw(t, "op"), rapid.Bool().Draw(t, "bool")
	case 3:
		n.attr, n.op, n.lit = host+"Age", orderOps.Draw(t, "op"), rapid.Int64Range(-2, 2).Draw(t, "int")
	case 4:
		n.attr, n.op, n.lit = host+"Since", orderOps.Draw(t, "op"), drawTime.Draw(t, "time")
	case 5:
		n.attr, n.sub, n.op, n.lit = "name", "givenName", textOps.Draw(t, "op"), drawText.Draw(t, "text")
	case 6:
		n.attr, n.sub, n.op, n.lit = ent+"manager", "value", textOps.Draw(t, "op"), drawText.Draw(t, "text")
	case 7:
		e := drawElementTerm(t)
		e.attr = "emails"
		return e
	}
	return n
}

func drawElementTerm(t *rapid.T) *naive {
	n := &naive{kind: "term", sub: rapid.SampledFrom([]string{"value", "type", "display", "primary"}).Draw(t, "sub")}
	if n.sub == "primary" {
		n.op, n.lit = boolOps.Draw(t, "op"), rapid.Bool().Draw(t, "bool")
	} else {
		n.op, n.lit = textOps.Draw(t, "op"), drawText.Draw(t, "text")
	}
	return n
}

func drawFilter(t *rapid.T, depth int, leaf func(*rapid.T) *naive) *naive {
	if depth == 0 {
		return leaf(t)
	}
	switch rapid.IntRange(0, 5).Draw(t, "shape") {
	case 0:
		return &naive{kind: "and", left: drawFilter(t, depth-1, leaf), right: drawFilter(t, depth-1, leaf)}
	case 1:
		return &naive{kind: "or", left: drawFilter(t, depth-1, leaf), right: drawFilter(t, depth-1, leaf)}
	case 2:
		return &naive{kind: "not", left: drawFilter(t, depth-1, leaf)}
	}
	return leaf(t)
}

// drawTop also draws value paths, which may not stand inside another.
func drawTop(t *rapid.T) *naive {
	switch rapid.IntRange(0, 4).Draw(t, "top") {
	case 0:
		return &naive{kind: "path", attr: "emails", left: drawFilter(t, 2, drawElementTerm)}
	case 1:
		return &naive{kind: "pathSub", attr: "emails", left: drawFilter(t, 2, drawElementTerm), right: drawElementTerm(t)}
	}
	return drawTerm(t)
}

func drawResource(t *rapid.T) entry.Attrs {
	a := entry.Attrs{}
	some := func(name string) bool { return rapid.IntRange(0, 3).Draw(t, name) > 0 }
	for _, name := range []string{"userName", "externalId", "title", ent + "department"} {
		if some(name) {
			a[name] = []entry.Value{drawText.Draw(t, name)}
		}
	}
	if some("active") {
		a["active"] = []entry.Value{rapid.Bool().Draw(t, "active")}
	}
	if some("age") {
		a[host+"Age"] = []entry.Value{rapid.Int64Range(-2, 2).Draw(t, "age")}
	}
	if some("since") {
		a[host+"Since"] = []entry.Value{drawTime.Draw(t, "since")}
	}
	if some("name") {
		a["name"] = []entry.Value{entry.Complex{"givenName": drawText.Draw(t, "given")}}
	}
	if some("manager") {
		a[ent+"manager"] = []entry.Value{entry.Complex{"value": drawText.Draw(t, "manager")}}
	}
	for range rapid.IntRange(0, 3).Draw(t, "tags") {
		a[host+"Tags"] = append(a[host+"Tags"], drawText.Draw(t, "tag"))
	}
	for range rapid.IntRange(0, 3).Draw(t, "emails") {
		c := entry.Complex{"value": drawText.Draw(t, "value")}
		if some("type") {
			c["type"] = drawText.Draw(t, "type")
		}
		if some("primary") {
			c["primary"] = rapid.Bool().Draw(t, "primary")
		}
		a["emails"] = append(a["emails"], c)
	}
	return a
}

// TestCompiledFilterAgreesWithNaiveOne compares the compiled predicate with an evaluation by the book, and the probe with both: a
// match must have the value that the probe promises.
func TestCompiledFilterAgreesWithNaiveOne(t *testing.T) {
	rt := testUser(t)
	rapid.Check(t, func(t *rapid.T) {
		n := drawFilter(t, 3, drawTop)
		f, err := rt.ParseFilter(n.String())
		if err != nil {
			t.Fatalf("%s: %v", n, err)
		}
		for range 4 {
			attrs := drawResource(t)
			want := n.eval(attrs)
			if got := f.Match(rt.SourceOf(entry.Entry{Attrs: attrs}, Meta{})); got != want {
				t.Fatalf("%s over %v: %v, by the book %v", n, attrs, got, want)
			}
			for _, p := range f.Probes() {
				if want && !hasValue(rt, attrs, p) {
					t.Fatalf("%s matches %v, which lacks the probed %v", n, attrs, p)
				}
			}
		}
	})
}

// hasValue reports whether a resource has the probed value under the probe's case rule.
func hasValue(rt *ResourceType, attrs entry.Attrs, p Probe) bool {
	path, err := rt.ParsePath(p.Attr, Strict)
	if err != nil {
		return false
	}
	for _, v := range path.Values(attrs) {
		s, text := v.(string)
		l, _ := p.Value.(string)
		if entry.Equal(v, p.Value) || text && !p.Exact && Fold(s) == Fold(l) {
			return true
		}
	}
	return false
}

// TestPatchedDocumentIsWhatTheEditsSay draws patches of paths and values and checks that the new document is what the edits make of
// the old one, that the old one is untouched, and that a second run changes nothing that the first did not.
func TestPatchedDocumentIsWhatTheEditsSay(t *testing.T) {
	rt := testUser(t)
	paths := rapid.SampledFrom([]string{"title", "active", "name", "name.givenName", "emails", "emails.value", `emails[type eq "work"]`, `emails[type eq "work"].value`,
		`emails[primary eq true].value`, `emails[value eq "a"].primary`, ent + "department", ent + "manager", ent + "manager.value", host + "Tags", host + `Tags[value eq "a"]`, "", "userName"})
	values := rapid.SampledFrom([]string{`"a"`, `"b"`, `""`, `null`, `true`, `"True"`, `[]`, `{"value":"a"}`, `[{"value":"a","type":"work"},{"value":"b","primary":true}]`, `{"givenName":"g"}`,
		`{"title":"t","name.familyName":"f"}`, `["a","c"]`, `{"value":"z","type":"work","primary":true}`})
	rapid.Check(t, func(t *rapid.T) {
		attrs := drawResource(t)
		attrs["userName"] = []entry.Value{"u"}
		if err := onePrimary(rt.lookup("emails"), attrs["emails"]); err != nil {
			attrs["emails"] = attrs["emails"][:1]
		}
		var ops []string
		for range rapid.IntRange(1, 4).Draw(t, "operations") {
			ops = append(ops, fmt.Sprintf(`{"op":%q,"path":%s,"value":%s}`, rapid.SampledFrom([]string{"add", "Replace", "REMOVE"}).Draw(t, "op"), Quote(paths.Draw(t, "path")), values.Draw(t, "value")))
		}
		doc := entry.Entry{ID: "x", Attrs: attrs}
		before := doc.Clone()
		out, edits, err := runPatch(rt, rapid.SampledFrom([]Mode{Strict, Entra}).Draw(t, "mode"), doc, strings.Join(ops, ","))
		if !sameAttrs(doc.Attrs, before.Attrs) {
			t.Fatalf("%s changed the document it was given", ops)
		}
		if err != nil {
			return
		}
		if after := entry.Apply(before.Attrs, edits); !sameAttrs(after, out.Attrs) {
			t.Fatalf("%s\nedits %s\nlead to %v\nnot to  %v", ops, show(edits), after, out.Attrs)
		}
		if err := onePrimary(rt.lookup("emails"), out.Attrs["emails"]); err != nil {
			t.Fatalf("%s: %v", ops, err)
		}
		if same := entry.EqualValues(before.Attrs["title"], out.Attrs["title"]); same && strings.Contains(show(edits), "title") {
			t.Fatalf("%s: an edit that changes nothing: %s", ops, show(edits))
		}
	})
}
