package autosync

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Space is one cache and how it is filled.
type Space struct {
	Object entry.Type                               // the connector's type
	Cache  *cache.Cache                             // what it fills
	Row    func(entry.Entry) (cache.Row, error)     // turns an imported object into a row; an error refuses that object alone
	Done   func(ctx context.Context, s cache.Stats) // called after the cache was replaced or changed; may be nil
}

// Config says what to import, when, and what is suspicious.
type Config struct {
	Name        string                                               // of the connector, for messages
	Every       time.Duration                                        // between full imports
	DeltaEvery  time.Duration                                        // between imports of what changed, where the connector tells; 0 = none
	ShrinkLimit float64                                              // an import that lacks a larger share of the objects is held
	Dir         string                                               // where the image is kept; "" = nowhere
	Spaces      []Space                                              // in the order of import: what is referred to first
	Open        func(ctx context.Context) (connector.Session, error) // a session of its own for each import
	Begin       func(ctx context.Context, s connector.Session) error // called before each full import reads; its error ends the import; may be nil
	Released    func() bool                                          // asked while an import is held: was it released from outside? may be nil
	Log         *slog.Logger
}

// Sync keeps the caches of one connector in step with its target. Make one with New; Run it once.
type Sync struct {
	cfg   Config
	kick  chan chan error
	ready chan struct{}
	exact *exactness

	pushes    chan push
	following connector.Session      // that changes are read with; nil = none yet
	marks     marks                  // touched by Run's goroutine alone
	gone      map[entry.Type]int     // deletions by changes since the last full import
	can       connector.Capabilities // of the session of the last full import
	watching  bool
	wg        sync.WaitGroup // watchers

	mu       sync.Mutex
	state    State
	released bool                               // the next import may shrink
	shown    map[entry.Type]connector.Watermark // marks, for the watchers
}

// State is what a Sync knows of itself.
type State struct {
	Ready     bool       // an image was loaded or an import has finished: the cache may be read
	Fresh     bool       // an import has finished since the start
	Importing bool       // one is running
	Type      entry.Type // which type it is at
	Count     int        // objects read so far of that type
	Total     int        // objects expected; 0 = unknown
	Last      time.Time  // end of the last good import
	Took      time.Duration
	Failures  int   // imports that failed in a row
	Err       error // why the last import failed or is held; nil after a good one
	Held      *Held // an import that shrank beyond the limit waits for Release; nil = none

	LastDelta time.Time // end of the last good import of what changed; zero = none
	Changes   int       // objects that changes altered in the cache since the start
	DeltaErr  error     // why the last one failed; nil after a good one
	Push      bool      // the target tells of changes by itself
}

// Held describes an import that was not let in.
type Held struct {
	Type  entry.Type
	Had   int // objects in the cache
	Gone  int // of these missing in the import
	Since time.Time
}

// New makes a Sync. Nothing happens before Run.
func New(cfg Config) *Sync {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Sync{cfg: cfg, kick: make(chan chan error), ready: make(chan struct{}), pushes: make(chan push), gone: map[entry.Type]int{}}
	s.exact = s.newExactness()
	return s
}

// Ready is closed as soon as the cache may be read.
func (s *Sync) Ready() <-chan struct{} { return s.ready }

// State returns a copy of the present state.
func (s *Sync) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Now asks for an import at once, waits for it and returns its error. If one is running, another follows it.
func (s *Sync) Now(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case s.kick <- answer:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Release lets the next import in however much it shrinks, and asks for it at once. The caller records who released and why.
func (s *Sync) Release(ctx context.Context) error {
	s.mu.Lock()
	s.released = true
	s.mu.Unlock()
	return s.Now(ctx)
}

func (s *Sync) update(change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.state.Ready
	change(&s.state)
	if s.state.Ready && !was {
		close(s.ready)
	}
}
