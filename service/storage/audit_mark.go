package storage

import (
	"context"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/audit"
)

// AuditMarks implements audit.Marks.
type AuditMarks struct{ base }

var _ audit.Marks = (*AuditMarks)(nil)

// NewAuditMarks returns the checkpoints of the audit log kept in the engine.
func NewAuditMarks(e Engine) *AuditMarks { return &AuditMarks{base{e}} }

const (
	auditHash Query = `SELECT hash FROM audit_entry WHERE tenant = $1 AND seq = $2`

	insertMark Query = `INSERT INTO audit_checkpoint (tenant, seq, doc, signature) VALUES ($1, $2, $3, $4) ON CONFLICT (tenant, seq) DO NOTHING`

	listMarks Query = `SELECT doc, signature FROM audit_checkpoint WHERE tenant = $1 ORDER BY seq`

	markAt Query = `SELECT seq FROM audit_checkpoint WHERE tenant = $1 AND seq = $2`

	cutAudit Query = `DELETE FROM audit_entry WHERE tenant = $1 AND seq <= $2`

	cutMarks Query = `DELETE FROM audit_checkpoint WHERE tenant = $1 AND seq < $2`
)

// Mark stores a checkpoint; fault.Conflict when the chain holds another hash there.
func (s *AuditMarks) Mark(ctx context.Context, c audit.Signed) error {
	const op = "store a checkpoint"
	says, err := c.Open()
	if err != nil {
		return err
	}
	return s.write(ctx, op, func(tx tx) error {
		var hash string
		found, err := tx.one(auditHash, []any{says.Seq}, &hash)
		if err != nil {
			return err
		}
		if !found || hash != says.Hash {
			return fault.New(fault.Conflict, op, "the audit log does not hold what entry %d is said to be", says.Seq).
				WithHint("somebody changed the log beside the service: export it and compare with an older export")
		}
		_, err = tx.exec(insertMark, says.Seq, c.Doc, c.Signature)
		return err
	})
}

// List returns the checkpoints in the order of Seq.
func (s *AuditMarks) List(ctx context.Context) (cs []audit.Signed, err error) {
	err = s.read(ctx, "list checkpoints", func(tx tx) error {
		return tx.each(listMarks, nil, func(r Rows) error {
			var c audit.Signed
			err := r.Scan(&c.Doc, &c.Signature)
			cs = append(cs, c)
			return err
		})
	})
	return cs, err
}

// Cut drops entries up to the seq, and checkpoints before it, and returns how many entries went.
func (s *AuditMarks) Cut(ctx context.Context, seq int64) (gone int, err error) {
	const op = "cut the audit log"
	err = s.write(ctx, op, func(tx tx) error {
		var at int64
		found, err := tx.one(markAt, []any{seq}, &at)
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.Conflict, op, "there is no checkpoint at entry %d", seq).WithHint("cut at a checkpoint: what follows hangs on it")
		}
		n, err := tx.exec(cutAudit, seq)
		if err != nil {
			return err
		}
		gone = int(n)
		_, err = tx.exec(cutMarks, seq)
		return err
	})
	return gone, err
}
