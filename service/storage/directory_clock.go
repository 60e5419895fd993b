package storage

import "time"

// news of the directory: touched by every change.
const directoryNews = "directory"

const (
	// lockDirectoryClock makes the row if need be and holds it until the end of the transaction, so that positions become
	// visible in their order on a database with many writers as well.
	lockDirectoryClock Query = `INSERT INTO directory_clock (tenant, seq, edge) VALUES ($1, 0, 0)
		ON CONFLICT (tenant) DO UPDATE SET seq = directory_clock.seq RETURNING seq, edge`

	saveDirectoryClock Query = `UPDATE directory_clock SET seq = $2, edge = $3 WHERE tenant = $1`

	readDirectoryClock Query = `SELECT seq FROM directory_clock WHERE tenant = $1`
)

// clock numbers the changes of a tenant's directory and the references in it.
type clock struct {
	tx         tx
	seq, edge  int64
	seq0, edg0 int64
	at         int64          // moment of the changes, to the millisecond
	lives      map[string]int // by type: how many live objects came, less those that went
}

// directoryClock takes the clock for the rest of the transaction.
func (t tx) directoryClock() (*clock, error) {
	c := &clock{tx: t, at: moment(time.Now().Truncate(time.Millisecond))}
	_, err := t.one(lockDirectoryClock, nil, &c.seq, &c.edge)
	c.seq0, c.edg0 = c.seq, c.edge
	return c, err
}

func (c *clock) nextSeq() int64  { c.seq++; return c.seq }
func (c *clock) nextEdge() int64 { c.edge++; return c.edge }

// save writes the clock back, and tells those who wait if anything changed.
func (c *clock) save() error {
	if c.seq == c.seq0 && c.edge == c.edg0 {
		return nil
	}
	if c.seq != c.seq0 {
		c.tx.touch(directoryNews)
	}
	if err := c.saveCounts(); err != nil {
		return err
	}
	_, err := c.tx.exec(saveDirectoryClock, c.seq, c.edge)
	return err
}

// withClock runs fn with the clock and saves it.
func (t tx) withClock(fn func(*clock) error) error {
	c, err := t.directoryClock()
	if err != nil {
		return err
	}
	if err := fn(c); err != nil {
		return err
	}
	return c.save()
}
