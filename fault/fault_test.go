package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

func TestEveryKindHasAFullRow(t *testing.T) {
	if len(fault.Kinds()) != 13 {
		t.Fatalf("%d kinds; they are appended, never taken away", len(fault.Kinds()))
	}
	names := map[string]bool{}
	for _, k := range fault.Kinds() {
		d := k.Door()
		if d.Name == "" || d.Status < 400 || d.Graph == "" || d.ECMA == "" || d.Log == "" || d.Reaction == 0 {
			t.Errorf("%d: %+v has gaps", k, d)
		}
		if names[d.Name] {
			t.Errorf("%s twice", d.Name)
		}
		names[d.Name] = true
		if got := fault.ParseKind(k.String()); got != k {
			t.Errorf("%s travels as %s", k, got)
		}
	}
	if fault.ParseKind("from the future") != fault.Internal || fault.Kind(200).Door().Name != "internal" {
		t.Error("an unknown kind must count as internal")
	}
}

// TestKindsAreNumberedForGood pins the numbers: they are on disk and on the wire.
func TestKindsAreNumberedForGood(t *testing.T) {
	want := "invalid unauthenticated denied notFound exists ambiguous conflict unsupported partial throttled unavailable timeout internal"
	var got []string
	for _, k := range fault.Kinds() {
		got = append(got, k.String())
	}
	if strings.Join(got, " ") != want {
		t.Errorf("kinds %v, want %s", got, want)
	}
}

func TestKindOf(t *testing.T) {
	base := fault.New(fault.Exists, "create", "taken: %w", errors.New("cause")).WithHint("choose another").About("ann")
	throttled := &fault.Error{Kind: fault.Throttled, RetryAfter: time.Minute}
	tests := []struct {
		name string
		err  error
		kind fault.Kind
		hint string
		wait time.Duration
	}{
		{"Nil", nil, 0, "", 0},
		{"Plain", errors.New("x"), fault.Internal, "", 0},
		{"Direct", base, fault.Exists, "choose another", 0},
		{"WrappedByFmt", fmt.Errorf("export: %w", base), fault.Exists, "choose another", 0},
		{"WrappedByFault", fault.Wrap(fault.Internal, "export", base), fault.Exists, "choose another", 0},
		{"WrapOfPlain", fault.Wrap(fault.Invalid, "read", errors.New("x")), fault.Invalid, "", 0},
		{"WaitSurvives", fault.Wrap(fault.Internal, "ask", throttled), fault.Throttled, "", time.Minute},
		{"Joined", errors.Join(errors.New("x"), base), fault.Exists, "choose another", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if fault.KindOf(tt.err) != tt.kind || fault.HintOf(tt.err) != tt.hint || fault.RetryAfterOf(tt.err) != tt.wait {
				t.Errorf("got %v %q %v", fault.KindOf(tt.err), fault.HintOf(tt.err), fault.RetryAfterOf(tt.err))
			}
		})
	}
	if fault.Wrap(fault.Invalid, "x", nil) != nil {
		t.Error("nothing wrapped is something")
	}
	if got := base.Error(); got != "create ann: taken: cause (choose another)" {
		t.Errorf("text %q", got)
	}
}

func TestOfStatus(t *testing.T) {
	for status, want := range map[int]fault.Kind{
		200: 0, 304: 0, 400: fault.Invalid, 401: fault.Unauthenticated, 403: fault.Denied, 404: fault.NotFound, 405: fault.Unsupported,
		409: fault.Exists, 412: fault.Conflict, 413: fault.Invalid, 429: fault.Throttled, 500: fault.Internal, 501: fault.Unsupported,
		502: fault.Unavailable, 503: fault.Unavailable, 504: fault.Timeout,
	} {
		if got := fault.OfStatus(status); got != want {
			t.Errorf("%d is %v, want %v", status, got, want)
		}
	}
}
