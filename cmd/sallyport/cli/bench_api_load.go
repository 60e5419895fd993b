package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// apiConns is how many keep-alive connections ask at most.
const apiConns = 16

// apiLoad asks one server.
type apiLoad struct {
	base, token string
	client      *http.Client
}

// apiAsk is one request; path may be a whole URL of the server.
type apiAsk struct {
	method, path string
	body         []byte
	kind         string // content type of the body; "" is JSON
}

// apiOperation is one kind of request; make returns the i-th.
type apiOperation struct {
	name string
	make func(i int) apiAsk
}

func newAPILoad(base, token string) *apiLoad {
	return &apiLoad{base: base, token: token, client: loadClient(apiConns)}
}

// send sends one request and hands the body of a success to read.
func (l *apiLoad) send(ctx context.Context, a apiAsk, read func(io.Reader) error) error {
	url := a.path
	if !strings.HasPrefix(url, "https://") {
		url = l.base + url
	}
	req, err := http.NewRequestWithContext(ctx, a.method, url, bytes.NewReader(a.body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	req.Header.Set("ConsistencyLevel", "eventual")
	if a.kind == "" {
		a.kind = "application/json"
	}
	if a.body != nil {
		req.Header.Set("Content-Type", a.kind)
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		return fault.New(fault.Internal, "measure", "%s %s answered %s: %s", a.method, a.path, resp.Status, text)
	}
	return read(resp.Body)
}

// drop reads an answer to its end, as a client would, and keeps nothing.
func drop(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// get reads an answer as JSON.
func (l *apiLoad) get(ctx context.Context, path string, out any) error {
	return l.send(ctx, apiAsk{method: "GET", path: path}, func(r io.Reader) error { return json.NewDecoder(r).Decode(out) })
}

// paced sends requests at a steady rate, whether or not those before have been answered, and returns how long each took from the moment
// it was due, in order of length, in milliseconds.
func (l *apiLoad) paced(ctx context.Context, op apiOperation, from, rate int, span time.Duration) ([]float64, error) {
	n := max(1, int(span.Seconds()*float64(rate)))
	took, errs := make([]float64, n), make([]error, n)
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	var wg sync.WaitGroup
	for i := range n {
		var due time.Time
		select {
		case <-tick.C:
			due = time.Now()
		case <-ctx.Done():
			wg.Wait()
			return nil, ctx.Err()
		}
		wg.Go(func() {
			errs[i] = l.send(ctx, op.make(from+i), drop)
			took[i] = millis(time.Since(due))
		})
	}
	wg.Wait()
	slices.Sort(took)
	i := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if i >= 0 {
		return nil, errs[i]
	}
	return took, nil
}

// crowd sends n requests over all connections as fast as they are answered, and returns how many were answered a second.
func (l *apiLoad) crowd(ctx context.Context, op apiOperation, from, n int) (perSecond float64, err error) {
	errs := make([]error, apiConns)
	seconds, _ := timed(func() error {
		var wg sync.WaitGroup
		for c := range apiConns {
			wg.Go(func() {
				for i := c; i < n && errs[c] == nil; i += apiConns {
					errs[c] = l.send(ctx, op.make(from+i), drop)
				}
			})
		}
		wg.Wait()
		return nil
	})
	i := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if i >= 0 {
		return 0, errs[i]
	}
	return float64(n) / seconds, nil
}

// share returns the value below which the share of the sorted figures lies.
func share(sorted []float64, of float64) float64 {
	return sorted[min(len(sorted)-1, int(of*float64(len(sorted))))]
}
