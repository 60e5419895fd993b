package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAssignments(t *testing.T) {
	boss := "bo@x"
	tests := []struct {
		name    string
		words   []string
		props   object
		manager *string
		bad     bool
	}{
		{"Text", []string{"jobTitle=a=b"}, object{"jobTitle": "a=b"}, nil, false},
		{"Clears", []string{"jobTitle="}, object{"jobTitle": nil}, nil, false},
		{"List", []string{"otherMails=a;b"}, object{"otherMails": []string{"a", "b"}}, nil, false},
		{"Manager", []string{"manager=bo@x"}, object{}, &boss, false},
		{"Yes", []string{"accountEnabled=yes"}, object{"accountEnabled": true}, nil, false},
		{"No", []string{"accountEnabled=0"}, object{"accountEnabled": false}, nil, false},
		{"ErrMaybeIsNotOff", []string{"accountEnabled=maybe"}, nil, nil, true},
		{"ErrNotUTF8", []string{"displayName=\xff\xfe"}, nil, nil, true},
		{"ErrNoValue", []string{"jobTitle"}, nil, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			props, manager, err := assignments(tt.words)
			if (err != nil) != tt.bad {
				t.Fatalf("err = %v", err)
			}
			if d := cmp.Diff(tt.props, props); d != "" && !tt.bad {
				t.Error(d)
			}
			if d := cmp.Diff(tt.manager, manager); d != "" && !tt.bad {
				t.Error(d)
			}
		})
	}
}
