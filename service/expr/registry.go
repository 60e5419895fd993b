package expr

import (
	"math"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/internal/nearest"
)

// Signature describes a function for listings and the expression builder. Its arity is the one the parser enforces.
type Signature struct {
	Name    string  `json:"name"`
	Params  []Param `json:"parameters"`
	Dialect string  `json:"dialect,omitempty"` // "" for the provisioning list, else "extended": known from related products
	Summary string  `json:"summary"`           // one sentence
}

// Param is one parameter.
type Param struct {
	Name     string `json:"name"` // key in the parse tree
	Required bool   `json:"required"`
	Type     string `json:"type"` // String, Integer, Boolean, DateTime, Reference
	Repeats  bool   `json:"allowMultipleOccurrences"`
}

// builtin is a function of the language.
type builtin struct {
	Signature
	min, max int                                      // number of arguments
	eval     func(r *run, c *call) (value, error)     // strictness is up to the function: it asks for the arguments it needs
	check    func(c *call) (problem, expected string) // save-time rule beyond the arity; may put arguments into canonical order
	lint     func(c *call) []string                   // legal but odd
	roles    bool                                     // may read [appRoleAssignments]
}

// Functions returns every function of the language, by name.
func Functions() []Signature {
	out := make([]Signature, 0, len(registry))
	for _, f := range registry {
		s := f.Signature
		s.Params = slices.Clone(s.Params)
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Signature) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// registry holds the functions by lower-case name.
var registry = index(textFunctions(), logicFunctions(), listFunctions(), numberFunctions(), dateFunctions(),
	replaceFunctions(), randomFunctions(), roleFunctions(), extendedFunctions())

func index(groups ...[]*builtin) map[string]*builtin {
	m := map[string]*builtin{}
	for _, f := range slices.Concat(groups...) {
		m[strings.ToLower(f.Name)] = f
	}
	return m
}

func lookup(name string) (*builtin, bool) {
	f, ok := registry[strings.ToLower(name)]
	return f, ok
}

// define reads a signature such as
//
//	Mid(source, start:Integer, length:Integer)   ToLower(source, culture?)   Join(separator, source+)
//
// where ? marks an optional parameter, + one that repeats, * an optional one that repeats; the type is String unless given.
func define(signature, summary string, eval func(*run, *call) (value, error)) *builtin {
	name, rest, _ := strings.Cut(strings.TrimSuffix(signature, ")"), "(")
	f := &builtin{Signature: Signature{Name: name, Params: []Param{}, Summary: summary}, eval: eval}
	for spec := range strings.SplitSeq(rest, ",") {
		if spec = strings.TrimSpace(spec); spec != "" {
			f.add(spec)
		}
	}
	return f
}

func (f *builtin) add(spec string) {
	body := strings.TrimRight(spec, "?+*")
	mark := spec[len(body):]
	key, kind, typed := strings.Cut(body, ":")
	if !typed {
		kind = "String"
	}
	p := Param{Name: key, Type: kind, Required: mark == "" || mark == "+", Repeats: mark == "+" || mark == "*"}
	f.Params = append(f.Params, p)
	if p.Required {
		f.min++
	}
	if f.max++; p.Repeats {
		f.max = math.MaxInt
	}
}

// checked adds a save-time rule.
func (f *builtin) checked(check func(*call) (string, string)) *builtin {
	f.check = check
	return f
}

// linted adds a warning.
func (f *builtin) linted(lint func(*call) []string) *builtin {
	f.lint = lint
	return f
}

func (f *builtin) repeats() bool { return len(f.Params) > 0 && f.Params[len(f.Params)-1].Repeats }

// usage writes the signature for people: Mid(source, start, length).
func (f *builtin) usage() string {
	names := make([]string, len(f.Params))
	for i, p := range f.Params {
		names[i] = p.Name
		if !p.Required {
			names[i] += "?"
		}
		if p.Repeats {
			names[i] += ", …"
		}
	}
	return f.Name + "(" + strings.Join(names, ", ") + ")"
}

// nearestFunction suggests the function whose name is closest, or the listing.
func nearestFunction(name string) string {
	best, far := "", len(name)/2+1
	for key, f := range registry {
		if d := nearest.Distance(name, key); d < far || d == far && f.Name < best {
			best, far = f.Name, d
		}
	}
	if best == "" {
		return "the name of a function"
	}
	return "perhaps " + best
}

func lintCall(c *call) []string {
	if c.fn.lint == nil {
		return nil
	}
	return c.fn.lint(c)
}

// constant returns the text of an argument that is a literal other than NULL, which is the same as an omitted argument.
func (c *call) constant(i int) (string, bool) {
	if !c.given(i) {
		return "", false
	}
	l, ok := c.args[i].(*literal)
	if !ok || l.ignore != nil || l.val == nil {
		return "", false
	}
	return text(l.val), true
}
