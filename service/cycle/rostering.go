package cycle

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/plan"
)

// membersMapping is the mapping of a group's members when the cycle itself can carry them, as small edits and without ever
// holding the group: a direct reference. Where members take part in an expression or a filter, or nested groups are flattened,
// the group is planned whole.
type membersMapping struct {
	target  string // attribute at the target
	addOnly bool
	nested  bool // groups are members too
}

// withoutMembers returns the application without the mapping of members, and that mapping; nil when members must be planned whole.
func withoutMembers(a app.App) (app.App, *membersMapping) {
	if a.Nested == app.NestedFlat {
		return a, nil
	}
	a.Objects = slices.Clone(a.Objects)
	var found *membersMapping
	for i, o := range a.Objects {
		if o.Source != entry.Group {
			continue
		}
		at := slices.IndexFunc(o.Mappings, func(m app.Mapping) bool { return m.Source == directory.Members })
		if at < 0 || o.Mappings[at].Flow == app.OnCreate || usesMembers(o, at) {
			return a, nil
		}
		m := o.Mappings[at]
		found = &membersMapping{target: m.Target, addOnly: m.Flow == app.AddValueOnly, nested: a.Nested != app.NestedLeftOut}
		a.Objects[i].Mappings = slices.Delete(slices.Clone(o.Mappings), at, at+1)
	}
	a.Tests = nil
	return a, found
}

// usesMembers reports whether anything but the mapping at a place could read members.
func usesMembers(o app.Object, at int) bool {
	for i, m := range o.Mappings {
		if i != at && (m.Source == directory.Members || mentions(m.Expression)) {
			return true
		}
	}
	for _, r := range o.Match {
		if mentions(r.Source) || r.Target == o.Mappings[at].Target {
			return true
		}
	}
	for _, g := range o.Scope.Groups {
		if slices.ContainsFunc(g.Clauses, func(c app.Clause) bool { return c.Attribute == directory.Members }) {
			return true
		}
	}
	return false
}

func mentions(expression string) bool {
	return strings.Contains(strings.ToLower(expression), directory.Members)
}

// rulesFor returns the rules for an object.
func (j *Job) rulesFor(c directory.Change) *plan.Rules {
	if j.apart(c.Entry.Type) {
		return j.lean
	}
	return j.rules
}

// apart reports whether members of objects of the type are handled apart.
func (j *Job) apart(t entry.Type) bool {
	if t != entry.Group || j.lean == nil {
		return false
	}
	_, ok := j.Source.(Roster)
	return ok
}

// rosterWork is what is to be done about the members of one group.
type rosterWork struct {
	*membersMapping
	source Roster
	held   []entry.Value   // whom the target held when it was asked
	have   map[string]bool // target ids the target holds and nobody named yet; nil unless compared whole
	whole  bool            // memberships were never written whole, or are compared
	after  string          // whole: the last member looked at
	from   int64           // where they stood when the turn began; -1 when nobody knows
	mark   int64           // memberships are in the target up to here
	known  bool            // mark is
	until  int64           // whole: the mark when all is done
	add    []string        // members that wait from now on
	drop   []string        // members that wait no longer
	frozen bool            // the mark stays as it is
	begun  bool            // whole: who waits is being written anew
	more   bool            // there is work left after this edit
	step   bool            // something about the roster changed that must be written down
}

// memberPage is how many memberships are changed by one request.
const memberPage = 1000

// members plans the first page of what is to be done about a group's members, and joins it with the plan's own edits.
func (t *turn) members(ctx context.Context) error {
	t.roster = nil
	if t.change.Deleted || !t.apart(t.change.Entry.Type) || !t.keepsMembers() {
		return nil
	}
	mark, known, err := t.Ledger.Mark(ctx, t.id, t.change.Entry.ID)
	if err != nil {
		return lasting{err}
	}
	src := t.Source.(Roster) //nolint:forcetypeassert // apart says so
	w := &rosterWork{membersMapping: t.memberMap, source: src, from: mark, mark: mark, known: known && t.only == nil}
	if !known {
		w.from = -1
	}
	w.whole = !known || t.initial || t.compare || t.plan.Verb == plan.Create || t.plan.Link.Digest == nil
	t.roster = w
	if t.only != nil {
		return t.onlyMembers(ctx)
	}
	if w.whole {
		w.mark, w.known = 0, false
		if w.until, err = src.Edge(ctx); err != nil {
			return lasting{err}
		}
	}
	if t.plan.Verb == plan.Create {
		w.have = map[string]bool{}
	}
	edits, err := t.nextMembers(ctx)
	if err != nil || len(edits) == 0 {
		return err
	}
	t.join(edits)
	return nil
}

// join makes the edits part of the plan. A group that is created gets its members right after.
func (t *turn) join(edits []entry.Edit) {
	if t.plan.Origins == nil {
		t.plan.Origins = map[string]plan.Origin{}
	}
	t.plan.Origins[t.roster.target] = plan.Origin{Mapping: "[" + directory.Members + "]"}
	if t.plan.Verb == plan.Create {
		for _, e := range edits {
			ref := plan.Ref{Attr: e.Attr}
			for _, v := range e.Values {
				ref.Targets = append(ref.Targets, v.(entry.Ref).ID) //nolint:forcetypeassert // made above
			}
			t.plan.Refs = append(t.plan.Refs, ref)
		}
		return
	}
	if t.plan.Verb == plan.Skip {
		t.plan.Verb, t.plan.Code, t.plan.Reason = plan.Update, "EntryExportUpdate", "members changed"
	}
	t.plan.Edits = append(t.plan.Edits, edits...)
}

// onlyMembers plans the memberships of a few, and leaves what is remembered of the others as it is.
func (t *turn) onlyMembers(ctx context.Context) error {
	w := t.roster
	wanted := make(map[string]bool, len(t.only))
	for _, id := range t.only {
		wanted[id] = true
	}
	var refs []entry.Ref
	for after := ""; len(refs) < len(wanted); {
		page, err := w.source.Members(ctx, t.change.Entry.ID, after, memberPage)
		if err != nil {
			return lasting{err}
		}
		for _, r := range page {
			after = r.ID
			if wanted[r.ID] {
				refs = append(refs, r)
			}
		}
		if len(page) < memberPage {
			break
		}
	}
	if t.plan.Verb == plan.Create {
		w.have = map[string]bool{}
	} else if err := t.readRoster(ctx); err != nil {
		return err
	}
	in, err := t.missing(ctx, refs)
	if err != nil {
		return err
	}
	out := w.haunting(t.ghosts)
	for _, r := range refs {
		if !slices.Contains(w.add, r.ID) {
			w.drop, w.step = append(w.drop, r.ID), true
		}
	}
	w.whole, w.have, w.frozen = false, nil, t.plan.Verb != plan.Create
	if edits := w.edits(in, out); len(edits) > 0 {
		t.join(edits)
	}
	return nil
}

// haunting returns those of some target ids that the target holds among the members; their objects are gone.
func (w *rosterWork) haunting(ghosts []string) (out []entry.Value) {
	for _, id := range ghosts {
		if w.have[id] && !w.addOnly {
			out = append(out, entry.Ref{ID: id})
		}
	}
	return out
}

// keepsMembers reports whether the plan is of a group that is in scope and linked, or becomes so.
func (t *turn) keepsMembers() bool {
	switch t.plan.Verb {
	case plan.Create, plan.Update:
		return true
	case plan.Skip:
		return t.plan.Code == "RedundantExport" && !t.plan.Off
	}
	return false
}

// nextMembers returns the edits of the next page.
func (t *turn) nextMembers(ctx context.Context) ([]entry.Edit, error) {
	w := t.roster
	w.more = false
	switch {
	case w.whole:
		return t.wholePage(ctx)
	case t.awaited || t.epoch > 0: // orders beside the cycles, and those who only look, compare whole groups
		if edits, err := t.awaitedPage(ctx); err != nil || len(edits) > 0 {
			return edits, err
		}
	}
	return t.changedPage(ctx)
}

// changedPage is what changed in the group since the mark.
func (t *turn) changedPage(ctx context.Context) ([]entry.Edit, error) {
	w := t.roster
	changes, err := w.source.MemberChanges(ctx, t.change.Entry.ID, w.mark, memberPage)
	if err != nil || len(changes) == 0 {
		return nil, lastingOr(err)
	}
	ids := make([]string, len(changes))
	for i, c := range changes {
		ids[i] = c.Member.ID
	}
	known, err := t.Resolve(ctx, ids)
	if err != nil {
		return nil, lasting{err}
	}
	var in, out []entry.Value
	for _, c := range changes {
		target, linked := known[c.Member.ID]
		switch {
		case c.Member.Type == entry.Group && !w.nested:
		case c.Gone && linked && !w.addOnly:
			out = append(out, entry.Ref{ID: target})
		case c.Gone:
			w.drop = append(w.drop, c.Member.ID)
		case linked:
			in = append(in, entry.Ref{ID: target})
		default:
			w.add = append(w.add, c.Member.ID)
		}
	}
	w.mark, w.known, w.step = changes[len(changes)-1].Edge, true, true
	w.more = len(changes) == memberPage
	return w.edits(in, out), nil
}

// awaitedPage adds members that waited and are linked by now.
func (t *turn) awaitedPage(ctx context.Context) ([]entry.Edit, error) {
	w := t.roster
	links, err := t.Ledger.Awaited(ctx, t.id, t.change.Entry.ID, memberPage)
	if err != nil || len(links) == 0 {
		return nil, lastingOr(err)
	}
	var in []entry.Value
	for _, l := range links {
		in = append(in, entry.Ref{ID: l.Target})
		w.drop = append(w.drop, l.Source)
	}
	w.step, w.more = true, true
	return w.edits(in, nil), nil
}

// wholePage compares a page of the group's members with what the target holds.
func (t *turn) wholePage(ctx context.Context) ([]entry.Edit, error) {
	w := t.roster
	if w.have == nil {
		if err := t.readRoster(ctx); err != nil {
			return nil, err
		}
	}
	refs, err := w.source.Members(ctx, t.change.Entry.ID, w.after, memberPage)
	if err != nil {
		return nil, lasting{err}
	}
	in, err := t.missing(ctx, refs)
	if err != nil {
		return nil, err
	}
	w.step = true
	if len(refs) == memberPage {
		w.after, w.more = refs[len(refs)-1].ID, true
		return w.edits(in, nil), nil
	}
	var out []entry.Value
	if !w.addOnly {
		for id := range w.have {
			out = append(out, entry.Ref{ID: id})
		}
	}
	w.whole, w.have, w.mark, w.known = false, nil, w.until, true
	w.more = true // look once for what changed meanwhile
	return w.edits(in, out), nil
}

// readRoster reads whom the target holds.
func (t *turn) readRoster(ctx context.Context) error {
	have := t.plan.Have
	if have.Attrs == nil || t.plan.Have.Attrs[t.roster.target] == nil {
		var err error
		t.tally.requests.Add(1)
		if have, err = t.Target.Get(ctx, t.plan.Type, t.plan.Link.Target); err != nil {
			return err
		}
	}
	t.roster.held = have.Attrs[t.roster.target]
	t.roster.have = make(map[string]bool, len(have.Attrs[t.roster.target]))
	for _, v := range have.Attrs[t.roster.target] {
		switch v := v.(type) {
		case entry.Ref:
			t.roster.have[v.ID] = true
		case string:
			t.roster.have[v] = true
		}
	}
	return nil
}

// missing returns the linked members of a page that the target does not hold, and notes who waits.
func (t *turn) missing(ctx context.Context, refs []entry.Ref) (in []entry.Value, err error) {
	w := t.roster
	ids := make([]string, 0, len(refs))
	for _, r := range refs {
		if r.Type != entry.Group || w.nested {
			ids = append(ids, r.ID)
		}
	}
	known, err := t.Resolve(ctx, ids)
	if err != nil {
		return nil, lasting{err}
	}
	for _, id := range ids {
		target, linked := known[id]
		switch {
		case !linked:
			w.add = append(w.add, id)
		case w.have[target]:
			delete(w.have, target)
		default:
			in = append(in, entry.Ref{ID: target})
		}
	}
	return in, nil
}

func (w *rosterWork) edits(in, out []entry.Value) (edits []entry.Edit) {
	if len(out) > 0 {
		edits = append(edits, entry.Edit{Op: entry.Remove, Attr: w.target, Values: out})
	}
	if len(in) > 0 {
		edits = append(edits, entry.Edit{Op: entry.Add, Attr: w.target, Values: in})
	}
	return edits
}

// outcome is what the ledger remembers of the members with this outcome. A failure remembers nothing new: what was planned is
// planned again.
func (w *rosterWork) outcome(o Outcome) *MemberMarks {
	m := &MemberMarks{Mark: -1, Add: o.Waiting}
	if o.Escrow != nil || o.Unlink {
		return m
	}
	m.Add = append(m.Add, w.add...)
	m.Drop = w.drop
	if w.whole || w.step && w.known && w.until > 0 && !w.begun {
		m.All = !w.begun
		w.begun = true
	}
	switch {
	case w.frozen:
	case w.known:
		m.Mark = w.mark
	default:
		m.Mark = 0
	}
	w.add, w.drop, w.step = nil, nil, false
	return m
}

func (w *rosterWork) moved() bool { return w != nil && w.step }

// furtherMembers carries out the pages after the first, each as a write of its own with a record of its own.
func (t *turn) furtherMembers(ctx context.Context, link plan.Link) error {
	for t.roster != nil && t.roster.more {
		if err := ctx.Err(); err != nil {
			return err
		}
		edits, err := t.nextMembers(ctx)
		if err != nil {
			return err
		}
		if len(edits) == 0 {
			if !t.roster.moved() {
				continue
			}
			if err := t.settle(ctx, Outcome{Link: link}); err != nil {
				return err
			}
			continue
		}
		t.plan.Verb, t.plan.Code, t.plan.Reason, t.plan.Edits = plan.Update, "EntryExportUpdate", "members changed", edits
		if err := t.write(ctx, plan.Update, link.Target, edits); err != nil {
			return err
		}
		if err := t.record(ctx, plan.Success, nil, Outcome{Link: link}); err != nil {
			return err
		}
	}
	return nil
}

func lastingOr(err error) error {
	if err == nil || fault.KindOf(err) == 0 {
		return err
	}
	return lasting{err}
}
