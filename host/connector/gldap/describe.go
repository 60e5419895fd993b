package gldap

import (
	"context"

	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

var (
	_ connector.Describer   = (*session)(nil)
	_ connector.Describer   = (*Driver)(nil)
	_ connector.Partitioner = (*session)(nil)
	_ connector.Hierarchy   = (*session)(nil)
	_ connector.Counter     = (*session)(nil)
)

// Capabilities says what sessions on a server with everything can do.
func (*Driver) Capabilities() connector.Capabilities {
	return connector.Capabilities{
		Export: true, Batch: 200, Delta: true, Deletions: true, Push: true, Lookup: true, Password: true, OldPassword: true, Rename: true,
		Partitions: true, Hierarchy: true, Count: true, Test: true, DN: connector.DNLDAP, Writers: 4,
	}
}

// Capabilities says what this server and this configuration allow.
func (s *session) Capabilities() connector.Capabilities {
	c := s.driver.Capabilities()
	c.Writers = s.Writers()
	c.Excuses = map[string]string{}
	how := s.delta()
	if how == nil {
		c.Delta, c.Deletions, c.Push = false, false, false
		for _, name := range []string{"delta", "deletions", "push"} {
			c.Excuses[name] = "the server shows no log of changes, or the setting delta is none"
		}
		return c
	}
	if c.Deletions = how.deletions() || s.compares(); !c.Deletions {
		c.Excuses["deletions"] = "timestamps say nothing of what is gone; set timestampDeletes, or rely on full imports"
		if s.server.windows() {
			c.Excuses["deletions"] = "the account may not see deleted objects: let it list CN=Deleted Objects, set timestampDeletes, or rely on full imports"
		}
	}
	if c.Push = s.pushes() != ""; !c.Push {
		c.Excuses["push"] = "the server has neither content synchronization nor persistent search nor change notification"
	}
	return c
}

// Partitions are the server's naming contexts; those that hold a base DN are selected.
func (s *session) Partitions(context.Context) ([]connector.Partition, error) {
	var out []connector.Partition
	for _, text := range s.server.contexts {
		d, err := parseDN(text)
		if err != nil || len(d) == 0 {
			continue
		}
		p := connector.Partition{ID: text, Name: text}
		for _, b := range s.layout.bases {
			p.Selected = p.Selected || b.at(d)
		}
		out = append(out, p)
	}
	return out, nil
}

// Containers lists the containers directly below a DN; below the base DNs for "".
func (s *session) Containers(ctx context.Context, parent string) ([]connector.Container, error) {
	var out []connector.Container
	if parent == "" {
		for _, b := range s.layout.bases {
			out = append(out, connector.Container{DN: b.text(), Name: b[0].text()})
		}
		return out, nil
	}
	var kinds []wire.Filter
	for _, class := range []string{"organizationalUnit", "organization", "container", "domain", "builtinDomain", "locality", "country"} {
		kinds = append(kinds, wire.Equal("objectClass", class))
	}
	err := s.read(ctx, "list the containers", func(ctx context.Context, c *wire.Conn) error {
		out = nil
		rows, err := c.Search(ctx, wire.Search{Base: parent, Scope: wire.OneLevel, Filter: wire.Or(kinds...), Attrs: []string{"1.1"}})
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			name := string(rows.Entry().DN)
			d, err := parseDN(name)
			if err != nil {
				continue
			}
			out = append(out, connector.Container{DN: name, Name: d[0].text()})
		}
		return rows.Err()
	})
	return out, err
}
