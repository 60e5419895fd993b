package storage

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/service/identity"
)

// Identity implements identity.Clients and identity.Sessions.
type Identity struct{ base }

var (
	_ identity.Clients  = (*Identity)(nil)
	_ identity.Sessions = (*Identity)(nil)
)

// NewIdentity returns the clients and ended sessions kept in the engine.
func NewIdentity(e Engine) *Identity { return &Identity{base{e}} }

const (
	addClient Query = `INSERT INTO identity_client (tenant, id, name, version, doc) VALUES ($1, $2, $3, 1, $4)`

	changeClient Query = `UPDATE identity_client SET name = $3, doc = $4, version = version + 1 WHERE tenant = $1 AND id = $2 AND version = $5`

	getClient Query = `SELECT version, doc FROM identity_client WHERE tenant = $1 AND id = $2`

	listClients Query = `SELECT version, doc FROM identity_client WHERE tenant = $1 ORDER BY name`

	deleteClient Query = `DELETE FROM identity_client WHERE tenant = $1 AND id = $2`

	endToken Query = `INSERT INTO identity_ended (tenant, jti, expires) VALUES ($1, $2, $3) ON CONFLICT (tenant, jti) DO NOTHING`

	sweepEnded Query = `DELETE FROM identity_ended WHERE tenant = $1 AND expires < $2`

	endedToken Query = `SELECT expires FROM identity_ended WHERE tenant = $1 AND jti = $2`
)

// AddClient stores a new client; fault.Exists when the id or, without regard to case, the name is taken.
func (s *Identity) AddClient(ctx context.Context, c identity.Client) error {
	if err := c.Validate(); err != nil {
		return err
	}
	doc, err := sealJSON(c)
	if err != nil {
		return err
	}
	return s.write(ctx, "store client", func(tx tx) error {
		_, err := tx.exec(addClient, string(c.ID), strings.ToLower(c.Name), doc)
		return err
	})
}

// ChangeClient replaces a client by what change makes of it; change may run twice. fault.NotFound when absent.
func (s *Identity) ChangeClient(ctx context.Context, id identity.ID, change func(identity.Client) (identity.Client, error)) (identity.Client, error) {
	const op = "change client"
	return retry(ctx, op, func() (identity.Client, error) {
		old, version, err := s.load(ctx, op, id)
		if err != nil {
			return old, err
		}
		c, err := change(old)
		if err != nil {
			return old, err
		}
		c.ID = id
		if err := c.Validate(); err != nil {
			return old, err
		}
		doc, err := sealJSON(c)
		if err != nil {
			return old, err
		}
		err = s.write(ctx, op, func(tx tx) error {
			n, err := tx.exec(changeClient, string(id), strings.ToLower(c.Name), doc, version)
			if err == nil && n == 0 {
				err = errMoved
			}
			return err
		})
		return c, err
	})
}

// Client returns a client; fault.NotFound when absent.
func (s *Identity) Client(ctx context.Context, id identity.ID) (identity.Client, error) {
	c, _, err := s.load(ctx, "get client", id)
	return c, err
}

func (s *Identity) load(ctx context.Context, op string, id identity.ID) (c identity.Client, version int64, err error) {
	found := false
	err = s.read(ctx, op, func(tx tx) error {
		return tx.each(getClient, []any{string(id)}, func(r Rows) (err error) {
			found = true
			c, version, err = scanClient(r)
			return err
		})
	})
	if err == nil && !found {
		err = absent(op, string(id))
	}
	return c, version, err
}

func scanClient(r Rows) (c identity.Client, version int64, err error) {
	var doc []byte
	if err = r.Scan(&version, &doc); err == nil {
		err = openJSON(doc, &c)
	}
	return c, version, err
}

// ListClients returns all clients in the order of name.
func (s *Identity) ListClients(ctx context.Context) (cs []identity.Client, err error) {
	err = s.read(ctx, "list clients", func(tx tx) error {
		return tx.each(listClients, nil, func(r Rows) error {
			c, _, err := scanClient(r)
			cs = append(cs, c)
			return err
		})
	})
	return cs, err
}

// DeleteClient removes a client with its grants; fault.NotFound when absent.
func (s *Identity) DeleteClient(ctx context.Context, id identity.ID) error {
	const op = "delete client"
	return s.write(ctx, op, func(tx tx) error {
		n, err := tx.exec(deleteClient, string(id))
		if err != nil || n == 0 {
			return orAbsent(err, op, string(id))
		}
		_, err = tx.exec(deleteGrants, identity.Client{ID: id}.Subject())
		return err
	})
}

// End marks a token, by its jti, until it would have expired anyway; marks that have served are dropped on the way. Of those who mark
// the same one, at the same time too, one alone is told that it was the first.
func (s *Identity) End(ctx context.Context, jti string, expires time.Time) (first bool, err error) {
	err = s.write(ctx, "end session", func(tx tx) error {
		if _, err := tx.exec(sweepEnded, moment(time.Now().Add(-time.Hour))); err != nil {
			return err
		}
		n, err := tx.exec(endToken, jti, moment(expires))
		first = n == 1
		return err
	})
	return first && err == nil, err
}

// Ended reports whether the token was marked.
func (s *Identity) Ended(ctx context.Context, jti string) (ended bool, err error) {
	err = s.read(ctx, "look for session", func(tx tx) (err error) {
		var expires int64
		ended, err = tx.one(endedToken, []any{jti}, &expires)
		return err
	})
	return ended, err
}
