package journeys

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
)

// part names one of the three programs.
type part string

const (
	service part = "service"
	agent   part = "agent"
	host    part = "host"
)

// site is an installation on one of the routes.
type site interface {
	// call returns the way to the service's API.
	call() *api
	// kill ends a part as kill -9 does: nothing is finished, nothing is saved. Where a route has no agent, killing it cuts the
	// way to the host instead, or does nothing.
	kill(p part)
	// start starts a part that was killed.
	start(p part)
	// apply applies the application's file, with what a story changes in it laid over.
	apply(overlay string)
}

// files are what a story brings to replace the sample application's.
type files struct {
	hostYAML string // with ${LISTEN} and ${URL}
}

// folder is an installation's folder with the host's configuration and the application's file.
type folder struct {
	t    testing.TB
	dir  string
	site wire.Site
}

func newFolder(t testing.TB, g *target, f files, s wire.Site) *folder {
	t.Helper()
	s.Dir, s.Target = t.TempDir(), g.url
	if f.hostYAML != "" {
		text := strings.NewReplacer("${LISTEN}", s.Listen, "${URL}", g.url).Replace(f.hostYAML)
		must(t, os.WriteFile(filepath.Join(s.Dir, wire.HostFile), []byte(text), 0o600))
	}
	must(t, s.Prepare(t.Context()))
	return &folder{t: t, dir: s.Dir, site: s}
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

func (f *folder) read(name string) string {
	f.t.Helper()
	text, err := os.ReadFile(f.path(name))
	must(f.t, err)
	return string(text)
}

// put applies the application through the API.
func (f *folder) put(a *api, overlay string) {
	f.t.Helper()
	body := map[string]string{"name": wire.AppFile, "file": f.appFile(overlay), "bearer": strings.TrimSpace(f.read("contoso.secret"))}
	if f.site.CA != "" {
		body["ca"] = f.read("host/tls/tls.crt")
	}
	must(f.t, a.call("PUT", theApp, body, nil))
}

// appFile lays a story's keys over the sample application's: maps are merged, objects by their source; everything else is replaced.
func (f *folder) appFile(overlay string) string {
	f.t.Helper()
	text := f.read(wire.AppFile)
	if overlay == "" {
		return text
	}
	var under, over any
	must(f.t, yaml.Unmarshal([]byte(text), &under))
	must(f.t, yaml.Unmarshal([]byte(overlay), &over))
	out, err := yaml.Marshal(merge(under, over))
	must(f.t, err)
	return string(out)
}

func merge(under, over any) any {
	switch o := over.(type) {
	case map[string]any:
		u, ok := under.(map[string]any)
		if !ok {
			return over
		}
		for k, v := range o {
			u[k] = merge(u[k], v)
		}
		return u
	case []any:
		u, ok := under.([]any)
		if !ok || sourceOf(o[0]) == nil || sourceOf(u[0]) == nil || sourceOf(o[0]) != "User" && sourceOf(o[0]) != "Group" {
			return over
		}
		for _, item := range o {
			for i := range u {
				if sourceOf(u[i]) == sourceOf(item) {
					u[i] = merge(u[i], item)
				}
			}
		}
		return u
	}
	return over
}

func sourceOf(v any) any {
	m, _ := v.(map[string]any)
	return m["source"]
}

// freeAddr finds a port of loopback that nobody uses, outside of the range from which the kernel gives ports to clients, so that a part
// comes back at the same place after it was killed.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 12000+rand.IntN(20000))
		if l, err := net.Listen("tcp", addr); err == nil {
			must(t, l.Close())
			return addr
		}
	}
	t.Fatal("no free port")
	return ""
}
