package journeys

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/internal/tlsx"
)

// processes is an installation of real processes: service and host, and an agent between them on the route "tunnel".
type processes struct {
	*folder
	serviceAddr string
	tunnel      bool
	running     map[part]*process
	api         *api
}

func newProcesses(t testing.TB, g *target, f files, tunnel bool) *processes {
	t.Helper()
	listen := freeAddr(t)
	s := wire.Site{Listen: listen, Group: "site"}
	if !tunnel {
		s.Group, s.URL, s.CA = "", "https://"+listen+wire.ConnectorPath, "host/tls/tls.crt"
	}
	p := &processes{folder: newFolder(t, g, f, s), serviceAddr: freeAddr(t), tunnel: tunnel, running: map[part]*process{}}
	t.Cleanup(p.close)
	p.start(service)
	p.start(host)
	p.awaitImport()
	if tunnel {
		p.invite()
		p.start(agent)
	}
	return p
}

func (p *processes) call() *api { return p.api }

func (p *processes) apply(overlay string) {
	p.t.Helper()
	p.put(p.api, overlay)
}

// awaitImport waits until the host has read its target for the first time.
func (p *processes) awaitImport() {
	p.t.Helper()
	pool, err := tlsx.Pool(p.path("host/tls/tls.crt"))
	must(p.t, err)
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	defer tr.CloseIdleConnections()
	a := &api{base: "https://" + p.site.Listen, http: &http.Client{Transport: tr, Timeout: time.Minute}}
	if why := soon(20*time.Second, func() string {
		if _, err := a.do("GET", "/readyz", nil); err != nil {
			return err.Error()
		}
		return ""
	}); why != "" {
		p.t.Fatal(why)
	}
}

// invite writes the agent's configuration and its join token.
func (p *processes) invite() {
	p.t.Helper()
	var tok struct{ Token string }
	must(p.t, p.api.call("POST", own+"/agents/tokens", map[string]any{"group": p.site.Group}, &tok))
	config := fmt.Sprintf("service: %q\nname: agent\ndataDir: agent\napplications:\n  %s: {url: %q, caFile: host/tls/tls.crt, allowLoopback: true}\n",
		p.api.base, wire.AppID, "https://"+p.site.Listen+wire.ConnectorPath)
	must(p.t, os.WriteFile(p.path("agent.yaml"), []byte(config), 0o600))
	must(p.t, os.WriteFile(p.path("agent.token"), []byte(tok.Token), 0o600))
}

func (p *processes) start(w part) {
	p.t.Helper()
	switch w {
	case service:
		ready := p.launch(w, "--data", p.path("service"), "--listen", p.serviceAddr)
		p.connect(ready)
	case host:
		p.launch(w, "--config", p.path(wire.HostFile))
	case agent:
		if p.tunnel {
			p.launch(w, "--config", p.path("agent.yaml"), "--token-file", p.path("agent.token"))
		}
	}
}

// connect makes the client of the API; the secret is only said at the first start.
func (p *processes) connect(r ready) {
	p.t.Helper()
	if p.api != nil {
		p.api.http.CloseIdleConnections()
		return
	}
	pool, err := tlsx.Pool(r.Certificate)
	must(p.t, err)
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	p.api = &api{base: r.URL, token: r.AdminSecret, http: &http.Client{Transport: tr, Timeout: time.Minute}}
	p.t.Cleanup(tr.CloseIdleConnections)
}

// ready is the line a part prints when it can be used.
type ready struct{ Ready, URL, Certificate, AdminSecret string }

// process is a part that runs.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan struct{}
}

func (p *processes) launch(w part, args ...string) ready {
	p.t.Helper()
	logFile, err := os.OpenFile(p.path(string(w)+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(p.t, err)
	defer logFile.Close()
	cmd := exec.Command(program, append([]string{string(w), "--json", "--exit-with-parent", "--log", "info"}, args...)...)
	cmd.Dir, cmd.Stderr = p.dir, logFile
	stdin, err := cmd.StdinPipe()
	must(p.t, err)
	out, err := cmd.StdoutPipe()
	must(p.t, err)
	must(p.t, cmd.Start())
	c := &process{cmd: cmd, stdin: stdin, ended: make(chan struct{})}
	lines := make(chan ready, 1)
	go c.read(out, lines)
	p.running[w] = c
	select {
	case r := <-lines:
		return r
	case <-c.ended:
	case <-time.After(time.Minute):
	}
	p.t.Fatalf("the %s did not become ready: %s", w, p.log(w))
	return ready{}
}

func (c *process) read(out io.Reader, lines chan<- ready) {
	r := bufio.NewReader(out)
	var said ready
	if line, err := r.ReadBytes('\n'); err == nil && json.Unmarshal(line, &said) == nil {
		lines <- said
	}
	_, _ = io.Copy(io.Discard, r)
	_ = c.cmd.Wait()
	close(c.ended)
}

func (p *processes) kill(w part) {
	p.t.Helper()
	c := p.running[w]
	if c == nil {
		return // this route has no agent
	}
	delete(p.running, w)
	must(p.t, c.cmd.Process.Kill())
	<-c.ended
	_ = c.stdin.Close()
}

// log is the end of a part's log, for messages.
func (p *processes) log(w part) string {
	text, err := os.ReadFile(filepath.Join(p.dir, string(w)+".log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}

func (p *processes) close() {
	if p.t.Failed() {
		for _, w := range []part{service, agent, host} {
			p.t.Logf("%s's log ends with:\n%s", w, p.log(w))
		}
	}
	for w := range p.running {
		p.kill(w)
	}
}
