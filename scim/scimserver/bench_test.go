package scimserver_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

const benchUsers = 10_000

// benchUser has twelve attributes.
func benchUser(i int) entry.Entry {
	name := fmt.Sprintf("user%06d@example.test", i)
	return entry.Entry{Type: "User", Attrs: entry.Attrs{
		"userName": {name}, "externalId": {"ext-" + name}, "displayName": {"User " + name}, "active": {true}, "title": {"Tour Guide"},
		"name":              {entry.Complex{"givenName": "Given", "familyName": "Family"}},
		"emails":            {entry.Complex{"value": name, "type": "work", "primary": true}},
		"phoneNumbers":      {entry.Complex{"value": "+49 30 12345", "type": "work"}},
		"preferredLanguage": {"en-US"}, "nickName": {"nick"},
		scim.EnterpriseURN + ":department": {"Sales"}, scim.EnterpriseURN + ":employeeNumber": {name},
	}}
}

// filled returns a bench with users and their ids.
func filled(b *testing.B) (*bench, []string) {
	t := newBench(b, nil)
	ids := make([]string, benchUsers)
	for i := range ids {
		r, err := t.store.Create(b.Context(), benchUser(i))
		if err != nil {
			b.Fatal(err)
		}
		ids[i] = r.ID
	}
	return t, ids
}

// sink is a ResponseWriter that keeps nothing.
type sink struct{ h http.Header }

func (s sink) Header() http.Header         { return s.h }
func (s sink) Write(p []byte) (int, error) { return len(p), nil }
func (s sink) WriteHeader(int)             {}

// BenchmarkHandler measures a request inside the process: what the room itself costs.
func BenchmarkHandler(b *testing.B) {
	t, ids := filled(b)
	for name, target := range map[string]func(i int) string{
		"FilterEq": func(i int) string {
			return "/Users?filter=" + url.QueryEscape(fmt.Sprintf(`userName eq "user%06d@example.test"`, i%benchUsers))
		},
		"GetByID": func(i int) string { return "/Users/" + ids[i%benchUsers] },
		"Page100": func(i int) string { return fmt.Sprintf("/Users?count=100&startIndex=%d", i%benchUsers) },
	} {
		b.Run(name, func(b *testing.B) {
			requests := make([]*http.Request, 64)
			for i := range requests {
				requests[i] = httptest.NewRequestWithContext(b.Context(), "GET", target(i), nil)
				requests[i].Header.Set("Authorization", "Bearer "+token)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				t.h.ServeHTTP(sink{http.Header{}}, requests[i%len(requests)])
				i++
			}
		})
	}
}

// echo is the baseline: TLS, keep-alive and a JSON answer of the size of one user, and nothing else.
func echo(size int) http.Handler {
	body := make([]byte, size)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body) // a benchmark
	})
}

// BenchmarkOverTLS measures requests over TLS with 16 keep-alive connections against the echo server, turn by turn, so that what
// else the machine does falls on both. ratio is the share of the baseline's rate.
func BenchmarkOverTLS(b *testing.B) {
	t, ids := filled(b)
	base := newClient(b, echo(t.do("GET", "/Users/"+ids[0], "").Body.Len()))
	served := newClient(b, t.h)
	for name, target := range map[string]func(i int) string{
		"FilterEq": func(i int) string {
			return "/Users?filter=" + url.QueryEscape(fmt.Sprintf(`userName eq "user%06d@example.test"`, i%benchUsers))
		},
		"GetByID": func(i int) string { return "/Users/" + ids[i%benchUsers] },
	} {
		b.Run(name, func(b *testing.B) {
			var plain, scim time.Duration
			n := 0
			for b.Loop() {
				plain += base.burst(b, target)
				scim += served.burst(b, target)
				n += burst
			}
			b.ReportMetric(plain.Seconds()/scim.Seconds(), "ratio")
			b.ReportMetric(float64(n)/plain.Seconds(), "echo-req/s")
			b.ReportMetric(float64(n)/scim.Seconds(), "scim-req/s")
		})
	}
}

// client asks one server over 16 connections.
type client struct {
	base string
	tr   *http.Transport
}

func newClient(b *testing.B, h http.Handler) client {
	srv := httptest.NewUnstartedServer(h)
	srv.Config = scimserver.Server(h, nil)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = scimserver.Harden(&tls.Config{})
	srv.StartTLS()
	b.Cleanup(srv.Close)
	tr := srv.Client().Transport.(*http.Transport)
	tr.MaxIdleConnsPerHost, tr.MaxConnsPerHost = connections, connections
	return client{srv.URL, tr}
}

const connections, burst = 16, 1600

// burst sends the requests of one turn and returns how long that took.
func (c client) burst(b *testing.B, target func(i int) string) time.Duration {
	started := time.Now()
	var wg sync.WaitGroup
	for k := range connections {
		wg.Go(func() {
			for i := range burst / connections {
				c.get(b, target(k*burst+i))
			}
		})
	}
	wg.Wait()
	return time.Since(started)
}

func (c client) get(b *testing.B, target string) {
	req, err := http.NewRequestWithContext(b.Context(), "GET", c.base+target, nil)
	if err != nil {
		b.Error(err)
		return
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := c.tr.RoundTrip(req)
	if err != nil {
		b.Error(err)
		return
	}
	_, _ = io.Copy(io.Discard, res.Body) // a benchmark
	if _ = res.Body.Close(); res.StatusCode != 200 {
		b.Errorf("status %d", res.StatusCode)
	}
}
