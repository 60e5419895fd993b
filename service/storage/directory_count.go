package storage

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
)

const (
	readCount Query = `SELECT live FROM directory_count WHERE tenant = $1 AND type = $2`

	addCount Query = `UPDATE directory_count SET live = live + $3 WHERE tenant = $1 AND type = $2`

	beginCount Query = `INSERT INTO directory_count (tenant, type, live) VALUES ($1, $2, $3) ON CONFLICT (tenant, type) DO NOTHING`

	countObjects Query = `SELECT COUNT(*) FROM directory_object WHERE tenant = $1 AND type = $2`

	countAway Query = `SELECT COUNT(*) FROM directory_object WHERE tenant = $1 AND type = $2 AND state <> 0`
)

// Count counts live objects of the type. The number is kept as objects come and go; a directory that is older than that is counted
// once.
func (d *Directory) Count(ctx context.Context, t entry.Type) (n int, err error) {
	op, known := "count "+string(t), false
	err = d.read(ctx, op, func(tx tx) (err error) {
		known, err = tx.one(readCount, []any{string(t)}, &n)
		return err
	})
	if err != nil || known {
		return n, err
	}
	err = d.write(ctx, op, func(tx tx) error {
		if _, err := tx.directoryClock(); err != nil { // nobody changes anything meanwhile
			return err
		}
		if n, err = tx.counted(t); err != nil {
			return err
		}
		_, err := tx.exec(beginCount, string(t), n)
		return err
	})
	return n, err
}

func (t tx) counted(typ entry.Type) (int, error) {
	var all, away int
	if _, err := t.one(countObjects, []any{string(typ)}, &all); err != nil {
		return 0, err
	}
	_, err := t.one(countAway, []any{string(typ)}, &away)
	return all - away, err
}

// came notes that an object went from one state to another; gone is also what never was.
func (c *clock) came(typ string, from, to int64) {
	if (from == live) == (to == live) {
		return
	}
	if c.lives == nil {
		c.lives = map[string]int{}
	}
	if to == live {
		c.lives[typ]++
	} else {
		c.lives[typ]--
	}
}

// saveCounts writes how many objects came and went. In a directory that begins with this very change every type begins at none.
func (c *clock) saveCounts() error {
	if c.seq0 == 0 {
		for _, t := range []entry.Type{entry.User, entry.Group} {
			if _, err := c.tx.exec(beginCount, string(t), 0); err != nil {
				return err
			}
		}
	}
	for t, n := range c.lives {
		if n == 0 {
			continue
		}
		if _, err := c.tx.exec(addCount, t, n); err != nil {
			return err
		}
	}
	return nil
}
