package gldap

import (
	"context"
	"errors"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// session is one user of a directory: a connection for its work, and one beside it for questions that come up meanwhile.
type session struct {
	driver  *Driver
	name    string
	layout  *layout
	main    link
	side    link
	server  *server
	objects []*object
	logged  bool // OpenLDAP's access log can be read
	tombs   bool // Active Directory's deleted objects can be seen
}

var (
	_ connector.Exporter = (*session)(nil)
	_ connector.Lookup   = (*session)(nil)
	_ connector.Limits   = (*session)(nil)
)

// Close ends the connections.
func (s *session) Close() error {
	s.main.close()
	s.side.close()
	return nil
}

// Writers returns the configured number, or what a directory likes: it writes one after the other.
func (s *session) Writers() int {
	switch {
	case s.layout.writers > 0:
		return s.layout.writers
	case s.server.windows():
		return 2
	}
	return 4
}

// describe reads what the server is, and makes the object types.
func (s *session) describe(ctx context.Context) error {
	return s.read(ctx, "open the directory", func(ctx context.Context, c *wire.Conn) error {
		server, err := readServer(ctx, c)
		if err != nil {
			return err
		}
		cat, err := s.driver.catalogue(ctx, c, s.layout.access.servers[s.main.at].url, server)
		if err != nil {
			return err
		}
		b, objects := builder{s.layout, server, cat}, []*object{}
		for _, t := range s.layout.types {
			o, err := b.object(t)
			if err != nil {
				return err
			}
			objects = append(objects, o)
		}
		s.server, s.objects = server, objects
		if server.brand == openLDAP && (s.layout.delta == "auto" || s.layout.delta == "accesslog") {
			_, err := readOne(ctx, c, s.logAt("cn=accesslog"), "1.1")
			s.logged = err == nil
		}
		if server.windows() {
			s.tombs = s.seesDeleted(ctx, c)
		}
		return nil
	})
}

// Schema returns the object types with the attributes that their classes allow.
func (s *session) Schema(ctx context.Context) (connector.Schema, error) {
	if err := s.describe(ctx); err != nil {
		return connector.Schema{}, err
	}
	var out connector.Schema
	for _, o := range s.objects {
		out.Types = append(out.Types, o.schema())
	}
	return out, nil
}

func (s *session) object(t entry.Type) (*object, error) {
	for _, o := range s.objects {
		if o.name == t {
			return o, nil
		}
	}
	return nil, fault.New(fault.Invalid, "find the type", "%q is not one of the object types", t).WithHint("add it to the setting types")
}

// read runs f, which changes nothing, again when the connection was lost.
func (s *session) read(ctx context.Context, op string, f func(context.Context, *wire.Conn) error) error {
	return s.run(ctx, op, &s.main, true, f)
}

// write runs f. A connection lost after something was sent is fault.Timeout: the effect is unknown.
func (s *session) write(ctx context.Context, op string, f func(context.Context, *wire.Conn) error) error {
	return s.run(ctx, op, &s.main, false, f)
}

// aside runs f, which changes nothing, on the second connection.
func (s *session) aside(ctx context.Context, op string, f func(context.Context, *wire.Conn) error) error {
	return s.run(ctx, op, &s.side, true, f)
}

// tries is how often a lost connection is opened anew for one operation.
const tries = 3

func (s *session) run(ctx context.Context, op string, k *link, repeatable bool, f func(context.Context, *wire.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.Unavailable, op, err)
	}
	limited, cancel := context.WithTimeout(ctx, s.layout.commandTimeout)
	defer cancel()
	for try := 1; ; try++ {
		if err := k.open(limited, s.layout); err != nil {
			return fault.Wrap(fault.Unavailable, op, err)
		}
		err := f(limited, k.conn)
		if err == nil {
			return nil
		}
		lost, broken := errors.AsType[*wire.Lost](err)
		if broken {
			k.close()
		}
		if !broken || try == tries || limited.Err() != nil || lost.Sent && !repeatable {
			if repeatable {
				return unread(op, err)
			}
			return failure(op, err)
		}
	}
}

// unread makes the fault of an error while reading: nothing can have been done, so a lost connection leaves no doubt.
func unread(op string, err error) error {
	_, made := errors.AsType[*fault.Error](err)
	if lost, ok := errors.AsType[*wire.Lost](err); ok && !made {
		hint := "check that the directory runs, and look into its log"
		if errors.Is(lost, context.DeadlineExceeded) {
			hint = "the directory was silent for the whole command timeout: look whether it is overloaded, index the attributes asked for, or raise commandTimeout"
		}
		return &fault.Error{Op: op, Kind: fault.Unavailable, Err: err, Hint: hint}
	}
	return failure(op, err)
}

// failure makes the fault of an error. A fault made on the way stays what it is.
func failure(op string, err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return fault.Wrap(f.Kind, op, err)
	}
	v := judge(err)
	return &fault.Error{Op: op, Kind: v.kind, Hint: v.hint, Err: err}
}
