package graphapi_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestOpenAPI compares the document with the router: every route is in it, with its variables, and nothing else is.
func TestOpenAPI(t *testing.T) {
	h := newHouse(t)
	var doc struct {
		OpenAPI string
		Servers []struct{ URL string }
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Summary     string
			Permission  string `json:"x-sallyport-permission"`
			Parameters  []struct{ Name, In string }
			RequestBody map[string]any
			Responses   map[string]any
		}
	}
	for _, path := range []string{"/openapi.json", "/sallyport/v1/openapi.json"} {
		got, text := h.ask(h.reader, "GET", path, "")
		if err := json.Unmarshal([]byte(text), &doc); got != 200 || err != nil {
			t.Fatalf("%s: %d %s %v", path, got, short(text), err)
		}
	}
	if doc.OpenAPI != "3.1.0" || doc.Servers[0].URL != h.http.URL {
		t.Errorf("%s %v", doc.OpenAPI, doc.Servers)
	}
	seen, operations := map[string]bool{}, 0
	for _, r := range h.api.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		op, ok := doc.Paths[strings.ReplaceAll(path, "...}", "}")][strings.ToLower(method)]
		if !ok || op.Permission != string(r.Permission) || op.Summary == "" || len(op.Responses) < 2 || strings.Count(path, "{") != len(op.Parameters) {
			t.Errorf("%s is described as %+v; what it does is written in summary.go", r.Pattern, op)
		}
		if strings.HasPrefix(path, "/sallyport/") && takesBody(method, path) != (op.RequestBody != nil) && !strings.HasSuffix(path, "/import") {
			t.Errorf("%s: what it takes is described as %v; bodies of our own routes are in openapi_shapes.go", r.Pattern, op.RequestBody)
		}
		if seen[op.OperationID] {
			t.Errorf("%s: the operationId %q is taken", r.Pattern, op.OperationID)
		}
		seen[op.OperationID] = true
	}
	for _, ops := range doc.Paths {
		operations += len(ops)
	}
	if operations != len(h.api.Routes()) {
		t.Errorf("%d operations for %d routes", operations, len(h.api.Routes()))
	}
	text, _ := json.Marshal(doc.Paths["/sallyport/v1/access/clients"]["post"].RequestBody)
	for _, name := range []string{"name", "roles", "apps", "days", "certificate"} {
		if !strings.Contains(string(text), `"`+name+`":{`) {
			t.Errorf("the body of a new client lacks %s: %s", name, text)
		}
	}
}
