package sim

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/cycle"
)

// written is one write of the engine that took effect in the target.
type written struct {
	at    int // step of the play
	when  time.Time
	verb  string
	typ   entry.Type
	id    string
	edits []entry.Edit
	after entry.Entry // as it stands now; of a delete, as it was
}

// double is the target. Only the play touches it, so it needs no lock.
//
// Careful as the connector host is, it looks for an object with the same names before it makes one, and remembers idempotency
// keys. Careless as many SCIM servers are, it does neither, and makes a second account whenever it is told to.
type double struct {
	careful bool
	next    int
	objects map[string]entry.Entry
	keys    map[string]string
	log     []written
	step    int
	byHand  map[string]bool // ids that somebody deleted by hand
	poison  map[string]bool // badges of people it refuses
}

func newDouble(careful bool) *double {
	return &double{careful: careful, objects: map[string]entry.Entry{}, keys: map[string]string{}, poison: map[string]bool{}, byHand: map[string]bool{}}
}

// names are the attributes that the target would want to be unique.
var names = map[entry.Type][]string{entry.User: {"userName", "badge"}, entry.Group: {"displayName"}}

func (d *double) find(t entry.Type, attr string, v entry.Value) []entry.Entry {
	var hits []entry.Entry
	for _, id := range slices.Sorted(maps.Keys(d.objects)) {
		e := d.objects[id]
		if e.Type == t && strings.EqualFold(fmt.Sprint(e.Attrs.First(attr)), fmt.Sprint(v)) {
			hits = append(hits, e.Clone())
		}
	}
	return hits
}

func (d *double) get(t entry.Type, id string) (entry.Entry, error) {
	e, ok := d.objects[id]
	if !ok || e.Type != t {
		return entry.Entry{}, fault.New(fault.NotFound, "get", "no %s %s", t, id)
	}
	return e.Clone(), nil
}

func (d *double) create(key string, e entry.Entry) (entry.Entry, error) {
	if d.poison[e.Attrs.Text("badge")] && e.Type == entry.User {
		return e, fault.New(fault.Invalid, "create", "the target does not like badge %s", e.Attrs.Text("badge"))
	}
	if d.careful {
		if id, ok := d.keys[key]; ok && key != "" {
			if made, still := d.objects[id]; still {
				return made.Clone(), nil
			}
		}
		for _, attr := range names[e.Type] {
			if v := e.Attrs.First(attr); v != nil && len(d.find(e.Type, attr, v)) > 0 {
				return e, fault.New(fault.Exists, "create", "%s %v is taken", attr, v)
			}
		}
	}
	made := d.put(e)
	if key != "" {
		d.keys[key] = made.ID
	}
	d.wrote("create", made, nil)
	return made.Clone(), nil
}

// put stores an entry under a new id.
func (d *double) put(e entry.Entry) entry.Entry {
	d.next++
	e = e.Clone()
	e.ID = fmt.Sprintf("t%04d", d.next)
	d.objects[e.ID] = e
	return e
}

func (d *double) update(t entry.Type, id string, edits []entry.Edit) (string, error) {
	e, err := d.get(t, id)
	if err != nil {
		return id, err
	}
	e.Attrs = entry.Apply(e.Attrs, edits)
	d.objects[id] = e
	d.wrote("update", e, edits)
	return id, nil
}

func (d *double) remove(t entry.Type, id string) error {
	if e, err := d.get(t, id); err == nil {
		delete(d.objects, id)
		d.wrote("delete", e, nil)
	}
	return nil
}

func (d *double) wrote(verb string, e entry.Entry, edits []entry.Edit) {
	d.log = append(d.log, written{at: d.step, when: time.Now(), verb: verb, typ: e.Type, id: e.ID, edits: edits, after: e.Clone()})
}

func (d *double) all(t entry.Type) []entry.Entry {
	var all []entry.Entry
	for _, id := range slices.Sorted(maps.Keys(d.objects)) {
		if e := d.objects[id]; e.Type == t {
			all = append(all, e)
		}
	}
	return all
}

// port is the target as one process of the engine reaches it: every call waits on the stage.
type port struct {
	*life
	stage *stage
	d     *double
	part  *float64 // share of the objects that a listing shows just now
}

var (
	_ cycle.Target    = port{}
	_ cycle.Lister    = port{}
	_ cycle.Confirmer = port{}
)

// Confirms implements cycle.Confirmer.
func (p port) Confirms() bool { return p.d.careful }

func (p port) call(ctx context.Context, name string, write bool, do func() error) error {
	return p.stage.step(ctx, &call{life: p.life, name: "target " + name, target: true, write: write, do: do})
}

// Find implements cycle.Target.
func (p port) Find(ctx context.Context, t entry.Type, attr string, v entry.Value) (hits []entry.Entry, err error) {
	shown := fmt.Sprint(v)
	if len(shown) == 32 {
		shown = "somebody who cannot exist" // the engine's probe is random
	}
	err = p.call(ctx, fmt.Sprint("find ", t, " ", attr, " ", shown), false, func() error { hits = p.d.find(t, attr, v); return nil })
	return hits, err
}

// Get implements cycle.Target.
func (p port) Get(ctx context.Context, t entry.Type, id string) (e entry.Entry, err error) {
	err = p.call(ctx, fmt.Sprint("get ", t, " ", id), false, func() (err error) { e, err = p.d.get(t, id); return err })
	return e, err
}

// Create implements cycle.Target.
func (p port) Create(ctx context.Context, e entry.Entry) (made entry.Entry, err error) {
	name := fmt.Sprint("create ", e.Type, " ", e.Attrs.Text(names[e.Type][0]))
	err = p.call(ctx, name, true, func() (err error) { made, err = p.d.create(cycle.Key(ctx), e); return err })
	return made, err
}

// Update implements cycle.Target.
func (p port) Update(ctx context.Context, t entry.Type, id string, edits []entry.Edit) (now string, err error) {
	err = p.call(ctx, fmt.Sprint("update ", t, " ", id), true, func() (err error) { now, err = p.d.update(t, id, edits); return err })
	return now, err
}

// Delete implements cycle.Target.
func (p port) Delete(ctx context.Context, t entry.Type, id string) error {
	return p.call(ctx, fmt.Sprint("delete ", t, " ", id), true, func() error { return p.d.remove(t, id) })
}

// List implements cycle.Lister. A listing may show a part only and say nothing of it, as targets do that are being restored.
func (p port) List(ctx context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		var all []entry.Entry
		err := p.call(ctx, fmt.Sprint("list ", t), false, func() error {
			for _, e := range p.d.all(t) {
				all = append(all, e.Clone())
			}
			all = all[:int(float64(len(all))**p.part)]
			return nil
		})
		if err != nil {
			yield(entry.Entry{}, err)
			return
		}
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}
