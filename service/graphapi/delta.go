package graphapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

const (
	// tokenLife is how long a delta token is taken (graph-api §5.3); references that went are remembered a little longer.
	tokenLife = 7 * 24 * time.Hour
	// deltaBatch is how many changes one page looks at, deltaMembers after how many memberships a page of the full state ends.
	deltaBatch   = 500
	deltaMembers = 2000
)

// deltaToken is what a delta or skip token says. It is signed, so that a forged one is told from an old one.
type deltaToken struct {
	Type  entry.Type     `json:"t"`
	Mark  directory.Mark `json:"m"`
	Full  bool           `json:"f,omitempty"` // the full state is being read
	After string         `json:"a,omitempty"` // how far, by id
	Props []string       `json:"p,omitempty"` // $select; nil: not given
	IDs   []string       `json:"i,omitempty"` // $filter: these objects alone
	Size  int            `json:"n,omitempty"` // items a page; 0: the default
	At    int64          `json:"d"`           // when it was made, seconds since 1970
}

// delta answers /users/delta and /groups/delta (graph-api §5.3).
func (c collection) delta(w http.ResponseWriter, r *http.Request) error {
	o, err := readOptions(r)
	if err != nil {
		return err
	}
	tok, err := c.token(r, o)
	if err != nil {
		if s, ok := err.(*refusal); ok && s.status == http.StatusGone { //nolint:errorlint // made just below
			w.Header().Set("Location", here(r)+"?$deltatoken=")
		}
		return err
	}
	if strings.EqualFold(o.delta, "latest") {
		return c.writeDelta(w, r, tok, false, nil)
	}
	if tok.Full {
		return c.deltaFull(w, r, tok)
	}
	return c.deltaSince(w, r, tok)
}

// token reads the token of a request, or makes the first one.
func (c collection) token(r *http.Request, o *options) (t deltaToken, err error) {
	text := o.delta
	if text == "" {
		text = o.skip
	}
	if text != "" && !strings.EqualFold(text, "latest") {
		if t, err = c.openToken(text); err == nil && o.preferred {
			t.Size = o.top
		}
		return t, err
	}
	if len(o.expand) > 0 || len(o.order) > 0 || o.search != nil {
		return t, fault.New(fault.Invalid, "read the query", "delta knows neither $expand, $orderby nor $search").WithHint("use $select, and $filter with id eq '…'")
	}
	t = deltaToken{Type: c.typ, Full: !strings.EqualFold(o.delta, "latest")}
	if o.given.Has("$top") || o.preferred {
		t.Size = o.top
	}
	for _, p := range o.selected {
		t.Props = append(t.Props, c.canonical(p))
	}
	if o.filter != nil {
		ids, ok := o.filter.Equal("id")
		if !ok || slices.ContainsFunc(o.filter.Paths(), func(p string) bool { return !strings.EqualFold(p, "id") }) || len(ids) > 50 {
			return t, fault.New(fault.Invalid, "read $filter", "delta takes up to 50 conditions id eq '…', joined by or")
		}
		t.IDs = ids
	}
	t.Mark, err = c.Directory.Mark(r.Context())
	return t, err
}

func (c collection) openToken(text string) (t deltaToken, err error) {
	if !c.seal.open(text, &t) || t.Type != c.typ {
		return t, refuse(http.StatusGone, "syncStateNotFound", fault.New(fault.Conflict, "read the token", "it is not one of this service").
			WithHint("begin anew without a token: the Location header has the address"))
	}
	if age := time.Since(time.Unix(t.At, 0)); age > tokenLife || age < -time.Hour {
		return t, refuse(http.StatusGone, "resyncRequired", fault.New(fault.Conflict, "read the token", "it is older than %d days", int(tokenLife.Hours()/24)).
			WithHint("begin anew without a token: the Location header has the address"))
	}
	return t, nil
}

// writeDelta answers a page with exactly one of the two links.
func (c collection) writeDelta(w http.ResponseWriter, r *http.Request, t deltaToken, more bool, items []object) error {
	t.At = time.Now().Unix()
	applied(w, r)
	p := page[object]{Context: contextURL(r, c.path), Value: items}
	if p.Value == nil {
		p.Value = []object{}
	}
	if more {
		p.Next = here(r) + "?$skiptoken=" + c.seal.close(t)
	} else {
		t.Full, t.After = false, ""
		p.Delta = here(r) + "?$deltatoken=" + c.seal.close(t)
	}
	writeJSON(w, http.StatusOK, p)
	return nil
}

// wants reports whether the client asked for the property, or for no property in particular.
func (t deltaToken) wants(name string) bool {
	return t.Props == nil || slices.ContainsFunc(t.Props, func(p string) bool { return strings.EqualFold(p, name) })
}

// links is the attribute whose references the type reports.
func (c collection) links() string {
	if c.typ == entry.Group {
		return directory.Members
	}
	return directory.Manager
}

// deltaFull serves a page of everything that exists, in the order of id.
func (c collection) deltaFull(w http.ResponseWriter, r *http.Request, t deltaToken) error {
	size := cmp.Or(t.Size, defaultTop)
	os, err := c.Directory.Scan(r.Context(), c.typ, t.After, size)
	if err != nil {
		return err
	}
	refs, err := c.linksOf(r.Context(), t, os)
	if err != nil {
		return err
	}
	more, n := len(os) == size, 0
	var items []object
	for i, x := range os {
		if t.After = x.ID; len(t.IDs) > 0 && !slices.Contains(t.IDs, x.ID) {
			continue
		}
		item := c.render(x.Entry, t.Props)
		c.showLinks(item, refs[x.ID], nil)
		items = append(items, item)
		if n += len(refs[x.ID]); n > deltaMembers && i < len(os)-1 {
			more = true
			break
		}
	}
	return c.writeDelta(w, r, t, more, items)
}

func (c collection) linksOf(ctx context.Context, t deltaToken, os []directory.Object) (map[string][]directory.Reference, error) {
	if !t.wants(c.links()) {
		return nil, nil
	}
	ids := make([]string, len(os))
	for i, x := range os {
		ids[i] = x.ID
	}
	return c.Directory.References(ctx, c.typ, ids)
}

// deltaSince serves what changed since the token's mark.
func (c collection) deltaSince(w http.ResponseWriter, r *http.Request, t deltaToken) error {
	ds, next, more, err := c.Directory.Since(r.Context(), c.typ, t.Mark, cmp.Or(t.Size, deltaBatch))
	if err != nil {
		return err
	}
	var items []object
	for _, d := range ds {
		if len(t.IDs) > 0 && !slices.Contains(t.IDs, d.Object.ID) {
			continue
		}
		if item := c.changed(t, d); item != nil {
			items = append(items, item)
		}
	}
	t.Mark = next
	return c.writeDelta(w, r, t, more, items)
}

// changed is how one change is told; nil when nothing moved that the client selected.
func (c collection) changed(t deltaToken, d directory.Delta) object {
	removed := func(reason string) object {
		return object{"id": d.Object.ID, "@removed": object{"reason": reason}}
	}
	switch {
	case d.Gone:
		return removed("deleted")
	case d.Object.Attrs.First(directory.DeletedDateTime) != nil:
		return removed("changed")
	}
	added, gone := c.only(d.Added), c.only(d.Removed)
	if !t.wants(c.links()) {
		added, gone = nil, nil
	}
	moved := d.New || len(added)+len(gone) > 0
	props := t.Props
	for _, name := range d.Attrs {
		if t.Props == nil {
			props = append(props, name)
		}
		moved = moved || t.wants(name) || t.wants(c.above(name))
	}
	if !moved {
		return nil
	}
	item := c.render(d.Object, t.Props)
	if t.Props == nil && len(props) > 0 { // what changed is told, though it is not among the standard properties
		for k, v := range c.render(d.Object, c.tops(props)) {
			item[k] = v
		}
	}
	c.showLinks(item, added, gone)
	return item
}

// above returns the nested property that an attribute is shown in, or the attribute itself.
func (c collection) above(attr string) string {
	for i := range c.properties {
		if p := &c.properties[i]; p.sort == nested && slices.Contains(p.inner, attr) {
			return p.name
		}
	}
	return attr
}

func (c collection) tops(attrs []string) []string {
	out := make([]string, len(attrs))
	for i, a := range attrs {
		out[i] = c.above(a)
	}
	return out
}

// only returns the references that the type reports.
func (c collection) only(refs []directory.Reference) (out []directory.Reference) {
	for _, ref := range refs {
		if ref.Attr == c.links() {
			out = append(out, ref)
		}
	}
	return out
}

// showLinks adds members@delta, or manager@delta.
func (c collection) showLinks(item object, added, gone []directory.Reference) {
	list := []object{}
	for _, ref := range c.only(added) {
		list = append(list, object{"@odata.type": shapeOf(ref.To.Type).kind, "id": ref.To.ID})
	}
	for _, ref := range c.only(gone) {
		list = append(list, object{"@odata.type": shapeOf(ref.To.Type).kind, "id": ref.To.ID, "@removed": object{"reason": "deleted"}})
	}
	if len(list) > 0 {
		item[c.links()+"@delta"] = list
	}
}
