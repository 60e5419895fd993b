package gsql

import (
	"context"
	"errors"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// The delta strategies.
const (
	deltaNone      = "none"
	deltaWatermark = "watermark"
	deltaHistory   = "history"
	deltaTracking  = "changeTracking"
	deltaStatement = "statement"
)

// follower is a delta strategy for one object type: where the stream of changes stands, and which objects changed after a
// position. It writes SQL only.
type follower interface {
	// stand asks for the position now, as a number or a UTC time. With it comes the epoch, NULL when there is none.
	stand() query
	// changed is the condition on m that an object changed from a position on.
	changed(at position) (string, error)
	// gone selects the anchors that changed and are no more; no text when deletions do not show.
	gone(at position) (query, error)
	// count counts the changes from a position on; no text when nothing is gained by it.
	count(at position) (query, error)
}

var standing = []column{asText, asText}

// follower returns the strategy for a type; fault.Unsupported when there is none.
func (s *session) follower(o *object) (follower, error) {
	h := history{object: o, grammar: s.grammar(), overlap: s.layout.overlap}
	switch s.layout.delta {
	case deltaHistory:
		return h, nil
	case deltaTracking:
		return tracking{h}, nil
	case deltaWatermark:
		return s.watermarked(o)
	case deltaStatement:
		return untold{o}, nil
	}
	return nil, fault.New(fault.Unsupported, "import the difference", "no delta is configured").WithHint("set delta to watermark or history")
}

// Mark returns where the changes of every type stand.
func (s *session) Mark(ctx context.Context) (connector.Watermark, error) {
	all := positions{}
	for _, t := range s.layout.types {
		at, err := s.stand(ctx, s.objects[t.name])
		if err != nil {
			return "", err
		}
		if s.tracksAnchors() {
			if at.Epoch, err = s.knownAnchors(t.name).begin(ctx, s); err != nil {
				return "", err
			}
		}
		all[t.name] = at
	}
	return all.watermark(), nil
}

// stand asks the database for a type's position now.
func (s *session) stand(ctx context.Context, o *object) (at position, err error) {
	const op = "read where the changes stand"
	if m, ok := s.method(o.name, "watermark", ""); ok {
		return s.standByStatement(ctx, o, m)
	}
	f, err := s.follower(o)
	if err != nil {
		return at, err
	}
	if o.table == "" {
		return position{At: "0"}, nil // its changes are not followed: asking for them fails
	}
	err = s.read(ctx, op, func(ctx context.Context, c conn) error {
		if at, err = standOf(ctx, c, f.stand()); err != nil {
			return err
		}
		at.Told, err = counted(ctx, c, f, at)
		return err
	})
	err = s.ofHistory(o, err)
	if err == nil && !isNumber(at.At) && !isTime(at.At) {
		err = fault.New(fault.Invalid, op, "%q is neither a number nor a time", at.At).About(string(o.name)).WithHint("check the setting delta")
	}
	return at, err
}

// ofHistory says which right a refusal to read the history lacks: of a history only SELECT is needed.
func (s *session) ofHistory(o *object, err error) error {
	if !s.pushes() || !fault.Is(err, fault.Denied) {
		return err
	}
	h := historyTable(s.grammar(), o)
	return fault.New(fault.Denied, "read the history", "%w", withoutHint(err)).About(h).WithHint("GRANT SELECT ON %s TO the account, and no more", h)
}

// withoutHint returns the cause of a fault, so that another hint can take the place of its own.
func withoutHint(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Err != nil {
		return f.Err
	}
	return err
}

func standOf(ctx context.Context, c conn, q query) (at position, err error) {
	found, err := all(ctx, c, q)
	if err != nil || len(found) == 0 || found[0][0] == nil {
		return position{At: "0"}, err
	}
	at.At = text(found[0][0])
	if found[0][1] != nil {
		at.Epoch = text(found[0][1])
	}
	return at, nil
}

func counted(ctx context.Context, c conn, f follower, at position) (int, error) {
	q, err := f.count(at)
	if err != nil || q.text == "" {
		return 0, err
	}
	found, err := all(ctx, c, q)
	if err != nil {
		return 0, err
	}
	n, _ := found[0][0].(int64)
	return int(n), nil
}

// ImportSince reads the objects whose rows, or rows of values, changed, in one pass like a full import, then what is gone.
func (s *session) ImportSince(ctx context.Context, t entry.Type, w connector.Watermark) (iter.Seq2[connector.Change, error], func() connector.Watermark, error) {
	o, err := s.fresh(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	before, from, err := readPosition(w, t)
	if err != nil {
		return nil, nil, err
	}
	now, err := s.stand(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	if !s.tracksAnchors() && now.Epoch != from.Epoch {
		return nil, nil, forgotten("the history was made anew or cut")
	}
	if err := s.expired(ctx, o, from); err != nil {
		return nil, nil, err
	}
	run := &difference{session: s, object: o, from: from, now: now}
	if s.tracksAnchors() {
		if err := s.knownAnchors(t).resume(from.Epoch); err != nil {
			return nil, nil, err
		}
	}
	next := func() connector.Watermark { return before.with(t, run.now).watermark() }
	return run.changes(ctx), next, nil
}

// expired is fault.Conflict when the database has given up what changed since the position.
func (s *session) expired(ctx context.Context, o *object, from position) error {
	f, err := s.follower(o)
	e, ok := f.(interface {
		expired(at position) (query, error)
	})
	if err != nil || !ok {
		return err
	}
	q, err := e.expired(from)
	if err != nil {
		return err
	}
	return s.read(ctx, "import the difference", func(ctx context.Context, c conn) error {
		found, err := all(ctx, c, q)
		if err == nil && len(found) > 0 {
			return forgotten("the database has given up the changes since then")
		}
		return err
	})
}

// difference is one ImportSince.
type difference struct {
	session   *session
	object    *object
	from, now position
	deleted   []string // anchors that a statement told as deleted
}

func (d *difference) changes(ctx context.Context) iter.Seq2[connector.Change, error] {
	return func(yield func(connector.Change, error) bool) {
		stopped := false
		pass := func(x connector.Change) bool {
			stopped = stopped || !yield(x, nil)
			return !stopped
		}
		err := d.present(ctx, func(e entry.Entry) bool { return pass(connector.Change{Entry: e}) })
		if err == nil && !stopped {
			err = d.absent(ctx, func(id string) bool {
				return pass(connector.Change{Entry: entry.Entry{Type: d.object.name, ID: id}, Deleted: true})
			})
		}
		if err != nil && !stopped {
			yield(connector.Change{}, err)
		}
	}
}

// present yields what changed and is there.
func (d *difference) present(ctx context.Context, yield func(entry.Entry) bool) error {
	s := d.session
	if m, ok := s.method(d.object.name, "delta", ""); ok {
		return s.deltaByStatement(ctx, d, m, yield)
	}
	f, err := s.follower(d.object)
	if err != nil {
		return err
	}
	sc := s.scanOf(d.object)
	if sc.where, err = f.changed(d.from); err != nil {
		return err
	}
	return s.stream(ctx, sc, yield)
}

// absent yields the anchors of what changed and is not there.
func (d *difference) absent(ctx context.Context, yield func(id string) bool) error {
	s := d.session
	if s.tracksAnchors() {
		return d.compared(ctx, yield)
	}
	if _, ok := s.method(d.object.name, "delta", ""); ok {
		for _, id := range d.deleted {
			if !yield(id) {
				break
			}
		}
		return nil
	}
	f, err := s.follower(d.object)
	if err != nil {
		return err
	}
	q, err := f.gone(d.from)
	if err != nil || q.text == "" {
		return err
	}
	var found [][]entry.Value
	err = s.read(ctx, "import the difference", func(ctx context.Context, c conn) error {
		found, err = all(ctx, c, q)
		return err
	})
	for _, row := range found {
		if !yield(anchorOf(row)) {
			return nil
		}
	}
	return err
}

// compared yields the anchors that were known and are not among those that are there.
func (d *difference) compared(ctx context.Context, yield func(id string) bool) error {
	known := d.session.knownAnchors(d.object.name)
	gone, epoch, err := known.compare(ctx, d.session)
	if err != nil {
		return err
	}
	for _, id := range gone {
		if !yield(id) {
			return nil
		}
	}
	d.now.Epoch = epoch
	return nil
}

// deletions reports whether a difference tells what was deleted.
func (s *session) deletions() bool {
	return s.layout.delta == deltaHistory || s.layout.delta == deltaTracking || s.tracksAnchors() || s.layout.delta == deltaStatement
}

// untold is the follower of a type that has no section [Type delta] while others have: its changes are refused when asked for.
type untold struct{ object *object }

func (untold) stand() query { return query{text: "SELECT '0', NULL", out: standing} }
func (u untold) changed(position) (string, error) {
	return "", noSection(u.object, "delta")
}
func (untold) gone(position) (query, error)  { return query{}, nil }
func (untold) count(position) (query, error) { return query{}, nil }

// watermarked returns the strategy of the configured watermark columns.
func (s *session) watermarked(o *object) (follower, error) {
	name := s.layout.deltaColumns[o.name][""]
	c, ok := o.column(name)
	if !ok {
		return nil, fault.New(fault.Invalid, "import the difference", "no watermark column is configured for %s", o.name).
			About(string(o.name)).WithHint("add a line such as %s=changed_at to the setting deltaColumns", o.name)
	}
	w := watermarks{object: o, grammar: s.grammar(), binder: s.dialect(), clock: s.layout.clock, overlap: s.layout.overlap, column: c}
	for _, t := range o.children {
		if name := s.layout.deltaColumns[o.name][t.attr]; name != "" {
			w.children = append(w.children, childMark{t, column{name: name, quoted: s.grammar().quote(name), kind: c.kind, dbType: c.dbType}})
		}
	}
	return w, nil
}
