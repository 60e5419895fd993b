package journeys

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// meddler stands on the way to the target: it writes down what is patched, and answers in the target's place when a story says so.
type meddler struct {
	mu   sync.Mutex
	lie  *lie
	sent []string // bodies of PATCH requests
}

func (m *meddler) set(l *lie) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lie = l
}

// intercept returns the answer to give instead of the target's; nil for none.
func (m *meddler) intercept(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.lie; l != nil && l.times != 0 && (l.method == "" || l.method == r.Method) {
		l.times--
		return l.answer(r), nil
	}
	if r.Method != http.MethodPatch {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	m.sent = append(m.sent, string(body))
	return nil, nil
}

// patched returns what was patched since it was asked for the last time.
func (m *meddler) patched() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	sent := m.sent
	m.sent = nil
	return sent
}

// pathsOf returns the attributes a PATCH writes.
func pathsOf(body string) (paths []string) {
	var b struct {
		Operations []struct {
			Path  string
			Value json.RawMessage
		}
	}
	if json.Unmarshal([]byte(body), &b) != nil {
		return []string{body}
	}
	for _, op := range b.Operations {
		attr, _, _ := strings.Cut(op.Path, "[")
		if op.Path != "" {
			paths = append(paths, attr)
			continue
		}
		var values map[string]any
		if json.Unmarshal(op.Value, &values) == nil {
			paths = append(paths, slices.Collect(maps.Keys(values))...)
		}
	}
	return paths
}
