package inbound_test

import (
	"fmt"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

// BenchmarkOneMember adds and removes one member of groups of different size: it must cost the same.
func BenchmarkOneMember(b *testing.B) {
	for _, n := range []int{10, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newSite(b)
			ids := s.crowd(n)
			refs := make([]entry.Ref, n)
			for i, id := range ids {
				refs[i] = entry.Ref{Type: entry.User, ID: id}
			}
			g := s.do(201, "POST", "/Groups", `{"displayName":"g"}`).id()
			if err := s.db.Directory().Link(in("default"), entry.Group, g, directory.Members, refs, nil); err != nil {
				b.Fatal(err)
			}
			u := s.user("one@x")
			add := `{"Operations":[{"op":"Add","path":"members","value":[{"value":"` + u + `"}]}]}`
			remove := `{"Operations":[{"op":"Remove","path":"members","value":[{"value":"` + u + `"}]}]}`
			for b.Loop() {
				s.do(204, "PATCH", "/Groups/"+g, add)
				s.do(204, "PATCH", "/Groups/"+g, remove)
			}
		})
	}
}

// BenchmarkReads asks directories of different size.
func BenchmarkReads(b *testing.B) {
	for _, n := range []int{1_000, 50_000} {
		s := newSite(b)
		s.crowd(n)
		for name, path := range map[string]string{
			"UserName": "/Users?filter=userName+eq+%22u00500@x%22", "ExternalID": "/Users?filter=externalId+eq+%22Eu00500%22", "Get": "/Users/u00500",
			"Page100": "/Users?count=100", "Scan": "/Users?count=1&filter=nickName+eq+%22x%22", "Sort": "/Users?count=100&sortBy=title",
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					s.do(200, "GET", path, "")
				}
			})
		}
	}
}
