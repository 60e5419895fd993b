package gsql

import (
	"context"
	"fmt"
	"iter"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

var (
	_ connector.StagedTester = (*session)(nil)
	_ connector.StagedDriver = Driver{}
)

// OpenStages tries the settings, the name, the port or the file, and the login one by one. A certificate that is not trusted, and a
// server without TLS where it is asked for, show at the login.
func (Driver) OpenStages(ctx context.Context, config connector.Config) iter.Seq[connector.Stage] {
	return func(yield func(connector.Stage) bool) {
		l, err := parseLayout(config)
		if !yield(connector.Stage{Name: "Read the settings", Err: err}) || err != nil {
			return
		}
		for _, stage := range append(l.target.reaching(ctx), func() connector.Stage { return loginStage(ctx, l) }) {
			s := stage()
			if !yield(s) || s.Err != nil {
				return
			}
		}
	}
}

// usualPorts are by the URL's scheme.
var usualPorts = map[string]string{"postgres": "5432", "postgresql": "5432", "mariadb": "3306", "mysql": "3306", "sqlserver": "1433", "mssql": "1433", "oracle": "1521"}

// reaching are the steps before the login: a file's, or a server's.
func (t target) reaching(ctx context.Context) []func() connector.Stage {
	if t.grammar.facts().name == SQLite {
		return []func() connector.Stage{t.fileStage}
	}
	u, err := url.Parse(t.url)
	if err != nil || u.Hostname() == "" || usualPorts[u.Scheme] == "" {
		return nil // a socket, or a URL that only the client library understands
	}
	at := net.JoinHostPort(u.Hostname(), portOr(u.Port(), usualPorts[u.Scheme]))
	return []func() connector.Stage{
		func() connector.Stage { return resolveStage(ctx, u.Hostname()) },
		func() connector.Stage { return portStage(ctx, at) },
	}
}

func (t target) fileStage() connector.Stage {
	s := connector.Stage{Name: "Find the file"}
	path, _, _ := strings.Cut(t.url, "?")
	i, err := os.Stat(path)
	if err != nil {
		s.Err = fault.WrapHint(fault.Unavailable, "find the file", err, "check the path; the connector makes no file of its own")
		return s
	}
	s.Detail = fmt.Sprintf("%s, %d bytes", path, i.Size())
	return s
}

func resolveStage(ctx context.Context, host string) connector.Stage {
	s := connector.Stage{Name: "Resolve the name"}
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		s.Err = fault.WrapHint(fault.Unavailable, "resolve the name", err, "check the host in the setting url, and this machine's DNS")
		return s
	}
	s.Detail = strings.Join(found, ", ")
	return s
}

func portStage(ctx context.Context, at string) connector.Stage {
	s := connector.Stage{Name: "Connect to the port", Detail: at}
	d := net.Dialer{Timeout: connectTimeout}
	c, err := d.DialContext(ctx, "tcp", at)
	if err != nil {
		s.Err = fault.WrapHint(fault.Unavailable, "connect to the port", err, "check that the database runs and listens there, and that no firewall is in between")
		return s
	}
	_ = c.Close()
	return s
}

func loginStage(ctx context.Context, l layout) connector.Stage {
	s := connector.Stage{Name: "Log in"}
	x := &session{layout: l}
	defer x.Close()
	if s.Err = x.connect(ctx); s.Err != nil {
		return s
	}
	s.Detail = l.target.grammar.facts().name
	if l.target.user != "" {
		s.Detail += " as " + l.target.user
	}
	return s
}

// TestStages reads the schema, then tries the rights on the tables of each type, and the place where changes stand.
func (s *session) TestStages(ctx context.Context) iter.Seq[connector.Stage] {
	return func(yield func(connector.Stage) bool) {
		err := s.describe(ctx)
		if !yield(connector.Stage{Name: "Read the catalogue", Detail: fmt.Sprintf("%d types", len(s.objects)), Err: err}) || err != nil {
			return
		}
		for _, t := range s.layout.types {
			err := s.testObject(ctx, s.objects[t.name])
			if !yield(connector.Stage{Name: "Rights on " + string(t.name), Detail: s.rowsThere(ctx, t.name, err), Err: err}) || err != nil {
				return
			}
		}
		if s.layout.delta != deltaNone {
			_, err := s.Mark(ctx)
			yield(connector.Stage{Name: "Where changes stand", Detail: s.layout.delta, Err: err})
		}
	}
}

// rowsThere says how many objects there are.
func (s *session) rowsThere(ctx context.Context, t entry.Type, failed error) string {
	if failed != nil {
		return ""
	}
	n, err := s.Count(ctx, t)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d objects", n)
}
