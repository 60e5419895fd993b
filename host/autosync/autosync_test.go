package autosync_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/autosync"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/connector"
)

// target is a scripted target with n users.
type target struct {
	mu      sync.Mutex
	n       int
	breakAt int   // the import ends with an error after so many; 0 = never
	down    error // opening fails
	opened  int
	hang    chan struct{} // an import waits here for its second object
}

func (x *target) open(context.Context) (connector.Session, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.opened++
	if x.down != nil {
		return nil, x.down
	}
	return session{x.hang, x.n, x.breakAt}, nil
}

func (x *target) attempts() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.opened
}

func (x *target) set(change func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	change()
}

type session struct {
	hang       chan struct{}
	n, breakAt int
}

func (session) Schema(context.Context) (connector.Schema, error) { return connector.Schema{}, nil }
func (session) Close() error                                     { return nil }
func (s session) Count(context.Context, entry.Type) (int, error) { return s.n, nil }
func (s session) Import(ctx context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		for i := range s.n {
			if i == 1 && s.hang != nil {
				select {
				case <-s.hang:
				case <-ctx.Done():
					return // as a careless connector would
				}
			}
			if s.breakAt > 0 && i == s.breakAt {
				yield(entry.Entry{}, fault.New(fault.Unavailable, "import", "the connection broke"))
				return
			}
			if !yield(entry.Entry{Type: t, ID: strconv.Itoa(i), Attrs: entry.Attrs{"n": {int64(i)}}}, nil) {
				return
			}
		}
	}
}

func newSync(x *target, dir string, more func(*autosync.Config)) (*autosync.Sync, *cache.Cache) {
	c := cache.New(cache.Config{Type: entry.User})
	cfg := autosync.Config{Name: "T", Every: time.Hour, ShrinkLimit: 0.2, Dir: dir, Open: x.open, Spaces: []autosync.Space{{
		Object: entry.User, Cache: c, Row: func(e entry.Entry) (cache.Row, error) { return cache.Row{Entry: e, Anchor: e.ID}, nil },
	}}}
	if more != nil {
		more(&cfg)
	}
	return autosync.New(cfg), c
}

// play runs a Sync in virtual time.
func play(t *testing.T, s *autosync.Sync, steps func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	synctest.Wait()
	steps()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func pass(d time.Duration) {
	time.Sleep(d) // virtual
	synctest.Wait()
}

func TestImportsAtStartAndOnTheTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &target{n: 10}
		s, c := newSync(x, "", nil)
		play(t, s, func() {
			select {
			case <-s.Ready():
			default:
				t.Fatal("not ready after the first import")
			}
			if st := s.State(); c.Len() != 10 || !st.Fresh || st.Count != 10 || st.Total != 10 || st.Importing {
				t.Errorf("%d objects, %+v", c.Len(), st)
			}
			x.set(func() { x.n = 12 })
			pass(59 * time.Minute)
			if c.Len() != 10 {
				t.Error("imported too early")
			}
			if pass(2 * time.Minute); c.Len() != 12 {
				t.Error("not imported on the timer")
			}
			x.set(func() { x.n = 13 })
			if err := s.Now(t.Context()); err != nil || c.Len() != 13 {
				t.Errorf("on demand: %v, %d objects", err, c.Len())
			}
		})
	})
}

func TestFailureKeepsTheCacheAndBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &target{n: 10}
		s, c := newSync(x, "", nil)
		play(t, s, func() {
			x.set(func() { x.breakAt, x.n = 9, 20 })
			if err := s.Now(t.Context()); !fault.Is(err, fault.Unavailable) || c.Len() != 10 || s.State().Failures != 1 {
				t.Errorf("%v, %d objects, %+v", err, c.Len(), s.State())
			}
			before := x.attempts()
			pass(10 * time.Minute)
			if tries := x.attempts() - before; tries < 4 || tries > 30 {
				t.Errorf("%d attempts in ten minutes", tries)
			}
			x.set(func() { x.breakAt = 0 })
			if pass(10 * time.Minute); c.Len() != 20 || s.State().Err != nil || s.State().Failures != 0 {
				t.Errorf("not recovered: %d objects, %+v", c.Len(), s.State())
			}
		})
	})
}

func TestErrNotReadyWhileTheTargetIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &target{n: 3, down: errors.New("no route")}
		s, c := newSync(x, "", nil)
		play(t, s, func() {
			if st := s.State(); st.Ready || st.Err == nil {
				t.Errorf("%+v", st)
			}
			x.set(func() { x.down = nil })
			if pass(time.Minute); !s.State().Ready || c.Len() != 3 {
				t.Errorf("%+v", s.State())
			}
		})
	})
}

func TestShrunkenImportIsHeld(t *testing.T) {
	for name, left := range map[string]int{"empty": 0, "40 % left": 4, "just beyond the limit": 7} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := &target{n: 10}
				var released atomic.Bool
				s, c := newSync(x, "", func(cfg *autosync.Config) { cfg.Released = released.Load })
				play(t, s, func() {
					x.set(func() { x.n = left })
					err := s.Now(t.Context())
					if st := s.State(); err == nil || c.Len() != 10 || st.Held == nil || st.Held.Had != 10 || st.Held.Gone != 10-left || fault.HintOf(err) == "" {
						t.Fatalf("%v, %d objects, %+v", err, c.Len(), st)
					}
					if pass(3 * time.Hour); c.Len() != 10 {
						t.Error("let in by waiting")
					}
					released.Store(true)
					if pass(5 * time.Second); c.Len() != left || s.State().Held != nil {
						t.Errorf("not released: %d objects, %+v", c.Len(), s.State())
					}
				})
			})
		})
	}
	t.Run("a little less is let in", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			x := &target{n: 10}
			s, c := newSync(x, "", nil)
			play(t, s, func() {
				x.set(func() { x.n = 8 })
				if err := s.Now(t.Context()); err != nil || c.Len() != 8 {
					t.Errorf("%v, %d objects", err, c.Len())
				}
				x.set(func() { x.n = 2 })
				if err := s.Release(t.Context()); err != nil || c.Len() != 2 {
					t.Errorf("%v, %d objects", err, c.Len())
				}
				x.set(func() { x.n = 0 })
				if err := s.Now(t.Context()); err == nil {
					t.Error("a release counted twice")
				}
			})
		})
	})
	t.Run("a held import that recovers is let in", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			x := &target{n: 10}
			s, c := newSync(x, "", nil)
			play(t, s, func() {
				x.set(func() { x.n = 1 })
				if err := s.Now(t.Context()); err == nil {
					t.Error("not held")
				}
				x.set(func() { x.n = 11 })
				if pass(61 * time.Minute); c.Len() != 11 || s.State().Held != nil {
					t.Errorf("%d objects, %+v", c.Len(), s.State())
				}
			})
		})
	})
}

func TestImportCutShortIsNotTakenForTheWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &target{n: 10}
		s, c := newSync(x, "", func(cfg *autosync.Config) { cfg.ShrinkLimit = 1 })
		play(t, s, func() {
			x.set(func() { x.hang = make(chan struct{}) })
			go func() { _ = s.Now(t.Context()) }()
			synctest.Wait()
		})
		if c.Len() != 10 {
			t.Errorf("%d objects", c.Len())
		}
	})
}

func TestImage(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, _ := newSync(&target{n: 10}, dir, nil)
		play(t, s, func() {})
	})
	t.Run("serves while the target is away", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, c := newSync(&target{down: errors.New("away")}, dir, nil)
			play(t, s, func() {
				if st := s.State(); !st.Ready || st.Fresh || c.Len() != 10 {
					t.Errorf("%d objects, %+v", c.Len(), st)
				}
			})
		})
	})
	t.Run("of before a write is not served after a kill", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			writeAndLose(t, dir)
			s, c := newSync(&target{down: errors.New("away")}, dir, nil)
			play(t, s, func() {
				if s.State().Ready || c.Len() != 0 {
					t.Errorf("%d objects of an image that the last write made old", c.Len())
				}
			})
		})
	})
	t.Run("is not trusted when a write was under way", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, _ := newSync(&target{n: 10}, dir, nil)
			if _, err := s.Writing(); err != nil { // and it never ends
				t.Fatal(err)
			}
			play(t, s, func() {})
			s, _ = newSync(&target{down: errors.New("away")}, dir, nil)
			play(t, s, func() {
				if s.State().Ready {
					t.Error("ready")
				}
			})
		})
	})
	synctest.Test(t, func(t *testing.T) { // writes that have ended before the save do no harm
		s, _ := newSync(&target{n: 10}, dir, nil)
		play(t, s, func() {
			done, err := s.Writing()
			if err != nil {
				t.Fatal(err)
			}
			done()
		})
		if s, _ = newSync(&target{down: errors.New("away")}, dir, nil); !ready(t, s) {
			t.Error("not ready")
		}
	})
	t.Run("ErrDamaged is not served", func(t *testing.T) {
		files, err := filepath.Glob(filepath.Join(dir, "*.image"))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		data, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		if err := os.WriteFile(files[0], data, 0o600); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			s, c := newSync(&target{down: errors.New("away")}, dir, nil)
			play(t, s, func() {
				if s.State().Ready || c.Len() != 0 {
					t.Errorf("%d objects", c.Len())
				}
			})
		})
	})
}

// writeAndLose is a process that loads the image, writes to the target and is killed.
func writeAndLose(t *testing.T, dir string) {
	t.Helper()
	s, _ := newSync(&target{n: 10}, dir, nil)
	done, err := s.Writing()
	if err != nil {
		t.Fatal(err)
	}
	done()
}

func ready(t *testing.T, s *autosync.Sync) (yes bool) {
	t.Helper()
	play(t, s, func() { yes = s.State().Ready })
	return yes
}
