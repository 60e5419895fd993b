package graphapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// bodiless are the routes that take no body and so do not care what is sent (graph-api P10).
var bodiless = strings.Fields(`/start /pause /directories/{directory}/discover /restore /signout /drift/check /plans/{plan}/discard /plans/{plan}/apply /agentGroups/{group}/agents`)

func takesBody(method, path string) bool {
	return (method == "POST" || method == "PUT" || method == "PATCH") && !strings.HasSuffix(path, "/import") &&
		!slices.ContainsFunc(bodiless, func(end string) bool { return strings.HasSuffix(path, end) })
}

// filled puts objects that exist into a route's variables, so that a request comes as far as it can.
func (w *world) filled(objects map[string]string, path string) string {
	path = variable.ReplaceAllStringFunc(path, func(v string) string { return objects[v] })
	for strings.Contains(path, "//") {
		path = strings.Replace(path, "//", "/none/", 1)
	}
	if strings.HasSuffix(path, "/") && path != "/v1.0/" {
		path += "none"
	}
	return path
}

// leaks are words that tell of the inside of the service.
var leaks = []string{"sqlite", "SQLITE", "SELECT ", "no such table", "constraint failed", "goroutine ", ".go:", "panic", "/tmp/", "runtime error", "nil pointer", targetToken}

func (w *world) harmless(what string, c call, a answer) {
	w.Helper()
	if a.status >= 500 && a.status != http.StatusNotImplemented && a.status != http.StatusServiceUnavailable {
		w.Errorf("%s: %s %s answers %d %s", what, c.method, c.path, a.status, a.text)
	}
	for _, word := range leaks {
		if strings.Contains(a.text, word) {
			w.Errorf("%s: %s %s tells of %q: %s", what, c.method, c.path, word, a.text)
		}
	}
}

// TestW39WrongMethods asks every path for every method: those that are not served are 405 and name those that are.
func TestW39WrongMethods(t *testing.T) {
	w := newWorld(t)
	served := map[string][]string{}
	for _, r := range w.api.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		path = w.filled(nil, path)
		served[path] = append(served[path], method)
	}
	for path, methods := range served {
		slices.Sort(methods)
		for _, m := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "PROPFIND"} {
			if slices.Contains(methods, m) {
				continue
			}
			c := call{method: m, path: path}
			if a := w.send(c); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != strings.Join(methods, ", ") {
				t.Errorf("%s %s: %d, Allow %q, want %v", m, path, a.status, a.header.Get("Allow"), methods)
			} else {
				w.harmless("wrong method", c, a)
			}
		}
	}
}

// TestW39BadBodies sends every route that takes a body what nobody should send.
func TestW39BadBodies(t *testing.T) {
	w := newWorld(t)
	objects := w.objects()
	gz := map[string]string{"Content-Encoding": "gzip"}
	huge := `{"displayName":"` + strings.Repeat("x", 4<<20) + `"}`
	bomb := zipped(bytes.Repeat([]byte(" "), 5<<20))
	deep := strings.Repeat(`{"a":`, 500) + "1" + strings.Repeat("}", 500)
	hostile := map[string]struct {
		call
		status []int // any 4xx when nil
	}{
		"no JSON": {call{body: "{nonsense"}, []int{400}}, "half a list": {call{body: "[1,2"}, []int{400}}, "a list": {call{body: "[]"}, nil}, "a number": {call{body: "7"}, nil},
		"wrong kinds": {call{body: `{"displayName":{},"value":1,"requests":"x","criteria":[],"parameters":{},"credentials":{},"@odata.id":7,"templateId":[],"ids":{},
			"appId":[],"principalId":{},"file":[],"name":[],"group":{},"expression":[],"schedule":7,"objects":7,"groupIds":7,"appRoles":"x","hybridAgentUpdaterConfiguration":7,
			"role":[],"roles":7,"subject":{},"days":"x","certificate":7,"members@odata.bind":7,"userPrincipalName":[]}`}, nil},
		"not UTF-8": {call{body: "{\"displayName\":\"\xff\xfe\"}"}, []int{400}}, "deep": {call{body: deep}, []int{400}},
		"two values": {call{body: `{} {}`}, nil}, "no gzip": {call{body: "{}", header: gz}, []int{400}}, "broken gzip": {call{body: zipped([]byte(huge))[:4000], header: gz}, []int{400}},
		"unknown encoding": {call{body: "{}", header: map[string]string{"Content-Encoding": "br"}}, []int{415}},
		"no JSON type":     {call{body: "{}", header: map[string]string{"Content-Type": "image/png"}}, nil},
		"huge":             {call{body: huge}, []int{413}}, "bomb": {call{body: bomb, header: gz}, []int{413}},
	}
	for _, r := range w.api.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		if !takesBody(method, path) {
			continue
		}
		for name, h := range hostile {
			c := h.call
			c.method, c.path = method, w.filled(objects, path)
			if strings.Contains(path, "/bulkUpload") && c.header["Content-Type"] == "" {
				c.header = map[string]string{"Content-Type": "application/scim+json", "Content-Encoding": c.header["Content-Encoding"]}
			}
			a := w.send(c)
			w.harmless(name, c, a)
			switch {
			case a.status == http.StatusNotImplemented, a.status == http.StatusNotFound, a.status == http.StatusTooManyRequests: // the object is not there to be changed
			case len(h.status) > 0 && !slices.Contains(h.status, a.status):
				t.Errorf("%s: %s answers %d, want %v: %s", name, r.Pattern, a.status, h.status, a.text)
			}
		}
	}
}

// objects makes one of everything and returns what to put into the variables of paths.
func (w *world) objects() map[string]string {
	w.Helper()
	w.instantiate("Contoso")
	id := w.user("ann@x.example")
	return map[string]string{
		"{app}": "contoso", "{job}": "contoso", "{type}": "provisioning", "{id}": id, "{agent}": agentGUID(string(w.agent.ID)), "{group}": w.agentGroup("spare"),
		"{template}": "8adf8e6e-67b2-4cf2-a259-e3dc5476c621", "{directory}": "customappsso",
	}
}

// TestW39BadQueries gives every route that is read options no parser may choke on.
func TestW39BadQueries(t *testing.T) {
	w := newWorld(t)
	objects := w.objects()
	queries := []string{"%zz", "$filter=%27&$filter=%27"}
	for option, values := range map[string][]string{
		"$filter":    {"'", "a eq", "((((", strings.Repeat("(", 3000), "displayName eq '", "x/any(", "1 eq 1", "not", "id eq 'x' or", "' OR 1=1 --", "contains(displayName,'%')", "\x00", "id in (" + strings.Repeat("'x',", 3000) + "'x')"},
		"$top":       {"-1", "x", "0", "1e9", "99999999999999999999"},
		"$skiptoken": {"!!", "eyJ", "AAAA", "' OR 1=1 --", strings.Repeat("A", 5000)}, "$deltatoken": {"x", "' OR 1=1 --"},
		"$orderby": {";", "displayName sideways", "a,b,c,d,e,f,g", "' OR 1=1", "displayName desc;DROP TABLE users"},
		"$select":  {"'", "*,*", "a(b)", strings.Repeat("x", 9000), "../x", "__proto__"}, "$expand": {"((", "nonsense", "members($select=')", "*($levels=max)"},
		"$count": {"perhaps", "1"}, "$search": {`"`, `"a" AND`, "OR", strings.Repeat(`"a" `, 2000)}, "$apply": {"aggregate(x)"}, "$nonsense": {"x"},
	} {
		for _, v := range values {
			queries = append(queries, option+"="+url.QueryEscape(v))
		}
	}
	for _, r := range w.api.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		if method != "GET" {
			continue
		}
		for _, q := range queries {
			c := call{method: method, path: w.filled(objects, path) + "?" + q, header: map[string]string{"ConsistencyLevel": "eventual"}}
			w.harmless("bad query", c, w.send(c))
		}
	}
}

// TestW39BadIDs puts into every variable of every route what is no id: nothing is found, nothing happens.
func TestW39BadIDs(t *testing.T) {
	w := newWorld(t)
	objects := w.objects()
	strange := map[string]string{
		"injection": "' OR 1=1 --", "drop": "x'; DROP TABLE objects; --", "climb": "../../etc/passwd", "markup": "<script>alert(1)</script>", "percent": "%25", "wildcard": "%", "long": strings.Repeat("a", 6000),
		"nobody": "00000000-0000-4000-8000-000000000000", "unicode": "Ünï\u202ecode\u0301", "blank": " ", "dollar": "$ref", "quote": "a''b", "key": "x('y')", "line": "a\r\nSet-Cookie: x", "template": "{{7*7}}",
	}
	for _, r := range w.api.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		for _, v := range slices.Compact(variable.FindAllString(path, -1)) {
			for name, id := range strange {
				at := strings.Replace(path, v, url.PathEscape(id), 1)
				c := call{method: method, path: w.filled(objects, at)}
				if takesBody(method, path) {
					c.body = "{}"
				}
				a := w.send(c)
				w.harmless(name, c, a)
				if a.status < 400 && !strings.Contains(path, "/access/") {
					t.Errorf("%s: %s with %q in %s answers %d %s", name, r.Pattern, id, v, a.status, a.text)
				}
				if strings.Contains(fmt.Sprint(a.header), "Set-Cookie") {
					t.Errorf("%s: %s writes a header of its own", name, r.Pattern)
				}
			}
		}
	}
	w.want(200, "user", "GET", "/v1.0/users/ann@x.example", nil)
	w.want(400, "", "GET", "/v1.0/users/%00", nil)
	w.want(400, "", "GET", "/v1.0"+strings.Repeat("/x", 40), nil)
}
