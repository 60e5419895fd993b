package endpoint

import (
	"context"
	"log/slog"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host"
	"github.com/sallyport-id/sallyport/host/autosync"
	"github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

// unit is one connector with its endpoint.
type unit struct {
	cfg     config.Config
	x       config.Connector
	opener  *host.Opener
	tokens  *scimserver.Tokens
	current string
	made    bool
	base    *slog.Logger // for rooms that name the connector themselves
	log     *slog.Logger
	life    atomic.Pointer[life]
	ready   chan struct{}

	mu  sync.Mutex
	err error // why there is no life yet
}

// life is what exists once the target's schema is known.
type life struct {
	coordinator *host.Coordinator
	sync        *autosync.Sync
	handler     *scimserver.Handler
	can         connector.Capabilities
}

func newUnit(cfg config.Config, x config.Connector, d connector.Driver, log *slog.Logger) (*unit, error) {
	t, err := x.Tokens()
	if err != nil {
		return nil, err
	}
	u := &unit{cfg: cfg, x: x, current: t.Current, made: t.Made, base: log, log: log.With("connector", x.Name), ready: make(chan struct{})}
	u.tokens = scimserver.NewTokens(scimserver.Caller{ID: x.Name, Tenant: x.Name}, t.Current, t.Previous)
	u.opener = host.NewOpener(func(ctx context.Context) (connector.Session, error) {
		settings, err := cfg.Open(x, d) // each time, so that a changed password counts at once
		if err != nil {
			return nil, err
		}
		return d.Open(ctx, settings)
	})
	return u, nil
}

func (u *unit) dir() string { return filepath.Join(u.cfg.Data, u.x.Name) }

func (u *unit) isReady() bool {
	select {
	case <-u.ready:
		return true
	default:
		return false
	}
}

func (u *unit) failure() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.err
}

func (u *unit) failed(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.err = err
}

// starting is the answer while the target has not been reached for the first time.
func (u *unit) starting() error {
	return &fault.Error{Kind: fault.Unavailable, RetryAfter: 2 * time.Second,
		Err:  fault.New(fault.Unavailable, "", "The host is starting and has not read the schema of the target application yet"),
		Hint: "if this lasts, look at the host's log: the target may be unreachable or refuse the credential"}
}

// run begins the connector's life as soon as its schema is known, and lives it until ctx ends.
func (u *unit) run(ctx context.Context) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = time.Second, time.Minute
	for {
		l, err := u.begin(ctx)
		if err == nil {
			return u.live(ctx, l)
		}
		u.failed(err)
		u.log.Warn("connector not started", "event", "host.connector.waiting", "error", err, "hint", fault.HintOf(err))
		timer := time.NewTimer(pause.NextBackOff())
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// live runs autosync and looks after the tokens until ctx ends.
func (u *unit) live(ctx context.Context, l *life) error {
	var wg sync.WaitGroup
	wg.Go(func() { u.watchTokens(ctx) })
	wg.Go(func() {
		select {
		case <-l.sync.Ready():
			close(u.ready)
		case <-ctx.Done():
		}
	})
	err := l.sync.Run(ctx)
	wg.Wait()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if waitErr := l.handler.Wait(drain); waitErr != nil {
		u.log.Warn("asynchronous requests cut off", "event", "host.drain.late", "error", waitErr)
	}
	if closeErr := l.coordinator.Close(); closeErr != nil {
		return closeErr
	}
	return err
}

// gate says what the cache is worth.
func gate(s *autosync.Sync) host.Gate {
	st := s.State()
	g := host.Gate{Ready: st.Ready, Fresh: st.Fresh, Held: st.Held != nil}
	if !st.Importing {
		return g
	}
	g.Progress = strconv.Itoa(st.Count) + " " + string(st.Type) + " objects read"
	if st.Total >= st.Count && st.Total > 0 {
		g.Progress = strconv.Itoa(st.Count) + " of " + strconv.Itoa(st.Total) + " " + string(st.Type) + " objects read"
	}
	return g
}

// tokenLook is how often secret files are looked at.
const tokenLook = 10 * time.Second

// watchTokens takes up changed secret files, so that a token is rotated without a restart.
func (u *unit) watchTokens(ctx context.Context) {
	ticker := time.NewTicker(tokenLook)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		t, err := u.x.Tokens()
		if err != nil {
			u.log.Warn("secret token not readable, the old one stays", "event", "host.token.failed", "error", err)
			continue
		}
		u.tokens.Set(t.Current, t.Previous)
	}
}
