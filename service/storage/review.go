package storage

import (
	"context"
	"time"

	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/review"
)

// Reviews implements review.Store: heads as JSON with a checksum, rows beside them.
type Reviews struct{ base }

var _ review.Store = (*Reviews)(nil)

// NewReviews returns the plans kept in the engine.
func NewReviews(e Engine) *Reviews { return &Reviews{base{e}} }

const (
	lastReview Query = `SELECT n FROM review_plan WHERE tenant = $1 AND app = $2 ORDER BY n DESC LIMIT 1`

	insertReview Query = `INSERT INTO review_plan (tenant, app, n, status, made, version, doc) VALUES ($1, $2, $3, $4, $5, $6, $7)`

	updateReview Query = `UPDATE review_plan SET status = $4, version = $5, doc = $6 WHERE tenant = $1 AND app = $2 AND n = $3 AND version = $7`

	getReview Query = `SELECT version, doc FROM review_plan WHERE tenant = $1 AND app = $2 AND n = $3`

	listReviews Query = `SELECT version, doc FROM review_plan WHERE tenant = $1 AND ($2 = '' OR app = $2) ORDER BY made DESC, app, n DESC`

	oldReviews Query = `SELECT version, doc FROM review_plan WHERE tenant = $1 AND made < $2 ORDER BY made`

	deleteReview Query = `DELETE FROM review_plan WHERE tenant = $1 AND app = $2 AND n = $3`

	deleteReviews    Query = `DELETE FROM review_plan WHERE tenant = $1 AND app = $2`
	deleteReviewRows Query = `DELETE FROM review_row WHERE tenant = $1 AND app = $2`
)

// Add stores a new plan and returns it with its ID.
func (s *Reviews) Add(ctx context.Context, p review.Plan) (review.Plan, error) {
	err := s.write(ctx, "store plan", func(tx tx) error {
		p.ID.N = 0
		if _, err := tx.one(lastReview, []any{string(p.ID.App)}, &p.ID.N); err != nil {
			return err
		}
		p.ID.N++
		doc, err := sealJSON(p)
		if err != nil {
			return err
		}
		_, err = tx.exec(insertReview, string(p.ID.App), p.ID.N, string(p.Status), moment(p.Made), 1, doc)
		return err
	})
	return p, err
}

// Plan returns a plan; fault.NotFound when absent.
func (s *Reviews) Plan(ctx context.Context, id review.ID) (review.Plan, error) {
	p, _, err := s.plan(ctx, id)
	return p, err
}

func (s *Reviews) plan(ctx context.Context, id review.ID) (p review.Plan, version int64, err error) {
	const op = "get plan"
	err = s.read(ctx, op, func(tx tx) error {
		return tx.each(getReview, []any{string(id.App), id.N}, func(r Rows) (err error) {
			p, version, err = scanReview(r)
			return err
		})
	})
	if err == nil && version == 0 {
		err = absent(op, id.String())
	}
	return p, version, err
}

func scanReview(r Rows) (p review.Plan, version int64, err error) {
	var doc []byte
	if err := r.Scan(&version, &doc); err != nil {
		return p, 0, err
	}
	return p, version, openJSON(doc, &p)
}

// List returns the plans of an application, or of all when it is "", the newest first.
func (s *Reviews) List(ctx context.Context, a app.ID) ([]review.Plan, error) {
	return s.list(ctx, "list plans", listReviews, string(a))
}

func (s *Reviews) list(ctx context.Context, op string, q Query, args ...any) (ps []review.Plan, err error) {
	err = s.read(ctx, op, func(tx tx) error {
		return tx.each(q, args, func(r Rows) error {
			p, _, err := scanReview(r)
			ps = append(ps, p)
			return err
		})
	})
	return ps, err
}

// Revise applies fn to a plan: fn runs outside of any transaction, and again if the plan changed meanwhile.
func (s *Reviews) Revise(ctx context.Context, id review.ID, fn func(review.Plan) (review.Plan, error)) (review.Plan, error) {
	const op = "change plan"
	return retry(ctx, op, func() (review.Plan, error) {
		have, version, err := s.plan(ctx, id)
		if err != nil {
			return have, err
		}
		want, err := fn(have)
		if err != nil {
			return have, err
		}
		want.ID = id
		return want, s.write(ctx, op, func(tx tx) error {
			doc, err := sealJSON(want)
			if err != nil {
				return err
			}
			n, err := tx.exec(updateReview, string(id.App), id.N, string(want.Status), version+1, doc, version)
			if err == nil && n == 0 {
				err = errMoved
			}
			return err
		})
	})
}

// Retain drops plans made before the time, with their rows, unless they are being applied. Rows go batch by batch.
func (s *Reviews) Retain(ctx context.Context, before time.Time) (int, error) {
	const op = "trim plans"
	old, err := s.list(ctx, op, oldReviews, moment(before))
	if err != nil {
		return 0, err
	}
	dropped := 0
	for _, p := range old {
		if p.Status == review.Applying {
			continue
		}
		if err := s.dropRows(ctx, p.ID); err != nil {
			return dropped, err
		}
		err := s.write(ctx, op, func(tx tx) error {
			_, err := tx.exec(deleteReview, string(p.ID.App), p.ID.N)
			return err
		})
		if err != nil {
			return dropped, err
		}
		dropped++
	}
	return dropped, nil
}
