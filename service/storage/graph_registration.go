package storage

import (
	"context"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/catalog"
)

// Catalog implements catalog.Store.
type Catalog struct{ base }

var _ catalog.Store = (*Catalog)(nil)

// NewCatalog returns the registrations kept in the engine.
func NewCatalog(e Engine) *Catalog { return &Catalog{base{e}} }

const (
	getRegistration Query = `SELECT version, doc FROM registration
		WHERE tenant = $1 AND (id = $2 OR principal = $2 OR client = $2 OR object = $2)`

	listRegistrations Query = `SELECT version, doc FROM registration WHERE tenant = $1 ORDER BY id`

	putRegistration Query = `INSERT INTO registration (tenant, id, principal, client, object, version, doc) VALUES ($1, $2, $3, $4, $5, 1, $6)`

	amendRegistration Query = `UPDATE registration SET version = version + 1, doc = $4 WHERE tenant = $1 AND id = $2 AND version = $3`

	deleteRegistration Query = `DELETE FROM registration WHERE tenant = $1 AND id = $2`
)

type registrationRow struct {
	catalog.Registration
	row int64
}

// Registration returns one by its id or one of its GUIDs; fault.NotFound when there is none.
func (s *Catalog) Registration(ctx context.Context, id string) (catalog.Registration, error) {
	const op = "find application"
	rs, err := s.list(ctx, op, getRegistration, id)
	if err == nil && len(rs) == 0 {
		err = absent(op, id)
	}
	if err != nil {
		return catalog.Registration{}, err
	}
	return rs[0].Registration, nil
}

// Registrations returns all, in the order of ID.
func (s *Catalog) Registrations(ctx context.Context) ([]catalog.Registration, error) {
	rows, err := s.list(ctx, "list applications", listRegistrations)
	out := make([]catalog.Registration, len(rows))
	for i, r := range rows {
		out[i] = r.Registration
	}
	return out, err
}

func (s *Catalog) list(ctx context.Context, op string, q Query, args ...any) (rs []registrationRow, err error) {
	err = s.read(ctx, op, func(tx tx) error {
		rs = nil
		return tx.each(q, args, func(r Rows) error {
			var row registrationRow
			var doc []byte
			if err := r.Scan(&row.row, &doc); err != nil {
				return err
			}
			err := openJSON(doc, &row.Registration)
			rs = append(rs, row)
			return err
		})
	})
	return rs, err
}

// Register stores a new one; fault.Exists when the id is taken.
func (s *Catalog) Register(ctx context.Context, r catalog.Registration) error {
	doc, err := sealJSON(r)
	if err != nil {
		return err
	}
	return s.write(ctx, "register application", func(tx tx) error {
		_, err := tx.exec(putRegistration, string(r.ID), r.Principal, r.Client, r.Object, doc)
		return err
	})
}

// Amend applies fn to one; fn may run twice.
func (s *Catalog) Amend(ctx context.Context, id app.ID, fn func(catalog.Registration) (catalog.Registration, error)) (catalog.Registration, error) {
	const op = "change application"
	return retry(ctx, op, func() (r catalog.Registration, err error) {
		rows, err := s.list(ctx, op, getRegistration, string(id))
		if err == nil && (len(rows) == 0 || rows[0].ID != id) {
			err = absent(op, string(id))
		}
		if err != nil {
			return r, err
		}
		if r, err = fn(rows[0].Registration); err != nil {
			return r, err
		}
		if was := rows[0]; r.ID != was.ID || r.Principal != was.Principal || r.Client != was.Client || r.Object != was.Object {
			return r, fault.New(fault.Internal, op, "the ids of an application do not change")
		}
		doc, err := sealJSON(r)
		if err != nil {
			return r, err
		}
		return r, s.write(ctx, op, func(tx tx) error {
			n, err := tx.exec(amendRegistration, string(id), rows[0].row, doc)
			if err == nil && n == 0 {
				err = errMoved
			}
			return err
		})
	})
}

// Unregister removes one; one that is not there is no error.
func (s *Catalog) Unregister(ctx context.Context, id app.ID) error {
	return s.write(ctx, "remove application", func(tx tx) error {
		_, err := tx.exec(deleteRegistration, string(id))
		return err
	})
}
