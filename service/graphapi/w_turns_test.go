package graphapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/graphapi"
)

// scanning is a directory that counts how many look at everybody at once, and lets the first of them wait.
type scanning struct {
	graphapi.Directory
	now, most atomic.Int32
	first     sync.Once
	begun, on chan struct{}
}

func (s *scanning) Scan(ctx context.Context, t entry.Type, after string, n int) ([]directory.Object, error) {
	s.most.Store(max(s.most.Load(), s.now.Add(1)))
	defer s.now.Add(-1)
	s.first.Do(func() { close(s.begun); <-s.on })
	return s.Directory.Scan(ctx, t, after, n)
}

// TestSearchesTakeTurns: those that look at everybody do it one at a time; who asks for one person, or gives up, does not wait for them.
func TestSearchesTakeTurns(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann@contoso.example")
	c := w.api.Config
	d := &scanning{Directory: c.Directory, begun: make(chan struct{}), on: make(chan struct{})}
	c.Directory = d
	api := graphapi.New(c)
	ask := func(ctx context.Context, path string) int {
		rec := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "https://x.example/v1.0/users"+path, nil)
		r.Header.Set("Authorization", "Bearer "+w.admin)
		r.Header.Set("ConsistencyLevel", "eventual")
		api.ServeHTTP(rec, r)
		return rec.Code
	}
	search := "?$count=true&$search=" + url.QueryEscape(`"displayName:ann"`)
	var all sync.WaitGroup
	seek := func() {
		if got := ask(t.Context(), search); got != http.StatusOK {
			t.Errorf("a search answered %d", got)
		}
	}
	all.Go(func() { seek(); d.first.Do(func() { close(d.begun) }) })
	<-d.begun
	for range 8 {
		all.Go(seek)
	}
	for range 100 { // long enough for the other searches to come as far as they may
		if got := ask(t.Context(), "/"+id); got != http.StatusOK {
			t.Fatalf("one person, during a search: %d", got)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if got := ask(gone, search); got == http.StatusOK {
		t.Error("a search whose caller had gone found something")
	}
	close(d.on)
	all.Wait()
	if n := d.most.Load(); n != 1 {
		t.Errorf("%d looked at everybody at once", n)
	}
}
