package sqlite

import (
	"context"
	"database/sql"

	"github.com/sallyport-id/sallyport/service/storage"
)

// readers is a pool of connections that read. A slot holds nil until its connection is first needed.
type readers struct {
	db    *sql.DB
	slots chan *session
	quit  chan struct{}
}

func newReaders(db *sql.DB) *readers {
	p := &readers{db: db, slots: make(chan *session, readerCount), quit: make(chan struct{})}
	for range readerCount {
		p.slots <- nil
	}
	return p
}

// Read runs fn on one snapshot. See storage.Engine.
func (db *DB) Read(ctx context.Context, fn func(storage.Session) error) error {
	s, err := db.readers.take(ctx)
	if err != nil {
		return err
	}
	defer func() { db.readers.slots <- s }()
	if err := s.run(begin); err != nil {
		return err
	}
	err = guard(fn, s)
	if end := s.run(commit); err == nil {
		err = end
	}
	return err
}

func (p *readers) take(ctx context.Context) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case s := <-p.slots:
		return p.open(s)
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.quit:
		return nil, errClosed()
	}
}

// open gives a slot its connection; on failure the slot goes back empty.
func (p *readers) open(s *session) (*session, error) {
	select {
	case <-p.quit:
		p.slots <- s
		return nil, errClosed()
	default:
	}
	if s != nil {
		return s, nil
	}
	conn, err := p.db.Conn(untilDone)
	if err != nil {
		p.slots <- nil
		return nil, translate(err)
	}
	return newSession(conn), nil
}

// stop waits for those who read and closes the connections.
func (p *readers) stop() {
	close(p.quit)
	for range readerCount {
		if s := <-p.slots; s != nil {
			_ = s.close() // nothing was written through it
		}
	}
}
