package scimserver

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
)

// tiny is a store of the last few resources, for fuzzing: mapstore cannot be used from inside the package.
type tiny struct {
	mu   sync.Mutex
	next int
	rows []Resource
}

func fuzzHandler(f *testing.F) *Handler {
	user, err := scim.NewResourceType("User", "/Users", scim.CoreUser(), scim.EnterpriseUser())
	if err != nil {
		f.Fatal(err)
	}
	group, err := scim.NewResourceType("Group", "/Groups", scim.CoreGroup())
	if err != nil {
		f.Fatal(err)
	}
	s := &tiny{}
	s.put(Resource{Entry: entry.Entry{Type: "User", ID: "x", Attrs: entry.Attrs{"userName": {"x"}, "emails": {entry.Complex{"type": "work", "value": "a"}}}}})
	config := Config{Types: []*scim.ResourceType{user, group}, Surface: InboundEndpoint, Authenticate: NewTokens(Caller{}, "t", "").Authenticate}
	return New(config, s)
}

func (s *tiny) put(r Resource) Resource {
	s.next++
	r.Version = strconv.Itoa(s.next)
	r.Created, r.Modified = time.Unix(1e9, 0), time.Unix(1e9, 0)
	if r.ID == "" {
		r.ID = "i" + r.Version
	}
	if s.rows = append(s.rows, r); len(s.rows) > 20 {
		s.rows = s.rows[1:]
	}
	return r
}

func (s *tiny) at(t entry.Type, id string) int {
	for i, r := range s.rows {
		if r.Type == t && r.ID == id {
			return i
		}
	}
	return -1
}

func (s *tiny) Find(_ context.Context, q Query) (p Page, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rows {
		if r.Type == q.Type && (q.Filter == nil || q.Filter.Match((*scim.ResourceType)(nil).SourceOf(r.Entry, scim.Meta{Created: r.Created, Modified: r.Modified}))) {
			p.Resources = append(p.Resources, r)
		}
	}
	p.Total = len(p.Resources)
	from := min(max(q.Start-1, 0), p.Total)
	p.Resources = p.Resources[from:min(from+q.Count, p.Total)]
	return p, nil
}

func (s *tiny) Get(_ context.Context, t entry.Type, id string, _ bool) (Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.at(t, id); i >= 0 {
		return s.rows[i], nil
	}
	return Resource{}, fault.New(fault.NotFound, "get", "none")
}

func (s *tiny) Create(_ context.Context, e entry.Entry) (Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(Resource{Entry: e}), nil
}

func (s *tiny) Update(_ context.Context, t entry.Type, id, _ string, edits []entry.Edit) (Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.at(t, id)
	if i < 0 {
		return Resource{}, fault.New(fault.NotFound, "update", "none")
	}
	s.rows[i].Attrs = entry.Apply(s.rows[i].Attrs, edits)
	return s.rows[i], nil
}

func (s *tiny) Delete(_ context.Context, t entry.Type, id, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at(t, id) < 0 || id == "x" { // the seed stays, so that there is something to patch
		return fault.New(fault.NotFound, "delete", "none")
	}
	return nil
}
