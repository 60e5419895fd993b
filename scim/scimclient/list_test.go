package scimclient_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimclient"
)

// pager answers index paging over ids; before each page change may alter them.
func pager(ids []string, change func(page int, ids []string) []string) http.HandlerFunc {
	page := 0
	return func(w http.ResponseWriter, r *http.Request) {
		page++
		if change != nil {
			ids = change(page, ids)
		}
		start, _ := strconv.Atoi(r.FormValue("startIndex"))
		count, _ := strconv.Atoi(r.FormValue("count"))
		var out []string
		for i := start - 1; i < min(len(ids), start-1+count); i++ {
			out = append(out, fmt.Sprintf(`{"id":%q,"userName":%q}`, ids[i], ids[i]))
		}
		fmt.Fprint(w, list(len(ids), out...))
	}
}

func names(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("u%03d", i)
	}
	return ids
}

func collect(t *testing.T, cl *scimclient.Client) (ids []string, err error) {
	t.Helper()
	for e, err := range cl.List(t.Context(), entry.User) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, e.ID)
	}
	slices.Sort(ids)
	return ids, nil
}

func listing(t *testing.T, h http.HandlerFunc) *scimclient.Client {
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return client(t, srv.URL, func(c *scimclient.Config) { c.NoDiscovery, c.PageSize = true, 10 })
}

func TestListByIndex(t *testing.T) {
	t.Run("EveryObjectOnce", func(t *testing.T) {
		if got, err := collect(t, listing(t, pager(names(47), nil))); err != nil || !slices.Equal(got, names(47)) {
			t.Errorf("%v %v", got, err)
		}
	})
	t.Run("ARemovalHidesNobody", func(t *testing.T) {
		got, err := collect(t, listing(t, pager(names(47), func(page int, ids []string) []string {
			if page == 3 {
				return slices.Delete(slices.Clone(ids), 0, 1) // everybody after moves up by one
			}
			return ids
		})))
		if err != nil || !slices.Equal(got, names(47)) {
			t.Errorf("%d objects, %v", len(got), err)
		}
	})
	t.Run("ErrNeverStable", func(t *testing.T) {
		_, err := collect(t, listing(t, pager(names(47), func(page int, ids []string) []string {
			return append(slices.Clone(ids), fmt.Sprint("new", page))
		})))
		if !errors.Is(err, scimclient.ErrUnstable) {
			t.Errorf("%v", err)
		}
	})
	t.Run("ErrStartIndexIgnored", func(t *testing.T) {
		_, err := collect(t, listing(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, list(2, `{"id":"a"}`))
		}))
		if !errors.Is(err, scimclient.ErrUnstable) {
			t.Errorf("%v", err)
		}
	})
	t.Run("ErrHalfWay", func(t *testing.T) {
		n := 0
		inner := pager(names(30), nil)
		got, err := collect(t, listing(t, func(w http.ResponseWriter, r *http.Request) {
			if n++; n == 3 {
				http.Error(w, "", http.StatusForbidden)
				return
			}
			inner(w, r)
		}))
		if !fault.Is(err, fault.Denied) || len(got) != 20 {
			t.Errorf("%d objects, %v", len(got), err)
		}
	})
	t.Run("StopsWhenAskedTo", func(t *testing.T) {
		n := 0
		cl := listing(t, func(w http.ResponseWriter, r *http.Request) { n++; pager(names(30), nil)(w, r) })
		for range cl.List(t.Context(), entry.User) {
			break
		}
		if n != 1 {
			t.Errorf("%d pages read", n)
		}
	})
}

// TestListByCursor runs on this module's server, which publishes cursors.
func TestListByCursor(t *testing.T) {
	asked := 0
	cl := client(t, endpoint(t, scim.Strict), func(c *scimclient.Config) {
		c.PageSize = 7
		c.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.URL.Query().Has("cursor") {
				asked++
			}
			return http.DefaultTransport.RoundTrip(r)
		})
	})
	for _, name := range names(30) {
		if _, err := cl.Create(t.Context(), entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {name}}}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := collect(t, cl); err != nil || len(got) != 30 || asked != 5 {
		t.Errorf("%d objects in %d pages, %v", len(got), asked, err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAbilities(t *testing.T) {
	t.Run("Published", func(t *testing.T) {
		can := client(t, endpoint(t, scim.Strict), nil).Abilities(t.Context())
		if !can.Published || !can.Patch || !can.Cursor || !can.ETag || can.MaxPage == 0 || can.Types[entry.User] == nil {
			t.Errorf("%+v", can)
		}
	})
	t.Run("NothingPublished", func(t *testing.T) {
		s := &script{steps: []step{{status: 404}}}
		cl := scripted(t, s, func(c *scimclient.Config) { c.NoDiscovery = false })
		for range 3 {
			if can := cl.Abilities(t.Context()); can.Published || !can.Patch || can.Cursor || can.Types[entry.Group] == nil {
				t.Errorf("%+v", can)
			}
		}
		if len(s.asked) != 2 {
			t.Errorf("asked %v", s.asked)
		}
	})
	t.Run("NoPatchMeansPut", func(t *testing.T) {
		s := &script{steps: []step{
			{status: 200, body: `{"patch":{"supported":false},"etag":{"supported":true}}`}, {status: 404},
			{status: 200, body: `{"id":"1","userName":"u","title":"old","meta":{"version":"W/\"v1\""}}`}, {status: 200, body: `{"id":"1","userName":"u"}`},
		}}
		cl := scripted(t, s, func(c *scimclient.Config) { c.NoDiscovery = false })
		_, err := cl.Update(t.Context(), entry.User, "1", []entry.Edit{{Op: entry.Replace, Attr: "title", Values: []entry.Value{"new"}}})
		if last := len(s.asked) - 1; err != nil || s.asked[last] != "PUT /scim/Users/1" || s.heads[last].Get("If-Match") != `W/"v1"` ||
			!strings.Contains(s.sent[last], `"title":"new"`) || !strings.Contains(s.sent[last], `"userName":"u"`) {
			t.Errorf("%v %v %v", err, s.asked, s.sent)
		}
	})
	t.Run("AskedAgainAfterAnHour", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &script{steps: []step{{status: 404}}}
			cl := scripted(t, s, func(c *scimclient.Config) { c.NoDiscovery = false })
			cl.Abilities(t.Context())
			time.Sleep(59 * time.Minute) // the bubble's clock
			cl.Abilities(t.Context())
			before := len(s.asked)
			time.Sleep(2 * time.Minute)
			cl.Abilities(t.Context())
			if before != 2 || len(s.asked) != 4 {
				t.Errorf("asked %d times, then %d", before, len(s.asked))
			}
		})
	})
}

// TestListAfterTheServerForgotItsCursors spoils cursors on their way, so that this module's server knows them as little as one that was
// started again.
func TestListAfterTheServerForgotItsCursors(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(asked int) bool
		kind  fault.Kind
	}{
		"OnceBeginsAnew":       {func(asked int) bool { return asked == 3 }, 0},
		"AlwaysErrUnavailable": {func(asked int) bool { return true }, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			cl := client(t, endpoint(t, scim.Strict), func(conf *scimclient.Config) {
				conf.PageSize = 7
				conf.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
					if q := r.URL.Query(); q.Get("cursor") != "" {
						if asked++; c.spoil(asked) {
							q.Set("cursor", "of-another-life")
							r = r.Clone(r.Context())
							r.URL.RawQuery = q.Encode()
						}
					}
					return http.DefaultTransport.RoundTrip(r)
				})
			})
			for _, name := range names(30) {
				if _, err := cl.Create(t.Context(), entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {name}}}); err != nil {
					t.Fatal(err)
				}
			}
			got, err := collect(t, cl)
			if c.kind == 0 && (err != nil || len(got) != 30) {
				t.Errorf("%d objects, %v", len(got), err)
			}
			if c.kind != 0 && (!fault.Is(err, c.kind) || fault.HintOf(err) == "") {
				t.Errorf("%v", err)
			}
		})
	}
}
