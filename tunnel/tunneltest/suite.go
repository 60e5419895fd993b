package tunneltest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/tunnel"
)

// Open returns the two ends of a fresh carrier: the gateway's, and that of the agent with the address.
type Open func(t testing.TB, agent tunnel.Address) (gateway, agentEnd tunnel.Carrier)

// Run holds a carrier to the tunnel's promises.
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, Open){
		"answers carry status, headers and body":            answers,
		"bodies of every size arrive whole, both ways":      bodies,
		"faults travel by kind with their hint":             faults,
		"a slow answer is accepted first":                   slow,
		"silence is noticed":                                silence,
		"a held write to a silent agent is refused":         heldSilence,
		"the deadline ends both sides":                      deadline,
		"giving up stops the agent":                         cancel,
		"every message twice has one effect":                twice,
		"every message twice, held":                         twiceHeld,
		"chunks out of order are refused":                   reordered,
		"answers of strangers are refused":                  strangers,
		"losing the agent ends what it had":                 lost,
		"an abandoned body stops the sender":                abandoned,
		"a drained agent refuses, and finishes what it had": drained,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

var agentAddress = tunnel.Address{Tenant: "acme", Agent: "a1"}

// callers numbers them, as each start of a gateway has a number of its own: what is left on a carrier from one test is foreign to the next.
var callers atomic.Uint64

// pair is a caller and an answerer on one carrier.
type pair struct {
	caller   *tunnel.Caller
	answerer *tunnel.Answerer
	foreign  chan string
	gateway  tunnel.Carrier
}

// shape changes how messages travel.
type shape struct {
	toAgent, toGateway func(tunnel.Publisher) tunnel.Publisher
	accept             time.Duration
	deaf               bool // the agent hears nothing
}

func connect(t *testing.T, open Open, h tunnel.HandlerFunc, s shape) pair {
	t.Helper()
	gw, ag := open(t, agentAddress)
	p := pair{foreign: make(chan string, 16), gateway: gw}
	wrap := func(f func(tunnel.Publisher) tunnel.Publisher, c tunnel.Publisher) tunnel.Publisher {
		if f == nil {
			return c
		}
		return f(c)
	}
	if s.accept == 0 {
		s.accept = 5 * time.Second
	}
	p.caller = tunnel.NewCaller(tunnel.CallerConfig{
		ID: callers.Add(1), Publish: wrap(s.toAgent, gw), Now: time.Now, AcceptWithin: s.accept, MaxBudget: 20 * time.Second,
		Foreign: func(_, why string) { p.foreign <- why },
	})
	p.answerer = tunnel.NewAnswerer(tunnel.AnswererConfig{
		Address: agentAddress, Publish: wrap(s.toGateway, ag), Handler: h, AcceptAfter: 10 * time.Millisecond,
		Now: func() (time.Time, bool) { return time.Now().Add(-time.Second), true },
	})
	subscribe(t, gw, p.caller.Inbox(), p.caller.Deliver)
	if !s.deaf {
		subscribe(t, ag, agentAddress.Requests(), func(_ string, msg []byte) { p.answerer.Deliver(msg) })
	}
	t.Cleanup(p.answerer.Abort)
	return p
}

func subscribe(t *testing.T, c tunnel.Carrier, subject string, deliver func(string, []byte)) {
	t.Helper()
	stop, err := c.Subscribe(subject, deliver)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
}

func get() *tunnel.Request {
	return &tunnel.Request{Resource: "hr", Method: "GET", Target: "/Users?x=1", Header: []tunnel.Field{{Name: "Accept", Value: "a/b"}}}
}

func patch() *tunnel.Request {
	return &tunnel.Request{Resource: "hr", Method: "PATCH", Target: "/Users/1", Hold: true, Length: 2, Body: tunnel.Body{Prefix: []byte("{}")}}
}

// ok answers with a body of its own.
func ok(body string) *tunnel.Response {
	return &tunnel.Response{Status: 200, Length: int64(len(body)), Body: tunnel.Body{Prefix: []byte(body)}}
}

func (p pair) do(ctx context.Context, r *tunnel.Request) (*tunnel.Response, tunnel.Delivery, error) {
	return p.caller.Do(ctx, agentAddress, r)
}

func answers(t *testing.T, open Open) {
	asked := make(chan *tunnel.Request, 1)
	p := connect(t, open, func(_ context.Context, r *tunnel.Request) (*tunnel.Response, error) {
		asked <- r
		return &tunnel.Response{Status: 404, Header: []tunnel.Field{{Name: "Etag", Value: `W/"1"`}, {Name: "X-Secret", Value: "stays"}}, Length: 2, Body: tunnel.Body{Prefix: []byte("no")}}, nil
	}, shape{})
	resp, _, err := p.do(t.Context(), get())
	if err != nil {
		t.Fatal(err)
	}
	if resp.Status != 404 || string(resp.Body.Prefix) != "no" || !slices.Equal(resp.Header, []tunnel.Field{{Name: "Etag", Value: `W/"1"`}}) {
		t.Fatalf("response %+v", resp)
	}
	if got := <-asked; got.Resource != "hr" || got.Method != "GET" || got.Target != "/Users?x=1" || !slices.Equal(got.Header, get().Header) {
		t.Fatalf("request %+v", got)
	}
}

// noise makes a body that compresses and repeats in no way.
func noise(n int) []byte {
	out := make([]byte, 0, n+32)
	sum := sha256.Sum256([]byte("seed"))
	for len(out) < n {
		sum = sha256.Sum256(sum[:])
		out = append(out, sum[:]...)
	}
	return out[:n]
}

func bodies(t *testing.T, open Open) {
	p := connect(t, open, func(_ context.Context, r *tunnel.Request) (*tunnel.Response, error) {
		all, err := io.ReadAll(r.Body.Reader())
		if err != nil {
			return nil, err
		}
		return &tunnel.Response{Status: 200, Length: -1, Body: tunnel.Body{Rest: io.NopCloser(bytes.NewReader(all))}}, nil
	}, shape{})
	for _, n := range []int{0, 1, 4 << 10, tunnel.InlineMax - 1, tunnel.InlineMax, tunnel.InlineMax + 1, tunnel.InlineMax + tunnel.ChunkSize, 20_000_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			want := noise(n)
			r := &tunnel.Request{Resource: "hr", Method: "POST", Target: "/Bulk", Length: int64(n)}
			r.Body.Prefix = want[:min(n, tunnel.InlineMax)]
			if n > tunnel.InlineMax {
				r.Body.Rest = io.NopCloser(bytes.NewReader(want[tunnel.InlineMax:]))
			}
			resp, _, err := p.do(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body.Reader())
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes came back, %v", len(got), err)
			}
		})
	}
	settled(t, p)
}

// settled waits until neither side keeps anything.
func settled(t *testing.T, p pair) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	limit := time.After(10 * time.Second)
	for p.caller.Open() > 0 || p.answerer.InFlight() > 0 {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%d exchanges stay open at the caller, %d at the agent", p.caller.Open(), p.answerer.InFlight())
		}
	}
}

func faults(t *testing.T, open Open) {
	for _, kind := range fault.Kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			p := connect(t, open, func(context.Context, *tunnel.Request) (*tunnel.Response, error) {
				return nil, &fault.Error{Op: "find door", Kind: kind, Object: "hr", Hint: "knock", RetryAfter: 3 * time.Second, Err: errors.New("no door")}
			}, shape{})
			_, d, err := p.do(t.Context(), get())
			if d != tunnel.Answered || fault.KindOf(err) != kind || fault.HintOf(err) != "knock" || fault.RetryAfterOf(err) != 3*time.Second || err.Error() != "find door hr: no door (knock)" {
				t.Fatalf("%v %v", d, err)
			}
		})
	}
}

func slow(t *testing.T, open Open) {
	release := make(chan struct{})
	p := connect(t, open, func(context.Context, *tunnel.Request) (*tunnel.Response, error) {
		<-release
		return ok("late"), nil
	}, shape{accept: 500 * time.Millisecond})
	time.AfterFunc(800*time.Millisecond, func() { close(release) })
	resp, _, err := p.do(t.Context(), get())
	if err != nil || string(resp.Body.Prefix) != "late" {
		t.Fatalf("%v %v", resp, err)
	}
}

func silence(t *testing.T, open Open) {
	p := connect(t, open, nil, shape{deaf: true, accept: 50 * time.Millisecond})
	if _, d, err := p.do(t.Context(), get()); d != tunnel.Unknown || !fault.Is(err, fault.Unavailable) {
		t.Fatalf("%v %v", d, err)
	}
	settled(t, p)
}

func heldSilence(t *testing.T, open Open) {
	p := connect(t, open, nil, shape{deaf: true, accept: 50 * time.Millisecond})
	if _, d, err := p.do(t.Context(), patch()); d != tunnel.Refused || !fault.Is(err, fault.Unavailable) {
		t.Fatalf("%v %v", d, err)
	}
}

func deadline(t *testing.T, open Open) {
	ended := make(chan error, 1)
	p := connect(t, open, func(ctx context.Context, _ *tunnel.Request) (*tunnel.Response, error) {
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return nil, context.Cause(ctx)
	}, shape{})
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	_, _, err := p.do(ctx, get())
	if !fault.Is(err, fault.Timeout) {
		t.Fatal(err)
	}
	<-ended
	settled(t, p)
}

func cancel(t *testing.T, open Open) {
	started, ended := make(chan struct{}), make(chan struct{})
	p := connect(t, open, func(ctx context.Context, _ *tunnel.Request) (*tunnel.Response, error) {
		close(started)
		<-ctx.Done()
		close(ended)
		return nil, context.Cause(ctx)
	}, shape{})
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		<-started
		stop()
	}()
	_, d, err := p.do(ctx, get())
	if err == nil || d != tunnel.Unknown {
		t.Fatalf("%v %v", d, err)
	}
	<-ended
	settled(t, p)
}

// doubled sends every message twice.
func doubled(p tunnel.Publisher) tunnel.Publisher {
	return publisher(func(subject string, data []byte) error {
		if err := p.Publish(subject, data); err != nil {
			return err
		}
		return p.Publish(subject, data)
	})
}

type publisher func(string, []byte) error

func (f publisher) Publish(subject string, data []byte) error { return f(subject, data) }

func twice(t *testing.T, open Open) {
	var effects atomic.Int32
	p := connect(t, open, func(_ context.Context, r *tunnel.Request) (*tunnel.Response, error) {
		effects.Add(1)
		all, err := io.ReadAll(r.Body.Reader())
		return &tunnel.Response{Status: 200, Length: -1, Body: tunnel.Body{Rest: io.NopCloser(bytes.NewReader(all))}}, err
	}, shape{toAgent: doubled, toGateway: doubled})
	want := noise(tunnel.InlineMax + 5*tunnel.ChunkSize + 17)
	for i := range 5 {
		r := &tunnel.Request{Resource: "hr", Method: "POST", Target: "/Bulk", Key: fmt.Sprint(i), Length: -1}
		r.Body = tunnel.Body{Prefix: want[:tunnel.InlineMax], Rest: io.NopCloser(bytes.NewReader(want[tunnel.InlineMax:]))}
		resp, _, err := p.do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(resp.Body.Reader()); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
	settled(t, p)
	if effects.Load() != 5 {
		t.Fatalf("%d effects of 5 requests", effects.Load())
	}
}

func twiceHeld(t *testing.T, open Open) {
	var effects atomic.Int32
	p := connect(t, open, func(context.Context, *tunnel.Request) (*tunnel.Response, error) {
		effects.Add(1)
		return ok("done"), nil
	}, shape{toAgent: doubled, toGateway: doubled})
	for range 50 {
		if _, _, err := p.do(t.Context(), patch()); err != nil {
			t.Fatal(err)
		}
	}
	settled(t, p)
	if effects.Load() != 50 {
		t.Fatalf("%d effects of 50 requests", effects.Load())
	}
}

// swapped sends the second chunk before the first.
func swapped(p tunnel.Publisher) tunnel.Publisher {
	var kept []byte
	var n int
	return publisher(func(subject string, data []byte) error {
		f, err := tunnel.ParseFrame(data)
		if err != nil || f.Type != tunnel.TypeChunk {
			return p.Publish(subject, data)
		}
		if n++; n == 1 {
			kept = slices.Clone(data)
			return nil
		}
		err = p.Publish(subject, data)
		if n == 2 {
			err = errors.Join(err, p.Publish(subject, kept))
		}
		return err
	})
}

func reordered(t *testing.T, open Open) {
	big := noise(tunnel.InlineMax + 8*tunnel.ChunkSize)
	p := connect(t, open, func(context.Context, *tunnel.Request) (*tunnel.Response, error) {
		return &tunnel.Response{Status: 200, Length: -1, Body: tunnel.Body{Rest: io.NopCloser(bytes.NewReader(big))}}, nil
	}, shape{toGateway: swapped})
	resp, _, err := p.do(t.Context(), get())
	if err == nil {
		_, err = io.ReadAll(resp.Body.Reader())
		_ = resp.Body.Close()
	}
	if !fault.Is(err, fault.Internal) {
		t.Fatalf("a body with its chunks swapped ended with %v", err)
	}
	settled(t, p)
}

func strangers(t *testing.T, open Open) {
	release := make(chan struct{})
	gateways := make(chan tunnel.Carrier, 1)
	p := connect(t, open, func(_ context.Context, r *tunnel.Request) (*tunnel.Response, error) {
		forged := tunnel.AppendFailure(nil, r.Attempt, tunnel.Failure{Fault: fault.New(fault.Exists, "forge", "forged")})
		gateway := <-gateways
		for _, other := range []tunnel.Address{{Tenant: "acme", Agent: "a2"}, {Tenant: "other", Agent: "a1"}} {
			if err := gateway.Publish(other.Answers(r.Attempt.Caller), forged); err != nil {
				return nil, err
			}
		}
		<-release
		return ok("true"), nil
	}, shape{})
	gateways <- p.gateway
	go func() {
		<-p.foreign
		<-p.foreign
		close(release)
	}()
	resp, _, err := p.do(t.Context(), get())
	if err != nil || string(resp.Body.Prefix) != "true" {
		t.Fatalf("%v %v", resp, err)
	}
}

func lost(t *testing.T, open Open) {
	started := make(chan struct{}, 1)
	p := connect(t, open, func(ctx context.Context, _ *tunnel.Request) (*tunnel.Response, error) {
		started <- struct{}{}
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}, shape{})
	go func() {
		<-started
		p.caller.Lost(tunnel.Address{Tenant: "acme", Agent: "a2"}, fault.New(fault.Internal, "lose", "the wrong one"))
		p.caller.Lost(agentAddress, fault.New(fault.Unavailable, "lose", "gone"))
	}()
	if _, d, err := p.do(t.Context(), patch()); d != tunnel.Unknown || !fault.Is(err, fault.Unavailable) {
		t.Fatalf("%v %v", d, err)
	}
}

func abandoned(t *testing.T, open Open) {
	big := noise(20 * tunnel.ChunkSize)
	p := connect(t, open, func(context.Context, *tunnel.Request) (*tunnel.Response, error) {
		return &tunnel.Response{Status: 200, Length: -1, Body: tunnel.Body{Rest: io.NopCloser(bytes.NewReader(big))}}, nil
	}, shape{})
	resp, _, err := p.do(t.Context(), get())
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	settled(t, p)
}

func drained(t *testing.T, open Open) {
	started, release := make(chan struct{}), make(chan struct{})
	p := connect(t, open, func(context.Context, *tunnel.Request) (*tunnel.Response, error) {
		close(started)
		<-release
		return ok("finished"), nil
	}, shape{})
	result := make(chan error, 1)
	go func() {
		_, _, err := p.do(t.Context(), get())
		result <- err
	}()
	<-started
	drainedNow := make(chan error, 1)
	go func() { drainedNow <- p.answerer.Drain(context.Background()) }()
	for !p.answerer.Draining() {
		<-time.After(time.Millisecond)
	}
	if _, d, err := p.do(t.Context(), get()); d != tunnel.Refused || !fault.Is(err, fault.Unavailable) {
		t.Fatalf("%v %v", d, err)
	}
	close(release)
	if err := errors.Join(<-result, <-drainedNow); err != nil {
		t.Fatal(err)
	}
}
