package endpoint_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/mem"
)

// BenchmarkRequests measures what a request costs from handler to connector, without TLS and sockets.
func BenchmarkRequests(b *testing.B) {
	const users = 100_000
	text := strings.Replace(mine, "{users: 5, groups: 1}", fmt.Sprintf("{users: %d, groups: 10}", users), 1)
	h := listening(b, load(b, b.TempDir(), text), map[string]connector.Driver{"mem": mem.New()})
	ready(b, h)
	tr := h.Transport()
	send := func(b *testing.B, method, path, body string, want int) {
		if status, answer, _ := ask(b, tr, method, path, token, body); status != want {
			b.Fatalf("%s %s: %d %s", method, path, status, answer)
		}
	}
	_, first, _ := ask(b, tr, "GET", "/Users?count=1", token, "")
	_, rest, _ := strings.Cut(first, `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	i := 0
	for _, c := range []struct {
		name, method, path, body string
		status                   int
	}{
		{"FilterUserName", http.MethodGet, `/Users?filter=userName+eq+"user0077777@people.example"`, "", 200},
		{"GetByID", http.MethodGet, "/Users/" + id, "", 200},
		{"PageOf100", http.MethodGet, "/Users?startIndex=50000&count=100", "", 200},
		{"Patch", http.MethodPatch, "/Users/" + id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"T%d"}]}`, 200},
		{"Post", http.MethodPost, "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"new%d","name":{"givenName":"A","familyName":"B"},"emails":[{"value":"a@b","type":"work"}]}`, 201},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				i++
				body := c.body
				if body != "" {
					body = fmt.Sprintf(body, i)
				}
				send(b, c.method, strings.ReplaceAll(c.path, `"`, "%22"), body, c.status)
			}
		})
	}
}
