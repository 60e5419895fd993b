package storage

import (
	"context"
	"time"
)

// Statements that remember a reference right before it is taken out, for those who ask what changed.
const (
	buryRef Query = `INSERT INTO directory_unref (tenant, type, id, attr, ref_id, ref_type, seq, at)
		SELECT tenant, type, id, attr, ref_id, ref_type, $6, $7 FROM directory_ref
		WHERE tenant = $1 AND type = $2 AND id = $3 AND attr = $4 AND ref_id = $5
		ON CONFLICT (tenant, type, id, attr, ref_id) DO UPDATE SET seq = excluded.seq, at = excluded.at, ref_type = excluded.ref_type`

	buryOtherRefs Query = `INSERT INTO directory_unref (tenant, type, id, attr, ref_id, ref_type, seq, at)
		SELECT tenant, type, id, attr, ref_id, ref_type, $6, $7 FROM directory_ref
		WHERE tenant = $1 AND type = $2 AND id = $3 AND attr = $4 AND ref_id <> $5
		ON CONFLICT (tenant, type, id, attr, ref_id) DO UPDATE SET seq = excluded.seq, at = excluded.at, ref_type = excluded.ref_type`

	buryRefsTo Query = `INSERT INTO directory_unref (tenant, type, id, attr, ref_id, ref_type, seq, at)
		SELECT tenant, type, id, attr, ref_id, $3, $4, $5 FROM directory_ref
		WHERE tenant = $1 AND ref_id = $2 AND ref_type IN ($3, '')
		ON CONFLICT (tenant, type, id, attr, ref_id) DO UPDATE SET seq = excluded.seq, at = excluded.at, ref_type = excluded.ref_type`

	forgetUnrefs Query = `DELETE FROM directory_unref WHERE tenant = $1 AND at < $2`

	forgetUnrefsOf Query = `DELETE FROM directory_unref WHERE tenant = $1 AND type = $2 AND id = $3`
)

// bury remembers one reference that goes with the change at a position.
func (c *clock) bury(typ, id, attr, ref string, seq int64) error {
	_, err := c.tx.exec(buryRef, typ, id, attr, ref, seq, c.at)
	return err
}

// ForgetReferences drops what is remembered of references that went before the time. Whoever asks from before then misses them,
// so the time lies further back than the oldest token that is taken.
func (d *Directory) ForgetReferences(ctx context.Context, before time.Time) (n int, err error) {
	err = d.write(ctx, "forget references", func(tx tx) error {
		rows, err := tx.exec(forgetUnrefs, moment(before))
		n = int(rows)
		return err
	})
	return n, err
}
