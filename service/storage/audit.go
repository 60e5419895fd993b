package storage

import (
	"context"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/audit"
)

// Audit implements audit.Log.
type Audit struct{ base }

var _ audit.Log = (*Audit)(nil)

// NewAudit returns the log of administrative acts kept in the engine.
func NewAudit(e Engine) *Audit { return &Audit{base{e}} }

const (
	// lockAuditHead holds the row until the end of the transaction, so that one chain has one end.
	lockAuditHead Query = `INSERT INTO audit_head (tenant, seq, hash) VALUES ($1, 0, '')
		ON CONFLICT (tenant) DO UPDATE SET seq = audit_head.seq RETURNING seq, hash`

	saveAuditHead Query = `UPDATE audit_head SET seq = $2, hash = $3 WHERE tenant = $1`

	auditHead Query = `SELECT seq, hash FROM audit_head WHERE tenant = $1`

	insertAudit Query = `INSERT INTO audit_entry (tenant, seq, at, subject, hash, doc) VALUES ($1, $2, $3, $4, $5, $6)`

	walkAudit Query = `SELECT seq, hash, doc FROM audit_entry WHERE tenant = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT 500`

	findAudit Query = `SELECT seq, hash, doc FROM audit_entry WHERE tenant = $1 AND seq < $2 AND at >= $3 ORDER BY seq DESC LIMIT 500`

	findAuditOf Query = `SELECT seq, hash, doc FROM audit_entry WHERE tenant = $1 AND seq < $2 AND at >= $3 AND subject = $4 ORDER BY seq DESC LIMIT 500`
)

// record appends an entry in the transaction under way.
func (t tx) record(e audit.Entry) (sealed audit.Sealed, err error) {
	var seq int64
	var prev string
	if _, err = t.one(lockAuditHead, nil, &seq, &prev); err != nil {
		return sealed, err
	}
	e.Tenant = t.tenant
	if sealed, err = audit.Seal(e, seq+1, prev); err != nil {
		return sealed, err
	}
	if _, err = t.exec(insertAudit, sealed.Seq, moment(e.At), e.Subject, sealed.Hash, sealed.Doc); err != nil {
		return sealed, err
	}
	_, err = t.exec(saveAuditHead, sealed.Seq, sealed.Hash)
	return sealed, err
}

// Append gives the entry its place and stores it; it returns after it is on disk.
func (s *Audit) Append(ctx context.Context, e audit.Entry) (sealed audit.Sealed, err error) {
	err = s.write(audit.Detach(ctx), "write the audit log", func(tx tx) (err error) {
		sealed, err = tx.record(e)
		return err
	})
	return sealed, err
}

// Head returns the newest entry's seq and hash; 0 and "" when there is none.
func (s *Audit) Head(ctx context.Context) (seq int64, hash string, err error) {
	err = s.read(ctx, "read the audit log", func(tx tx) error {
		_, err := tx.one(auditHead, nil, &seq, &hash)
		return err
	})
	return seq, hash, err
}

// Walk yields the entries after the seq as they are kept, oldest first, up to the one that was newest when it began.
func (s *Audit) Walk(ctx context.Context, after int64) iter.Seq2[audit.Sealed, error] {
	return func(yield func(audit.Sealed, error) bool) {
		last, _, err := s.Head(ctx)
		for err == nil {
			var page []audit.Sealed
			page, err = s.page(ctx, walkAudit, after, last)
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
				after = e.Seq
			}
			if err == nil && len(page) == 0 {
				return
			}
		}
		yield(audit.Sealed{}, err)
	}
}

func (s *Audit) page(ctx context.Context, q Query, args ...any) (page []audit.Sealed, err error) {
	err = s.read(ctx, "read the audit log", func(tx tx) error {
		return tx.each(q, args, func(r Rows) error {
			var e audit.Sealed
			err := r.Scan(&e.Seq, &e.Hash, &e.Doc)
			page = append(page, e)
			return err
		})
	})
	return page, err
}

// Find returns entries, the newest first.
func (s *Audit) Find(ctx context.Context, q audit.Query) (es []audit.Entry, err error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	if q.Since.After(time.Unix(0, math.MaxInt64)) {
		return nil, nil // no entry is that young, and no column holds such a time
	}
	before := q.Before
	if before <= 0 {
		before = 1 << 62
	}
	for {
		var page []audit.Sealed
		if q.Subject == "" {
			page, err = s.page(ctx, findAudit, before, moment(q.Since))
		} else {
			page, err = s.page(ctx, findAuditOf, before, moment(q.Since), q.Subject)
		}
		if err != nil || len(page) == 0 {
			return es, err
		}
		for _, p := range page {
			before = p.Seq
			e, err := p.Open()
			if err != nil {
				return es, fault.Wrap(fault.Internal, "read the audit log", err)
			}
			if !within(e, q.Text) {
				continue
			}
			if es = append(es, e); len(es) == q.Limit {
				return es, nil
			}
		}
	}
}

func within(e audit.Entry, text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(strings.ToLower(e.Action), text) || strings.Contains(strings.ToLower(e.Target), text)
}
