package scimclient_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim/scimclient"
)

// instant answers at once, so that only the client's own work is measured.
func instant(b *testing.B, status int, body string) *scimclient.Client {
	return client(b, "https://app.example/scim", func(c *scimclient.Config) {
		c.NoDiscovery = true
		c.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}, nil
		})
	})
}

func BenchmarkCreate(b *testing.B) {
	cl := instant(b, 201, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"VWFiYw","userName":"ada@x.example","displayName":"Ada L","active":true}`)
	e := entry.Entry{Type: entry.User, Attrs: entry.Attrs{
		"userName": {"ada@x.example"}, "externalId": {"0b1f2c3d"}, "active": {true}, "displayName": {"Ada L"}, "name.givenName": {"Ada"}, "name.familyName": {"L"},
		`emails[type eq "work"].value`: {"ada@x.example"}, "title": {"Countess"},
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": {"Engines"},
	}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cl.Create(b.Context(), e); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
}

func BenchmarkUpdate(b *testing.B) {
	cl := instant(b, 204, "")
	edits := []entry.Edit{
		{Op: entry.Replace, Attr: "title", Values: []entry.Value{"Countess"}}, {Op: entry.Replace, Attr: "active", Values: []entry.Value{false}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cl.Update(b.Context(), entry.User, "VWFiYw", edits); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
}

func BenchmarkFind(b *testing.B) {
	cl := instant(b, 200, list(1, `{"id":"VWFiYw","userName":"ada@x.example","displayName":"Ada L","active":true}`))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cl.Find(b.Context(), entry.User, "userName", "ada@x.example"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "finds/s")
}
