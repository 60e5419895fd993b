package storage

import (
	"context"
	"slices"

	"github.com/sallyport-id/sallyport/service/access"
)

// Grants implements access.Grants.
type Grants struct{ base }

var _ access.Grants = (*Grants)(nil)

// NewGrants returns the grants kept in the engine.
func NewGrants(e Engine) *Grants { return &Grants{base{e}} }

const (
	putGrant Query = `INSERT INTO access_grant (tenant, subject, role, app, granted, granted_by) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant, subject, role, app) DO NOTHING`

	deleteGrant Query = `DELETE FROM access_grant WHERE tenant = $1 AND subject = $2 AND role = $3 AND app = $4`

	deleteGrants Query = `DELETE FROM access_grant WHERE tenant = $1 AND subject = $2`

	grantsOf Query = `SELECT subject, role, app, granted, granted_by FROM access_grant WHERE tenant = $1 AND subject = $2 ORDER BY role, app`

	listGrants Query = `SELECT subject, role, app, granted, granted_by FROM access_grant WHERE tenant = $1 ORDER BY subject, role, app`
)

// Grant stores a grant; one that is there already keeps its time. fault.Invalid when it is malformed.
func (s *Grants) Grant(ctx context.Context, g access.Grant) error {
	if err := g.Validate(); err != nil {
		return err
	}
	return s.write(ctx, "store grant", func(tx tx) error {
		_, err := tx.exec(putGrant, g.Subject, string(g.Role), g.App, moment(g.At), g.By)
		return err
	})
}

// Revoke removes a grant; fault.NotFound when absent.
func (s *Grants) Revoke(ctx context.Context, subject string, role access.Role, app string) error {
	const op = "revoke grant"
	return s.write(ctx, op, func(tx tx) error {
		n, err := tx.exec(deleteGrant, subject, string(role), app)
		if err != nil || n == 0 {
			return orAbsent(err, op, subject)
		}
		return nil
	})
}

// Granted returns the grants of the subjects, all when none is named, in the order of subject, role and app.
func (s *Grants) Granted(ctx context.Context, subjects ...string) (gs []access.Grant, err error) {
	read := func(r Rows) error {
		var g access.Grant
		var at int64
		err := r.Scan(&g.Subject, &g.Role, &g.App, &at, &g.By)
		g.At = when(at)
		gs = append(gs, g)
		return err
	}
	err = s.read(ctx, "read grants", func(tx tx) error {
		if len(subjects) == 0 {
			return tx.each(listGrants, nil, read)
		}
		sorted := slices.Compact(slices.Sorted(slices.Values(subjects)))
		for _, subject := range sorted {
			if err := tx.each(grantsOf, []any{subject}, read); err != nil {
				return err
			}
		}
		return nil
	})
	return gs, err
}
