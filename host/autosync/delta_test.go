package autosync_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/autosync"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/connector"
)

// teller is a target that tells its changes: objects by anchor, and a log of which changed.
type teller struct {
	mu      sync.Mutex
	objects map[string]int64
	log     []string
	cut     int   // watermarks before it are not known any more
	broken  error // what reading the changes ends with, after the first one
	noPush  bool
	silent  bool // deletions are not told
	full    int  // full imports begun
	opened  int
	moved   chan struct{}
}

func newTeller(n int) *teller {
	x := &teller{objects: map[string]int64{}}
	for i := range n {
		x.objects[strconv.Itoa(i)] = 0
	}
	return x
}

// set writes an object; a negative value deletes it.
func (x *teller) set(id string, v int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.objects[id] = v; v < 0 {
		delete(x.objects, id)
	}
	x.log = append(x.log, id)
	if x.moved != nil {
		close(x.moved)
		x.moved = nil
	}
}

func (x *teller) with(change func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	change()
}

func (x *teller) imports() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.full
}

func (x *teller) open(context.Context) (connector.Session, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.opened++
	return &telling{x}, nil
}

type telling struct{ x *teller }

func (s *telling) Schema(context.Context) (connector.Schema, error) { return connector.Schema{}, nil }
func (s *telling) Close() error                                     { return nil }

func (s *telling) Capabilities() connector.Capabilities {
	return connector.Capabilities{Delta: true, Deletions: !s.x.silent, Push: !s.x.noPush}
}

func (s *telling) Import(_ context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		s.x.mu.Lock()
		s.x.full++
		var all []entry.Entry
		for id := range s.x.objects {
			all = append(all, s.x.entry(t, id))
		}
		s.x.mu.Unlock()
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (x *teller) entry(t entry.Type, id string) entry.Entry {
	return entry.Entry{Type: t, ID: id, Attrs: entry.Attrs{"n": {x.objects[id]}}}
}

func (s *telling) Mark(context.Context) (connector.Watermark, error) {
	s.x.mu.Lock()
	defer s.x.mu.Unlock()
	return connector.Watermark(strconv.Itoa(len(s.x.log))), nil
}

func (s *telling) ImportSince(_ context.Context, t entry.Type, w connector.Watermark) (iter.Seq2[connector.Change, error], func() connector.Watermark, error) {
	s.x.mu.Lock()
	defer s.x.mu.Unlock()
	from, err := strconv.Atoi(string(w))
	if err != nil || from < s.x.cut {
		return nil, nil, fault.New(fault.Conflict, "changes", "%q is not known", w)
	}
	var changes []connector.Change
	for _, id := range s.x.log[from:] {
		if _, ok := s.x.objects[id]; ok {
			changes = append(changes, connector.Change{Entry: s.x.entry(t, id)})
		} else if !s.x.silent {
			changes = append(changes, connector.Change{Entry: entry.Entry{Type: t, ID: id}, Deleted: true})
		}
	}
	next, broken := connector.Watermark(strconv.Itoa(len(s.x.log))), s.x.broken
	return func(yield func(connector.Change, error) bool) {
		for i, c := range changes {
			if i == 1 && broken != nil {
				yield(connector.Change{}, broken)
				return
			}
			if !yield(c, nil) {
				return
			}
		}
	}, func() connector.Watermark { return next }, nil
}

func (s *telling) Watch(ctx context.Context, _ entry.Type, w connector.Watermark) error {
	from, err := strconv.Atoi(string(w))
	if err != nil {
		return err
	}
	for {
		s.x.mu.Lock()
		if from < s.x.cut {
			s.x.mu.Unlock()
			return fault.New(fault.Conflict, "watch", "%q is not known", w)
		}
		if s.x.moved == nil {
			s.x.moved = make(chan struct{})
		}
		more, moved := len(s.x.log) > from, s.x.moved
		s.x.mu.Unlock()
		if more {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func follow(x *teller, dir string, more func(*autosync.Config)) (*autosync.Sync, *cache.Cache) {
	c := cache.New(cache.Config{Type: entry.User})
	cfg := autosync.Config{Name: "T", Every: time.Hour, DeltaEvery: time.Minute, ShrinkLimit: 0.2, Dir: dir, Open: x.open, Spaces: []autosync.Space{{
		Object: entry.User, Cache: c, Row: func(e entry.Entry) (cache.Row, error) { return cache.Row{Entry: e, Anchor: e.ID}, nil },
	}}}
	if more != nil {
		more(&cfg)
	}
	return autosync.New(cfg), c
}

func number(c *cache.Cache, id string) int64 {
	row, ok := c.Get(id, false)
	if !ok {
		return -1
	}
	return row.Attrs.First("n").(int64)
}

func TestChangesAreTakenOnTheirTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTeller(10)
		x.noPush = true
		s, c := follow(x, "", nil)
		play(t, s, func() {
			x.set("3", 7)
			x.set("new", 1)
			x.set("4", -1)
			if pass(59 * time.Second); number(c, "3") != 0 {
				t.Error("taken too early")
			}
			pass(2 * time.Second)
			if number(c, "3") != 7 || number(c, "new") != 1 || number(c, "4") != -1 || c.Len() != 10 || x.imports() != 1 {
				t.Errorf("%d objects, %d full imports", c.Len(), x.imports())
			}
			if st := s.State(); st.Changes != 3 || st.LastDelta.IsZero() || st.DeltaErr != nil || st.Push {
				t.Errorf("%+v", st)
			}
			if pass(61 * time.Minute); x.imports() != 2 {
				t.Errorf("%d full imports after an hour", x.imports())
			}
		})
	})
}

func TestPushIsTakenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTeller(10)
		s, c := follow(x, "", nil)
		play(t, s, func() {
			if !s.State().Push {
				t.Error("the state does not say that the target pushes")
			}
			for i := range 5 {
				x.set("3", int64(i+1))
				if synctest.Wait(); number(c, "3") != int64(i+1) {
					t.Fatalf("not taken: %d", number(c, "3"))
				}
				pass(time.Second)
			}
			if x.imports() != 1 {
				t.Errorf("%d full imports", x.imports())
			}
		})
	})
}

func TestForgottenWatermarkImportsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTeller(10)
		x.noPush = true
		s, c := follow(x, "", nil)
		play(t, s, func() {
			x.set("3", 7)
			x.with(func() { x.cut = 1 })
			if pass(61 * time.Second); number(c, "3") != 7 || x.imports() != 2 || s.State().DeltaErr != nil {
				t.Errorf("%d, %d full imports, %+v", number(c, "3"), x.imports(), s.State())
			}
			x.set("3", 8)
			if pass(61 * time.Second); number(c, "3") != 8 || x.imports() != 2 {
				t.Errorf("not followed afterwards: %d, %d full imports", number(c, "3"), x.imports())
			}
		})
	})
}

// TestWatchThatIsForgottenIsAPush: a target that has forgotten the watermark while it is watched is imported at once, not on the timer,
// and one that forgets every time is not imported without end.
func TestWatchThatIsForgottenIsAPush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTeller(10)
		s, c := follow(x, "", nil)
		play(t, s, func() {
			x.with(func() {
				x.objects["3"] = 7
				x.log = append(x.log, "3")
				x.cut = len(x.log)
				close(x.moved)
				x.moved = nil
			})
			if synctest.Wait(); number(c, "3") != 7 || x.imports() != 2 {
				t.Errorf("%d, %d full imports", number(c, "3"), x.imports())
			}
			pass(3 * time.Second)
			x.set("4", 8)
			if synctest.Wait(); number(c, "4") != 8 || x.imports() != 2 {
				t.Errorf("not watched afterwards: %d, %d full imports", number(c, "4"), x.imports())
			}
			x.with(func() { x.cut = 1 << 30 })
			x.set("5", 9)
			before := x.imports()
			pass(10 * time.Minute)
			if n := x.imports() - before; n < 2 || n > 30 {
				t.Errorf("%d full imports of a target that forgets at once", n)
			}
		})
	})
}

func TestBrokenChangesAreReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTeller(10)
		x.noPush = true
		s, c := follow(x, "", nil)
		play(t, s, func() {
			x.with(func() { x.broken = fault.New(fault.Unavailable, "read", "the connection broke") })
			x.set("2", -1)
			x.set("3", 7)
			if pass(61 * time.Second); number(c, "2") == -1 || number(c, "3") == 7 || s.State().DeltaErr == nil {
				t.Errorf("%d %d %+v", number(c, "2"), number(c, "3"), s.State())
			}
			x.with(func() { x.broken = nil })
			if pass(61 * time.Second); number(c, "2") != -1 || number(c, "3") != 7 || s.State().DeltaErr != nil || x.imports() != 1 {
				t.Errorf("%d %d %+v", number(c, "2"), number(c, "3"), s.State())
			}
		})
	})
}

func TestDeletionsByChangesCountAgainstTheLimit(t *testing.T) {
	for name, step := range map[string]int{"at once": 9, "little by little": 1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newTeller(30)
				x.noPush = true
				s, c := follow(x, "", nil)
				play(t, s, func() {
					for i := 0; i < 9; i += step {
						for j := i; j < i+step; j++ {
							x.set(strconv.Itoa(j), -1)
						}
						pass(61 * time.Second)
					}
					if st := s.State(); st.Held == nil || c.Len() < 24 || x.imports() != 2 {
						t.Errorf("%d objects left, %d full imports, %+v", c.Len(), x.imports(), st)
					}
					if err := s.Release(t.Context()); err != nil || c.Len() != 21 || s.State().Held != nil {
						t.Errorf("%v, %d objects", err, c.Len())
					}
					x.set("20", 5)
					if pass(61 * time.Second); number(c, "20") != 5 {
						t.Error("not followed afterwards")
					}
				})
			})
		})
	}
}

// A write of the host while changes are read is newer than what they say.
func TestOwnWritesWinOverWhatIsTold(t *testing.T) {
	c := cache.New(cache.Config{Type: entry.User})
	put := func(v int64) cache.Row {
		return cache.Row{Anchor: "a", Entry: entry.Entry{Type: entry.User, Attrs: entry.Attrs{"n": {v}}}}
	}
	if _, _, err := c.Put(put(1)); err != nil {
		t.Fatal(err)
	}
	f, err := c.Follow()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Follow(); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	if _, _, err := c.Put(put(2)); err != nil {
		t.Fatal(err)
	}
	if err := f.Put(put(1)); err != nil || number(c, "a") != 2 || f.Remove("a") {
		t.Errorf("%v, %d", err, number(c, "a"))
	}
	if st := f.Close(); st.Overtaken != 2 {
		t.Errorf("%+v", st)
	}
	if f, err = c.Follow(); err != nil {
		t.Fatal(err)
	}
	if err := f.Put(put(3)); err != nil || number(c, "a") != 3 || !f.Remove("a") || c.Len() != 0 {
		t.Errorf("%v, %d", err, number(c, "a"))
	}
	f.Close()
}

func TestStartFollowsTheSavedImage(t *testing.T) {
	start := func(t *testing.T, x *teller, dir string, kill bool, more func(*autosync.Config)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			s, _ := follow(x, dir, more)
			play(t, s, func() {})
		})
		if kill { // writes after the image, of a process that could not save again
			synctest.Test(t, func(t *testing.T) {
				s, _ := follow(x, dir, more)
				if done, err := s.Writing(); err != nil {
					t.Fatal(err)
				} else {
					x.set("own", 5)
					done()
				}
			})
		}
	}
	for name, tt := range map[string]struct {
		kill, silent bool
		imports      int // after the second start
	}{
		"after an orderly end":                  {false, false, 1},
		"after a kill":                          {true, false, 1},
		"not where deletions are not told":      {true, true, 2},
		"not where deletions are not told, end": {false, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			dir, x := t.TempDir(), newTeller(10)
			x.noPush, x.silent = true, tt.silent
			start(t, x, dir, tt.kill, nil)
			x.set("3", 7)
			x.set("4", -1)
			synctest.Test(t, func(t *testing.T) {
				s, c := follow(x, dir, nil)
				play(t, s, func() {
					if !s.State().Fresh || number(c, "3") != 7 || number(c, "4") != -1 || tt.kill && number(c, "own") != 5 || x.imports() != tt.imports {
						t.Errorf("%d objects, %d full imports, %+v", c.Len(), x.imports(), s.State())
					}
				})
			})
		})
	}
	t.Run("not when the connector is not to follow any more", func(t *testing.T) {
		dir, x := t.TempDir(), newTeller(10)
		x.noPush = true
		start(t, x, dir, false, nil)
		synctest.Test(t, func(t *testing.T) {
			s, _ := follow(x, dir, func(cfg *autosync.Config) { cfg.DeltaEvery = 0 })
			play(t, s, func() {
				if x.imports() != 2 {
					t.Errorf("%d full imports", x.imports())
				}
			})
		})
	})
	t.Run("everything, when the history was cut meanwhile", func(t *testing.T) {
		dir, x := t.TempDir(), newTeller(10)
		x.noPush = true
		start(t, x, dir, true, nil)
		for i := range 9 {
			x.set(strconv.Itoa(i), -1) // more than the limit, but nobody was served the old image
		}
		x.with(func() { x.cut = len(x.log) })
		synctest.Test(t, func(t *testing.T) {
			s, c := follow(x, dir, nil)
			play(t, s, func() {
				if !s.State().Fresh || c.Len() != 2 || s.State().Held != nil {
					t.Errorf("%d objects, %+v", c.Len(), s.State())
				}
			})
		})
	})
}

func TestBeginMayRefuseAnImport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTeller(10)
		gone := errors.New("the column is gone")
		s, c := follow(x, "", func(cfg *autosync.Config) {
			cfg.Begin = func(context.Context, connector.Session) error {
				if x.imports() > 0 {
					return gone
				}
				return nil
			}
		})
		play(t, s, func() {
			if err := s.Now(t.Context()); !errors.Is(err, gone) || c.Len() != 10 {
				t.Errorf("%v, %d objects", err, c.Len())
			}
		})
	})
}

// TestCacheFollowsTheTarget plays random changes and failures; whatever happens, the cache holds what the target holds in the end.
func TestCacheFollowsTheTarget(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 99), 1, 40).Draw(r, "steps")
		synctest.Test(t, func(t *testing.T) {
			x := newTeller(100)
			x.noPush = rapid.Bool().Draw(r, "no push")
			s, c := follow(x, "", nil)
			play(t, s, func() {
				for i, n := range steps {
					switch {
					case n < 60:
						x.set(fmt.Sprint(n), int64(i))
					case n < 70:
						x.set(fmt.Sprint(n), -1)
					case n < 80:
						pass(time.Duration(n) * time.Second)
					case n < 85:
						x.with(func() { x.cut = len(x.log) })
					case n < 90:
						x.with(func() { x.broken = fault.New(fault.Unavailable, "read", "broken") })
					default:
						x.with(func() { x.broken = nil })
					}
				}
				x.with(func() { x.broken = nil })
				pass(5 * time.Minute)
				if c.Len() != len(x.objects) {
					r.Fatalf("%d objects, want %d", c.Len(), len(x.objects))
				}
				for id, v := range x.objects {
					if number(c, id) != v {
						r.Fatalf("%s is %d, want %d", id, number(c, id), v)
					}
				}
			})
		})
	})
}
