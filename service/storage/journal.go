package storage

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
)

// Journal implements journal.Store. A record is its JSON with a checksum, beside the columns that people search by.
type Journal struct{ base }

var _ journal.Store = (*Journal)(nil)

// NewJournal returns the provisioning log kept in the engine.
func NewJournal(e Engine) *Journal { return &Journal{base{e}} }

// journalNews is touched by every Append.
const journalNews = "journal"

const (
	// lockJournalClock holds the row until the end of the transaction, for others who count with it.
	lockJournalClock Query = `INSERT INTO journal_clock (tenant, id) VALUES ($1, 0)
		ON CONFLICT (tenant) DO UPDATE SET id = journal_clock.id RETURNING id`

	saveJournalClock Query = `UPDATE journal_clock SET id = $2 WHERE tenant = $1`

	// takeRecordIDs takes $3 ids that follow each other and are at least $2, and returns the last. It holds the row until the end of the
	// transaction: ids become visible in their order.
	takeRecordIDs Query = `INSERT INTO journal_clock (tenant, id) VALUES ($1, $2 + $3 - 1)
		ON CONFLICT (tenant) DO UPDATE SET id = CASE WHEN journal_clock.id < $2 THEN $2 ELSE journal_clock.id + 1 END + $3 - 1 RETURNING id`

	insertRecord Query = `INSERT INTO journal_record (tenant, id, at, job, status, source_id, source_name, doc, cycle, image)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

	retainRecords Query = `DELETE FROM journal_record WHERE tenant = $1 AND id IN
		(SELECT id FROM journal_record WHERE tenant = $1 AND at < $2 ORDER BY at LIMIT $3)`
)

// idOf writes a record's number as text that sorts as the number does.
func idOf(n int64) string {
	s := strconv.FormatInt(n, 32)
	return strings.Repeat("0", 13-len(s)) + s // 13 digits of 5 bits hold any int64
}

func parseID(id string) (int64, error) {
	n, err := strconv.ParseInt(id, 32, 64)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Invalid, "read journal", "%q is not the id of a record", id).WithHint("take the id of a record shown before")
	}
	return n, nil
}

// floor is the smallest id a record of the time can have: an id is never older than its record.
func floor(at time.Time) int64 { return max(at.UnixMilli(), 0) << 20 }

// row is a record ready to be stored.
type row struct {
	at   time.Time
	args []any // from at on
}

// Append stores records in one transaction and gives them ids that follow each other. See journal.Store.
func (j *Journal) Append(ctx context.Context, rs ...journal.Record) error {
	const op = "append to journal"
	if len(rs) == 0 {
		return nil
	}
	rows, err := rowsOf(rs)
	if err != nil {
		return name(op, err)
	}
	return j.write(ctx, op, func(tx tx) error { return tx.append(rows) })
}

// rowsOf encodes records outside of any transaction.
func rowsOf(rs []journal.Record) ([]row, error) {
	rows := make([]row, len(rs))
	for i, r := range rs {
		var err error
		if rows[i], err = rowOf(r); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// rowOf encodes a record; it needs no database.
func rowOf(r journal.Record) (row, error) {
	r.ID = ""
	if r.At.IsZero() {
		r.At = time.Now().UTC()
	}
	doc, err := sealJSON(r)
	if err != nil {
		return row{}, err
	}
	image, err := encodeImage(r.Image)
	return row{r.At, []any{moment(r.At), r.Job, r.Status, r.Source.ID, directory.Fold(r.Source.Name), doc, r.Cycle, image}}, err
}

func (t tx) append(rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	var id int64
	least := int64(1)
	for _, r := range rows {
		least = max(least, floor(r.at))
	}
	if _, err := t.one(takeRecordIDs, []any{least, len(rows)}, &id); err != nil {
		return err
	}
	id -= int64(len(rows))
	for _, r := range rows {
		id++
		if _, err := t.exec(insertRecord, append([]any{id}, r.args...)...); err != nil {
			return err
		}
	}
	t.touch(journalNews)
	return nil
}

// retainBatch is how many records Retain drops in one transaction, so that it never holds others up for long.
const retainBatch = 2000

// Retain drops records older than the time, batch by batch, and returns how many.
func (j *Journal) Retain(ctx context.Context, before time.Time) (int, error) {
	total := 0
	for {
		var n int64
		err := j.write(ctx, "trim journal", func(tx tx) (err error) {
			n, err = tx.exec(retainRecords, moment(before), retainBatch)
			return err
		})
		total += int(n)
		if err != nil || n < retainBatch {
			return total, err
		}
	}
}
