package wall

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// BenchmarkRoundTrip compares small requests through gateway, TLS, WebSocket and agent with the same requests straight to the application.
func BenchmarkRoundTrip(b *testing.B) {
	answer := []byte(`{"id":"1","userName":"someone@example.com","active":true}`)
	app := application(b, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(answer)
	})
	s := startService(b, nil)
	s.startAgent("site", "one", app)
	s.present(1)
	direct := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}}
	for _, n := range []int{1, 16, 64} {
		b.Run("direct-"+strconv.Itoa(n), func(b *testing.B) { load(b, direct, app+"/Users/1", n) })
		b.Run("tunnel-"+strconv.Itoa(n), func(b *testing.B) { load(b, s.client("site"), "http://hr/Users/1", n) })
	}
}

// load runs b.N requests, n at a time, and reports rate and median.
func load(b *testing.B, c *http.Client, url string, n int) {
	took := make([]time.Duration, b.N)
	var next sync.Mutex
	i := 0
	b.ResetTimer()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for {
				next.Lock()
				mine := i
				i++
				next.Unlock()
				if mine >= b.N {
					return
				}
				start := time.Now()
				resp, err := c.Get(url)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				took[mine] = time.Since(start)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	b.ReportMetric(float64(took[b.N/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[b.N*99/100].Microseconds()), "p99-µs")
}
