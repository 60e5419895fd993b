package host

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/binding"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

// Config says what a Coordinator coordinates.
type Config struct {
	Name     string             // of the connector
	Bindings []*binding.Binding // users first
	Open     func(ctx context.Context) (connector.Session, error)
	Writers  int                    // sessions at once; at least 1
	Can      connector.Capabilities // what sessions can do; the zero value: as their interfaces show, without batches
	Flows    Flows
	Budget   Budget
	Gate     func() Gate                     // what the cache is worth right now; nil = always ready and fresh
	Writing  func() (done func(), err error) // called before the target may be written, done when the cache has the outcome; nil = nobody cares
	Dir      string                          // where releases, held references and renamed ids are kept; "" = nowhere
	Log      *slog.Logger
}

// Gate says whether the cache may be relied on.
type Gate struct {
	Ready    bool   // it may be read: an image was loaded or an import has finished
	Fresh    bool   // an import has finished since the start
	Held     bool   // an import shrank suspiciously: nothing is deleted until it is released
	Progress string // of the running import, for people: "1,200 of 5,000 users"
}

// Coordinator implements scimserver.Store for one connector. It is safe for concurrent use.
type Coordinator struct {
	cfg    Config
	kinds  []*kind
	pool   *pool
	locks  stripes
	budget budget
	memory *memory
	trails *trails
	log    *slog.Logger

	batches *batches // nil = the connector takes writes one by one

	mu       sync.Mutex
	drift    Drift
	compared time.Time // when a refused write had the schema read again
}

var _ scimserver.Store = (*Coordinator)(nil)

// New makes a Coordinator with empty caches. fault.Invalid when a flow names an attribute or value that does not fit.
func New(cfg Config) (*Coordinator, error) {
	c := &Coordinator{cfg: cfg, locks: newStripes(), memory: newMemory(cfg.Dir), trails: newTrails(cfg.Dir), log: cfg.Log}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.cfg.Gate == nil {
		c.cfg.Gate = func() Gate { return Gate{Ready: true, Fresh: true} }
	}
	if c.cfg.Writing == nil {
		c.cfg.Writing = func() (func(), error) { return func() {}, nil }
	}
	for _, b := range cfg.Bindings {
		k, err := c.newKind(b)
		if err != nil {
			return nil, err
		}
		c.kinds = append(c.kinds, k)
	}
	c.pool = newPool(cfg.Open, max(cfg.Writers, 1))
	if cfg.Can.Batch > 0 {
		c.batches = newBatches(c.pool, cfg.Can.Batch, max(cfg.Writers, 1))
	}
	c.budget = budget{Budget: cfg.Budget, release: c.releaseDeletes}
	return c, errors.Join(c.memory.load(), c.trails.load())
}

// Close ends the pool's idle sessions and writes down what must outlive the process.
func (c *Coordinator) Close() error {
	c.pool.close()
	return c.memory.close()
}

// Types returns the resource types served.
func (c *Coordinator) Types() []*scim.ResourceType {
	var types []*scim.ResourceType
	for _, k := range c.kinds {
		types = append(types, k.b.ResourceType())
	}
	return types
}

// Space is how one type is imported: by which name the connector knows it, where it goes and how an object becomes a row.
type Space struct {
	Object entry.Type
	Cache  *cache.Cache
	Row    func(entry.Entry) (cache.Row, error)
}

// Spaces returns how each type is imported, what is referred to first.
func (c *Coordinator) Spaces() []Space {
	var spaces []Space
	for _, k := range c.kinds {
		spaces = append(spaces, Space{Object: k.object, Cache: k.cache, Row: func(e entry.Entry) (cache.Row, error) { return c.row(k, e) }})
	}
	return spaces
}

// kind is one type with its binding and its cache.
type kind struct {
	typ     entry.Type // SCIM
	object  entry.Type // connector
	b       *binding.Binding
	cache   *cache.Cache
	alias   map[string]string // column → its name in the cache, which has no dots
	indexed map[string]bool   // columns with an index
	name    string            // column of userName or displayName; ""
	match   []string          // columns that identify an object
	flows   flowValues
	dn      string                         // SCIM name of the pseudo attribute that shows the DN; "" when a column has it
	names   atomic.Pointer[names]          // columns that name objects; nil = not asked yet
	lengths atomic.Pointer[map[string]int] // of columns, as the schema was last read; nil = as bound
}

func (c *Coordinator) newKind(b *binding.Binding) (*kind, error) {
	object := b.Object()
	k := &kind{typ: b.Type(), object: object.Name, b: b, alias: map[string]string{}, indexed: map[string]bool{}, match: b.Match()}
	cfg := cache.Config{Type: k.typ}
	for _, a := range object.Attributes {
		if _, ok := b.Attribute(a.Name); !ok {
			continue
		}
		k.alias[a.Name] = scim.Alias(a.Name)
		if long(a) {
			cfg.Detached = append(cfg.Detached, k.alias[a.Name])
		}
	}
	if column, ok := b.Column(b.NameAttr()); ok {
		k.name = column
	}
	for _, column := range append([]string{k.name}, k.match...) {
		if a, ok := b.Attribute(column); ok && !k.indexed[column] && !a.WriteOnly {
			k.indexed[column] = true
			cfg.Indexes = append(cfg.Indexes, cache.Index{Attr: k.alias[column], Fold: b.FoldCase(column)})
		}
	}
	k.dn = k.pseudo(binding.DN)
	k.cache = cache.New(cfg)
	var err error
	k.flows, err = c.cfg.Flows.compile(b)
	return k, err
}

// long reports whether a column is a list of references, kept as a set beside the row.
func long(a connector.Attribute) bool { return a.MultiValued && a.Type == connector.Reference }

func (c *Coordinator) kind(t entry.Type) (*kind, error) {
	for _, k := range c.kinds {
		if k.typ == t {
			return k, nil
		}
	}
	return nil, fault.New(fault.NotFound, "find", "this connector has no %s objects", t)
}

// importing is the text administrators know from the original host.
const importing = "The host is currently importing data from the target application"

const retryImport = 2 * time.Second

// open returns the kind if its cache may be read.
func (c *Coordinator) open(t entry.Type) (*kind, Gate, error) {
	g := c.cfg.Gate()
	if !g.Ready {
		text := importing
		if g.Progress != "" {
			text += " (" + g.Progress + ")"
		}
		return nil, g, &fault.Error{Kind: fault.Unavailable, RetryAfter: retryImport, Err: fault.New(fault.Unavailable, "", "%s", text),
			Hint: "try again when the first import has finished"}
	}
	k, err := c.kind(t)
	return k, g, err
}
