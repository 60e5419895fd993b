package inbound_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/inbound"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

// site is the door over a database of its own.
type site struct {
	t     testing.TB
	db    *sqlite.DB
	file  string
	url   string
	token string
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{t: t, file: filepath.Join(t.TempDir(), "s.db")}
	s.open()
	s.token = s.source("default", "hr", time.Hour)
	return s
}

func (s *site) open() {
	s.t.Helper()
	var err error
	if s.db, err = sqlite.Open(s.t.Context(), s.file); err != nil {
		s.t.Fatal(err)
	}
	db := s.db
	srv := httptest.NewServer(inbound.New(inbound.Config{Directory: db.Directory(), Access: db.Tokens()}))
	s.url = srv.URL + "/scim/v2/"
	s.t.Cleanup(func() {
		srv.Close()
		_ = db.Close()
	})
}

// restart closes the database and opens it again behind a new door.
func (s *site) restart() {
	s.t.Helper()
	if err := s.db.Close(); err != nil {
		s.t.Fatal(err)
	}
	s.open()
}

func in(id tenant.ID) context.Context { return tenant.With(context.Background(), id) }

func (s *site) source(id tenant.ID, name string, life time.Duration) string {
	s.t.Helper()
	_, secret, err := access.AddSource(in(id), s.db.Tokens(), name, time.Now().Add(-time.Minute), life)
	if err != nil {
		s.t.Fatal(err)
	}
	return secret
}

// answer is a status, headers and a JSON body.
type answer struct {
	status int
	header http.Header
	doc    map[string]any
	text   string
}

// ask sends a request to a tenant's door.
func (s *site) ask(token, id, method, path, body string, headers ...string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, s.url+id+path, bytes.NewReader([]byte(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, doc: map[string]any{}, text: string(text)}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &a.doc); err != nil {
			s.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
	return a
}

// do is ask as the source hr, with the status it has to have.
func (s *site) do(status int, method, path, body string, headers ...string) answer {
	s.t.Helper()
	a := s.ask(s.token, "default", method, path, body, headers...)
	if a.status != status {
		s.t.Fatalf("%s %s answered %d %s, want %d", method, path, a.status, a.text, status)
	}
	return a
}

func (a answer) id() string { s, _ := a.doc["id"].(string); return s }

func (a answer) meta(name string) string {
	m, _ := a.doc["meta"].(map[string]any)
	s, _ := m[name].(string)
	return s
}

// ids lists the resources of a list.
func (a answer) ids() (ids []string) {
	list, _ := a.doc["Resources"].([]any)
	for _, r := range list {
		ids = append(ids, r.(map[string]any)["id"].(string))
	}
	return ids
}

func (a answer) total() int { n, _ := a.doc["totalResults"].(float64); return int(n) }

func (s *site) user(name string) string {
	s.t.Helper()
	return s.do(201, "POST", "/Users", `{"userName":"`+name+`"}`).id()
}

// graph returns the directory's entry.
func (s *site) graph(t entry.Type, id string) entry.Entry {
	s.t.Helper()
	e, err := s.db.Directory().Get(in("default"), t, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

// set changes attributes in the directory, as an administrator does.
func (s *site) set(t entry.Type, id string, patch entry.Attrs) {
	s.t.Helper()
	_, err := s.db.Directory().Put(in("default"), t, id, func(e entry.Entry) (entry.Entry, error) { return directory.Merge(e, patch), nil })
	if err != nil {
		s.t.Fatal(err)
	}
}
