package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

func TestPatience(t *testing.T) {
	p := patience{first: 30 * time.Second, rate: 4096}
	for _, tc := range []struct {
		left, took time.Duration
		n          int
		want       time.Duration
	}{
		{30 * time.Second, 20 * time.Second, 1, 10*time.Second + time.Second/4096}, // a byte each 20 s is not enough
		{10 * time.Second, 20 * time.Second, 1, -10*time.Second + time.Second/4096},
		{30 * time.Second, time.Second, 4096, 30 * time.Second},
		{10 * time.Second, time.Second, 8192, 11 * time.Second},
		{10 * time.Second, 0, 1 << 30, 30 * time.Second},
	} {
		if got := p.after(tc.left, tc.took, tc.n); got != tc.want {
			t.Errorf("%v left, %v for %d bytes: %v, want %v", tc.left, tc.took, tc.n, got, tc.want)
		}
	}
}

// talk sends text over a connection of its own and returns what is answered, "" when the connection is closed without an answer.
func talk(t *testing.T, url, text string) string {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return ""
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(r.StatusCode, " ", string(b))
}

// TestBodiesThatDoNotCome: nobody who stops in the middle of a body is waited for longer than patience lasts, whether the handler reads it or not.
func TestBodiesThatDoNotCome(t *testing.T) {
	s := httptest.NewServer(patience{20 * time.Millisecond, 4096}.over(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/unread" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, err := io.Copy(io.Discard, r.Body)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			w.WriteHeader(http.StatusRequestTimeout)
		}
		fmt.Fprint(w, r.Context().Err())
	})))
	defer s.Close()
	for _, tc := range []struct{ text, want string }{
		{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", "408 "},
		{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", "408 "},
		{"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "408 "},
		{"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", "401 "},
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "200 <nil>"},
	} {
		if got := talk(t, s.URL, tc.text); !strings.HasPrefix(got, tc.want) {
			t.Errorf("%q: %q, want %q", tc.text, got, tc.want)
		}
	}
}

// TestAWholeBodyEndsTheWaiting: a handler may take its time with a body that has come; its request does not end meanwhile.
func TestAWholeBodyEndsTheWaiting(t *testing.T) {
	gone := make(chan error, 1)
	s := httptest.NewServer(patience{time.Minute, 4096}.over(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err == nil {
			err = r.Context().Err()
		}
		fmt.Fprint(w, string(b), " ", err)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done() // the client leaves, and it is noticed
		gone <- r.Context().Err()
	})))
	defer s.Close()
	resp, err := http.Post(s.URL, "application/json", strings.NewReader("whole")) //nolint:noctx // the test ends it by closing the body
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, len("whole <nil>"))
	if _, err := io.ReadFull(resp.Body, b); err != nil || string(b) != "whole <nil>" {
		t.Errorf("%q %v", b, err)
	}
	_ = resp.Body.Close()
	if err := <-gone; err == nil {
		t.Error("it was not noticed")
	}
}
