package cli

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tlsx"
)

// scimBench measures the host endpoint against a bare TLS+JSON echo server, both as processes of their own.
type scimBench struct {
	*env
	sizes  []int
	conns  int
	rounds int
	span   time.Duration
}

// scimRow is one line of the table.
type scimRow struct {
	Users     int     `json:"users"`
	Operation string  `json:"operation"`
	PerSecond float64 `json:"perSecond"`
	P50       float64 `json:"p50ms"`
	P99       float64 `json:"p99ms"`
	Baseline  float64 `json:"baselinePerSecond"`
	Ratio     float64 `json:"ratio"` // median over the rounds of operation / baseline
	CPU       float64 `json:"serverCPUmsPerRequest"`
	RSS       int64   `json:"serverRSSBytes"`
}

func benchSCIMCommand(e *env) *cobra.Command {
	b := scimBench{env: e}
	c := &cobra.Command{
		Use:   "scim",
		Short: "Measure the SCIM endpoint over the mem connector, against a bare TLS+JSON echo server",
		Long: `Starts a throwaway host endpoint and a server that does nothing but read and write JSON over TLS, each as a process of its
own, and asks both in turn over keep-alive connections. The ratio is the median over the rounds, so that it holds on a
machine whose speed drifts.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	f := c.Flags()
	f.IntSliceVar(&b.sizes, "users", []int{1000, 100_000, 1_000_000}, "how many users there are; each number is measured")
	f.IntVar(&b.conns, "connections", 16, "keep-alive connections")
	f.IntVar(&b.rounds, "rounds", 3, "rounds of baseline and operation")
	f.DurationVar(&b.span, "span", 2*time.Second, "how long one round asks")
	echo := &cobra.Command{Use: "echo", Hidden: true, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return e.echo(cmd.Context()) }}
	echo.Flags().Bool("exit-with-parent", true, "")
	c.AddCommand(echo)
	return c
}

func (b *scimBench) run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "sallyport-bench-")
	if err != nil {
		return fault.Wrap(fault.Internal, "make a temporary folder", err)
	}
	defer os.RemoveAll(dir)
	echo, err := startPart(ctx, dir, "echo", "bench", "scim", "echo")
	if err != nil {
		return err
	}
	defer echo.stop()
	var all []scimRow
	for _, n := range b.sizes {
		rows, err := b.size(ctx, dir, n, echo)
		if err != nil {
			return err
		}
		all = append(all, rows...)
	}
	kept := append(promises(all), parsePromises()...)
	busy := loadAverage()
	return b.print(map[string]any{"connections": b.conns, "rows": all, "promises": kept, "loadAverage": busy}, func() {
		b.table(all)
		b.say("\nload average %s, %d processors", busy, runtime.NumCPU())
		for _, p := range kept {
			b.say("%-7s %-52s %s", p.verdict(), p.Text, p.Measured)
		}
	})
}

func (b *scimBench) size(ctx context.Context, dir string, n int, echo *child) ([]scimRow, error) {
	host, err := startPart(ctx, dir, fmt.Sprintf("host-%d", n), "host", "try", "--connector", "mem", "--users", fmt.Sprint(n), "--token", "benchmark-token", "--log", "warn")
	if err != nil {
		return nil, err
	}
	defer host.stop()
	l := &load{base: host.ready.URL, conns: b.conns, span: b.span, client: loadClient(b.conns)}
	if err := l.sample(ctx); err != nil {
		return nil, err
	}
	base := &load{base: echo.ready.URL, conns: b.conns, span: b.span, client: loadClient(b.conns)}
	var rows []scimRow
	for _, op := range l.operations() {
		r, err := b.operation(ctx, host, l, base, op)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op.name, err)
		}
		r.Users = n
		rows = append(rows, r)
	}
	return rows, nil
}

func (b *scimBench) operation(ctx context.Context, host *child, l, base *load, op operation) (scimRow, error) {
	var ratios, rates, bases []float64
	var latencies []float64
	var requests int
	before := host.usage()
	for range b.rounds {
		e, err := base.measure(ctx, operation{"echo", func(int) (string, string, []byte) { return "POST", "/", sampleUser }, 200})
		if err != nil {
			return scimRow{}, err
		}
		m, err := l.measure(ctx, op)
		if err != nil {
			return scimRow{}, err
		}
		ratios, rates, bases = append(ratios, m.rate/e.rate), append(rates, m.rate), append(bases, e.rate)
		latencies = append(latencies, m.latencies...)
		requests += len(m.latencies)
	}
	after := host.usage()
	slices.Sort(latencies)
	return scimRow{
		Operation: op.name, PerSecond: median(rates), Baseline: median(bases), Ratio: median(ratios),
		P50: latencies[len(latencies)/2], P99: latencies[len(latencies)*99/100],
		CPU: (after.CPU - before.CPU) * 1000 / float64(requests), RSS: after.RSS,
	}, nil
}

func median(fs []float64) float64 {
	s := slices.Clone(fs)
	slices.Sort(s)
	return s[len(s)/2]
}

func (b *scimBench) table(rows []scimRow) {
	b.say("%9s %-18s %9s %9s %9s %9s %7s %9s %8s", "users", "operation", "per s", "p50 ms", "p99 ms", "echo/s", "ratio", "CPU ms", "RSS MB")
	for _, r := range rows {
		b.say("%9d %-18s %9.0f %9.2f %9.2f %9.0f %7.2f %9.3f %8.0f", r.Users, r.Operation, r.PerSecond, r.P50, r.P99, r.Baseline, r.Ratio, r.CPU, float64(r.RSS)/1e6)
	}
}

// load asks one server over and over.
type load struct {
	base   string
	conns  int
	span   time.Duration
	client *http.Client
	ids    []string
	names  []string
	seq    atomic.Int64
}

// operation is one kind of request; make returns method, path and body of the i-th.
type operation struct {
	name   string
	make   func(i int) (method, path string, body []byte)
	status int
}

type measured struct {
	rate      float64
	latencies []float64 // ms
}

func loadClient(conns int) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // our own child on loopback
		MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns, DisableCompression: true,
	}}
}

// sample picks users to ask for, from all over the population.
func (l *load) sample(ctx context.Context) error {
	var page struct {
		TotalResults int
		Resources    []struct{ ID, UserName string }
	}
	if err := l.get(ctx, "/Users?count=1", &page); err != nil {
		return err
	}
	total := page.TotalResults
	for range 50 {
		if err := l.get(ctx, fmt.Sprintf("/Users?startIndex=%d&count=20&attributes=userName", 1+rand.IntN(max(1, total-20))), &page); err != nil {
			return err
		}
		for _, r := range page.Resources {
			l.ids, l.names = append(l.ids, r.ID), append(l.names, r.UserName)
		}
	}
	if len(l.ids) == 0 {
		return fault.New(fault.Internal, "measure", "the endpoint has no users")
	}
	return nil
}

func (l *load) get(ctx context.Context, path string, out any) error {
	resp, err := l.send(ctx, "GET", path, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(out)
}

func (l *load) send(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, l.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer benchmark-token")
	if body != nil {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	return l.client.Do(req)
}

func (l *load) measure(ctx context.Context, op operation) (measured, error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var m measured
	var failed error
	began := time.Now()
	for range l.conns {
		wg.Go(func() {
			var took []float64
			for time.Since(began) < l.span && ctx.Err() == nil {
				t := time.Now()
				if err := l.once(ctx, op); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
				took = append(took, millis(time.Since(t)))
			}
			mu.Lock()
			m.latencies = append(m.latencies, took...)
			mu.Unlock()
		})
	}
	wg.Wait()
	m.rate = float64(len(m.latencies)) / time.Since(began).Seconds()
	return m, failed
}

func (l *load) once(ctx context.Context, op operation) error {
	method, path, body := op.make(int(l.seq.Add(1)))
	resp, err := l.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != op.status {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		return fault.New(fault.Internal, "measure", "%s %s answered %s: %s", method, path, resp.Status, text)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

var sampleUser = []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"ann.sample@contoso.example","externalId":"E100001","displayName":"Ann Sample","title":"Sales Specialist","active":true,"name":{"givenName":"Ann","familyName":"Sample"},"emails":[{"value":"ann.sample@contoso.example","type":"work","primary":true}],"phoneNumbers":[{"value":"+1 555 0100","type":"mobile"}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"E100001","department":"Sales"}}`)

func (l *load) operations() []operation {
	pick := func(i int) int { return (i * 7919) % len(l.ids) }
	run := fmt.Sprintf("%x", rand.Uint64())
	return []operation{
		{"filter userName eq", func(i int) (string, string, []byte) {
			return "GET", "/Users?filter=userName%20eq%20%22" + l.names[pick(i)] + "%22", nil
		}, 200},
		{"filter, no match", func(i int) (string, string, []byte) {
			return "GET", fmt.Sprintf("/Users?filter=userName%%20eq%%20%%22nobody%d%%22", i), nil
		}, 200},
		{"GET by id", func(i int) (string, string, []byte) { return "GET", "/Users/" + l.ids[pick(i)], nil }, 200},
		{"list page of 100", func(i int) (string, string, []byte) {
			return "GET", fmt.Sprintf("/Users?startIndex=%d&count=100", 1+i%max(1, len(l.ids)-100)), nil
		}, 200},
		{"PATCH, 2 attributes", func(i int) (string, string, []byte) {
			return "PATCH", "/Users/" + l.ids[pick(i)], fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"T%d"},{"op":"replace","path":"displayName","value":"D%d"}]}`, i, i)
		}, 200},
		{"POST", func(i int) (string, string, []byte) {
			return "POST", "/Users", bytes.Replace(sampleUser, []byte(`"ann.sample@contoso.example"`), fmt.Appendf(nil, `"p%s-%d@contoso.example"`, run, i), 1)
		}, 201},
	}
}

// echo is the baseline: TLS, read JSON, write JSON, nothing else.
func (e *env) echo(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "sallyport-echo-")
	if err != nil {
		return fault.Wrap(fault.Internal, "make a temporary folder", err)
	}
	defer os.RemoveAll(dir)
	files, err := tlsx.SelfSigned(dir)
	if err != nil {
		return err
	}
	cfg, err := tlsx.Server(files)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fault.Wrap(fault.Unavailable, "listen", err)
	}
	if err := json.NewEncoder(e.out).Encode(ready{Ready: "echo", URL: "https://" + l.Addr().String()}); err != nil {
		return fault.Wrap(fault.Internal, "print", err)
	}
	s := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var v map[string]any
		if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/scim+json")
		_ = json.NewEncoder(w).Encode(v)
	})}
	go func() {
		_, _ = io.Copy(io.Discard, e.in)
		_ = s.Close()
	}()
	_ = s.Serve(tls.NewListener(l, cfg)) // ends when the parent does
	return nil
}
