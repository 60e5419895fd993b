package storage

import (
	"context"
	"iter"
	"math"

	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
)

// The questions people ask, each along the index that narrows it most; the rest of the filter is checked row by row.
// $2 and $3 bound the id on both sides, $4 the time, $5 job, $6 status; "" leaves a filter out. Bounding the pair (job, id) keeps
// a planner without statistics from walking along the ids of all jobs.
const (
	recordsUp Query = `SELECT id, doc FROM journal_record WHERE tenant = $1 AND id > $2 AND id < $3 AND at >= $4
		AND ($5 = '' OR job = $5) AND ($6 = '' OR status = $6) ORDER BY id LIMIT $7`

	recordsDown Query = `SELECT id, doc FROM journal_record WHERE tenant = $1 AND id > $2 AND id < $3 AND at >= $4
		AND ($5 = '' OR job = $5) AND ($6 = '' OR status = $6) ORDER BY id DESC LIMIT $7`

	jobRecordsUp Query = `SELECT id, doc FROM journal_record WHERE tenant = $1 AND (job, id) > ($5, $2) AND (job, id) < ($5, $3)
		AND at >= $4 AND ($6 = '' OR status = $6) ORDER BY job, id LIMIT $7`

	jobRecordsDown Query = `SELECT id, doc FROM journal_record WHERE tenant = $1 AND (job, id) > ($5, $2) AND (job, id) < ($5, $3)
		AND at >= $4 AND ($6 = '' OR status = $6) ORDER BY job DESC, id DESC LIMIT $7`

	statusRecordsUp Query = `SELECT id, doc FROM journal_record WHERE tenant = $1 AND (status, id) > ($6, $2) AND (status, id) < ($6, $3)
		AND at >= $4 AND ($5 = '' OR job = $5) ORDER BY status, id LIMIT $7`

	statusRecordsDown Query = `SELECT id, doc FROM journal_record WHERE tenant = $1 AND (status, id) > ($6, $2) AND (status, id) < ($6, $3)
		AND at >= $4 AND ($5 = '' OR job = $5) ORDER BY status DESC, id DESC LIMIT $7`

	userRecordsUp Query = `SELECT id, doc FROM journal_record WHERE tenant = $1 AND id > $2 AND id < $3 AND at >= $4
		AND ($5 = '' OR job = $5) AND ($6 = '' OR status = $6) AND id IN
		(SELECT id FROM journal_record WHERE tenant = $1 AND source_id = $8
			UNION SELECT id FROM journal_record WHERE tenant = $1 AND source_name = $9) ORDER BY id LIMIT $7`

	userRecordsDown Query = `SELECT id, doc FROM journal_record WHERE tenant = $1 AND id > $2 AND id < $3 AND at >= $4
		AND ($5 = '' OR job = $5) AND ($6 = '' OR status = $6) AND id IN
		(SELECT id FROM journal_record WHERE tenant = $1 AND source_id = $8
			UNION SELECT id FROM journal_record WHERE tenant = $1 AND source_name = $9) ORDER BY id DESC LIMIT $7`
)

const (
	cycleRecordsUp Query = `SELECT id, doc FROM journal_record WHERE tenant = $1 AND cycle = $8 AND image IS NOT NULL
		AND id > $2 AND id < $3 AND at >= $4 AND ($5 = '' OR job = $5) AND ($6 = '' OR status = $6) ORDER BY id LIMIT $7`

	cycleRecordsDown Query = `SELECT id, doc FROM journal_record WHERE tenant = $1 AND cycle = $8 AND image IS NOT NULL
		AND id > $2 AND id < $3 AND at >= $4 AND ($5 = '' OR job = $5) AND ($6 = '' OR status = $6) ORDER BY id DESC LIMIT $7`
)

const defaultLimit = 100

// question is a journal.Query with its bounds worked out.
type question struct {
	journal.Query
	above, below int64 // exclusive
}

func ask(q journal.Query) (question, error) {
	k := question{Query: q, above: -1, below: math.MaxInt64}
	if k.Limit <= 0 {
		k.Limit = defaultLimit
	}
	if !q.Since.IsZero() {
		k.above = floor(q.Since) - 1
	}
	if q.ID != "" {
		id, err := parseID(q.ID)
		k.above, k.below = id-1, id+1
		return k, err
	}
	if q.After == "" {
		return k, nil
	}
	id, err := parseID(q.After)
	if q.Newest {
		k.below = id
	} else {
		k.above = max(k.above, id)
	}
	return k, err
}

// statement chooses the query along the best index, and its arguments.
func (k question) statement() (Query, []any) {
	args := []any{k.above, k.below, since(k.Query), k.Job, k.Status, k.Limit}
	up, down := recordsUp, recordsDown
	switch {
	case k.Cycle != "":
		up, down = cycleRecordsUp, cycleRecordsDown
		args = append(args, k.Cycle)
	case k.User != "":
		up, down = userRecordsUp, userRecordsDown
		args = append(args, k.User, directory.Fold(k.User))
	case k.Job != "":
		up, down = jobRecordsUp, jobRecordsDown
	case k.Status != "":
		up, down = statusRecordsUp, statusRecordsDown
	}
	if k.Newest {
		return down, args
	}
	return up, args
}

func since(q journal.Query) int64 {
	if q.Since.IsZero() {
		return math.MinInt64
	}
	return moment(q.Since)
}

// Find returns records in the order of ID (time), or newest first.
func (j *Journal) Find(ctx context.Context, q journal.Query) ([]journal.Record, error) {
	k, err := ask(q)
	if err != nil {
		return nil, err
	}
	return j.find(ctx, k)
}

func (j *Journal) find(ctx context.Context, k question) (rs []journal.Record, err error) {
	stmt, args := k.statement()
	err = j.read(ctx, "read journal", func(tx tx) error {
		return tx.each(stmt, args, func(r Rows) error {
			var id int64
			var doc []byte
			if err := r.Scan(&id, &doc); err != nil {
				return err
			}
			var rec journal.Record
			if err := openJSON(doc, &rec); err != nil {
				return err
			}
			rec.ID = idOf(id)
			rs = append(rs, rec)
			return nil
		})
	})
	return rs, err
}

// Follow yields records as they are appended, after the id given, until ctx ends. It sleeps until a commit brings something.
func (j *Journal) Follow(ctx context.Context, q journal.Query) iter.Seq2[journal.Record, error] {
	q.Newest, q.Limit = false, pageSize
	return func(yield func(journal.Record, error) bool) {
		for ctx.Err() == nil {
			rs, err := j.next(ctx, q)
			if err != nil {
				if ctx.Err() == nil {
					yield(journal.Record{}, err)
				}
				return
			}
			for _, r := range rs {
				if !yield(r, nil) {
					return
				}
				q.After = r.ID
			}
		}
	}
}

// next waits for records and returns a page of them.
func (j *Journal) next(ctx context.Context, q journal.Query) (rs []journal.Record, err error) {
	k, err := ask(q)
	if err != nil {
		return nil, err
	}
	err = j.wait(ctx, "follow journal", journalNews, func() (bool, error) {
		rs, err = j.find(ctx, k)
		return len(rs) > 0, err
	})
	return rs, err
}
