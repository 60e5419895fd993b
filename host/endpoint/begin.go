package endpoint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host"
	"github.com/sallyport-id/sallyport/host/autosync"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

// facts is what has to be known of a target before its endpoint can exist. It is kept on disk, so that reads go on when the host
// starts while the target is away.
type facts struct {
	Schema connector.Schema
	Can    connector.Capabilities
}

// begin learns the schema and builds what serves the connector.
func (u *unit) begin(ctx context.Context) (*life, error) {
	dir := filepath.Join(u.dir(), "cache-"+u.fingerprint())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Internal, "make the data folder", err)
	}
	f, err := u.learn(ctx, filepath.Join(dir, "schema.json"))
	if err != nil {
		return nil, err
	}
	bindings, err := u.cfg.Bind(u.x, f.Schema, f.Can.Password)
	if err != nil {
		return nil, err
	}
	l := &life{can: f.Can}
	l.coordinator, err = host.New(host.Config{
		Name: u.x.Name, Bindings: bindings, Open: u.opener.Open, Writers: u.writers(f.Can), Can: f.Can, Flows: flows(u.x.Deprovision),
		Budget: host.Budget(u.x.DeleteBudget), Gate: func() host.Gate { return gate(l.sync) }, Writing: func() (func(), error) { return l.sync.Writing() }, Dir: u.dir(), Log: u.base,
	})
	if err != nil {
		return nil, err
	}
	l.sync = autosync.New(autosync.Config{
		Name: u.x.Name, Every: u.x.Autosync, DeltaEvery: u.x.DeltaInterval, ShrinkLimit: u.x.ShrinkLimit, Dir: dir, Spaces: u.spaces(l.coordinator),
		Open: u.opener.Open, Begin: compare(l.coordinator), Released: l.coordinator.ImportReleased, Log: u.base,
	})
	l.handler = scimserver.New(u.door(l.coordinator, f.Can.Password), l.coordinator)
	u.life.Store(l)
	u.dropOldImages(dir)
	return l, nil
}

func (u *unit) door(c *host.Coordinator, password bool) scimserver.Config {
	types := c.Types()
	docs := scimserver.Docs{ChangePassword: password}
	for _, rt := range types {
		if _, ok := rt.Attribute("password"); ok {
			docs.ChangePassword = true
		}
	}
	return scimserver.Config{
		Types: types, Surface: scimserver.HostEndpoint, Base: base(u.x.Name), Authenticate: u.tokens.Authenticate, Docs: docs, Log: u.requests,
	}
}

// spaces makes autosync fill the caches; after the last type the held references are tried again.
func (u *unit) spaces(c *host.Coordinator) []autosync.Space {
	var out []autosync.Space
	for _, s := range c.Spaces() {
		out = append(out, autosync.Space{Object: s.Object, Cache: s.Cache, Row: s.Row})
	}
	if n := len(out); n > 0 {
		out[n-1].Done = func(ctx context.Context, _ cache.Stats) {
			if err := c.Settle(ctx); err != nil {
				u.log.Error("memory not saved", "event", "host.memory.failed", "error", err, "hint", fault.HintOf(err))
			}
		}
	}
	return out
}

func flows(d config.Deprovision) host.Flows {
	return host.Flows{
		Disable: host.Flow(d.Disable), Delete: host.Flow(d.Delete), Attribute: d.Attribute, Value: d.Value, Restore: d.Restore,
		DeleteAttribute: d.DeleteAttribute, DeleteValue: d.DeleteValue,
	}
}

// learn reads the schema from the target, or from the file when the target is away.
func (u *unit) learn(ctx context.Context, file string) (facts, error) {
	f, err := u.ask(ctx)
	if err != nil {
		data, readErr := os.ReadFile(file)
		if readErr != nil || json.Unmarshal(data, &f) != nil {
			return f, err
		}
		u.failed(err)
		u.log.Warn("target away, serving with the schema read before", "event", "host.schema.saved", "error", err, "hint", fault.HintOf(err))
		return f, nil
	}
	data, err := json.Marshal(f)
	if err == nil {
		err = atomicfile.Write(file, data, 0o600)
	}
	return f, fault.Wrap(fault.Internal, "save the schema", err)
}

func (u *unit) ask(ctx context.Context) (f facts, err error) {
	s, err := u.opener.Open(ctx)
	if err != nil {
		return f, err
	}
	defer s.Close()
	if f.Schema, err = s.Schema(ctx); err != nil {
		return f, fault.Wrap(fault.Unavailable, "read the target's schema", err)
	}
	f.Can = connector.CapabilitiesOf(s)
	return f, nil
}

// writers is how many sessions write at once: as configured, or fewer when the target has an opinion.
func (u *unit) writers(can connector.Capabilities) int {
	if can.Limited {
		return min(u.x.Writers, can.Writers)
	}
	return u.x.Writers
}

// compare has the target's schema read again before each full import. A column in use that is gone ends the import: it would look
// as if everybody had lost its values.
func compare(c *host.Coordinator) func(context.Context, connector.Session) error {
	return func(ctx context.Context, s connector.Session) error {
		d, err := c.Compare(ctx, s)
		if err != nil {
			return err
		}
		return d.Err()
	}
}

// fingerprint changes when the connector is pointed to another target or type, so that an image of the old one is never served. It
// is a hash over settings and not over secrets.
func (u *unit) fingerprint() string {
	objects := map[entry.Type]entry.Type{}
	for _, o := range u.x.Objects {
		objects[o.Type] = o.Object
	}
	data, err := json.Marshal([]any{u.x.Kind, u.x.Settings, objects})
	if err != nil {
		return "0" // cannot happen: texts and maps of texts
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}

// dropOldImages removes the images of targets that the configuration no longer means.
func (u *unit) dropOldImages(keep string) {
	old, err := filepath.Glob(filepath.Join(u.dir(), "cache-*"))
	if err != nil {
		return
	}
	for _, dir := range old {
		if dir != keep {
			if err := os.RemoveAll(dir); err != nil {
				u.log.Debug("old image not removed", "event", "host.image.stale", "error", err)
			}
		}
	}
}
