package host

import (
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/binding"
)

// Flow is what happens at the target when somebody is disabled or deleted.
type Flow string

// The flows (connector-host.md §8).
const (
	FlowNone   Flow = "none"   // nothing
	FlowDelete Flow = "delete" // the object is deleted
	FlowSet    Flow = "set"    // an attribute gets a value
)

// Flows configures deprovisioning. They concern users; a group's DELETE always deletes it.
type Flows struct {
	Disable   Flow
	Delete    Flow
	Attribute string // column that Disable sets
	Value     string // to this
	Restore   string // and to this when active becomes true again; "" = the opposite of a Boolean, else cleared

	DeleteAttribute string // column that Delete sets
	DeleteValue     string
}

// flowValues are Flows with values as the columns hold them.
type flowValues struct {
	disable, remove Flow
	attribute       string
	value           entry.Value
	restore         []entry.Value
	restoreAtCreate bool // Restore was configured, so a new object gets it too
	removeAttribute string
	removeValue     entry.Value
	bound           bool // active has a column of its own
}

func (f Flows) compile(b *binding.Binding) (flowValues, error) {
	v := flowValues{disable: FlowNone, remove: FlowDelete, bound: b.Bound(active)}
	if b.Type() != entry.User {
		return v, nil
	}
	v.disable, v.remove = or(f.Disable, FlowNone), or(f.Delete, FlowNone)
	var err error
	if v.disable == FlowSet {
		v.attribute = f.Attribute
		if v.value, err = b.Value(f.Attribute, f.Value); err != nil {
			return v, err
		}
		if err := v.compileRestore(b, f.Restore); err != nil {
			return v, err
		}
	}
	if v.remove == FlowSet {
		v.removeAttribute = f.DeleteAttribute
		v.removeValue, err = b.Value(f.DeleteAttribute, f.DeleteValue)
	}
	return v, err
}

func (v *flowValues) compileRestore(b *binding.Binding, text string) error {
	if text == "" {
		if on, ok := v.value.(bool); ok {
			v.restore = []entry.Value{!on}
		}
		return nil
	}
	x, err := b.Value(v.attribute, text)
	v.restore, v.restoreAtCreate = []entry.Value{x}, true
	return err
}

func or(f, otherwise Flow) Flow {
	if f == "" {
		return otherwise
	}
	return f
}

const active = "active"

// active reports whether an object counts as active: by its own column, else by the attribute that the Disable flow sets.
func (k *kind) active(columns binding.Columns) []entry.Value {
	if k.flows.bound {
		return k.b.Values(active, columns)
	}
	if k.flows.disable == FlowSet {
		return []entry.Value{!slices.ContainsFunc(columns(k.flows.attribute), func(v entry.Value) bool { return entry.Equal(v, k.flows.value) })}
	}
	return []entry.Value{true}
}

// turn is what edits do to active.
type turn uint8

const (
	unturned turn = iota
	disabling
	restoring
)

// turns says whether the edits make an active user inactive or the other way round.
func (k *kind) turns(edits []entry.Edit, columns binding.Columns) turn {
	if k.typ != entry.User || !slices.ContainsFunc(edits, func(e entry.Edit) bool { return e.Attr == active }) {
		return unturned
	}
	was := k.active(columns)
	now := entry.Apply(entry.Attrs{active: was}, edits)[active]
	switch {
	case isFalse(now) && !isFalse(was):
		return disabling
	case !isFalse(now) && isFalse(was):
		return restoring
	}
	return unturned
}

func isFalse(vs []entry.Value) bool { return len(vs) == 1 && vs[0] == false }

// flowEdits returns the edits of columns that the Disable flow adds.
func (k *kind) flowEdits(t turn) []entry.Edit {
	if k.flows.disable != FlowSet {
		return nil
	}
	switch t {
	case disabling:
		return []entry.Edit{{Op: entry.Replace, Attr: k.flows.attribute, Values: []entry.Value{k.flows.value}}}
	case restoring:
		return []entry.Edit{{Op: entry.Replace, Attr: k.flows.attribute, Values: k.flows.restore}}
	}
	return nil
}

// override lets the flow's edits win over other edits of the same column.
func override(edits, flow []entry.Edit) []entry.Edit {
	for _, f := range flow {
		edits = slices.DeleteFunc(edits, func(e entry.Edit) bool { return e.Attr == f.Attr })
	}
	return append(edits, flow...)
}

var errHeldImport = fault.New(fault.Denied, "delete", "an import of the target shrank suspiciously and is held; nothing is deleted meanwhile").
	WithHint("look at the held import on the host and release it if it is right")
