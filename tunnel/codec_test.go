package tunnel

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/fault"
)

func sampleRequest() *Request {
	return &Request{
		Resource: "hr", Method: "PATCH", Target: "/Users/1?x=%20", Key: "k-1", Hold: true, Length: 3, Budget: 2 * time.Second,
		Header: []Field{{"Content-Type", "application/scim+json"}, {"If-Match", `W/"2"`}}, Body: Body{Prefix: []byte("abc")},
	}
}

func encode(r *Request, at Attempt) []byte {
	b, _ := r.appendHead(nil, at)
	return append(b, r.Body.Prefix...)
}

func TestRequestSurvivesTheWire(t *testing.T) {
	r := sampleRequest()
	r.expires = time.UnixMilli(1_700_000_000_123)
	f, err := ParseFrame(encode(r, Attempt{5, 9}))
	if err != nil {
		t.Fatal(err)
	}
	got, more, err := parseRequest(f)
	if err != nil || more {
		t.Fatal(err, more)
	}
	r.Attempt = Attempt{5, 9}
	if d := cmp.Diff(r, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }), cmp.AllowUnexported(Request{})); d != "" {
		t.Fatal(d)
	}
}

func TestHeadersThatMayNotTravelStay(t *testing.T) {
	for name, h := range map[string]Field{
		"hop by hop":  {"Connection", "close"},
		"host":        {"Host", "elsewhere"},
		"cookie":      {"Cookie", "a=b"},
		"split value": {"Accept", "a\r\nHost: elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			r := sampleRequest()
			r.Header = []Field{h}
			f, _ := ParseFrame(encode(r, Attempt{1, 1}))
			got, _, err := parseRequest(f)
			if err != nil || len(got.Header) != 0 {
				t.Fatalf("%v %v", got, err)
			}
		})
	}
}

func TestMalformedFramesAreRefused(t *testing.T) {
	good := encode(sampleRequest(), Attempt{1, 1})
	for n := range len(good) - len("abc") {
		f, err := ParseFrame(good[:n])
		if err == nil {
			_, _, err = parseRequest(f)
		}
		if !fault.Is(err, fault.Invalid) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func TestForeignVersionIsRefusedInWords(t *testing.T) {
	var answered []byte
	a := NewAnswerer(AnswererConfig{Address: Address{"t", "a"}, Publish: publishFunc(func(_ string, b []byte) error {
		answered = slices.Clone(b)
		return nil
	})})
	msg := encode(sampleRequest(), Attempt{1, 1})
	msg[0] = Version + 1
	a.Deliver(msg)
	f, err := ParseFrame(answered)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseFailure(f)
	if err != nil || got.Started || got.Fault.Kind != fault.Unsupported || !strings.Contains(got.Fault.Hint, "update") {
		t.Fatalf("%+v %v", got, err)
	}
}

type publishFunc func(string, []byte) error

func (f publishFunc) Publish(s string, b []byte) error { return f(s, b) }

func TestLateRequestIsRefusedNotStarted(t *testing.T) {
	var answered []byte
	a := NewAnswerer(AnswererConfig{
		Address: Address{"t", "a"}, Now: func() (time.Time, bool) { return time.UnixMilli(2000), true },
		Publish: publishFunc(func(_ string, b []byte) error { answered = slices.Clone(b); return nil }),
	})
	r := sampleRequest()
	r.Hold, r.expires = false, time.UnixMilli(1999)
	a.Deliver(encode(r, Attempt{1, 1}))
	f, err := ParseFrame(answered)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseFailure(f); err != nil || got.Started || got.Fault.Kind != fault.Unavailable {
		t.Fatalf("%+v %v", got, err)
	}
}

func TestSeenRemembersAttempts(t *testing.T) {
	var s seen
	step := func(caller, seq uint64, want bool) {
		t.Helper()
		if got := s.first(Attempt{caller, seq}); got != want {
			t.Fatalf("attempt %d-%d first: %v", caller, seq, got)
		}
	}
	step(1, 1, true)
	step(1, 1, false)
	step(1, 0, false)
	step(2, 1, true)
	step(1, 70000, true)
	step(1, 2, false) // below the window
	step(1, 69999, true)
	step(1, 69999, false)
	step(1, 70000+windowBits*3, true)
	step(1, 70000, false)
	step(1, 70001+windowBits*2, true)
}

func TestBeatAndWelcomeSurviveTheWire(t *testing.T) {
	b := Beat{Min: 1, Max: 1, Sent: time.UnixMilli(5), Conn: 7, Build: "v1", InFlight: 2, MaxInFlight: 64, Draining: true, Resources: []string{"a", "ö"}}
	f, _ := ParseFrame(append(AppendBeat(nil, b), "from a newer agent"...))
	got, err := ParseBeat(f)
	if d := cmp.Diff(b, got); err != nil || d != "" {
		t.Fatal(err, d)
	}
	w := Welcome{Echo: time.UnixMilli(5), Now: time.UnixMilli(6)}
	f, _ = ParseFrame(AppendWelcome(nil, w))
	if back, err := ParseWelcome(f); err != nil || back != w {
		t.Fatal(back, err)
	}
}

func TestSubjects(t *testing.T) {
	a := Address{"acme", "a1"}
	for _, s := range []string{a.Requests(), a.Beats(), a.Answers(1)} {
		if got, ok := ParseSubject(s); !ok || got != a {
			t.Errorf("%s: %v %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "x", "t.a", "t..a.b.c", "t.a.a.*.up.1", "t.a.a.>", "t.a b.a.c.req", "t.a.b.a.c.req"} {
		if got, ok := ParseSubject(s); ok {
			t.Errorf("%q gave %v", s, got)
		}
	}
	for _, bad := range []Address{{"", "a"}, {"a", ""}, {"a.b", "c"}, {"a", "*"}, {"a", ">"}, {"a", strings.Repeat("x", 65)}} {
		if bad.Validate() == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

func TestJoinToken(t *testing.T) {
	secret := Pin([]byte("s"))
	for _, pin := range []string{"", Pin([]byte("p"))} {
		j := Join{"acme", secret, pin}
		if got, err := ParseJoin(" " + j.String() + "\n"); err != nil || got != j {
			t.Fatal(got, err)
		}
	}
	for _, text := range []string{"", "spj1.acme." + secret, "spj1.ac me." + secret + ".", "spj1.acme.short.", "spj2.acme." + secret + "."} {
		if _, err := ParseJoin(text); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add(encode(sampleRequest(), Attempt{1, 2}))
	f.Fuzz(func(t *testing.T, msg []byte) {
		fr, err := ParseFrame(msg)
		if err != nil {
			return
		}
		r, _, err := parseRequest(fr)
		if err != nil {
			return
		}
		again, _ := ParseFrame(encode(r, fr.Attempt))
		back, _, err := parseRequest(again)
		if err != nil || back.Target != r.Target || back.Resource != r.Resource || !slices.Equal(back.Header, r.Header) || !bytes.Equal(back.Body.Prefix, r.Body.Prefix) {
			t.Fatalf("%+v became %+v, %v", r, back, err)
		}
		for _, h := range r.Header {
			if strings.ContainsAny(h.Value, "\r\n\x00") {
				t.Fatalf("header %q", h.Value)
			}
		}
	})
}

func FuzzFrames(f *testing.F) {
	f.Add(AppendFailure(nil, Attempt{1, 1}, Failure{Fault: fault.New(fault.Exists, "a", "b")}))
	f.Add(appendChunk(nil, Attempt{1, 1}, 3, true))
	f.Add(AppendBeat(nil, Beat{Resources: []string{"x"}}))
	resp := &Response{Status: 200, Header: []Field{{"Etag", "1"}}}
	b, _ := resp.appendHead(nil, Attempt{1, 1})
	f.Add(b)
	f.Fuzz(func(t *testing.T, msg []byte) {
		fr, err := ParseFrame(msg)
		if err != nil {
			return
		}
		if x, err := ParseFailure(fr); err == nil && x.Fault == nil {
			t.Fatal("a failure without a fault")
		}
		if r, _, err := parseResponse(fr); err == nil && (r.Status < 100 || r.Status > 599) {
			t.Fatalf("status %d", r.Status)
		}
		if _, _, data, err := parseChunk(fr); err == nil && len(data) > ChunkSize {
			t.Fatal("a chunk too large")
		}
		_, _ = parseCredit(fr)
		_, _ = ParseBeat(fr)
		_, _ = ParseWelcome(fr)
		c := NewCaller(CallerConfig{ID: 1, Now: time.Now, Publish: publishFunc(func(string, []byte) error { return nil })})
		c.Deliver("t.a.a.b.up.1", msg)
	})
}

func FuzzJoin(f *testing.F) {
	f.Add("spj1.acme." + Pin(nil) + ".")
	f.Fuzz(func(t *testing.T, text string) {
		if j, err := ParseJoin(text); err == nil && j.String() != strings.TrimSpace(text) {
			t.Fatalf("%q became %q", text, j)
		}
	})
}
