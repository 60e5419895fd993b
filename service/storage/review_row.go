package storage

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/review"
)

// Rows of a plan ($2, $3) from $4 on; $5 and $6 narrow by verb and outcome where the index does not. "" leaves a filter out.
const (
	reviewRows Query = `SELECT seq, outcome, detail, done, doc, image FROM review_row WHERE tenant = $1 AND app = $2 AND n = $3 AND seq > $4
		AND ($5 = '' OR verb = $5) AND ($6 = '' OR outcome = $6) ORDER BY seq LIMIT $7`

	reviewRowsOfVerb Query = `SELECT seq, outcome, detail, done, doc, image FROM review_row WHERE tenant = $1 AND app = $2 AND n = $3 AND seq > $4
		AND verb = $5 AND ($6 = '' OR outcome = $6) ORDER BY seq LIMIT $7`

	reviewRowsWith Query = `SELECT seq, outcome, detail, done, doc, image FROM review_row WHERE tenant = $1 AND app = $2 AND n = $3 AND seq > $4
		AND ($5 = '' OR verb = $5) AND outcome = $6 ORDER BY seq LIMIT $7`

	reviewRowsOfUser Query = `SELECT seq, outcome, detail, done, doc, image FROM review_row WHERE tenant = $1 AND app = $2 AND n = $3 AND seq > $4
		AND ($5 = '' OR verb = $5) AND ($6 = '' OR outcome = $6) AND seq IN
		(SELECT seq FROM review_row WHERE tenant = $1 AND app = $2 AND n = $3 AND source = $8
			UNION SELECT seq FROM review_row WHERE tenant = $1 AND app = $2 AND n = $3 AND name = $9) ORDER BY seq LIMIT $7`

	reviewRowsSorted Query = `SELECT seq, outcome, detail, done, doc, image FROM review_row
		WHERE tenant = $1 AND app = $2 AND n = $3 AND (type, source, target, seq) > ($4, $5, $6, $7)
		ORDER BY type, source, target, seq LIMIT $8`

	lastReviewRow Query = `SELECT seq FROM review_row WHERE tenant = $1 AND app = $2 AND n = $3 ORDER BY seq DESC LIMIT 1`

	insertReviewRow Query = `INSERT INTO review_row (tenant, app, n, seq, verb, outcome, type, source, target, name, detail, done, doc, image)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`

	settleReviewRow Query = `UPDATE review_row SET outcome = $5, detail = $6, done = $7 WHERE tenant = $1 AND app = $2 AND n = $3 AND seq = $4`

	countReviewRows Query = `SELECT verb, outcome, COUNT(*) FROM review_row WHERE tenant = $1 AND app = $2 AND n = $3 GROUP BY verb, outcome`

	dropReviewRows Query = `DELETE FROM review_row WHERE tenant = $1 AND app = $2 AND n = $3 AND seq IN
		(SELECT seq FROM review_row WHERE tenant = $1 AND app = $2 AND n = $3 ORDER BY seq LIMIT $4)`
)

// Append adds rows after those that are there, in one transaction.
func (s *Reviews) Append(ctx context.Context, id review.ID, rows []review.Row) error {
	const op = "add to plan"
	args := make([][]any, len(rows))
	for i, r := range rows {
		var err error
		if args[i], err = reviewArgs(r); err != nil {
			return name(op, err)
		}
	}
	return s.write(ctx, op, func(tx tx) error {
		var seq int64
		if _, err := tx.one(lastReviewRow, []any{string(id.App), id.N}, &seq); err != nil {
			return err
		}
		for _, a := range args {
			seq++
			if _, err := tx.exec(insertReviewRow, append([]any{string(id.App), id.N, seq}, a...)...); err != nil {
				return err
			}
		}
		return nil
	})
}

// reviewArgs are a row's columns from verb on.
func reviewArgs(r review.Row) ([]any, error) {
	var image []byte
	if r.Write != nil {
		var err error
		if image, err = encodeAttrs(attrsOfWrite(*r.Write)); err != nil {
			return nil, err
		}
	}
	head := []any{
		string(r.Verb), string(r.Outcome), r.Source.Type, r.Source.ID, r.Target.ID, directory.Fold(r.Source.Name), r.Detail, moment(r.Done),
	}
	r.Seq, r.Outcome, r.Detail, r.Done, r.Write = 0, "", "", time.Time{}, nil // these stand in columns
	doc, err := sealJSON(r)
	return append(head, doc, image), err
}

// attrsOfWrite gives a write the form that values are stored in: its edits in order, its attributes, its marks. Every list begins with true,
// since one without values would not be kept.
func attrsOfWrite(w review.Write) entry.Attrs {
	a := entry.Attrs{"link": {true, w.Link}, "unlink": {true, w.Unlink}}
	for i, e := range w.Edits {
		a[fmt.Sprintf("e%06d.%d.%s", i, e.Op, e.Attr)] = append([]entry.Value{true}, e.Values...)
	}
	for name, values := range w.Create {
		a["c."+name] = append([]entry.Value{true}, values...)
	}
	for name, values := range w.Expect {
		a["x."+name] = append([]entry.Value{true}, values...)
	}
	return a
}

func writeOf(a entry.Attrs) (*review.Write, error) {
	w := &review.Write{}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if len(a[name]) == 0 {
			return nil, damaged("a part of a write is empty")
		}
		values := a[name][1:]
		if len(values) == 0 {
			values = nil
		}
		switch {
		case name == "link":
			w.Link = slices.Contains(values, entry.Value(true))
		case name == "unlink":
			w.Unlink = slices.Contains(values, entry.Value(true))
		case strings.HasPrefix(name, "c."):
			w.Create = with(w.Create, name[2:], values)
		case strings.HasPrefix(name, "x."):
			w.Expect = with(w.Expect, name[2:], values)
		default:
			e, err := editOf(name, values)
			if err != nil {
				return nil, err
			}
			w.Edits = append(w.Edits, e)
		}
	}
	return w, nil
}

func with(a entry.Attrs, name string, values []entry.Value) entry.Attrs {
	if a == nil {
		a = entry.Attrs{}
	}
	a[name] = values
	return a
}

func editOf(name string, values []entry.Value) (e entry.Edit, err error) {
	parts := strings.SplitN(name, ".", 3)
	if len(parts) != 3 {
		return e, damaged("an edit has no name")
	}
	op, err := strconv.Atoi(parts[1])
	if err != nil {
		return e, damaged("an edit has no operation")
	}
	return entry.Edit{Op: entry.Op(op), Attr: parts[2], Values: values}, nil
}

// Find returns a page of rows in the order of Seq.
func (s *Reviews) Find(ctx context.Context, id review.ID, q review.Query) ([]review.Row, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	stmt, args := reviewRows, []any{string(id.App), id.N, q.After, string(q.Verb), string(q.Outcome), q.Limit}
	switch {
	case q.User != "":
		stmt, args = reviewRowsOfUser, append(args, q.User, directory.Fold(q.User))
	case q.Outcome != "":
		stmt = reviewRowsWith
	case q.Verb != "":
		stmt = reviewRowsOfVerb
	}
	return s.rows(ctx, stmt, args)
}

func (s *Reviews) rows(ctx context.Context, q Query, args []any) (rows []review.Row, err error) {
	err = s.read(ctx, "read plan", func(tx tx) error {
		return tx.each(q, args, func(r Rows) error {
			row, err := scanReviewRow(r)
			rows = append(rows, row)
			return err
		})
	})
	return rows, err
}

func scanReviewRow(r Rows) (row review.Row, err error) {
	var seq, done int64
	var outcome review.Outcome
	var detail string
	var doc, image []byte
	if err := r.Scan(&seq, &outcome, &detail, &done, &doc, &image); err != nil {
		return row, err
	}
	if err := openJSON(doc, &row); err != nil {
		return row, err
	}
	row.Seq, row.Outcome, row.Detail, row.Done = seq, outcome, detail, when(done)
	if len(image) > 0 {
		a, err := decodeAttrs(image)
		if err != nil {
			return row, err
		}
		row.Write, err = writeOf(a)
		return row, err
	}
	return row, nil
}

// Sorted yields all rows by object, page by page.
func (s *Reviews) Sorted(ctx context.Context, id review.ID) iter.Seq2[review.Row, error] {
	return pages(func(last *review.Row) ([]review.Row, error) {
		after := []any{string(id.App), id.N, "", "", "", int64(0), pageSize}
		if last != nil {
			after = []any{string(id.App), id.N, last.Source.Type, last.Source.ID, last.Target.ID, last.Seq, pageSize}
		}
		return s.rows(ctx, reviewRowsSorted, after)
	})
}

// Count counts the rows by verb and outcome.
func (s *Reviews) Count(ctx context.Context, id review.ID) (review.Totals, error) {
	t := review.Totals{}
	err := s.read(ctx, "count plan", func(tx tx) error {
		return tx.each(countReviewRows, []any{string(id.App), id.N}, func(r Rows) error {
			var verb plan.Verb
			var outcome review.Outcome
			var n int
			if err := r.Scan(&verb, &outcome, &n); err != nil {
				return err
			}
			if t[verb] == nil {
				t[verb] = map[review.Outcome]int{}
			}
			t[verb][outcome] = n
			return nil
		})
	})
	return t, err
}

// Settle writes down what became of a row; fault.NotFound when it is absent.
func (s *Reviews) Settle(ctx context.Context, id review.ID, seq int64, o review.Outcome, detail string, at time.Time) error {
	const op = "write down an outcome"
	return s.write(ctx, op, func(tx tx) error {
		n, err := tx.exec(settleReviewRow, string(id.App), id.N, seq, string(o), detail, moment(at))
		if err != nil || n == 0 {
			return orAbsent(err, op, fmt.Sprintf("row %d of plan %s", seq, id))
		}
		return nil
	})
}

// dropRows forgets a plan's rows, batch by batch, so that it never holds others up for long.
func (s *Reviews) dropRows(ctx context.Context, id review.ID) error {
	for {
		var n int64
		err := s.write(ctx, "trim plans", func(tx tx) (err error) {
			n, err = tx.exec(dropReviewRows, string(id.App), id.N, retainBatch)
			return err
		})
		if err != nil || n < retainBatch {
			return err
		}
	}
}
