package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/people"
	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

// throwaway is a whole installation of three kinds of processes in a temporary folder, with the sample application applied.
type throwaway struct {
	dir    string
	site   wire.Site
	target *rows
	parts  []*child // service first
	api    *client
	made   bool // the tables in a server's database are ours, and go with us
}

// newThrowaway starts service, host and agents over a target: "" for a SQLite file, or postgres://…
func newThrowaway(ctx context.Context, target string, agents, workers int) (_ *throwaway, err error) {
	dir, err := os.MkdirTemp("", "sallyport-")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "make a temporary folder", err)
	}
	t := &throwaway{dir: dir}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	t.site = wire.Site{Dir: dir, Target: target, Listen: "127.0.0.1:0", Group: "site", Workers: workers}
	if target != "" {
		if err := gsql.Contoso(gsql.DialectOf(target)).Create(ctx, target, connector.Secret{}); err != nil {
			return nil, fault.New(fault.Conflict, "make the sample tables", "%w", err).WithHint("give an empty database with --target")
		}
		t.made = true
	}
	if t.target, err = openRows(target, filepath.Join(dir, "target.db")); err != nil {
		return nil, err
	}
	if err := t.site.Prepare(ctx); err != nil {
		return nil, err
	}
	if err := t.startService(ctx); err != nil {
		return nil, err
	}
	host, err := t.start(ctx, "host", "host", "--config", filepath.Join(dir, wire.HostFile))
	if err != nil {
		return nil, err
	}
	for i := range agents {
		if err := t.startAgent(ctx, i, host.ready); err != nil {
			return nil, err
		}
	}
	return t, t.awaitAgents(ctx, agents)
}

func (t *throwaway) start(ctx context.Context, name string, args ...string) (*child, error) {
	c, err := startPart(ctx, t.dir, name, args...)
	if c != nil && c.stdin != nil && c.cmd.Process != nil {
		t.parts = append(t.parts, c)
	}
	return c, err
}

func (t *throwaway) startService(ctx context.Context) error {
	s, err := t.start(ctx, "service", "service", "--data", filepath.Join(t.dir, "service"), "--listen", "127.0.0.1:0", "--log", "warn")
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(s.ready.Cert)
	if err != nil {
		return fault.Wrap(fault.Internal, "read the service's certificate", err)
	}
	t.api, err = newClient(profile{Service: s.ready.URL, Token: s.ready.AdminSecret, CA: string(ca)})
	return err
}

// startAgent invites and starts the i-th agent, with the host as its one application.
func (t *throwaway) startAgent(ctx context.Context, i int, host ready) error {
	var tok struct{ Token string }
	if err := t.api.call(ctx, "POST", "/sallyport/v1/agents/tokens", map[string]any{"group": t.site.Group}, &tok); err != nil {
		return err
	}
	name := fmt.Sprintf("agent-%d", i+1)
	base := filepath.Join(t.dir, name)
	config := fmt.Sprintf("service: %q\nname: %s\ndataDir: %s\napplications:\n  %s: {url: %q, caFile: %q, allowLoopback: true}\n",
		t.api.Service, name, name, wire.AppID, host.URL+wire.ConnectorPath, host.Cert)
	for file, text := range map[string]string{base + ".yaml": config, base + ".token": tok.Token} {
		if err := atomicfile.Write(file, []byte(text), 0o600); err != nil {
			return fault.Wrap(fault.Internal, "write the agent's files", err)
		}
	}
	_, err := t.start(ctx, name, "agent", "--config", base+".yaml", "--token-file", base+".token", "--log", "warn")
	return err
}

func (t *throwaway) awaitAgents(ctx context.Context, n int) error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		var out struct{ Value []struct{ Status string } }
		if err := t.api.call(ctx, "GET", "/sallyport/v1/agents", nil, &out); err != nil {
			return err
		}
		here := 0
		for _, a := range out.Value {
			if a.Status == "active" {
				here++
			}
		}
		if here >= n {
			return nil
		}
		if time.Now().After(deadline) {
			return fault.New(fault.Unavailable, "wait for the agents", "%d of %d connected: %s", here, n, t.parts[len(t.parts)-1].lastWords())
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// importPeople imports made-up people through the API, telling how many lines are in.
func (t *throwaway) importPeople(ctx context.Context, all []people.Person, progress func(int64)) error {
	r, w := io.Pipe()
	go func() { w.CloseWithError(people.WriteCSV(w, all)) }()
	var last importLine
	err := t.api.stream(ctx, "POST", "/sallyport/v1/import", r, func(line json.RawMessage) error {
		last = importLine{}
		if err := json.Unmarshal(line, &last); err != nil {
			return err
		}
		progress(int64(last.Lines))
		return nil
	})
	switch {
	case err != nil:
		return err
	case last.Error != "":
		return fault.New(fault.ParseKind(last.Kind), "import", "%s", last.Error)
	case last.Report == nil:
		return fault.New(fault.Internal, "import", "the service gave no report")
	}
	return last.Report.Err()
}

// apply applies the site's application and starts its job.
func (t *throwaway) apply(ctx context.Context) error {
	file := filepath.Join(t.dir, wire.AppFile)
	a, text, err := readApp(file)
	if err != nil {
		return err
	}
	body, err := withSecrets(a, file, text)
	if err != nil {
		return err
	}
	if err := t.api.call(ctx, "PUT", "/sallyport/v1/apps/"+wire.AppID, body, nil); err != nil {
		return err
	}
	return t.api.call(ctx, "POST", jobPath(wire.AppID)+"/start", nil, nil)
}

// close ends every process, drops the tables that were made in a server, and removes the folder.
func (t *throwaway) close() {
	for i := len(t.parts) - 1; i >= 0; i-- {
		t.parts[i].stop()
	}
	if t.target != nil {
		if t.made {
			t.target.drop()
		}
		t.target.close()
	}
	_ = os.RemoveAll(t.dir)
}
