package scimserver_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest/mapstore"
)

// The checks of the check file that no runner can decide from outside, as far as they concern the server.

func TestDEL03NameIsFreeAfterDelete(t *testing.T) {
	b := newBench(t, nil)
	id := b.user("again@example.test")
	b.do("DELETE", "/Users/"+id, "").is(t, 204)
	if b.user("again@example.test") == id {
		t.Error("the id came back")
	}
}

func TestGRP17DeletedUserLeavesGroups(t *testing.T) {
	b := newBench(t, nil)
	u, v := b.user("u"), b.user("v")
	g := b.do("POST", "/Groups", `{"displayName":"g","members":[{"value":"`+u+`"},{"value":"`+v+`"}]}`).is(t, 201)
	b.do("DELETE", "/Users/"+u, "").is(t, 204)
	after := b.do("GET", "/Groups/"+g.id(), "").is(t, 200)
	if m, _ := after.doc["members"].([]any); len(m) != 1 || m[0].(map[string]any)["value"] != v {
		t.Errorf("members %v", after.doc["members"])
	}
	if after.Header().Get("ETag") == g.Header().Get("ETag") {
		t.Error("the version of the group stayed")
	}
}

func TestGW01FilterOnHostExtensionAsksTheIndex(t *testing.T) {
	var asked scimserver.Query
	b := newBench(t, nil)
	b.do("POST", "/Users", `{"userName":"u","`+scim.ECMA2HostURN+`":{"Login":"x.Y"}}`).is(t, 201)
	b2 := *b
	b2.h = scimserver.New(scimserver.Config{Types: hostTypes(t), Authenticate: allow}, spy{b.store, &asked})
	got := b2.find(scim.ECMA2HostURN+`:Login eq "x.Y"`).is(t, 200)
	if got.total() != 1 {
		t.Fatalf("total %d", got.total())
	}
	attr, v, ok := asked.Filter.Probe()
	if !ok || attr != scim.ECMA2HostURN+":Login" || v != "x.Y" {
		t.Errorf("probe %q %v %v", attr, v, ok)
	}
	if b2.find(scim.ECMA2HostURN+`:Login eq "X.y"`).total() != 0 {
		t.Error("a caseExact attribute was compared without regard to case")
	}
}

func TestGW03OddIdsAreDecodedOnce(t *testing.T) {
	for _, id := range []string{"CN=a,OU=b", "a+b", "a/b", "100%", "a%2Fb", "Ünïcode 漢", "a?b#c", "..", "a b", "x;y"} {
		t.Run(id, func(t *testing.T) {
			b := newBench(t, func(_ *scimserver.Config, s *mapstore.Store) { s.NewID = func(entry.Entry) string { return id } })
			made := b.do("POST", "/Users", `{"userName":"u"}`).is(t, 201)
			b.do("GET", "/Users/"+url.PathEscape(id), "").is(t, 200)
			loc, err := url.Parse(made.Header().Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			if got := b.do("GET", loc.EscapedPath(), "").is(t, 200); got.id() != id {
				t.Errorf("id %q at its location", got.id())
			}
			b.do("GET", "/Users/"+url.PathEscape(id)+"x", "").is(t, 404)
			b.do("DELETE", "/Users/"+url.PathEscape(id), "").is(t, 204)
		})
	}
}

func TestGW05TargetDownWritesFailReadsGoOn(t *testing.T) {
	down := &fault.Error{Op: "export", Kind: fault.Unavailable, RetryAfter: 7 * time.Second, Hint: "the target does not answer"}
	b := newBench(t, nil)
	id := b.user("u")
	b.store.Fail = failing(map[string]error{"create": down, "update": down, "delete": down})
	for _, r := range []answer{
		b.do("POST", "/Users", `{"userName":"v"}`), b.do("DELETE", "/Users/"+id, ""), b.do("PUT", "/Users/"+id, `{"userName":"w"}`),
		b.do("PATCH", "/Users/"+id, `{"Operations":[{"op":"add","path":"title","value":"x"}]}`),
	} {
		r.is(t, 503)
		if r.Header().Get("Retry-After") != "7" || r.doc["status"] != "503" || r.Header().Get(scimserver.FaultHeader) != "unavailable" {
			t.Errorf("%v %v", r.Header(), r.doc)
		}
	}
	b.do("GET", "/Users/"+id, "").is(t, 200)
	if b.find(`userName eq "u"`).is(t, 200).total() != 1 {
		t.Error("the user is not found")
	}
}

func TestGW07DuplicateAtTheTargetIsUniqueness(t *testing.T) {
	b := newBench(t, nil)
	b.store.Fail = failing(map[string]error{"create": fault.New(fault.Exists, "export", "the target has one of that name")})
	r := b.do("POST", "/Users", `{"userName":"v"}`).is(t, 409, "uniqueness")
	if !strings.Contains(r.Body.String(), "the target has one") {
		t.Errorf("detail %v", r.doc["detail"])
	}
}

func TestGW09GoneAtTheTargetIs404(t *testing.T) {
	b := newBench(t, nil)
	id := b.user("u")
	gone := fault.New(fault.NotFound, "export", "the object is gone")
	b.store.Fail = failing(map[string]error{"update": gone, "delete": gone})
	b.do("PATCH", "/Users/"+id, `{"Operations":[{"op":"add","path":"title","value":"x"}]}`).is(t, 404)
	b.do("DELETE", "/Users/"+id, "").is(t, 404)
}

func TestGW11SchemasListsTheHostExtension(t *testing.T) {
	b := newBench(t, nil)
	r := b.do("GET", "/Schemas/"+scim.ECMA2HostURN, "").is(t, 200)
	attributes := map[string]map[string]any{}
	for _, a := range r.doc["attributes"].([]any) {
		a := a.(map[string]any)
		attributes[a["name"].(string)] = a
	}
	if attributes["Phones"]["multiValued"] != true || attributes["Photo"]["type"] != "binary" ||
		attributes["export_password"]["returned"] != "never" || attributes["export_password"]["mutability"] != "writeOnly" {
		t.Errorf("%v", attributes)
	}
}

func TestFirstImportIs503AndNeverAnEmptyList(t *testing.T) {
	b := newBench(t, nil)
	importing := &fault.Error{Op: "read", Kind: fault.Unavailable, RetryAfter: 90 * time.Second, Err: fault.New(fault.Unavailable, "import", "the host is importing")}
	b.store.Fail = failing(map[string]error{"find": importing, "get": importing, "create": importing})
	for _, r := range []answer{
		b.find(`userName eq "u"`), b.find(`PLACEHOLDER eq "6a1bd8ad-2bfb-44b1-8ae4-b8ae8bbd2bb2"`), b.do("GET", "/Users", ""), b.do("GET", "/Users/x", ""),
		b.do("POST", "/Users", `{"userName":"u"}`), b.do("POST", "/Users/.search", `{"filter":"userName eq \"u\""}`),
	} {
		if r.is(t, 503); r.Header().Get("Retry-After") != "90" || !strings.Contains(r.Body.String(), "importing") {
			t.Errorf("%v %s", r.Header(), r.Body)
		}
	}
	b.do("GET", "/ServiceProviderConfig", "").is(t, 200)
	b.do("GET", "/Schemas", "").is(t, 200)
}
