package scimserver_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest/mapstore"
)

func TestIdempotencyKey(t *testing.T) {
	const body = `{"userName":"u"}`
	key := func(k string) []string { return []string{scimserver.IdempotencyHeader, k} }
	t.Run("SameAnswerOneCreate", func(t *testing.T) {
		b := newBench(t, nil)
		first := b.do("POST", "/Users", body, key("k")...).is(t, 201)
		again := b.do("POST", "/Users", body, key("k")...).is(t, 201)
		if first.Body.String() != again.Body.String() || again.Header().Get(scimserver.ReplayedHeader) != "true" || again.Header().Get("Location") != first.Header().Get("Location") {
			t.Errorf("%v %s", again.Header(), again.Body)
		}
		b.do("POST", "/Users", body).is(t, 409)
		b.do("POST", "/Users", body, key("other")...).is(t, 409)
		b.do("POST", "/Groups", `{"displayName":"u"}`, key("k")...).is(t, 201) // another collection, another key
	})
	t.Run("ErrOtherBody", func(t *testing.T) {
		b := newBench(t, nil)
		b.do("POST", "/Users", body, key("k")...).is(t, 201)
		b.do("POST", "/Users", `{"userName":"v"}`, key("k")...).is(t, 422)
	})
	t.Run("RefusalIsRemembered", func(t *testing.T) {
		b := newBench(t, nil)
		b.do("POST", "/Users", `{}`, key("k")...).is(t, 400)
		if b.do("POST", "/Users", `{}`, key("k")...).is(t, 400).Header().Get(scimserver.ReplayedHeader) == "" {
			t.Error("not replayed")
		}
	})
	t.Run("IndefiniteIsForgotten", func(t *testing.T) {
		b := newBench(t, nil)
		b.store.Fail = failing(map[string]error{"create": fault.New(fault.Unavailable, "export", "down")})
		b.do("POST", "/Users", body, key("k")...).is(t, 503)
		b.store.Fail = nil
		b.do("POST", "/Users", body, key("k")...).is(t, 201)
	})
	t.Run("PanicIsForgotten", func(t *testing.T) {
		b := newBench(t, nil)
		b.store.Fail = func(string, entry.Type) error { panic("x") }
		b.do("POST", "/Users", body, key("k")...).is(t, 500)
	})
	t.Run("ErrLongKey", func(t *testing.T) {
		b := newBench(t, nil)
		b.do("POST", "/Users", body, key(string(make([]byte, 300)))...).is(t, 400)
	})
	t.Run("ExpiresAndIsBounded", func(t *testing.T) {
		now := time.Unix(1e9, 0)
		b := newBench(t, func(c *scimserver.Config, _ *mapstore.Store) {
			c.Now = func() time.Time { return now }
			c.Limits.IdempotencyMax = 3
		})
		for i := range 5 {
			b.do("POST", "/Users", fmt.Sprintf(`{"userName":"u%d"}`, i), key(fmt.Sprint(i))...).is(t, 201)
		}
		b.do("POST", "/Users", `{"userName":"u0"}`, key("0")...).is(t, 409) // the oldest gave way
		b.do("POST", "/Users", `{"userName":"u4"}`, key("4")...).is(t, 201)
		now = now.Add(11 * time.Minute)
		b.do("POST", "/Users", `{"userName":"u4"}`, key("4")...).is(t, 409)
	})
}

func TestConcurrentDuplicatesWaitForTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		creates := 0
		b := newBench(t, func(_ *scimserver.Config, s *mapstore.Store) {
			s.Fail = func(op string, _ entry.Type) error {
				if op == "create" {
					creates++
					<-time.After(time.Second) // a slow connector
				}
				return nil
			}
		})
		var wg sync.WaitGroup
		ids := make([]string, 8)
		for i := range ids {
			wg.Go(func() {
				ids[i] = b.do("POST", "/Users", `{"userName":"u"}`, scimserver.IdempotencyHeader, "k").is(t, 201).id()
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id == "" || id != ids[0] {
				t.Errorf("ids %v", ids)
			}
		}
		if creates != 1 {
			t.Errorf("%d creates", creates)
		}
	})
}
