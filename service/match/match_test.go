package match_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/match"
)

// shelf answers from a map of "attr=value" and records what it was asked.
type shelf struct {
	hits  map[string][]entry.Entry
	err   error
	asked []string
}

func (s *shelf) Find(_ context.Context, _ entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	key := attr + "=" + v.(string)
	s.asked = append(s.asked, key)
	return s.hits[key], s.err
}

func TestCounterpart(t *testing.T) {
	ann, bob := entry.Entry{ID: "ann"}, entry.Entry{ID: "bob"}
	both := []match.Question{{Precedence: 1, Attr: "userName", Value: "a@x"}, {Precedence: 2, Attr: "badge", Value: "7"}}
	tests := []struct {
		name  string
		hits  map[string][]entry.Entry
		err   error
		qs    []match.Question
		found string
		blind bool
		asked []string
		kind  fault.Kind
	}{
		{"OKFirstRule", map[string][]entry.Entry{"userName=a@x": {ann}, "badge=7": {bob}}, nil, both, "ann", false, []string{"userName=a@x"}, 0},
		{"OKSecondRule", map[string][]entry.Entry{"badge=7": {bob}}, nil, both, "bob", false, []string{"userName=a@x", "badge=7"}, 0},
		{"None", nil, nil, both, "", false, []string{"userName=a@x", "badge=7"}, 0},
		{"SkipsEmptyValue", map[string][]entry.Entry{"badge=7": {bob}}, nil, []match.Question{{Attr: "userName"}, {Attr: "mail", Value: ""}, {Attr: "badge", Value: "7"}}, "bob", false, []string{"badge=7"}, 0},
		{"BlindWithoutValues", nil, nil, []match.Question{{Attr: "userName"}}, "", true, nil, 0},
		{"ErrAmbiguous", map[string][]entry.Entry{"userName=a@x": {ann, bob}}, nil, both, "", false, []string{"userName=a@x"}, fault.Ambiguous},
		{"ErrTargetIsNotNone", nil, fault.New(fault.Unavailable, "find", "down"), both, "", false, []string{"userName=a@x"}, fault.Unavailable},
		{"ErrPlain", nil, errors.New("boom"), both, "", false, []string{"userName=a@x"}, fault.Internal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &shelf{hits: tt.hits, err: tt.err}
			v, err := match.Counterpart(context.Background(), s, entry.User, tt.qs)
			if fault.KindOf(err) != tt.kind {
				t.Fatalf("kind = %v (%v), want %v", fault.KindOf(err), err, tt.kind)
			}
			if v.Found.ID != tt.found || v.Blind != tt.blind {
				t.Errorf("found %q blind %v, want %q %v", v.Found.ID, v.Blind, tt.found, tt.blind)
			}
			if d := cmp.Diff(tt.asked, s.asked); d != "" {
				t.Errorf("asked: %s", d)
			}
		})
	}
}
