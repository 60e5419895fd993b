package plugin

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/url"
	"strings"
	"sync"

	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
)

// masks takes the secrets that a plugin was given out of whatever it says.
type masks struct {
	mu       sync.RWMutex
	known    map[string]struct{}
	replacer *strings.Replacer
}

func newMasks() *masks {
	return &masks{known: map[string]struct{}{}, replacer: strings.NewReplacer()}
}

// shortest is the length below which a text occurs by chance, and hiding it would hide what went wrong.
const shortest = 4

// learn takes note of a secret, in the forms that it has within URLs, JSON and headers.
func (m *masks) learn(s connector.Secret) {
	plain := s.Reveal()
	if len(plain) < shortest {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.known[plain]; ok {
		return
	}
	quoted, _ := json.Marshal(plain) // a string is never refused
	for _, form := range []string{
		plain, url.QueryEscape(plain), url.PathEscape(plain), strings.Trim(string(quoted), `"`), hex.EncodeToString([]byte(plain)),
		base64.StdEncoding.EncodeToString([]byte(plain)), base64.URLEncoding.EncodeToString([]byte(plain)),
	} {
		m.known[form] = struct{}{}
	}
	var pairs []string
	for form := range maps.Keys(m.known) {
		pairs = append(pairs, form, connector.Secret{}.String())
	}
	m.replacer = strings.NewReplacer(pairs...)
}

func (m *masks) hide(text string) string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.replacer.Replace(text)
}

// hideIn takes them out of a failure.
func (m *masks) hideIn(f *pb.Failure) *pb.Failure {
	for _, c := range f.GetCauses() {
		c.Op, c.Object, c.Hint, c.Message = m.hide(c.GetOp()), m.hide(c.GetObject()), m.hide(c.GetHint()), m.hide(c.GetMessage())
	}
	return f
}
