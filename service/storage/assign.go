package storage

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/assign"
	"github.com/sallyport-id/sallyport/service/cycle"
)

// Assignments implements assign.Store.
type Assignments struct{ base }

var _ assign.Store = (*Assignments)(nil)

// NewAssignments returns the assignments kept in the engine.
func NewAssignments(e Engine) *Assignments { return &Assignments{base{e}} }

const (
	putAssignment Query = `INSERT INTO assignment (tenant, id, app, principal, principal_type, role, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`

	getAssignment Query = `SELECT id, app, principal, principal_type, role, at FROM assignment WHERE tenant = $1 AND id = $2`

	deleteAssignment Query = `DELETE FROM assignment WHERE tenant = $1 AND id = $2`

	appAssignments Query = `SELECT id, app, principal, principal_type, role, at FROM assignment
		WHERE tenant = $1 AND app = $2 AND id > $3 ORDER BY id LIMIT $4`

	principalAssignments Query = `SELECT id, app, principal, principal_type, role, at FROM assignment
		WHERE tenant = $1 AND principal = $2 AND id > $3 ORDER BY id LIMIT $4`

	allAssignments Query = `SELECT id, app, principal, principal_type, role, at FROM assignment
		WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3`

	assignedDirectly Query = `SELECT id, app, principal, principal_type, role, at FROM assignment
		WHERE tenant = $1 AND app = $2 AND principal = $3 ORDER BY role`

	assignmentsOfApp Query = `DELETE FROM assignment WHERE tenant = $1 AND app = $2`

	appExists Query = `SELECT version FROM app WHERE tenant = $1 AND id = $2
		UNION ALL SELECT version FROM registration WHERE tenant = $1 AND id = $2`
)

// Add stores an assignment and wakes the application's job in the same commit. See assign.Store.
func (s *Assignments) Add(ctx context.Context, a assign.Assignment) (assign.Assignment, error) {
	const op = "assign"
	if err := a.Validate(); err != nil {
		return a, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return a, fault.Wrap(fault.Internal, op, err)
	}
	a.ID, a.At = assign.ID(id.String()), time.Now().UTC()
	if a.Role == "" {
		a.Role = assign.DefaultRole
	}
	err = s.write(ctx, op, func(tx tx) error {
		if err := tx.assignable(op, a); err != nil {
			return err
		}
		if _, err := tx.exec(putAssignment, string(a.ID), string(a.App), a.Principal, string(a.PrincipalType), a.Role, moment(a.At)); err != nil {
			return err
		}
		return tx.order(string(a.App), []cycle.Due{dueOf(a)})
	})
	if fault.Is(err, fault.Exists) {
		err = fault.New(fault.Exists, op, "the %s is assigned in this role already", a.PrincipalType).About(a.Principal)
	}
	return a, err
}

// assignable makes sure that both ends exist. An application may be registered alone, with what it needs still to come: people are
// assigned to it before that as well.
func (t tx) assignable(op string, a assign.Assignment) error {
	var version int64
	if ok, err := t.one(appExists, []any{string(a.App)}, &version); err != nil || !ok {
		return orAbsent(err, op+" to application", string(a.App))
	}
	if ok, err := t.exists(a.PrincipalType, a.Principal); err != nil || !ok {
		return orAbsent(err, op+" "+string(a.PrincipalType), a.Principal)
	}
	return nil
}

func dueOf(a assign.Assignment) cycle.Due {
	return cycle.Due{Object: cycle.Object{Type: a.PrincipalType, ID: a.Principal}, Reach: a.PrincipalType == entry.Group}
}

// Get returns one assignment; fault.NotFound when absent.
func (s *Assignments) Get(ctx context.Context, id assign.ID) (assign.Assignment, error) {
	const op = "get assignment"
	as, err := s.list(ctx, op, getAssignment, string(id))
	if err == nil && len(as) == 0 {
		err = absent(op, string(id))
	}
	if err != nil {
		return assign.Assignment{}, err
	}
	return as[0], nil
}

// Remove takes one back and wakes the application's job in the same commit; fault.NotFound when absent.
func (s *Assignments) Remove(ctx context.Context, id assign.ID) error {
	const op = "remove assignment"
	return s.write(ctx, op, func(tx tx) error {
		as, err := tx.assignments(getAssignment, string(id))
		if err != nil || len(as) == 0 {
			return orAbsent(err, op, string(id))
		}
		if _, err := tx.exec(deleteAssignment, string(id)); err != nil {
			return err
		}
		return tx.order(string(as[0].App), []cycle.Due{dueOf(as[0])})
	})
}

// List returns a page in the order of ID. See assign.Store.
func (s *Assignments) List(ctx context.Context, q assign.Query) ([]assign.Assignment, error) {
	const op = "list assignments"
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	switch {
	case q.Principal != "" && q.App != "":
		return s.pairs(ctx, op, q, limit)
	case q.App != "":
		return s.list(ctx, op, appAssignments, string(q.App), string(q.After), limit)
	case q.Principal != "":
		return s.list(ctx, op, principalAssignments, q.Principal, string(q.After), limit)
	}
	return s.list(ctx, op, allAssignments, string(q.After), limit)
}

// pairs lists the few assignments of one principal to one application.
func (s *Assignments) pairs(ctx context.Context, op string, q assign.Query, limit int) (out []assign.Assignment, err error) {
	for after := q.After; len(out) < limit; {
		page, err := s.list(ctx, op, principalAssignments, q.Principal, string(after), pageSize)
		if err != nil {
			return nil, err
		}
		for _, a := range page {
			after = a.ID
			if a.App == q.App && len(out) < limit {
				out = append(out, a)
			}
		}
		if len(page) < pageSize {
			break
		}
	}
	return out, nil
}

func (s *Assignments) list(ctx context.Context, op string, q Query, args ...any) (as []assign.Assignment, err error) {
	err = s.read(ctx, op, func(tx tx) error {
		as, err = tx.assignments(q, args...)
		return err
	})
	return as, err
}

func (t tx) assignments(q Query, args ...any) (as []assign.Assignment, err error) {
	err = t.each(q, args, func(r Rows) error {
		var a assign.Assignment
		var at int64
		err := r.Scan(&a.ID, &a.App, &a.Principal, &a.PrincipalType, &a.Role, &at)
		a.At = when(at)
		as = append(as, a)
		return err
	})
	return as, err
}

// Reach tells through what an object is assigned: itself first, then the groups above it. See assign.Store.
func (s *Assignments) Reach(ctx context.Context, a app.ID, principal string, nested bool) (as []assign.Assignment, err error) {
	err = s.read(ctx, "find assignments", func(tx tx) error {
		if as, err = tx.assignments(assignedDirectly, string(a), principal); err != nil {
			return err
		}
		c := climber{tx, map[string][]parent{}}
		groups, err := c.climb(principal)
		if err != nil {
			return err
		}
		for _, g := range groups {
			if !g.Direct && !nested {
				break // direct ones come first
			}
			more, err := tx.assignments(assignedDirectly, string(a), g.Group)
			if err != nil {
				return err
			}
			as = append(as, more...)
		}
		return nil
	})
	return as, err
}

// reachedApps returns the applications that a group brings people into: those it is assigned to itself, or a group above it.
func (t tx) reachedApps(group string) (apps []string, err error) {
	above := []string{group}
	groups, err := (&climber{t, map[string][]parent{}}).climb(group)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		above = append(above, g.Group)
	}
	for _, g := range above {
		as, err := t.assignments(principalAssignments, g, "", pageSize)
		if err != nil {
			return nil, err
		}
		for _, a := range as {
			if !slices.Contains(apps, string(a.App)) {
				apps = append(apps, string(a.App))
			}
		}
	}
	return apps, nil
}

// orderMembers makes every job whose people a group brings in look at them: the group was deleted or restored, which its members
// do not show.
func (t tx) orderMembers(group string) error {
	apps, err := t.reachedApps(group)
	if err != nil {
		return err
	}
	for _, a := range apps {
		if err := t.order(a, []cycle.Due{{Object: cycle.Object{Type: entry.Group, ID: group}, Reach: true}}); err != nil {
			return err
		}
	}
	return nil
}

// orderEach is orderMembers for a group that is about to be forgotten: its members are named one by one.
func (t tx) orderEach(group string) error {
	apps, err := t.reachedApps(group)
	if err != nil || len(apps) == 0 {
		return err
	}
	var ds []cycle.Due
	err = t.each(memberPage, []any{group, "", math.MaxInt32}, func(r Rows) error {
		var ref entry.Ref
		err := r.Scan(&ref.Type, &ref.ID)
		ds = append(ds, cycle.Due{Object: cycle.Object{Type: cmp.Or(ref.Type, entry.User), ID: ref.ID}, Reach: true})
		return err
	})
	if err != nil {
		return err
	}
	for _, a := range apps {
		if err := t.order(a, ds); err != nil {
			return err
		}
	}
	return nil
}
