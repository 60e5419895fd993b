package storage

import (
	"context"
	"encoding/json"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
)

// Apps implements app.Store: each application is its JSON with a checksum.
type Apps struct{ base }

var _ app.Store = (*Apps)(nil)

// NewApps returns the applications kept in the engine.
func NewApps(e Engine) *Apps { return &Apps{base{e}} }

const (
	appVersion Query = `SELECT version FROM app WHERE tenant = $1 AND id = $2`

	putApp Query = `INSERT INTO app (tenant, id, version, doc) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant, id) DO UPDATE SET version = excluded.version, doc = excluded.doc`

	getApp Query = `SELECT version, doc FROM app WHERE tenant = $1 AND id = $2`

	listApps Query = `SELECT version, doc FROM app WHERE tenant = $1 ORDER BY id`

	deleteApp Query = `DELETE FROM app WHERE tenant = $1 AND id = $2`
)

// Put stores the application, replacing one with the same ID. Every Put counts the version up by one, the first is 1.
func (s *Apps) Put(ctx context.Context, a app.App) (app.App, error) {
	const op = "store application"
	if a.ID == "" {
		return a, fault.New(fault.Invalid, op, "it has no id").WithHint("give the application an id of lower-case letters, digits and dashes")
	}
	stored := a
	err := s.write(ctx, op, func(tx tx) error {
		stored.Version = 0
		if _, err := tx.one(appVersion, []any{string(a.ID)}, &stored.Version); err != nil {
			return err
		}
		stored.Version++
		doc, err := sealJSON(stored)
		if err != nil {
			return err
		}
		_, err = tx.exec(putApp, string(a.ID), stored.Version, doc)
		return err
	})
	if err != nil {
		return a, err
	}
	return stored, nil
}

// Get returns an application; fault.NotFound when absent.
func (s *Apps) Get(ctx context.Context, id app.ID) (a app.App, err error) {
	const op = "get application"
	as, err := s.list(ctx, op, getApp, string(id))
	if err == nil && len(as) == 0 {
		err = absent(op, string(id))
	}
	if err != nil {
		return a, err
	}
	return as[0], nil
}

// List returns all, in the order of ID.
func (s *Apps) List(ctx context.Context) ([]app.App, error) {
	return s.list(ctx, "list applications", listApps)
}

func (s *Apps) list(ctx context.Context, op string, q Query, args ...any) (as []app.App, err error) {
	err = s.read(ctx, op, func(tx tx) error {
		return tx.each(q, args, func(r Rows) error {
			var a app.App
			var doc []byte
			var version int
			if err := r.Scan(&version, &doc); err != nil {
				return err
			}
			if err := openJSON(doc, &a); err != nil {
				return err
			}
			a.Version = version
			as = append(as, a)
			return nil
		})
	})
	return as, err
}

// Delete removes an application with its job's memory, in one transaction; fault.NotFound when absent. The journal keeps its records.
func (s *Apps) Delete(ctx context.Context, id app.ID) error {
	const op = "delete application"
	return s.write(ctx, op, func(tx tx) error {
		n, err := tx.exec(deleteApp, string(id))
		if err != nil || n == 0 {
			return orAbsent(err, op, string(id))
		}
		if _, err := tx.exec(assignmentsOfApp, string(id)); err != nil {
			return err
		}
		return tx.forgetJob(id)
	})
}

// sealJSON is the stored form of what is kept as JSON.
func sealJSON(v any) ([]byte, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, fault.New(fault.Invalid, "", "it cannot be written as JSON: %w", err)
	}
	return seal(doc), nil
}

func openJSON(doc []byte, v any) error {
	plain, err := unseal(doc)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return fault.New(fault.Internal, "", "a stored row is not of this version's form: %w", err).
			WithHint("run the version of the program that wrote it, or restore the data folder from a backup")
	}
	return nil
}
