package targets

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Proxy is an HTTP proxy on 127.0.0.1 that relays CONNECT for whoever shows its user and password.
type Proxy struct {
	Port     int
	user     string
	password string
	process  *process
}

// URL returns the proxy's address with its user and password, for net/http and for configuration.
func (p *Proxy) URL() *url.URL {
	u := p.Bare()
	u.User = url.UserPassword(p.user, p.password)
	return u
}

// Bare returns the address without the credential: the proxy answers 407 to it.
func (p *Proxy) Bare() *url.URL {
	return &url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", p.Port)}
}

// Kill ends the proxy and with it every connection that runs through it.
func (p *Proxy) Kill() { p.process.end(os.Kill, 5*time.Second) }

// recipe is how one kind of proxy is configured and started.
type recipe struct {
	name, pkg string
	account   string
	write     func(dir string, p *Proxy, ports []int) error
	args      func(dir string) []string
}

// Tinyproxy starts a tinyproxy that relays CONNECT to the ports, or to any port without ones; to another port it answers 403.
func Tinyproxy(t testing.TB, user, password string, ports ...int) *Proxy {
	t.Helper()
	return startProxy(t, recipe{
		name: "tinyproxy", pkg: "tinyproxy", write: writeTinyproxy,
		args: func(dir string) []string { return []string{"-d", "-c", filepath.Join(dir, "conf")} },
	}, user, password, ports)
}

// Squid starts a squid that relays CONNECT to the ports, or to any port without ones; to another port it answers 403.
func Squid(t testing.TB, user, password string, ports ...int) *Proxy {
	t.Helper()
	return startProxy(t, recipe{
		name: "squid", pkg: "squid", account: "proxy", write: writeSquid,
		args: func(dir string) []string {
			return []string{"-N", "-n", serviceName(dir), "-f", filepath.Join(dir, "conf")}
		},
	}, user, password, ports)
}

func startProxy(t testing.TB, r recipe, user, password string, ports []int) *Proxy {
	t.Helper()
	path, ok := find(r.name)
	if !ok {
		skipOrFail(t, missing(r.name, r.pkg))
	}
	dir, err := folder(r.name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := &Proxy{user: user, password: password}
	if err := p.start(t.Context(), r, path, dir, ports); err != nil {
		skipOrFail(t, err)
	}
	t.Cleanup(p.Kill)
	return p
}

func (p *Proxy) start(ctx context.Context, r recipe, path, dir string, ports []int) (err error) {
	if p.Port, err = freePort(); err != nil {
		return err
	}
	if r.account != "" {
		if err := own(dir, r.account); err != nil {
			return err
		}
	}
	if err := r.write(dir, p, ports); err != nil {
		return err
	}
	log := filepath.Join(dir, "log")
	if p.process, err = launch(r.account, log, dir, path, r.args(dir)...); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := poll(ctx, p.process.gone, dialable(p.Port)); err != nil {
		p.Kill()
		return fault.New(fault.Unavailable, "start "+r.name, "%w; log: %s", err, tail(log))
	}
	return nil
}

func writeTinyproxy(dir string, p *Proxy, ports []int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Port %d\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 600\nMaxClients 500\nLogLevel Warning\n", p.Port)
	fmt.Fprintf(&b, "BasicAuth %s %s\n", p.user, p.password)
	for _, port := range ports {
		fmt.Fprintf(&b, "ConnectPort %d\n", port)
	}
	return os.WriteFile(filepath.Join(dir, "conf"), []byte(b.String()), 0o600)
}

func writeSquid(dir string, p *Proxy, ports []int) error {
	hash, err := apacheHash(p.password)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "users"), []byte(p.user+":"+hash+"\n"), 0o644); err != nil {
		return err
	}
	program, ok := firstFile("/usr/lib/squid/basic_ncsa_auth", "/usr/lib64/squid/basic_ncsa_auth", "/usr/libexec/squid/basic_ncsa_auth")
	if !ok {
		return missing("squid's basic_ncsa_auth", "squid")
	}
	return os.WriteFile(filepath.Join(dir, "conf"), []byte(squidConfig(dir, program, p.Port, ports)), 0o644)
}

// apacheHash hashes a password for an htpasswd file; it travels by standard input, not as an argument.
func apacheHash(password string) (string, error) {
	path, ok := find("openssl")
	if !ok {
		return "", missing("openssl", "openssl")
	}
	cmd := exec.Command(path, "passwd", "-apr1", "-stdin")
	cmd.Stdin = strings.NewReader(password + "\n")
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

func squidConfig(dir, program string, port int, ports []int) string {
	allowed := "acl allowed port"
	for _, p := range ports {
		allowed += fmt.Sprintf(" %d", p)
	}
	if len(ports) == 0 {
		allowed += " 1-65535"
	}
	return fmt.Sprintf("http_port 127.0.0.1:%d\n", port) +
		fmt.Sprintf("auth_param basic program %s %s\n", program, filepath.Join(dir, "users")) +
		"auth_param basic children 1\nacl authed proxy_auth REQUIRED\n" + allowed + "\n" +
		"http_access deny !allowed\nhttp_access allow authed\nhttp_access deny all\n" +
		"cache deny all\nshared_memory_locking off\nmemory_cache_shared off\nmax_filedescriptors 4096\n" +
		"shutdown_lifetime 1 seconds\nnetdb_filename none\npinger_enable off\n" +
		fmt.Sprintf("pid_filename %[1]s/pid\ncoredump_dir %[1]s\naccess_log none\ncache_log %[1]s/log\n", dir)
}

// serviceName is squid's -n: letters and digits only, different for each run, or it stumbles over another's shared memory.
func serviceName(dir string) string {
	name := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, filepath.Base(dir))
	return name
}

func firstFile(paths ...string) (string, bool) {
	for _, p := range paths {
		if _, err := os.Stat(p); err == nil {
			return p, true
		}
	}
	return "", false
}
