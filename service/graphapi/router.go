package graphapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
)

// router finds the handler of a path. It knows OData's spellings, which http.ServeMux does not: collections('key'), functions with and
// without parentheses and with the prefix microsoft.graph., names in any case, keys with dots, slashes and '#'.
type router struct{ root branch }

// branch is a place in the tree of paths.
type branch struct {
	literals map[string]*branch // by lower-case name
	variable *branch
	leaves   map[string]leaf // by method
}

type leaf struct {
	handler http.Handler
	names   []string // of the variables on the way, in their order
}

const graphPrefix = "microsoft.graph."

// add takes a pattern as "GET /v1.0/users/{id}"; the version is taken off, since both are one tree.
func (t *router) add(pattern string, h http.Handler) {
	method, path, _ := strings.Cut(pattern, " ")
	at, names := &t.root, []string(nil)
	for piece := range strings.SplitSeq(strings.Trim(strings.TrimPrefix(path, "/v1.0"), "/"), "/") {
		if piece == "" { // the root itself
			continue
		}
		if strings.HasPrefix(piece, "{") {
			names = append(names, strings.Trim(piece, "{}."))
			at = at.step("")
			continue
		}
		at = at.step(strings.ToLower(piece))
	}
	if at.leaves == nil {
		at.leaves = map[string]leaf{}
	}
	at.leaves[method] = leaf{h, names}
}

func (b *branch) step(name string) *branch {
	if name == "" {
		if b.variable == nil {
			b.variable = &branch{}
		}
		return b.variable
	}
	if b.literals == nil {
		b.literals = map[string]*branch{}
	}
	if b.literals[name] == nil {
		b.literals[name] = &branch{}
	}
	return b.literals[name]
}

// find returns the place of a path with the values of its variables; nil when there is none.
func (b *branch) find(parts, values []string) (*branch, []string) {
	if len(parts) == 0 {
		if len(b.leaves) == 0 {
			return nil, nil
		}
		return b, values
	}
	for _, way := range b.literalWays(parts) {
		if at, vs := way.to.find(way.rest, values); at != nil {
			return at, vs
		}
	}
	if b.variable == nil {
		return nil, nil
	}
	return b.variable.find(parts[1:], append(slices.Clip(values), lowerGUID(parts[0])))
}

type way struct {
	to   *branch
	rest []string
}

// literalWays returns where the first segment may lead by name: as it is, without the prefix, or with a key in parentheses.
func (b *branch) literalWays(parts []string) (ways []way) {
	name, rest := parts[0], parts[1:]
	if key := ""; strings.HasSuffix(name, ")") {
		if n, k, ok := call(name); ok {
			name, key = n, k
		}
		if key != "" {
			rest = append([]string{key}, rest...)
		}
	}
	low := strings.ToLower(name)
	if rest, ok := strings.CutPrefix(low, "graph."); ok { // the namespace's alias, which SDKs write
		low = graphPrefix + rest
	}
	if to := b.literals[low]; to != nil {
		ways = append(ways, way{to, rest})
	}
	if short, ok := strings.CutPrefix(low, graphPrefix); ok && b.literals[short] != nil {
		ways = append(ways, way{b.literals[short], rest})
	}
	return ways
}

// serve hands the request on; false when the path is not known. A method that is not there is answered with 405.
func (t *router) serve(w http.ResponseWriter, r *http.Request, parts []string, refuse func(error) http.Handler) bool {
	at, values := t.root.find(parts, nil)
	if at == nil {
		return false
	}
	l, ok := at.leaves[r.Method]
	if !ok && r.Method == http.MethodHead {
		l, ok = at.leaves[http.MethodGet]
	}
	if !ok {
		w.Header().Set("Allow", at.methods())
		refuse(notAllowed(r.Method, at.methods())).ServeHTTP(w, r)
		return true
	}
	for i, name := range l.names {
		r.SetPathValue(name, values[i])
	}
	l.handler.ServeHTTP(w, r)
	return true
}

func (b *branch) methods() string {
	out := make([]string, 0, len(b.leaves))
	for m := range b.leaves {
		out = append(out, m)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func notAllowed(method, allowed string) error {
	return refuse(http.StatusMethodNotAllowed, "Request_BadRequest",
		fault.New(fault.Unsupported, "", "%s is not possible here", clip(method)).WithHint("this path takes %s", allowed))
}
