package agent

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/sallyport-id/sallyport/agent/dial"
	"github.com/sallyport-id/sallyport/agent/enrol"
	"github.com/sallyport-id/sallyport/agent/relay"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/tunnel"
)

// Timings of the run loop.
const (
	beatEvery    = 5 * time.Second
	helloEvery   = 250 * time.Millisecond // until the first answer
	helloLimit   = 15 * time.Second
	retryFirst   = 100 * time.Millisecond
	retryMost    = 3 * time.Second // with its jitter a link is tried again in under 5 s
	retryBarred  = 30 * time.Second
	drainLimit   = 20 * time.Second
	renewAtLeast = 5 * time.Second
)

// Run keeps an enrolled agent connected and working until ctx ends, then finishes what is under way. It returns an error only when it
// cannot start: a configuration that is wrong or an agent that is not enrolled.
func Run(ctx context.Context, c Config, log *slog.Logger) error {
	r, err := newRunner(c, log)
	if err != nil {
		return err
	}
	defer r.relay.Close()
	r.loop(ctx)
	return nil
}

// runner is a running agent. All fields but link are touched by the loop only.
type runner struct {
	c        Config
	log      *slog.Logger
	relay    *relay.Relay
	answerer *tunnel.Answerer
	service  *dial.Service
	clock    *clock
	link     atomic.Pointer[dial.Link] // the one to answer on; nil while there is none

	id      enrol.Identity
	trust   atomic.Pointer[dial.Trust]
	renewAt time.Time
	said    string // last reason logged
	lostAt  time.Time
}

func newRunner(c Config, log *slog.Logger) (*runner, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	id, err := enrol.Load(c.DataDir)
	if err != nil {
		return nil, err
	}
	if c.Service == "" {
		c.Service = id.Service
	}
	u, err := dial.ParseURL(c.Service)
	if err != nil {
		return nil, err
	}
	d, err := c.Dialer(u)
	if err != nil {
		return nil, err
	}
	rel, err := relay.New(c.relays())
	if err != nil {
		return nil, err
	}
	r := &runner{c: c, relay: rel, clock: newClock(), log: log.With("agent", id.Agent)}
	r.service = &dial.Service{URL: u, Dialer: d, Trust: func() dial.Trust { return *r.trust.Load() }}
	r.adopt(id)
	r.answerer = tunnel.NewAnswerer(tunnel.AnswererConfig{
		Address: id.Address(), Publish: r, Handler: rel, MaxInFlight: c.maxInFlight(), Now: r.clock.now, Welcome: r.clock.welcome,
	})
	return r, nil
}

// adopt takes a new or renewed identity up.
func (r *runner) adopt(id enrol.Identity) {
	trust := id.TrustFor()
	r.trust.Store(&trust)
	r.id = id
	r.renewAt = id.HalfLife()
}

// Publish sends on the link of the moment; what cannot be sent is lost, and the service learns of the loss from its end.
func (r *runner) Publish(subject string, data []byte) error {
	if l := r.link.Load(); l != nil {
		return l.Publish(subject, data)
	}
	return errNoLink
}

var errNoLink = errors.New("not connected")

// loop connects, works until the link is lost, waits a little, and begins again. Each round starts from what is true now.
func (r *runner) loop(ctx context.Context) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval, wait.Multiplier, wait.RandomizationFactor = retryFirst, retryMost, 1.7, 0.5
	for ctx.Err() == nil {
		welcomed, err := r.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if welcomed {
			wait.Reset()
		}
		pause := wait.NextBackOff()
		if r.barred(ctx, err) {
			pause = retryBarred
		}
		r.explain(welcomed, err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// barred finds out, after the service refused the identity, whether it only has expired; then a fresh one is fetched at once.
func (r *runner) barred(ctx context.Context, err error) bool {
	if !errors.Is(err, dial.ErrIdentity) {
		return false
	}
	id, err := enrol.Renew(ctx, r.service, r.c.DataDir, r.id)
	if err == nil {
		r.adopt(id)
		return false
	}
	return fault.Is(err, fault.Denied) || fault.Is(err, fault.Unauthenticated)
}

// explain logs why there is no link, once per reason.
func (r *runner) explain(was bool, err error) {
	if r.lostAt.IsZero() || was {
		r.lostAt = time.Now()
	}
	reason := err.Error()
	if reason == r.said && !was {
		return
	}
	r.said = reason
	r.log.Warn("not connected", "event", "agent_disconnected", "service", r.service.Addr(), "kind", fault.KindOf(err).String(), "reason", reason)
}

// session is the life of one link, and of those that replace it without a gap. welcomed says that the service knew us.
func (r *runner) session(ctx context.Context) (welcomed bool, err error) {
	if !time.Now().Before(r.id.Expires) {
		r.renew(ctx)
	}
	l, stop, err := r.open(ctx)
	if err != nil {
		return false, err
	}
	defer func() { r.close(l, stop) }()
	hello := time.Now()
	beat := time.NewTimer(0)
	defer beat.Stop()
	renew := time.NewTimer(time.Until(r.renewAt))
	defer renew.Stop()
	for {
		select {
		case <-beat.C:
			r.beat(l)
			if !welcomed && time.Since(hello) > helloLimit {
				return false, fault.New(fault.Unavailable, "open tunnel", "the service does not answer heartbeats").WithHint("see its log for why it does not admit agent %s", r.id.Agent)
			}
			beat.Reset(r.nextBeat(welcomed))
		case <-r.clock.heard:
			if !welcomed && r.clock.answered(hello) {
				welcomed = true
				r.connected()
			}
		case <-renew.C:
			if r.renew(ctx) {
				l, stop = r.replace(ctx, l, stop)
			}
			// renewAt is the next half life, or a moment from now when something did not work
			renew.Reset(time.Until(r.renewAt))
		case <-l.Lost():
			return welcomed, l.Err()
		case <-ctx.Done():
			r.drain(ctx, l)
			return welcomed, ctx.Err()
		}
	}
}

func (r *runner) nextBeat(welcomed bool) time.Duration {
	if welcomed {
		return beatEvery
	}
	return helloEvery
}

func (r *runner) connected() {
	attrs := []any{"event", "agent_connected", "service", r.service.Addr(), "applications", len(r.c.Applications)}
	if !r.lostAt.IsZero() {
		attrs = append(attrs, "after", time.Since(r.lostAt).Round(time.Millisecond))
	}
	r.log.Info("connected", attrs...)
	r.lostAt, r.said = time.Time{}, ""
}

// open makes a link and takes requests from it.
func (r *runner) open(ctx context.Context) (*dial.Link, func(), error) {
	l, err := r.service.Connect(ctx, "agent "+r.id.Agent, dial.Credentials{JWT: r.id.JWT, Key: r.id.Key})
	if err != nil {
		return nil, nil, err
	}
	stop, err := l.Subscribe(r.id.Address().Requests(), func(_ string, msg []byte) { r.answerer.Deliver(msg) })
	if err != nil {
		l.Close()
		return nil, nil, err
	}
	r.link.Store(l)
	return l, stop, nil
}

func (r *runner) close(l *dial.Link, stop func()) {
	r.link.CompareAndSwap(l, nil)
	stop()
	l.Close()
}

// beat says what the agent is and does. An error shows as the end of the link.
func (r *runner) beat(l *dial.Link) {
	b := tunnel.AppendBeat(make([]byte, 0, 256), tunnel.Beat{
		Min: tunnel.MinVersion, Max: tunnel.Version, Sent: time.Now(), Conn: l.ID(), Build: r.c.Version,
		InFlight: r.answerer.InFlight(), MaxInFlight: r.c.maxInFlight(), Draining: r.answerer.Draining(), Resources: r.relay.Resources(),
	})
	_ = l.Publish(r.id.Address().Beats(), b)
}

// renew fetches a fresh identity; until it succeeds it is tried again well before the old one ends.
func (r *runner) renew(ctx context.Context) bool {
	id, err := enrol.Renew(ctx, r.service, r.c.DataDir, r.id)
	if err != nil {
		r.renewAt = time.Now().Add(max(renewAtLeast, min(time.Until(r.id.Expires)/10, time.Minute)))
		r.log.Warn("identity not renewed", "event", "renewal_failed", "expires", r.id.Expires, "reason", err)
		return false
	}
	r.adopt(id)
	r.log.Info("identity renewed", "event", "identity_renewed", "expires", id.Expires)
	return true
}

// replace opens a link with the renewed identity before it closes the old one. In between requests come on both; each is carried out once.
func (r *runner) replace(ctx context.Context, old *dial.Link, stopOld func()) (*dial.Link, func()) {
	l, stop, err := r.open(ctx)
	if err != nil {
		r.log.Warn("link not replaced", "reason", err) // the old identity still holds for a while
		r.renewAt = time.Now().Add(renewAtLeast)
		return old, stopOld
	}
	since := time.Now()
	limit := time.NewTimer(helloLimit)
	defer limit.Stop()
	again := time.NewTicker(helloEvery)
	defer again.Stop()
	for r.beat(l); !r.clock.answered(since); {
		select {
		case <-r.clock.heard:
		case <-again.C:
			r.beat(l)
		case <-limit.C:
			r.log.Warn("link not replaced", "reason", "the service did not answer on the new one")
			r.renewAt = time.Now().Add(renewAtLeast)
			r.link.Store(old)
			r.close(l, stop)
			return old, stopOld
		case <-ctx.Done():
			r.close(old, stopOld)
			return l, stop
		}
	}
	r.close(old, stopOld)
	return l, stop
}

// drain tells the service to send nothing more and finishes what is under way.
func (r *runner) drain(ctx context.Context, l *dial.Link) {
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- r.answerer.Drain(limit) }()
	r.drainBeat(l)
	if err := <-done; err != nil {
		r.log.Warn("stopped before everything was finished", "event", "agent_stopped", "reason", err)
		return
	}
	r.log.Info("stopped", "event", "agent_stopped")
}

// drainBeat is a beat that says we are leaving, whether or not Drain has begun.
func (r *runner) drainBeat(l *dial.Link) {
	b := tunnel.AppendBeat(make([]byte, 0, 128), tunnel.Beat{
		Min: tunnel.MinVersion, Max: tunnel.Version, Sent: time.Now(), Conn: l.ID(), Build: r.c.Version, MaxInFlight: 1, Draining: true, Resources: r.relay.Resources(),
	})
	_ = l.Publish(r.id.Address().Beats(), b)
}
