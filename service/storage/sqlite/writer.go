package sqlite

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/storage"
)

// Bounds of one group of requests: those that come while others are carried out join them, up to here.
const (
	maxGroup     = 1024
	maxGroupTime = 20 * time.Millisecond
)

// writer owns the one connection that writes. Requests that wait together are carried out in one transaction, each inside a
// savepoint of its own, and share one commit; everybody returns after it is on disk.
type writer struct {
	session *session
	hub     *hub
	longest time.Duration // after it a group takes nobody more; maxGroupTime, but where a test wants one group
	queue   chan *request
	quit    chan struct{}
	ended   sync.WaitGroup
}

// Stages of a request.
const (
	waiting int32 = iota
	begun
	abandoned
)

// request is one caller's write.
type request struct {
	fn    func(storage.Session) error
	stage atomic.Int32
	err   error
	done  chan struct{}
}

func newWriter(s *session, h *hub) *writer {
	w := &writer{session: s, hub: h, longest: maxGroupTime, queue: make(chan *request, maxGroup), quit: make(chan struct{})}
	w.ended.Go(w.loop)
	return w
}

// Write runs fn in a transaction of its own and returns after the commit is on disk. See storage.Engine. When ctx ends before
// fn has begun, fn never runs; once it has, the caller learns how it ended.
func (db *DB) Write(ctx context.Context, fn func(storage.Session) error) error {
	return db.writer.do(ctx, fn)
}

func (w *writer) do(ctx context.Context, fn func(storage.Session) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &request{fn: fn, done: make(chan struct{})}
	select {
	case <-w.quit:
		return errClosed()
	default:
	}
	select {
	case w.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.quit:
		return errClosed()
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if r.stage.CompareAndSwap(waiting, abandoned) {
			return ctx.Err()
		}
		<-r.done
	case <-w.quit:
		if r.stage.CompareAndSwap(waiting, abandoned) {
			return errClosed()
		}
		<-r.done
	}
	return r.err
}

func errClosed() error {
	return fault.New(fault.Unavailable, "", "the database is closed").WithHint("the service is stopping; ask again when it is back")
}

func (w *writer) stop() {
	close(w.quit)
	w.ended.Wait()
	_ = w.session.close() // nothing is under way any more
}

func (w *writer) loop() {
	for {
		select {
		case <-w.quit:
			return
		case r := <-w.queue:
			runtime.Gosched() // lets those who were just let go queue up again: fuller groups, fewer commits
			w.group(r)
		}
	}
}

// group carries out a request and those that come meanwhile, commits, and lets their callers go.
func (w *writer) group(first *request) {
	var rs []*request
	err := w.session.run(beginWrite)
	began := time.Now()
	for r := first; r != nil; r = w.next(len(rs), began) {
		if !r.stage.CompareAndSwap(waiting, begun) {
			continue
		}
		rs = append(rs, r)
		if err == nil {
			r.err, err = w.carryOut(r)
		}
	}
	if err == nil {
		err = w.session.run(commit)
	}
	if err != nil {
		_ = w.session.run(rollback) // fails when SQLite has rolled back already
	} else {
		w.hub.signal(w.session.touched)
	}
	clear(w.session.touched)
	for _, r := range rs {
		if err != nil {
			r.err = lost(err)
		}
		close(r.done)
	}
}

// next returns a request that waits already, nil when there is none or the group is full.
func (w *writer) next(n int, began time.Time) *request {
	if n >= maxGroup || time.Since(began) > w.longest {
		return nil
	}
	select {
	case r := <-w.queue:
		return r
	default:
		return nil
	}
}

// carryOut runs one request inside its savepoint. failed is the request's own error, which undid what it did and hurts nobody
// else; broken means that the transaction as a whole cannot go on.
func (w *writer) carryOut(r *request) (failed, broken error) {
	if err := w.session.run(savepoint); err != nil {
		return nil, err
	}
	failed = guard(r.fn, w.session)
	if failed == nil {
		return nil, w.session.run(release)
	}
	if err := w.session.run(undo); err != nil {
		return failed, errors.Join(failed, err)
	}
	return failed, w.session.run(release)
}

// guard turns a panic of fn into a fault, so that one bad request does not end the writer.
func guard(fn func(storage.Session) error, s storage.Session) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, "", "a write panicked: %v", p).WithHint("this is a mistake in the program: please report it")
		}
	}()
	return fn(s)
}

// lost is what everybody in a group is told whose commit failed.
func lost(err error) error {
	return &fault.Error{Kind: fault.KindOf(err), Err: err, Hint: fault.HintOf(err)}
}
