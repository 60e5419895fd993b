package notify

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
)

// write puts files into a folder and reads the configuration among them.
func write(t *testing.T, files map[string]string) Config {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(filepath.Join(dir, "notify.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWebhookIsSignedAndReadable(t *testing.T) {
	var body []byte
	var head http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		head = r.Header
	}))
	defer server.Close()
	c := write(t, map[string]string{
		"notify.yaml": "keyFile: hook.key\nwebhooks: [{name: chat, urlFile: hook.url}]\n", "hook.url": server.URL + "/canary-path\n", "hook.key": "canary-key\n",
	})
	m := testMessage()
	m.Channel = "webhook:chat"
	if err := c.send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatal(err)
	}
	if p.Key != m.Event.Key || p.Kind != Held || p.App != "hr" || !strings.Contains(p.Text, "What to do next") {
		t.Errorf("payload %+v", p)
	}
	if head.Get(EventHeader) != "held" || head.Get(DeliveryHeader) != "0001" || head.Get("Content-Type") != "application/json" {
		t.Errorf("header %v", head)
	}
	stamp, _, _ := strings.Cut(strings.TrimPrefix(head.Get(SignatureHeader), "t="), ",")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if want := Signature("canary-key", time.Unix(seconds, 0), body); head.Get(SignatureHeader) != want {
		t.Errorf("signature %s, want %s", head.Get(SignatureHeader), want)
	}
}

func TestSignatureIsWhatTheDocumentSays(t *testing.T) {
	// printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac key
	const want = "t=1700000000,v1=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03"
	if got := Signature("key", time.Unix(1700000000, 0), []byte(`{"a":1}`)); got != want {
		t.Errorf("got %s", got)
	}
}

func TestWebhookRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter)
		kind   fault.Kind
		after  time.Duration
	}{
		"Gone":      {func(w http.ResponseWriter) { w.WriteHeader(404) }, fault.NotFound, 0},
		"Redirects": {func(w http.ResponseWriter) { w.Header().Set("Location", "http://127.0.0.1:1/"); w.WriteHeader(302) }, fault.Invalid, 0},
		"Throttles": {func(w http.ResponseWriter) { w.Header().Set("Retry-After", "90"); w.WriteHeader(429) }, fault.Throttled, 90 * time.Second},
		"Broken":    {func(w http.ResponseWriter) { w.WriteHeader(500) }, fault.Internal, 0},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { tt.answer(w) }))
			defer server.Close()
			c := write(t, map[string]string{"notify.yaml": "webhooks: [{urlFile: hook.url}]\n", "hook.url": server.URL + "/canary-path"})
			m := testMessage()
			m.Channel = "webhook:hook.url"
			err := c.send(t.Context(), m)
			if fault.KindOf(err) != tt.kind || fault.RetryAfterOf(err) != tt.after {
				t.Errorf("got %v (%v, after %v)", err, fault.KindOf(err), fault.RetryAfterOf(err))
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the address stands in the error: %v", err)
			}
		})
	}
}

func TestWebhookAddresses(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://hooks.example/x": true, "http://127.0.0.1:9/x": true, "http://hooks.example/x": false, "ftp://hooks.example": false, "hooks.example": false, "": false,
	} {
		if got := usable(address) == nil; got != ok {
			t.Errorf("%q: %v", address, got)
		}
	}
	c := write(t, map[string]string{"notify.yaml": "", "down.url": "http://127.0.0.1:1/canary-path"})
	m := testMessage()
	for file, want := range map[string]fault.Kind{"down.url": fault.Unavailable, "none.url": fault.Invalid, "../notify.yaml": fault.Invalid, "/etc/hostname": fault.Invalid} {
		m.Channel = "file:" + file
		err := c.send(t.Context(), m)
		if fault.KindOf(err) != want || strings.Contains(fmt.Sprint(err), "canary") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestChannelsAreEverybodyOnce(t *testing.T) {
	c := Config{Emails: []string{"ops@example.com"}, Webhooks: []Hook{{Name: "chat"}}}
	got := c.channels(app.Notify{Emails: []string{"OPS@example.com", "hr@example.com"}, WebhookFiles: []string{"a.url"}})
	want := "[mail:ops@example.com mail:hr@example.com webhook:chat file:a.url]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
