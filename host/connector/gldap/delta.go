package gldap

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

var _ connector.DeltaImporter = (*session)(nil)

// delta is one way in which a directory tells what changed. It names objects only; what they are now is read afterwards, so that every
// way gives the same.
type delta interface {
	// name is the word before the colon in a watermark.
	name() string
	// deletions reports whether it tells of them.
	deletions() bool
	// mark returns where the changes stand.
	mark(ctx context.Context, c *wire.Conn) (string, error)
	// since finds the objects that changed after w and returns where the changes stand then.
	since(ctx context.Context, c *wire.Conn, w string, found *touched) (string, error)
}

// maxTouched is how many changes are dearer than a full import.
const maxTouched = 100_000

// touched are the objects that changed, by anchor, or by DN where that is all that is known.
type touched struct {
	anchors map[string]bool
	names   map[string]string // by key
	present bool              // the server went through what is there instead of what was deleted
}

func (t *touched) anchor(a string) error {
	t.anchors[a] = true
	return t.many()
}

func (t *touched) dn(name string) error {
	t.names[keyOf(name)] = name
	return t.many()
}

func (t *touched) many() error {
	if len(t.anchors)+len(t.names) > maxTouched {
		return fault.New(fault.Conflict, "read the changes", "more than %d objects changed", maxTouched).WithHint("a full import is faster and follows by itself")
	}
	return nil
}

// forgotten is the answer to a watermark that is not known, or not any more.
func forgotten(format string, args ...any) error {
	return fault.New(fault.Conflict, "read the changes", format, args...).WithHint("a full import follows by itself")
}

// delta chooses the way; nil when there is none.
func (s *session) delta() delta {
	switch kind := s.layout.delta; kind {
	case "none":
		return nil
	case "auto":
		return s.bestDelta()
	default:
		return s.deltaNamed(kind)
	}
}

func (s *session) deltaNamed(kind string) delta {
	switch kind {
	case "accesslog":
		return accessLog{s, s.logAt("cn=accesslog")}
	case "changelog":
		return changeLog{s, s.logAt("cn=changelog")}
	case "usn":
		return usn{s}
	case "dirsync":
		return dirSync{s}
	case "syncrepl":
		return syncRepl{s}
	}
	return stamps{s}
}

func (s *session) logAt(usual string) string {
	for _, at := range []string{s.layout.changeLog, s.server.fact("changelog")} {
		if at != "" {
			return at
		}
	}
	return usual
}

func (s *session) bestDelta() delta {
	switch {
	case s.server.windows():
		return usn{s}
	case s.server.fact("lastChangeNumber") != "":
		return s.deltaNamed("changelog")
	case s.server.brand == openLDAP && s.logged:
		return s.deltaNamed("accesslog")
	case s.server.supports[ctlSync] && s.server.brand == openLDAP:
		return syncRepl{s}
	}
	return stamps{s}
}

// Mark returns where the changes stand.
func (s *session) Mark(ctx context.Context) (connector.Watermark, error) {
	d := s.delta()
	if d == nil {
		return "", fault.New(fault.Unsupported, "mark the changes", "delta imports are switched off")
	}
	var w string
	err := s.read(ctx, "mark the changes", func(ctx context.Context, c *wire.Conn) (err error) {
		if w, err = d.mark(ctx, c); err == nil {
			w, err = s.rolled(ctx, w)
		}
		return err
	})
	return connector.Watermark(d.name() + ":" + w), err
}

// ImportSince reads which objects changed, and then what they are: an object that is not of the type any more is told as deleted.
func (s *session) ImportSince(ctx context.Context, t entry.Type, w connector.Watermark) (iter.Seq2[connector.Change, error], func() connector.Watermark, error) {
	const op = "read the changes"
	o, err := s.object(t)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Invalid, op, err)
	}
	d := s.delta()
	if d == nil {
		return nil, nil, fault.New(fault.Unsupported, op, "delta imports are switched off")
	}
	kind, place, ok := strings.Cut(string(w), ":")
	if !ok || kind != d.name() {
		return nil, nil, forgotten("%q is no place in the changes of this server", short(string(w)))
	}
	next := place
	seq := func(yield func(connector.Change, error) bool) {
		err := s.changes(ctx, o, d, place, &next, func(c connector.Change) bool { return yield(c, nil) })
		if err != nil && !errors.Is(err, errLeft) {
			yield(connector.Change{}, unread(op, err))
		}
	}
	return seq, func() connector.Watermark { return connector.Watermark(kind + ":" + next) }, nil
}

func (s *session) changes(ctx context.Context, o *object, d delta, from string, next *string, yield func(connector.Change) bool) error {
	var found *touched
	err := s.read(ctx, "read the changes", func(ctx context.Context, c *wire.Conn) (err error) {
		found = &touched{anchors: map[string]bool{}, names: map[string]string{}}
		place, epoch := s.unrolled(from)
		to, err := d.since(ctx, c, place, found)
		if err == nil && s.compares() {
			to, err = s.compare(ctx, epoch, to, found)
		}
		if err == nil {
			*next = to
		}
		return err
	})
	if err != nil {
		return err
	}
	var now []*entry.Entry
	there := map[string]bool{}
	err = s.read(ctx, "read what changed", func(ctx context.Context, c *wire.Conn) error {
		now = nil
		return s.present(ctx, c, o, found, func(e *entry.Entry) {
			if !there[e.ID] {
				there[e.ID] = true
				now = append(now, e)
			}
		})
	})
	if err == nil {
		err = s.resolver(&s.side).resolve(ctx, o, now)
	}
	if err != nil {
		return err
	}
	for a := range found.anchors {
		if !there[a] && !yield(connector.Change{Entry: entry.Entry{Type: o.name, ID: a}, Deleted: true}) {
			return errLeft
		}
	}
	for _, e := range now {
		s.learned(e.ID)
		if !yield(connector.Change{Entry: *e}) {
			return errLeft
		}
	}
	return nil
}

// present reads those of the touched objects that are of the type.
func (s *session) present(ctx context.Context, c *wire.Conn, o *object, found *touched, each func(*entry.Entry)) error {
	var requests []wire.Message
	var parts []wire.Filter
	flush := func() {
		for _, b := range s.layout.bases {
			if len(parts) > 0 {
				requests = append(requests, wire.Message{Request: wire.Search{Base: b.text(), Scope: wire.Subtree, Filter: wire.And(o.filter, wire.Or(parts...)), Attrs: o.ask}})
			}
		}
		parts = nil
	}
	byName := func(name string) {
		if d, err := parseDN(name); err == nil && inside(d, s.layout.bases) == nil {
			requests = append(requests, wire.Message{Request: wire.Search{Base: name, Scope: wire.Base, Filter: o.filter, Attrs: o.ask}})
		}
	}
	for a := range found.anchors {
		if o.anchor.form == formName {
			byName(a)
		} else if f, ok := o.anchorFilter(a); ok {
			if parts = append(parts, f); len(parts) == anchorsAtOnce {
				flush()
			}
		}
	}
	flush()
	for _, name := range found.names {
		byName(name)
	}
	var failed error
	c.Pipeline(ctx, requests, window, func(_ int, e *wire.Entry) {
		made, err := s.take(ctx, o, e)
		if failed = errors.Join(failed, err); made != nil && err == nil {
			each(made)
		}
	}, func(_ int, _ wire.Result, err error) {
		if err != nil && !absentErr(err) {
			failed = errors.Join(failed, err)
		}
	})
	return failed
}
