package plugin

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
	"github.com/sallyport-id/sallyport/host/connector/mem"
	"github.com/sallyport-id/sallyport/host/connector/plugin/serve"
)

// roleVar tells the test binary, started as a plugin, which connector to serve.
const roleVar = "PLUGIN_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVar); role {
	case "":
		os.Exit(m.Run())
	case "stranger":
		fmt.Println("hello, I am no plugin")
		os.Exit(3)
	default:
		serve.Main(map[string]connector.Driver{"farm": farm{map[string]*mem.Driver{}, &sync.Mutex{}}, "wild": wild{}, "sql": stuck{gsql.New()}}[role])
	}
}

// load starts the test binary as a plugin and returns its log.
func load(t testing.TB, role string, change ...func(*Config)) (*Driver, *record) {
	t.Helper()
	d, log, err := tryLoad(t, role, change...)
	if err != nil {
		t.Fatal(err)
	}
	return d, log
}

func tryLoad(t testing.TB, role string, change ...func(*Config)) (*Driver, *record, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := newRecord()
	c := Config{Path: self, Environment: map[string]string{roleVar: role}, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, f := range change {
		f(&c)
	}
	d, err := Load(t.Context(), c)
	if err == nil {
		t.Cleanup(func() { d.Close() })
	}
	return d, log, err
}

func openSession(t testing.TB, d *Driver, values map[string]string) *session {
	t.Helper()
	s, err := d.Open(t.Context(), connector.Config{Name: t.Name(), Values: values})
	if err != nil {
		t.Fatal(err)
	}
	return s.(*session)
}

// record is a log that one can wait on.
type record struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{}
}

func newRecord() *record { return &record{written: make(chan struct{}, 1)} }

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case r.written <- struct{}{}:
	default:
	}
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// await returns when the log holds the text.
func (r *record) await(t testing.TB, text string) {
	t.Helper()
	for !strings.Contains(r.String(), text) {
		select {
		case <-r.written:
		case <-t.Context().Done():
			t.Fatalf("%q never came:\n%s", text, r)
		}
	}
}

// farm gives each configured name a population of its own, so that one process serves many tests.
type farm struct {
	all map[string]*mem.Driver
	mu  *sync.Mutex
}

func (farm) Name() string                  { return "farm" }
func (farm) Settings() []connector.Setting { return mem.New().Settings() }

func (f farm) Open(ctx context.Context, c connector.Config) (connector.Session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, ok := f.all[c.Name]
	if !ok {
		d = mem.With(peopleAndTeams())
		if strings.HasPrefix(c.Name, "scim") {
			d = mem.New()
		}
		f.all[c.Name] = d
	}
	return d.Open(ctx, c)
}

// wild is a connector of bad manners, for what a plugin may do wrong. Its sessions have what the setting "parts" says.
type wild struct{}

func (wild) Name() string { return "wild" }

func (wild) Settings() []connector.Setting {
	return []connector.Setting{{Name: "parts", Type: connector.Text, Label: "Parts", Help: "What its sessions have.", Choices: []string{"a", "b"}, Page: "Global", Default: "d"},
		{Name: "password", Type: connector.Password, Required: true}}
}

func (wild) Samples() []connector.Sample {
	return []connector.Sample{{Name: "one", For: "all", Config: "connectors: []", Privileges: "GRANT", Setup: "CREATE"}}
}

func (wild) Capabilities() connector.Capabilities {
	return connector.Capabilities{Export: true, Shape: connector.ObjectReplace, Batch: 7, Writers: 3, Excuses: map[string]string{"delta": "it forgets"}}
}

func (wild) Open(_ context.Context, c connector.Config) (connector.Session, error) {
	secret := c.Secrets["password"].Reveal()
	if c.Values["parts"] == "none" {
		return bare{}, nil
	}
	if c.Values["parts"] == "tell" {
		slog.Error("log in with "+secret, "secret", secret, "nested", map[string]string{"password": secret})
		fmt.Fprintln(os.Stderr, "printed "+secret)
		fmt.Println("to standard output " + secret)
		return nil, &fault.Error{Op: "log in", Kind: fault.Unauthenticated, Object: "as " + secret, Hint: "is it " + secret + "?",
			Err: fmt.Errorf("the server said: %w", fault.New(fault.Denied, "bind", "no %s", secret))}
	}
	if c.Values["parts"] == "environment" {
		return nil, fault.New(fault.Invalid, "show", "%s", strings.Join(append(os.Environ(), os.Args[1:]...), "\n"))
	}
	if c.Values["parts"] == "panic" {
		return panics{}, nil
	}
	return shaped{c.Values["parts"]}, nil
}

// bare has what a session must have, and says nothing of itself.
type bare struct{}

func (bare) Schema(context.Context) (connector.Schema, error) { return connector.Schema{}, nil }
func (bare) Close() error                                     { return nil }
func (bare) Import(context.Context, entry.Type) iter.Seq2[entry.Entry, error] {
	return func(func(entry.Entry, error) bool) {}
}

// panics dies of a mistake in its code.
type panics struct{ bare }

func (panics) Count(_ context.Context, t entry.Type) (int, error) {
	return []int{}[len(t)], nil
}

// shaped has all parts, and owns up to those in its list.
type shaped struct{ parts string }

func (s shaped) has(name string) bool { return slices.Contains(strings.Fields(s.parts), name) }

func (s shaped) Capabilities() connector.Capabilities {
	c := connector.Capabilities{Export: s.has("export"), Delta: s.has("delta"), Deletions: s.has("deletions"), Push: s.has("push"), Lookup: s.has("lookup"),
		Password: s.has("password"), OldPassword: s.has("oldPassword"), Partitions: s.has("partitions"), Hierarchy: s.has("hierarchy"), Rename: s.has("rename"),
		Count: s.has("count"), Test: s.has("test"), DN: connector.DNGeneric, Excuses: map[string]string{"x": "y"}}
	if s.has("batch") {
		c.Batch = 12
	}
	if s.has("limited") {
		c.Writers = 5
	}
	return c
}

func (shaped) Schema(context.Context) (connector.Schema, error) { return peopleAndTeams(), nil }
func (shaped) Close() error                                     { return nil }
func (shaped) Import(context.Context, entry.Type) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		yield(entry.Entry{Type: "Person", ID: "1"}, nil)
		yield(entry.Entry{}, fault.New(fault.Partial, "import", "half of it").WithHint("get the other half"))
	}
}
func (shaped) Create(context.Context, entry.Entry) (entry.Entry, error) {
	return entry.Entry{ID: "x"}, nil
}
func (shaped) Update(_ context.Context, _ entry.Type, a connector.Anchor, _ []entry.Edit) (connector.Anchor, error) {
	return a, nil
}
func (shaped) Delete(context.Context, entry.Type, connector.Anchor) error { return nil }

// Export answers one write too few.
func (shaped) Export(_ context.Context, xs []connector.Export) []connector.Result {
	return make([]connector.Result, len(xs)-1)
}
func (shaped) Mark(context.Context) (connector.Watermark, error) { return "w", nil }
func (shaped) ImportSince(_ context.Context, _ entry.Type, w connector.Watermark) (iter.Seq2[connector.Change, error], func() connector.Watermark, error) {
	if w == "old" {
		return nil, nil, fault.New(fault.Conflict, "import changes", "the history was cut")
	}
	return func(yield func(connector.Change, error) bool) {
		yield(connector.Change{Entry: entry.Entry{Type: "Person", ID: "1"}, Deleted: true}, nil)
	}, func() connector.Watermark { return w + "\xff!" }, nil
}
func (shaped) Watch(ctx context.Context, _ entry.Type, w connector.Watermark) error {
	if w == "now" {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}
func (shaped) Lookup(context.Context, entry.Type, string, entry.Value) ([]entry.Entry, error) {
	return nil, nil
}
func (shaped) SetPassword(_ context.Context, _ entry.Type, _ connector.Anchor, p connector.Secret) error {
	return fault.New(fault.Invalid, "set", "%s is too weak", p.Reveal())
}
func (shaped) ChangePassword(_ context.Context, _ entry.Type, _ connector.Anchor, was, want connector.Secret) error {
	return fault.New(fault.Invalid, "change", "not from %s to %s", was.Reveal(), want.Reveal())
}
func (shaped) Partitions(context.Context) ([]connector.Partition, error) {
	return []connector.Partition{{ID: "dc=a", Name: "A", Selected: true}, {ID: "dc=b"}}, nil
}
func (shaped) Containers(_ context.Context, parent string) ([]connector.Container, error) {
	return []connector.Container{{DN: "ou=x," + parent, Name: "x", Leaf: true}}, nil
}
func (shaped) Count(context.Context, entry.Type) (int, error) { return 42, nil }
func (shaped) Test(context.Context) error                     { return fault.New(fault.Denied, "test", "no") }
func (shaped) TestStages(context.Context) iter.Seq[connector.Stage] {
	return func(yield func(connector.Stage) bool) {
		_ = yield(connector.Stage{Name: "Resolve", Detail: "here"}) && yield(connector.Stage{Name: "Connect", Err: fault.New(fault.Unavailable, "connect", "refused")})
	}
}

// stuck is SQL on a file whose first write in each file never answers: it took effect, and then the process hangs.
type stuck struct{ gsql.Driver }

func (d stuck) Open(ctx context.Context, c connector.Config) (connector.Session, error) {
	s, err := d.Driver.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	return stuckSession{s, s.(connector.Exporter), s.(connector.BatchExporter), s.(connector.Lookup), filepath.Join(filepath.Dir(strings.TrimPrefix(c.Values["url"], "sqlite:")), "stuck")}, nil
}

type stuckSession struct {
	connector.Session
	connector.Exporter
	connector.BatchExporter
	look   connector.Lookup
	marker string
}

func (s stuckSession) Lookup(ctx context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	return s.look.Lookup(ctx, t, attr, v)
}

func (s stuckSession) hang(op string) {
	f, err := os.OpenFile(s.marker, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return // it did already
	}
	f.Close()
	slog.Warn("stuck after " + op)
	select {}
}

func (s stuckSession) Create(ctx context.Context, e entry.Entry) (entry.Entry, error) {
	made, err := s.Exporter.Create(ctx, e)
	s.hang("create")
	return made, err
}

func (s stuckSession) Export(ctx context.Context, xs []connector.Export) []connector.Result {
	rs := s.BatchExporter.Export(ctx, xs)
	s.hang("export")
	return rs
}

// peopleAndTeams has an attribute of every type, and an anchor that may be written.
func peopleAndTeams() connector.Schema {
	return connector.Schema{Types: []connector.ObjectType{
		{Name: "Person", Anchor: []string{"login"}, Attributes: []connector.Attribute{
			{Name: "login", Type: connector.String, Required: true, Unique: true, CaseExact: true},
			{Name: "surname", Type: connector.String, Required: true, CaseExact: true},
			{Name: "badge", Type: connector.String, Unique: true, CaseExact: true},
			{Name: "note", Type: connector.String, CaseExact: true},
			{Name: "enabled", Type: connector.Boolean},
			{Name: "floor", Type: connector.Integer},
			{Name: "hired", Type: connector.DateTime},
			{Name: "photo", Type: connector.Binary},
			{Name: "phones", Type: connector.String, MultiValued: true, CaseExact: true},
			{Name: "mails", Type: connector.JSON, MultiValued: true},
			{Name: "boss", Type: connector.Reference, RefType: "Person"},
		}},
		{Name: "Team", Anchor: []string{"id"}, Attributes: []connector.Attribute{
			{Name: "id", Type: connector.String, ReadOnly: true, Unique: true},
			{Name: "title", Type: connector.String, Required: true},
			{Name: "members", Type: connector.Reference, MultiValued: true, RefType: "Person"},
		}},
	}}
}
