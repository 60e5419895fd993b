package storage

import (
	"context"

	"github.com/sallyport-id/sallyport/service/access"
)

// Tokens implements access.Store.
type Tokens struct{ base }

var _ access.Store = (*Tokens)(nil)

// NewTokens returns the API's tokens kept in the engine.
func NewTokens(e Engine) *Tokens { return &Tokens{base{e}} }

const (
	putToken Query = `INSERT INTO access_token (tenant, name, hash, role, created, expires) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant, name) DO UPDATE SET hash = excluded.hash, role = excluded.role,
			created = excluded.created, expires = excluded.expires`

	tokenByHash Query = `SELECT name, hash, role, created, expires FROM access_token WHERE tenant = $1 AND hash = $2`

	listTokens Query = `SELECT name, hash, role, created, expires FROM access_token WHERE tenant = $1 ORDER BY name`

	deleteToken Query = `DELETE FROM access_token WHERE tenant = $1 AND name = $2`
)

// Put stores a token, replacing one with the same name. fault.Invalid when it is malformed, fault.Exists when another name has the same hash.
func (s *Tokens) Put(ctx context.Context, t access.Token) error {
	if err := t.Validate(); err != nil {
		return err
	}
	return s.write(ctx, "store token", func(tx tx) error {
		_, err := tx.exec(putToken, t.Name, t.Hash, string(t.Role), moment(t.Created), moment(t.Expires))
		return err
	})
}

// ByHash returns the token with the hash, expired ones included; fault.NotFound when there is none.
func (s *Tokens) ByHash(ctx context.Context, hash string) (access.Token, error) {
	ts, err := s.list(ctx, "find token", tokenByHash, hash)
	if err == nil && len(ts) == 0 {
		err = absent("find token", "")
	}
	if err != nil {
		return access.Token{}, err
	}
	return ts[0], nil
}

// List returns all tokens in the order of name.
func (s *Tokens) List(ctx context.Context) ([]access.Token, error) {
	return s.list(ctx, "list tokens", listTokens)
}

func (s *Tokens) list(ctx context.Context, op string, q Query, args ...any) (ts []access.Token, err error) {
	err = s.read(ctx, op, func(tx tx) error {
		return tx.each(q, args, func(r Rows) error {
			var t access.Token
			var created, expires int64
			err := r.Scan(&t.Name, &t.Hash, &t.Role, &created, &expires)
			t.Created, t.Expires = when(created), when(expires)
			ts = append(ts, t)
			return err
		})
	})
	return ts, err
}

// Delete removes a token by name; fault.NotFound when absent.
func (s *Tokens) Delete(ctx context.Context, name string) error {
	return s.write(ctx, "delete token", func(tx tx) error {
		n, err := tx.exec(deleteToken, name)
		if err != nil || n == 0 {
			return orAbsent(err, "delete token", name)
		}
		return nil
	})
}
