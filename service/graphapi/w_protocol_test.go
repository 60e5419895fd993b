package graphapi_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestW35Batch(t *testing.T) {
	w := newWorld(t)
	var items []map[string]any
	for i := range 17 {
		items = append(items, map[string]any{"id": fmt.Sprint(i), "method": "POST", "url": "/users", "headers": map[string]string{"Content-Type": "application/json"},
			"body": map[string]any{"userPrincipalName": fmt.Sprintf("b%d@x.example", i), "displayName": "B"}, "dependsOn": []string{}})
	}
	items = append(items,
		map[string]any{"id": "bad", "method": "GET", "url": "/users/nobody"},
		map[string]any{"id": "after bad", "method": "DELETE", "url": "/users/b0@x.example", "dependsOn": []string{"bad"}},
		map[string]any{"id": "after good", "method": "GET", "url": "users/b3@x.example?$select=id", "body": nil, "dependsOn": []string{"3"}},
	)
	got := w.want(200, "batch", "POST", "/v1.0/$batch", map[string]any{"requests": items})
	status := map[string]float64{}
	for _, r := range got["responses"].([]any) {
		m, _ := r.(map[string]any)
		status[text(m["id"])], _ = m["status"].(float64)
		if m["status"] == 424.0 && !strings.Contains(fmt.Sprint(m["body"]), "innerError") {
			t.Errorf("a dependant without the documented body: %v", m)
		}
	}
	for id, want := range map[string]float64{"0": 201, "16": 201, "bad": 404, "after bad": 424, "after good": 200} {
		if status[id] != want {
			t.Errorf("%s: %v, want %v", id, status[id], want)
		}
	}
	w.want(200, "user", "GET", "/v1.0/users/b0@x.example", nil)
	w.wants(200, "batch", call{method: "POST", path: "/beta/$batch", gzip: true, body: map[string]any{"requests": []any{map[string]any{"id": "1", "method": "get", "url": "/users/$count", "headers": map[string]string{"ConsistencyLevel": "eventual"}}}}})
	one := func(change map[string]any) map[string]any {
		r := map[string]any{"id": "1", "method": "GET", "url": "/users"}
		for k, v := range change {
			r[k] = v
		}
		return map[string]any{"requests": []any{r}}
	}
	for name, body := range map[string]any{
		"21 items": map[string]any{"requests": append(append([]map[string]any{}, items...), items[0])}, "empty": map[string]any{"requests": []any{}}, "nothing": map[string]any{},
		"no id": one(map[string]any{"id": ""}), "absolute": one(map[string]any{"url": "https://x.example/users"}), "method": one(map[string]any{"method": "TRACE"}),
		"itself": one(map[string]any{"dependsOn": []string{"1"}}), "stranger": one(map[string]any{"dependsOn": []string{"9"}}), "null item": map[string]any{"requests": []any{nil}},
	} {
		if a := w.send(call{method: "POST", path: "/v1.0/$batch", body: body}); a.status != 400 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	nested := w.want(200, "batch", "POST", "/v1.0/$batch", one(map[string]any{"method": "POST", "url": "/$batch", "body": map[string]any{}}))
	if !strings.Contains(fmt.Sprint(nested), "status:400") {
		t.Errorf("a batch in a batch: %v", nested)
	}
	read := w.wants(200, "batch", call{method: "POST", path: "/v1.0/$batch", token: w.reader, body: one(map[string]any{"method": "DELETE", "url": "/users/b1@x.example"})})
	if !strings.Contains(read.text, "403") {
		t.Errorf("a reader deletes in a batch: %s", read.text)
	}
}

func TestW38Roles(t *testing.T) {
	w := newWorld(t)
	a := w.wants(401, "", call{method: "GET", path: "/v1.0/users", token: "none"})
	if !strings.Contains(a.text, "InvalidAuthenticationToken") || a.header.Get("WWW-Authenticate") == "" {
		t.Errorf("no token: %v %s", a.header, a.text)
	}
	if a := w.wants(403, "", call{method: "POST", path: "/v1.0/users", token: w.reader, body: map[string]any{}}); !strings.Contains(a.text, "Authorization_RequestDenied") {
		t.Errorf("reader: %s", a.text)
	}
}

func TestW42LinksBehindAProxy(t *testing.T) {
	w := newWorld(t)
	for i := range 3 {
		w.user(fmt.Sprintf("p%d@x.example", i))
	}
	forwarded := map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.contoso.example", "X-Forwarded-Prefix": "/sally"}
	a := w.wants(200, "user[]", call{method: "GET", path: "/beta/users?$top=1", header: forwarded})
	const public = "https://api.contoso.example/sally"
	if next := text(a.body["@odata.nextLink"]); !strings.HasPrefix(next, public+"/beta/users?") {
		t.Errorf("nextLink %s", next)
	}
	if d := w.wants(200, "user[]", call{method: "GET", path: "/v1.0/users/delta", header: forwarded}); !strings.HasPrefix(text(d.body["@odata.deltaLink"]), public+"/v1.0/users/delta?") {
		t.Errorf("deltaLink %v", d.body["@odata.deltaLink"])
	}
	made := w.wants(201, "group", call{method: "POST", path: "/v1.0/groups", header: forwarded, body: map[string]any{"displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true}})
	if !strings.HasPrefix(made.header.Get("Location"), public+"/v1.0/groups/") || !strings.HasPrefix(text(made.body["@odata.context"]), public) {
		t.Errorf("Location %s", made.header.Get("Location"))
	}
	hostile := w.wants(200, "user[]", call{method: "GET", path: "/v1.0/users?$top=1", header: map[string]string{"X-Forwarded-Host": `evil.example/"><script>`}})
	if strings.Contains(text(hostile.body["@odata.nextLink"]), "evil") {
		t.Errorf("a host that is none was taken: %v", hostile.body["@odata.nextLink"])
	}
	w.api.TrustedProxies = nil
	if a := w.wants(200, "user[]", call{method: "GET", path: "/v1.0/users?$top=1", header: forwarded}); !strings.HasPrefix(text(a.body["@odata.nextLink"]), w.server.URL) {
		t.Errorf("a stranger's headers count: %v", a.body["@odata.nextLink"])
	}
	w.api.PublicURL = "https://sallyport.contoso.example:8443/"
	if a := w.wants(200, "user[]", call{method: "GET", path: "/v1.0/users?$top=1"}); !strings.HasPrefix(text(a.body["@odata.nextLink"]), "https://sallyport.contoso.example:8443/v1.0/") {
		t.Errorf("the configured address does not count: %v", a.body["@odata.nextLink"])
	}
}

func TestW43Spellings(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann@x.example")
	_, job := w.instantiate("Contoso")
	for _, path := range []string{
		"/v1.0/users/" + id, "/v1.0/users/" + id + "/", "/v1.0//users/" + id, "/V1.0/USERS/" + strings.ToUpper(id), "/v1.0/users('" + id + "')", "/beta/Users/ann%40x.example",
		"/v1.0/users/" + id + "?%24select=id&", "/v1.0/users/" + id + "?$select=id%2CdisplayName",
	} {
		if got := w.want(200, "user?", "GET", path, nil); got["id"] != id {
			t.Errorf("%s: %v", path, got)
		}
	}
	w.want(200, "user[]", "GET", "/v1.0/users?%24filter=userPrincipalName+eq+%27ann%40x.example%27&%24top=1", nil)
	w.want(200, "user[]", "GET", "/v1.0/users?$Filter=USERPRINCIPALNAME%20eq%20'ann@x.example'&$TOP=1", nil)
	w.want(200, "synchronizationJob", "GET", strings.Replace(job, "/jobs/", "/jobs('", 1)+"')", nil)
	w.want(204, "", "POST", job+"/microsoft.graph.start", nil)
	w.want(204, "", "POST", job+"/pause()", nil)
	for _, c := range []call{
		{method: "POST", path: job + "/start", header: map[string]string{"Content-Type": "application/json"}},
		{method: "POST", path: job + "/pause", body: ""}, {method: "POST", path: job + "/restart", body: "", gzip: true},
	} {
		w.wants(204, "", c)
	}
	if a := w.wants(200, "user[]", call{method: "GET", path: "/v1.0/users", header: map[string]string{"client-request-id": "mine"}}); a.header.Get("client-request-id") != "mine" {
		t.Errorf("client-request-id %q", a.header.Get("client-request-id"))
	}
}

func TestW44BulkUpload(t *testing.T) {
	w := newWorld(t)
	_, job := w.instantiate("Inbound")
	body := func(n int) string {
		var ops []string
		for i := range n {
			ops = append(ops, fmt.Sprintf(`{"method":"POST","bulkId":"b%d","path":"/Users","data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"externalId":"e%d",
				"userName":"e%d@x.example","displayName":"E %d","active":true,"name":{"givenName":"E"},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"D","manager":{"value":"e0"}}}}`, i, i, i, i))
		}
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[` + strings.Join(ops, ",") + `],"failOnErrors":null}`
	}
	scim := map[string]string{"Content-Type": "application/scim+json"}
	for range 2 { // the second time they are known
		a := w.wants(202, "", call{method: "POST", path: job + "/bulkUpload", body: body(2), header: scim})
		if l := a.header.Get("Location"); !strings.Contains(l, "/auditLogs/provisioning/?$filter=jobid") {
			t.Errorf("Location %s", l)
		} else if got := w.send(call{method: "GET", path: l}); got.status != 200 {
			t.Errorf("the Location answers %d %s", got.status, got.text)
		}
	}
	users := list(w.want(200, "user[]", "GET", "/v1.0/users", nil))
	if len(users) != 2 {
		t.Fatalf("%d users", len(users))
	}
	if m := w.want(200, "directoryObject", "GET", "/v1.0/users/e1@x.example/manager", nil); m["userPrincipalName"] != "e0@x.example" {
		t.Errorf("manager %v", m)
	}
	w.wants(202, "", call{method: "POST", path: job + "/bulkUpload/$value", body: body(50), header: scim})
	w.wants(400, "", call{method: "POST", path: job + "/bulkUpload", body: body(51), header: scim})
	w.wants(400, "", call{method: "POST", path: job + "/bulkUpload", body: body(1)})
	w.wants(400, "", call{method: "POST", path: job + "/bulkUpload", body: strings.Replace(body(1), `"method":"POST"`, `"method":"DELETE"`, 1), header: scim})
}

func TestServicePaths(t *testing.T) {
	w := newWorld(t)
	w.want(200, "organization[]", "GET", "/v1.0/organization", nil)
	w.want(200, "domain[]", "GET", "/v1.0/domains", nil)
	w.want(400, "", "GET", "/v1.0/me", nil)
	id := w.user("ann@x.example")
	w.want(200, "directoryObject", "GET", "/v1.0/directoryObjects/"+id, nil)
	if got := w.want(200, "directoryObject[]", "POST", "/v1.0/directoryObjects/getByIds", map[string]any{"ids": []string{id, "x"}, "types": []string{"user"}}); len(list(got)) != 1 {
		t.Errorf("by ids: %v", got)
	}
}

func TestObjectConnections(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann@x.example")
	_, job := w.instantiate("Contoso")
	w.want(204, "", "POST", job+"/start", nil)
	w.settled(job, func(last map[string]any) bool { return last["countExported"] == 1.0 })
	at := job + "/objectConnections('" + id + "')"
	w.want(200, "objectConnection", "GET", at, nil)
	w.want(409, "", "DELETE", at, nil)
	w.want(204, "", "POST", job+"/pause", nil)
	w.want(204, "", "DELETE", at, nil)
	w.want(404, "", "GET", at, nil)
}

// TestSentAgainInPlain is what msgraph-sdk-go does after a 429: the second time the body is plain, whatever its header says.
func TestSentAgainInPlain(t *testing.T) {
	w := newWorld(t)
	body := `{"displayName":"Ann","userPrincipalName":"ann@x.example","mailNickname":"ann","accountEnabled":true}`
	w.wants(201, "user", call{method: "POST", path: "/v1.0/users", body: body, header: map[string]string{"Content-Encoding": "gzip", "Retry-Attempt": "1"}})
	w.wants(400, "", call{method: "POST", path: "/v1.0/users", body: body, header: map[string]string{"Content-Encoding": "gzip"}})
}
