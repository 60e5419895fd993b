package scimserver_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest/mapstore"
)

// slowBench answers creates after a second and gathers the events.
func slowBench(t *testing.T, async scimserver.Async) (*bench, func() []scimserver.Event) {
	var mu sync.Mutex
	var events []scimserver.Event
	async.Deliver = func(_ context.Context, e scimserver.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
	}
	b := newBench(t, func(c *scimserver.Config, s *mapstore.Store) {
		c.Async = async
		s.Fail = func(op string, _ entry.Type) error {
			if op == "create" {
				<-time.After(time.Second)
			}
			return nil
		}
	})
	return b, func() []scimserver.Event {
		if err := b.h.(*scimserver.Handler).Wait(t.Context()); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		return events
	}
}

func TestAsyncRequest(t *testing.T) {
	const body = `{"userName":"u"}`
	t.Run("AtOnce", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b, events := slowBench(t, scimserver.Async{Mode: scimserver.AsyncRequest})
			r := b.do("POST", "/Users", body, "Prefer", "respond-async").is(t, 202)
			txn := r.Header().Get("Set-Txn")
			if r.Body.Len() != 0 || txn == "" || r.Header().Get("Preference-Applied") != "respond-async" || !strings.HasSuffix(r.Header().Get("Location"), "/Events/"+txn) {
				t.Errorf("%v %s", r.Header(), r.Body)
			}
			if pending := b.do("GET", "/Events/"+txn, "").is(t, 202); pending.Header().Get("Set-Txn") != txn {
				t.Errorf("%v", pending.Header())
			}
			es := events()
			if len(es) != 1 || es[0].Txn != txn || es[0].Status != 201 || es[0].Tenant != "t" || !strings.Contains(es[0].Location, "/Users/") || es[0].Response != nil {
				t.Errorf("%+v", es)
			}
			done := b.do("GET", "/Events/"+txn, "").is(t, 200)
			if done.doc["txn"] != txn || !strings.Contains(done.Body.String(), `"urn:ietf:params:scim:event:misc:asyncresp":{"method":"POST"`) {
				t.Errorf("%s", done.Body)
			}
			if b.find(`userName eq "u"`).total() != 1 {
				t.Error("not created")
			}
		})
	})
	t.Run("FailureCarriesTheError", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b, events := slowBench(t, scimserver.Async{Mode: scimserver.AsyncRequest})
			b.do("POST", "/Users", `{}`, "Prefer", "respond-async").is(t, 202)
			if es := events(); len(es) != 1 || es[0].Status != 400 || !strings.Contains(string(es[0].Response), "urn:ietf:params:scim:api:messages:2.0:Error") {
				t.Errorf("%+v", es)
			}
		})
	})
	t.Run("BulkHasOneEventForEachOperation", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b, events := slowBench(t, scimserver.Async{Mode: scimserver.AsyncRequest})
			r := b.do("POST", "/Bulk", `{"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"u"}},{"method":"DELETE","path":"/Users/none"}]}`,
				"Prefer", "respond-async").is(t, 202)
			txn := r.Header().Get("Set-Txn")
			es := events()
			if len(es) != 2 || es[0].Txn != txn+":0" || es[0].Status != 201 || es[1].Txn != txn+":1" || es[1].Status != 404 || es[1].Response == nil {
				t.Errorf("%+v", es)
			}
			b.do("GET", "/Events/"+txn+":1", "").is(t, 200)
			b.do("GET", "/Events/"+txn, "").is(t, 200)
		})
	})
	t.Run("LongOnlyWhenItTakesLong", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b, events := slowBench(t, scimserver.Async{Mode: scimserver.AsyncLong, After: 2 * time.Second})
			b.do("POST", "/Users", body, "Prefer", "respond-async").is(t, 201)
			if es := events(); len(es) != 0 {
				t.Errorf("%+v", es)
			}
			b, events = slowBench(t, scimserver.Async{Mode: scimserver.AsyncLong, After: time.Second / 2})
			b.do("POST", "/Users", body, "Prefer", "respond-async").is(t, 202)
			if es := events(); len(es) != 1 || es[0].Status != 201 {
				t.Errorf("%+v", es)
			}
		})
	})
	t.Run("WaitPreference", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b, _ := slowBench(t, scimserver.Async{Mode: scimserver.AsyncRequest})
			b.do("POST", "/Users", body, "Prefer", "wait=3, respond-async").is(t, 201)
		})
	})
	t.Run("NotAskedNotAsync", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b, _ := slowBench(t, scimserver.Async{Mode: scimserver.AsyncRequest})
			b.do("POST", "/Users", body).is(t, 201)
			off, _ := slowBench(t, scimserver.Async{})
			off.do("POST", "/Users", body, "Prefer", "respond-async").is(t, 201)
		})
	})
	t.Run("FullIsAnsweredInTheNormalWay", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b, events := slowBench(t, scimserver.Async{Mode: scimserver.AsyncRequest, Running: 1})
			b.do("POST", "/Users", body, "Prefer", "respond-async").is(t, 202)
			b.do("POST", "/Groups", `{"displayName":"g"}`, "Prefer", "respond-async").is(t, 201)
			events()
		})
	})
	t.Run("OtherTenantsDoNotSeeIt", func(t *testing.T) {
		b, events := slowBench(t, scimserver.Async{Mode: scimserver.AsyncRequest})
		b.do("GET", "/Events/none", "").is(t, 404)
		events()
	})
}

func TestSecurityEventsSayWhatIsTrue(t *testing.T) {
	for mode, word := range map[scimserver.AsyncMode]string{scimserver.AsyncNone: "none", scimserver.AsyncLong: "long", scimserver.AsyncRequest: "request"} {
		b := newBench(t, func(c *scimserver.Config, _ *mapstore.Store) { c.Async.Mode = mode })
		r := b.do("GET", "/ServiceProviderConfig", "").is(t, 200)
		if got := r.doc["securityEvents"].(map[string]any); got["asyncRequest"] != word || (len(got["eventUris"].([]any)) == 0) != (mode == scimserver.AsyncNone) {
			t.Errorf("%v", got)
		}
	}
}
