package endpoint_test

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/mem"
	"github.com/sallyport-id/sallyport/host/endpoint"
)

func status(t *testing.T, h *endpoint.Host) (s endpoint.Status) {
	t.Helper()
	code, body, _ := ask(t, h.Transport(), http.MethodGet, "/status", token, "")
	if err := json.Unmarshal([]byte(body), &s); err != nil || code != http.StatusOK {
		t.Fatal(code, body, err)
	}
	return s
}

// eventually waits for what another goroutine brings about.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !done() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// A change made in the target by somebody else is seen without waiting for any timer, because the target pushes.
func TestPushReachesTheEndpoint(t *testing.T) {
	d := mem.New()
	h, _ := start(t, load(t, t.TempDir(), mine), d, false)
	ready(t, h)
	s, err := d.Open(t.Context(), connector.Config{Name: "Mem", Values: map[string]string{}})
	if err != nil {
		t.Fatal(err)
	}
	x := s.(full)
	found := func(name string) bool {
		_, body, _ := ask(t, h.Transport(), http.MethodGet, "/Users?filter=userName+eq+%22"+name+"%22", token, "")
		return strings.Contains(body, `"totalResults":1`)
	}
	made, err := x.Create(t.Context(), entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"newcomer"}}})
	if err != nil {
		t.Fatal(err)
	}
	listed := func() int {
		_, body, _ := ask(t, h.Transport(), http.MethodGet, "/Users?count=0", token, "")
		var page struct{ TotalResults int }
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatal(err)
		}
		return page.TotalResults
	}
	eventually(t, "the newcomer is listed", func() bool { return listed() == 6 && found("newcomer") })
	if err := x.Delete(t.Context(), entry.User, connector.Anchor(made.ID)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the newcomer is gone again", func() bool { return listed() == 5 })
	if st := status(t, h); !st.Ready || !st.Fresh || !st.Push || st.LastDelta.IsZero() || st.Changes < 2 || !st.Capabilities.Delta || st.DeltaError != "" {
		t.Errorf("%+v", st)
	}
	if code, _, _ := ask(t, h.Transport(), http.MethodGet, "/status", "wrong-wrong-wrong", ""); code != http.StatusUnauthorized {
		t.Errorf("the status is shown to anybody: %d", code)
	}
}

// losing is mem whose table loses a column, and which breaks in the middle of an import.
type losing struct {
	*mem.Driver
	lost, breaks atomic.Bool
}

func (l *losing) Open(ctx context.Context, c connector.Config) (connector.Session, error) {
	s, err := l.Driver.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	return losingSession{s.(full), l}, nil
}

type losingSession struct {
	full
	l *losing
}

func (s losingSession) Schema(ctx context.Context) (connector.Schema, error) {
	schema, err := s.full.Schema(ctx)
	if err != nil || !s.l.lost.Load() {
		return schema, err
	}
	types := append([]connector.ObjectType(nil), schema.Types...)
	for i, o := range types {
		types[i].Attributes = nil
		for _, a := range o.Attributes {
			if a.Name != "department" {
				types[i].Attributes = append(types[i].Attributes, a)
			}
		}
	}
	return connector.Schema{Types: types}, nil
}

func (s losingSession) Import(ctx context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		n := 0
		for e, err := range s.full.Import(ctx, t) {
			if n++; n == 3 && s.l.breaks.Load() {
				yield(entry.Entry{}, fault.New(fault.Unavailable, "import", "the server closed the connection"))
				return
			}
			if s.l.lost.Load() {
				delete(e.Attrs, "department")
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func TestOldCacheStays(t *testing.T) {
	for name, tt := range map[string]struct {
		harm  func(*losing)
		words string
	}{
		"WhenAColumnIsDropped":         {func(l *losing) { l.lost.Store(true) }, "User.department is gone"},
		"WhenTheTargetDiesInTheMiddle": {func(l *losing) { l.breaks.Store(true) }, "closed the connection"},
		"WhenBothHappen":               {func(l *losing) { l.lost.Store(true); l.breaks.Store(true) }, "User.department is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			l := &losing{Driver: mem.New()}
			h, _ := start(t, load(t, t.TempDir(), mine), l, false)
			ready(t, h)
			before := users(t, h)
			tt.harm(l)
			err := h.Sync(t.Context(), "Mem")
			if err == nil || !strings.Contains(err.Error(), tt.words) {
				t.Fatalf("got %v, want %s", err, tt.words)
			}
			if after := users(t, h); after != before || !strings.Contains(after, "department") {
				t.Error("the cache changed")
			}
			if st := status(t, h); st.Failures == 0 || !strings.Contains(st.Error+strings.Join(st.Schema, ""), tt.words) {
				t.Errorf("%+v", st)
			}
		})
	}
}

func users(t *testing.T, h *endpoint.Host) string {
	t.Helper()
	_, body, _ := ask(t, h.Transport(), http.MethodGet, "/Users", token, "")
	return body
}
