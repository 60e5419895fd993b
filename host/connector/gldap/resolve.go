package gldap

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// resolver turns what the directory's references hold, DNs or another attribute's values, into anchors. It asks in bulk, remembers
// a bounded number of answers, and reads all anchors at once as soon as many are wanted.
type resolver struct {
	s      *session
	link   *link
	known  map[[16]byte]target
	asked  int  // references looked up one by one so far
	loaded bool // all anchors were read
}

// target is what a reference points to. One without anchor points to nothing that we show.
type target struct {
	t      entry.Type
	anchor string
}

const (
	// loadAt is how many single questions are dearer than reading everything.
	loadAt = 1500
	// maxKnown bounds what is remembered: about 100 bytes each.
	maxKnown = 1 << 20
	// window is how many questions are on their way at once.
	window = 32
)

func (s *session) resolver(k *link) *resolver {
	return &resolver{s: s, link: k, known: map[[16]byte]target{}}
}

// refKey names what a reference holds: the DN, or the attribute it goes by with its value.
func refKey(by, value string) [16]byte {
	if by == "" {
		value = keyOf(value)
	} else {
		value = by + "\x00" + value
	}
	sum := sha256.Sum256([]byte(value))
	return [16]byte(sum[:16])
}

// resolve replaces the references of the entries.
func (r *resolver) resolve(ctx context.Context, o *object, entries []*entry.Entry) error {
	for _, c := range o.columns {
		if c.Type != connector.Reference {
			continue
		}
		if err := r.learn(ctx, c, r.missing(c, entries)); err != nil {
			return err
		}
		for _, e := range entries {
			if vs := e.Attrs[c.Name]; len(vs) > 0 {
				e.Attrs.Set(c.Name, r.refs(c, vs)...)
			}
		}
	}
	return nil
}

// held is the text of a reference's value as the directory has it.
func (c *column) held(v entry.Value) string {
	s := plainText(v)
	if c.form == formNameUID {
		s = withoutUID(s)
	}
	return s
}

func (r *resolver) missing(c *column, entries []*entry.Entry) []string {
	seen := map[[16]byte]bool{}
	var out []string
	for _, e := range entries {
		for _, v := range e.Attrs[c.Name] {
			text := c.held(v)
			k := refKey(c.ref.by, text)
			if _, ok := r.known[k]; ok || seen[k] || r.foreign(c, text) {
				continue
			}
			seen[k] = true
			out = append(out, text)
		}
	}
	return out
}

// foreign reports whether a reference cannot point to one of our objects: the placeholder, or a DN outside the bases.
func (r *resolver) foreign(c *column, text string) bool {
	if c.ref.by != "" {
		return text == ""
	}
	if text == "" || keyOf(text) == keyOf(r.s.layout.emptyMember) {
		return true
	}
	d, err := parseDN(text)
	return err != nil || inside(d, r.s.layout.bases) != nil
}

func (r *resolver) refs(c *column, vs []entry.Value) []entry.Value {
	out := make([]entry.Value, 0, len(vs))
	for _, v := range vs {
		if x, ok := r.known[refKey(c.ref.by, c.held(v))]; ok && x.anchor != "" && c.mayPoint(x.t) {
			out = append(out, entry.Ref{Type: x.t, ID: x.anchor})
		}
	}
	return out
}

func (c *column) mayPoint(t entry.Type) bool {
	return len(c.ref.types) == 0 || slices.Contains(c.ref.types, t)
}

// learn finds out what texts point to.
func (r *resolver) learn(ctx context.Context, c *column, texts []string) error {
	if len(texts) == 0 {
		return nil
	}
	if r.asked += len(texts); r.asked > loadAt && !r.loaded {
		r.loaded = true
		if err := r.load(ctx, c.ref.by); err != nil {
			return err
		}
		texts = slices.DeleteFunc(texts, func(text string) bool { _, ok := r.known[refKey(c.ref.by, text)]; return ok })
	}
	if len(r.known)+len(texts) > maxKnown {
		clear(r.known)
	}
	for _, text := range texts {
		r.known[refKey(c.ref.by, text)] = target{}
	}
	for _, o := range r.s.objects {
		if !c.mayPoint(o.name) {
			continue
		}
		err := r.s.run(ctx, "look references up", r.link, true, func(ctx context.Context, conn *wire.Conn) error {
			return r.ask(ctx, conn, o, c.ref.by, texts)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// load reads the anchors of all types.
func (r *resolver) load(ctx context.Context, by string) error {
	for _, o := range r.s.objects {
		for _, base := range r.s.layout.bases {
			x := &scan{session: r.s, link: r.link, base: base, filter: o.filter, attrs: o.anchorAttrs(by), sort: o.sortKey()}
			x.each = func(e *wire.Entry) error {
				if len(r.known) < maxKnown {
					r.keep(o, by, e)
				}
				return nil
			}
			if err := x.run(ctx); err != nil {
				return unread("read all anchors", err)
			}
		}
	}
	return nil
}

// anchorAttrs are what is asked for to know an object's anchor, and the attribute it goes by.
func (o *object) anchorAttrs(by string) []string {
	attrs := []string{"1.1"}
	if o.anchor.form != formName {
		attrs = []string{o.anchor.wire}
	}
	if by != "" {
		attrs = append(attrs, by)
	}
	return attrs
}

// keep remembers an entry under its DN, or under the values it goes by.
func (r *resolver) keep(o *object, by string, e *wire.Entry) {
	made, err := o.convert(e)
	if err != nil || made == nil {
		return
	}
	x := target{o.name, made.ID}
	if by == "" {
		r.known[refKey("", string(e.DN))] = x
		return
	}
	if c := o.byWire[lower(by)]; c != nil {
		for _, v := range made.Attrs[c.Name] {
			r.known[refKey(by, plainText(v))] = x
		}
	}
}

// ask looks texts up, many at a time.
func (r *resolver) ask(ctx context.Context, conn *wire.Conn, o *object, by string, texts []string) error {
	var requests []wire.Message
	for _, text := range texts {
		if r.known[refKey(by, text)].anchor != "" {
			continue
		}
		if by == "" {
			requests = append(requests, wire.Message{Request: wire.Search{Base: text, Scope: wire.Base, Filter: o.filter, Attrs: o.anchorAttrs(by)}})
			continue
		}
		for _, base := range r.s.layout.bases {
			f := wire.And(o.filter, wire.Equal(by, text))
			requests = append(requests, wire.Message{Request: wire.Search{Base: base.text(), Scope: wire.Subtree, Filter: f, Attrs: o.anchorAttrs(by)}})
		}
	}
	var failed error
	conn.Pipeline(ctx, requests, window, func(_ int, e *wire.Entry) { r.keep(o, by, e) }, func(_ int, _ wire.Result, err error) {
		if refused, ok := errors.AsType[*wire.Refused](err); ok && absent(refused.Code) {
			return
		}
		failed = errors.Join(failed, err)
	})
	return failed
}

// absent reports whether a code of a search says that there is no such thing.
func absent(code int) bool {
	switch code {
	case wire.NoSuchObject, wire.InvalidDN, wire.InvalidSyntax, wire.InappropriateMatching, wire.UndefinedType, wire.Referral:
		return true
	}
	return false
}

// names returns what the references hold in the directory. fault.Invalid when one points to nothing.
func (s *session) names(ctx context.Context, conn *wire.Conn, c *column, vs []entry.Value) (map[string]string, error) {
	want := map[string]bool{}
	for _, v := range vs {
		if id := plainText(v); id != "" {
			want[id] = true
		}
	}
	found := map[string]string{}
	for _, o := range s.objects {
		if !c.mayPoint(o.name) || len(want) == 0 {
			continue
		}
		if err := s.locateAll(ctx, conn, o, want, func(e *entry.Entry) {
			if !want[e.ID] {
				return
			}
			found[e.ID] = e.Attrs.Text(nameDN)
			if c.ref.by != "" {
				if by := o.byWire[lower(c.ref.by)]; by != nil {
					found[e.ID] = plainText(e.Attrs.First(by.Name))
				}
			}
		}, c.ref.by); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// anchorsAtOnce is how many anchors one question names.
const anchorsAtOnce = 100

// locateAll finds the objects of a type with the anchors; of each only the anchor, the DN and the attribute by are read.
func (s *session) locateAll(ctx context.Context, conn *wire.Conn, o *object, anchors map[string]bool, found func(*entry.Entry), by string) error {
	var requests []wire.Message
	var parts []wire.Filter
	flush := func() {
		for _, base := range s.layout.bases {
			if len(parts) > 0 {
				f := wire.And(o.filter, wire.Or(parts...))
				requests = append(requests, wire.Message{Request: wire.Search{Base: base.text(), Scope: wire.Subtree, Filter: f, Attrs: o.anchorAttrs(by)}})
			}
		}
		parts = nil
	}
	for a := range anchors {
		if o.anchor.form == formName {
			if d, err := parseDN(a); err == nil && inside(d, s.layout.bases) == nil {
				requests = append(requests, wire.Message{Request: wire.Search{Base: a, Scope: wire.Base, Filter: o.filter, Attrs: o.anchorAttrs(by)}})
			}
			continue
		}
		if f, ok := o.anchorFilter(a); ok {
			if parts = append(parts, f); len(parts) == anchorsAtOnce {
				flush()
			}
		}
	}
	flush()
	var failed error
	conn.Pipeline(ctx, requests, window, func(_ int, e *wire.Entry) {
		if made, err := o.convert(e); err == nil && made != nil {
			found(made)
		}
	}, func(_ int, _ wire.Result, err error) {
		if refused, ok := errors.AsType[*wire.Refused](err); ok && absent(refused.Code) {
			return
		}
		failed = errors.Join(failed, err)
	})
	return failed
}

// point returns what a reference to the anchor holds.
func point(c *column, names map[string]string, v entry.Value) (string, error) {
	id := plainText(v)
	if n := names[id]; n != "" {
		return n, nil
	}
	return "", invalid(c.Name, "%s points to %q, which is not in the directory", c.Name, id).
		WithHint("create the object it points to first, or take the reference out")
}

// errNoSuch says that an anchor is no object's.
var errNoSuch = fault.New(fault.NotFound, "find the object", "there is no such object").WithHint("it was deleted, or the account may not see it")
