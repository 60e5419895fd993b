package storage

import (
	"context"

	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/drift"
)

// Drift implements drift.Store.
type Drift struct{ base }

var _ drift.Store = (*Drift)(nil)

// NewDrift returns the findings kept in the engine.
func NewDrift(e Engine) *Drift { return &Drift{base{e}} }

const (
	noteDrift Query = `INSERT INTO drift_finding (tenant, app, type, target, attr, what, state, print, since, run, source, name, taken_by, doc)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (tenant, app, type, target, attr) DO UPDATE SET what = excluded.what, run = excluded.run, source = excluded.source,
			name = excluded.name, doc = excluded.doc, print = excluded.print,
			state = CASE WHEN drift_finding.print = excluded.print THEN drift_finding.state ELSE excluded.state END,
			since = CASE WHEN drift_finding.print = excluded.print THEN drift_finding.since ELSE excluded.since END,
			taken_by = CASE WHEN drift_finding.print = excluded.print THEN drift_finding.taken_by ELSE excluded.taken_by END`

	dropDrift Query = `DELETE FROM drift_finding WHERE tenant = $1 AND app = $2 AND run < $3`

	countDrift Query = `SELECT what, state, COUNT(*) FROM
		(SELECT DISTINCT what, state, type, target FROM drift_finding WHERE tenant = $1 AND app = $2) AS seen GROUP BY what, state`

	putDriftReport Query = `INSERT INTO drift_report (tenant, app, doc) VALUES ($1, $2, $3)
		ON CONFLICT (tenant, app) DO UPDATE SET doc = excluded.doc`

	getDriftReport Query = `SELECT doc FROM drift_report WHERE tenant = $1 AND app = $2`

	listDrift Query = `SELECT state, since, taken_by, print, doc FROM drift_finding WHERE tenant = $1 AND app = $2
		AND (type, target, attr) > ($3, $4, $5) AND ($6 = '' OR what = $6) AND ($7 = '' OR state = $7)
		AND ($8 = '' OR source = $8 OR target = $8 OR name = $9) ORDER BY type, target, attr LIMIT $10`

	acceptDrift Query = `UPDATE drift_finding SET state = $6, taken_by = $7 WHERE tenant = $1 AND app = $2 AND type = $3 AND target = $4 AND attr = $5`

	deleteDrift       Query = `DELETE FROM drift_finding WHERE tenant = $1 AND app = $2`
	deleteDriftReport Query = `DELETE FROM drift_report WHERE tenant = $1 AND app = $2`
)

// Note stores findings of a run in one transaction.
func (s *Drift) Note(ctx context.Context, a app.ID, run int64, fs []drift.Finding) error {
	const op = "store findings"
	return s.write(ctx, op, func(tx tx) error {
		for _, f := range fs {
			doc, err := sealJSON(f)
			if err != nil {
				return err
			}
			_, err = tx.exec(noteDrift, string(a), f.Target.Type, f.Target.ID, f.Attr, string(f.What), string(f.State), f.Print, moment(f.Since),
				run, f.Source.ID, directory.Fold(f.Source.Name), f.By, doc)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Finish drops what earlier runs noted and this one did not see, counts what is left, and stores the report.
func (s *Drift) Finish(ctx context.Context, r drift.Report) (drift.Report, error) {
	err := s.write(ctx, "store report", func(tx tx) error {
		if _, err := tx.exec(dropDrift, string(r.App), r.Run); err != nil {
			return err
		}
		if err := tx.countDrift(&r); err != nil {
			return err
		}
		doc, err := sealJSON(r)
		if err != nil {
			return err
		}
		_, err = tx.exec(putDriftReport, string(r.App), doc)
		return err
	})
	return r, err
}

// countDrift fills in how many objects have findings of each sort.
func (t tx) countDrift(r *drift.Report) error {
	r.Changed, r.Removed, r.Orphans, r.Accepted = 0, 0, 0, 0
	of := map[drift.What]*int{drift.Changed: &r.Changed, drift.Removed: &r.Removed, drift.Orphan: &r.Orphans}
	return t.each(countDrift, []any{string(r.App)}, func(rows Rows) error {
		var what drift.What
		var state drift.State
		var n int
		if err := rows.Scan(&what, &state, &n); err != nil {
			return err
		}
		if state == drift.Accepted {
			r.Accepted += n
		} else if sum, ok := of[what]; ok {
			*sum += n
		}
		return nil
	})
}

// Last returns the last report with the numbers as they are now; fault.NotFound when there is none.
func (s *Drift) Last(ctx context.Context, a app.ID) (r drift.Report, err error) {
	const op = "get report"
	err = s.read(ctx, op, func(tx tx) error {
		var doc []byte
		found, err := tx.one(getDriftReport, []any{string(a)}, &doc)
		if err != nil || !found {
			return orAbsent(err, op, string(a))
		}
		if err := openJSON(doc, &r); err != nil {
			return err
		}
		return tx.countDrift(&r)
	})
	return r, err
}

// Findings returns a page of findings in the order of their keys.
func (s *Drift) Findings(ctx context.Context, a app.ID, q drift.Query) (fs []drift.Finding, err error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	args := []any{string(a), q.After.Type, q.After.Target, q.After.Attr, string(q.What), string(q.State), q.User, directory.Fold(q.User), q.Limit}
	err = s.read(ctx, "read findings", func(tx tx) error {
		return tx.each(listDrift, args, func(r Rows) error {
			f, err := scanFinding(r)
			fs = append(fs, f)
			return err
		})
	})
	return fs, err
}

func scanFinding(r Rows) (f drift.Finding, err error) {
	var state drift.State
	var since int64
	var by, print string
	var doc []byte
	if err := r.Scan(&state, &since, &by, &print, &doc); err != nil {
		return f, err
	}
	err = openJSON(doc, &f)
	f.State, f.Since, f.By, f.Print = state, when(since), by, print
	return f, err
}

// Accept marks a finding accepted; fault.NotFound when it is not there any more.
func (s *Drift) Accept(ctx context.Context, a app.ID, k drift.Key, by string) error {
	const op = "accept a finding"
	return s.write(ctx, op, func(tx tx) error {
		n, err := tx.exec(acceptDrift, string(a), k.Type, k.Target, k.Attr, string(drift.Accepted), by)
		if err != nil || n == 0 {
			return orAbsent(err, op, k.Target)
		}
		return nil
	})
}
