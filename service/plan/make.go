package plan

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/mapping"
	"github.com/sallyport-id/sallyport/service/match"
)

// World is what making a plan asks about. It only reads.
type World interface {
	match.Finder
	// Get reads one object of the target by its id, references included; fault.NotFound when it is gone.
	Get(ctx context.Context, t entry.Type, id string) (entry.Entry, error)
	// Resolve returns the target ids of source objects that are linked; the others are left out.
	Resolve(ctx context.Context, sources []string) (map[string]string, error)
}

// Input is one object to plan for.
type Input struct {
	Change        directory.Change
	Link          Link
	Now           time.Time // the instant every expression sees
	Rand          io.Reader
	DefaultDomain string
	Compare       bool // ask the target even when the digest says that nothing changed since the last export
	Full          bool // read with everybody else, not because it changed
	Listed        bool // the import step names the attributes that have a value

	// Assigned tells whether the object is assigned to the application, directly or by a group. It counts only where app.Assignments.Only is set.
	Assigned    bool
	AssignedWhy string // plain words: "member of Sales, which is assigned"; may be empty

	// Roles are the app roles the object is assigned, for the role functions: entry.Complex with id, value and displayName. nil: those the object's
	// own attribute appRoleAssignments holds.
	Roles []entry.Value
}

// Expander is what a World can do besides, for applications with app.NestedFlat.
type Expander interface {
	// Expand returns for each source id that is a group the ids of the users in it, at any depth, each once; what is no group is left out.
	// A group that holds itself, directly or not, does no harm.
	Expand(ctx context.Context, sources []string) (map[string][]string, error)
}

// Make decides what to do for one object. Nothing is changed anywhere. When it fails, the plan returned with the error
// still tells the steps up to the failure.
func (r *Rules) Make(ctx context.Context, w World, in Input) (Plan, error) {
	src := in.Change.Entry
	m := &maker{ctx: ctx, world: w, in: in, app: r, p: Plan{Type: src.Type, Source: src, Link: in.Link}}
	o, ok := r.objects[src.Type]
	if !ok {
		m.skip("EntrySynchronizationSkipped", "the application does not take objects of type %s", src.Type)
		return m.p, nil
	}
	m.o, m.p.Type = o, o.Target
	if in.Roles != nil {
		m.in.Change.Entry = with(src, roleAttribute, in.Roles)
	}
	m.p.Redacted = o.mapping.Redacted()
	for _, name := range o.mapping.Ingredients() {
		m.p.Hidden = append(m.p.Hidden, textsOf(m.in.Change.Entry.Attrs[name])...)
	}
	err := m.p.VeilError(m.decide())
	if err != nil {
		m.p.Verb, m.p.Reason = Skip, err.Error()
	}
	m.p.veilSteps()
	return m.p, err
}

// secret notes a value of a target attribute that is asked for, if no log may show it.
func (m *maker) secret(attr string, v entry.Value) {
	if m.p.Redacted[attr] {
		m.p.Hidden = append(m.p.Hidden, textsOf([]entry.Value{v})...)
	}
}

// maker holds one plan while it is made.
type maker struct {
	ctx   context.Context
	world World
	in    Input
	app   *Rules
	o     *object
	p     Plan

	out mapping.Output // how the attributes wanted are to be written
}

// roleAttribute holds the app roles of a source object.
const roleAttribute = "appRoleAssignments"

// with returns the entry with one attribute replaced; all others are shared with the original.
func with(e entry.Entry, name string, values []entry.Value) entry.Entry {
	attrs := make(entry.Attrs, len(e.Attrs)+1)
	maps.Copy(attrs, e.Attrs)
	attrs[name] = values
	e.Attrs = attrs
	return e
}

func (m *maker) linked() bool { return m.in.Link.Target != "" }

func (m *maker) decide() error {
	if m.in.Change.Deleted {
		m.hardDeleted()
		return nil
	}
	m.imported()
	if early := m.o.input.EvaluateEntry(m.in.Change.Entry); early.Err != nil {
		return early.Err
	} else if !early.In {
		m.skip("EntrySynchronizationSkipped", "is left out by the input filter: %s", early.Why)
		return nil
	}
	in, why, err := m.scope()
	if err != nil {
		return err
	}
	switch gone, because := m.softDeleted(); {
	case !in:
		return m.leave("is out of scope: "+why, true)
	case gone:
		return m.leave(because, false)
	case m.accountDisabled() && !m.linked():
		m.skip("EntrySynchronizationSkipped", "is disabled in the directory and was never provisioned")
		return nil
	case m.accountDisabled() && m.app.App.Deprovision.DeleteLeavers:
		return m.leave("is disabled in the directory", false)
	}
	return m.stay()
}

// imported tells how the object came, and on demand which of its attributes have a value.
func (m *maker) imported() {
	s := Step{Name: "EntryImport", Type: Import, Status: Success, Detail: "read from the directory"}
	if m.in.Full {
		s.Name = "EntryImportAdd"
	}
	if m.in.Listed {
		s.Facts = map[string]string{"Attributes": strings.Join(slices.Sorted(maps.Keys(m.in.Change.Entry.Attrs)), ", ")}
	}
	m.step(s)
}

func (m *maker) hardDeleted() {
	m.step(Step{Name: "EntryImportObjectNotFound", Type: Import, Status: Success, Detail: "was deleted for good in the directory"})
	switch {
	case !m.linked():
		m.skip("EntrySynchronizationSkipped", "was deleted in the directory and was never provisioned")
	case m.in.Link.Left && !m.app.App.Deprovision.DeleteLeft:
		m.skip("EntrySynchronizationSkipped", "had left scope before it was deleted, so its account is no longer managed")
	case m.app.App.Deprovision.NoDelete || !m.o.Verbs.Delete:
		m.skip("EntrySynchronizationSkipped", "was deleted in the directory; deleting in the target is switched off")
	default:
		m.verb(Delete, "EntryExportDelete", "was deleted for good in the directory")
	}
}

func (m *maker) softDeleted() (bool, string) {
	if m.in.Change.Entry.Attrs.First(directory.DeletedDateTime) != nil {
		return true, "is deleted in the directory (it can still be restored)"
	}
	return false, ""
}

func (m *maker) accountDisabled() bool {
	enabled, ok := m.in.Change.Entry.Attrs.First(directory.AccountEnabled).(bool)
	return ok && !enabled
}

// leave plans for somebody who shall not have an active account any more. Only attributes that depend on
// IsSoftDeleted (or accountEnabled) are touched: what else changed since is no business of a disable.
func (m *maker) leave(why string, scope bool) error {
	m.p.Off, m.p.LeftScope = true, scope
	switch {
	case !m.linked():
		m.skip("EntrySynchronizationSkipped", "%s", why)
		return nil
	case scope && m.app.App.Deprovision.SkipOutOfScope:
		m.skip("EntrySynchronizationSkipped", "%s; disabling of people who leave scope is switched off", why)
		return nil
	case m.app.App.Deprovision.DeleteLeavers:
		m.deleteLeaver(why)
		return nil
	case !m.o.Verbs.Update:
		m.skip("EntrySynchronizationSkipped", "%s; updating in the target is switched off", why)
		return nil
	}
	off, err := m.disabledAttrs()
	if err != nil {
		return err
	}
	if len(off) == 0 {
		m.skip("EntrySynchronizationSkipped", "%s, but no mapping depends on IsSoftDeleted, so there is nothing to disable", why)
		return nil
	}
	m.p.Want = entry.Entry{Type: m.o.Target, ID: m.in.Link.Target, Attrs: off}
	m.p.Digest = m.digest(off)
	if m.unchanged() {
		m.skip("RedundantExport", "%s, and is disabled in the target already", why)
		return nil
	}
	return m.compare(Disable, "EntryExportUpdate", why)
}

// deleteLeaver is what happens where the target cannot disable.
func (m *maker) deleteLeaver(why string) {
	if m.app.App.Deprovision.NoDelete || !m.o.Verbs.Delete {
		m.skip("EntrySynchronizationSkipped", "%s; deleting in the target is switched off", why)
		return
	}
	m.verb(Delete, "EntryExportDelete", why+"; the target cannot disable")
}

// disabledAttrs returns the target attributes that differ between a person who may sign in and one who may not.
func (m *maker) disabledAttrs() (entry.Attrs, error) {
	on, err := m.o.mapping.Evaluate(m.input(m.in.Change.Entry, false, false))
	if err != nil {
		return nil, err
	}
	gone := m.in.Change.Entry.Clone()
	if gone.Attrs == nil {
		gone.Attrs = entry.Attrs{}
	}
	gone.Attrs.Set(directory.AccountEnabled, false)
	off, err := m.o.mapping.Evaluate(m.input(gone, true, false))
	if err != nil {
		return nil, err
	}
	if m.accountDisabled() { // a direct mapping of accountEnabled has the same value on both sides
		here := m.in.Change.Entry.Clone()
		here.Attrs.Set(directory.AccountEnabled, true)
		if on, err = m.o.mapping.Evaluate(m.input(here, false, false)); err != nil {
			return nil, err
		}
	}
	diff := entry.Attrs{}
	for name, values := range off.Want {
		if !entry.EqualValues(values, on.Want[name]) {
			diff[name] = values
		}
	}
	return diff, nil
}

func (m *maker) input(src entry.Entry, softDeleted, creating bool) mapping.Input {
	return mapping.Input{
		Source: src, IsSoftDeleted: softDeleted, Creating: creating,
		Now: m.in.Now, Rand: m.in.Rand, DefaultDomain: m.in.DefaultDomain,
		Taken: func(attr, v string) (bool, error) {
			m.secret(attr, v)
			return m.taken(attr, v)
		},
	}
}

// stay plans for somebody who is in scope: find or know the counterpart, then compare.
func (m *maker) stay() error {
	if err := m.nest(); err != nil {
		return err
	}
	m.p.Off = m.accountDisabled()
	if !m.linked() {
		found, err := m.match()
		if err != nil || m.p.Verb == Skip {
			return err
		}
		if found.ID == "" {
			return m.create()
		}
		m.p.Link = Link{Source: m.in.Change.Entry.ID, Type: m.in.Change.Entry.Type, Target: found.ID}
		m.p.Have = found
	} else if m.in.Listed {
		m.step(Step{
			Name: "EntrySynchronizationUpdate", Type: Matching, Status: Success,
			Detail: "was matched before, so the target is not searched", Facts: map[string]string{"TargetAnchor": m.in.Link.Target},
		})
	}
	return m.update()
}

func (m *maker) match() (entry.Entry, error) {
	qs := make([]match.Question, 0, len(m.o.Match))
	for i, rule := range m.o.Match {
		v, ok, err := m.o.mapping.MatchValue(i, m.input(m.in.Change.Entry, m.accountDisabled(), false))
		if err != nil {
			return entry.Entry{}, err
		}
		if !ok {
			v = nil
		}
		m.secret(rule.Target, v)
		qs = append(qs, match.Question{Precedence: rule.Precedence, Attr: rule.Target, Value: v})
	}
	verdict, err := match.Counterpart(m.ctx, m.world, m.o.Target, qs)
	if err != nil {
		m.step(Step{Name: "EntrySynchronizationAdd", Type: Matching, Status: Failure, Detail: err.Error(), Facts: asked(verdict.Asked)})
		return entry.Entry{}, err
	}
	switch {
	case verdict.Blind:
		m.step(Step{Name: "EntrySynchronizationSkip", Type: Matching, Status: Skipped, Detail: "no matching attribute has a value"})
		m.skip("ImportSkipped", "has no value for any matching attribute (%s)", strings.Join(m.app.MatchAttrs(m.in.Change.Entry.Type), ", "))
	case verdict.Found.ID == "":
		m.step(Step{Name: "EntrySynchronizationAdd", Type: Matching, Status: Success, Detail: "no counterpart in the target", Facts: asked(verdict.Asked)})
	default:
		m.step(Step{
			Name: "EntrySynchronizationUpdate", Type: Matching, Status: Success,
			Detail: fmt.Sprintf("found by %s (precedence %d)", verdict.By.Attr, verdict.By.Precedence), Facts: joined(verdict),
		})
	}
	return verdict.Found, nil
}

// joined is asked with the attribute that found the counterpart.
func joined(v match.Verdict) map[string]string {
	facts := asked(v.Asked)
	facts["JoiningProperty"] = v.By.Attr
	return facts
}

func asked(qs []match.Question) map[string]string {
	facts := make(map[string]string, len(qs))
	for _, q := range qs {
		facts[q.Attr] = fmt.Sprint(q.Value)
	}
	return facts
}

func (m *maker) create() error {
	if !m.o.Verbs.Create {
		m.skip("EntrySynchronizationSkipped", "has no account, and creating in the target is switched off")
		return nil
	}
	out, err := m.evaluate(true)
	if err != nil || out.IgnoreObject {
		return err
	}
	later, err := m.o.mapping.Again(m.input(m.in.Change.Entry, m.accountDisabled(), false), out) // as the next cycle will see it
	if err != nil {
		return err
	}
	if err := m.resolve(later.Refs); err != nil {
		return err
	}
	m.p.Want = entry.Entry{Type: m.o.Target, Attrs: out.Want}
	m.p.Digest = m.digest(later.Want)
	m.origins(slices.Collect(maps.Keys(out.Want)), true)
	m.verb(Create, "EntryExportAdd", "is in scope and has no account yet")
	return nil
}

func (m *maker) update() error {
	out, err := m.evaluate(false)
	if err != nil || out.IgnoreObject {
		return err
	}
	if err := m.resolve(out.Refs); err != nil {
		return err
	}
	m.p.Want = entry.Entry{Type: m.o.Target, ID: m.p.Link.Target, Attrs: out.Want}
	m.p.Digest = m.digest(out.Want)
	if m.unchanged() {
		m.skip("RedundantExport", "nothing changed since the last export")
		return nil
	}
	if !m.o.Verbs.Update {
		m.skip("EntrySynchronizationSkipped", "has an account, and updating in the target is switched off")
		return nil
	}
	if m.accountDisabled() && m.in.Link.Active {
		return m.compare(Disable, "EntryExportUpdate", "is disabled in the directory")
	}
	return m.compare(Update, "EntryExportUpdate", "differs from what the target holds")
}

// unchanged reports that the last export was exactly what is wanted now, so that the target need not be asked.
func (m *maker) unchanged() bool {
	return !m.in.Compare && m.in.Link.Digest != nil && slices.Equal(m.in.Link.Digest, m.p.Digest)
}

func (m *maker) evaluate(creating bool) (mapping.Output, error) {
	out, err := m.o.mapping.Evaluate(m.input(m.in.Change.Entry, m.accountDisabled(), creating))
	if err != nil {
		m.step(Step{Name: "EntrySynchronizationUpdate", Type: Mapping, Status: Failure, Detail: err.Error()})
		return out, err
	}
	if out.IgnoreObject {
		m.step(Step{Name: "EntrySynchronizationSkip", Type: Mapping, Status: Skipped, Detail: "a mapping says to leave this object alone"})
		m.skip("EntrySynchronizationSkipped", "a mapping says to leave this object alone (IgnoreObjectFlow)")
		return out, nil
	}
	m.out = out
	m.step(Step{Name: "EntrySynchronizationUpdate", Type: Mapping, Status: Success, Detail: fmt.Sprintf("%d attributes mapped", len(out.Want)), Facts: notes(out.Notes)})
	return out, nil
}

func notes(ns []string) map[string]string {
	if len(ns) == 0 {
		return nil
	}
	return map[string]string{"leftOut": strings.Join(ns, "; ")}
}

// resolvePage is how many references are asked for at once, so that a large group needs no table of all its members.
const resolvePage = 1000

// sort puts each source id where it belongs.
func (r *Ref) sort(ids []string, known map[string]string) {
	for _, id := range ids {
		if t, ok := known[id]; ok {
			r.Targets = append(r.Targets, t)
		} else {
			r.Waiting = append(r.Waiting, id)
		}
	}
}

// resolve turns references by source id into references by target id; what is not linked yet waits.
func (m *maker) resolve(refs []mapping.Ref) error {
	all, waiting := 0, 0
	for _, r := range refs {
		ref := Ref{Attr: r.Attr, Single: r.Single, AddOnly: r.AddOnly}
		for page := range slices.Chunk(r.IDs, resolvePage) {
			known, err := m.world.Resolve(m.ctx, page)
			if err != nil {
				return err
			}
			ref.sort(page, known)
		}
		all += len(r.IDs)
		waiting += len(ref.Waiting)
		m.p.Refs = append(m.p.Refs, ref)
	}
	if all > 0 {
		status, detail := Success, fmt.Sprintf("%d references resolved", all-waiting)
		var why map[string]string
		if waiting > 0 {
			why = map[string]string{"ErrorCode": fault.CodeUnresolvedReference}
			status, detail = Warning, fmt.Sprintf("%s, %d wait for an object that is not in the target yet", detail, waiting)
		}
		m.step(Step{Name: "EntrySynchronizationUpdate", Type: References, Status: status, Detail: detail, Facts: why})
	}
	return nil
}

// compare reads what the target holds and plans the smallest change, or a skip when there is none.
func (m *maker) compare(v Verb, code, why string) error {
	if m.p.Have.Attrs == nil || slices.ContainsFunc(m.p.Refs, func(r Ref) bool { return !r.Single }) {
		have, err := m.world.Get(m.ctx, m.o.Target, m.p.Link.Target)
		if err != nil {
			return err
		}
		m.p.Have = have
	}
	m.p.Edits = m.edits()
	if len(m.p.Edits) == 0 {
		m.skip("RedundantExport", "the target holds exactly this already")
		return nil
	}
	written := make([]string, len(m.p.Edits))
	for i, e := range m.p.Edits {
		written[i] = e.Attr
	}
	m.origins(written, false)
	m.verb(v, code, why)
	return nil
}

func (m *maker) step(s Step) { m.p.Steps = append(m.p.Steps, s) }

func (m *maker) skip(code, format string, args ...any) {
	m.verb(Skip, code, fmt.Sprintf(format, args...))
}

func (m *maker) verb(v Verb, code, reason string) { m.p.Verb, m.p.Code, m.p.Reason = v, code, reason }

// CodeOf returns the provisioning log's code for a failure to make or carry out a plan.
func CodeOf(err error) string { return fault.CodeOf(err) }
