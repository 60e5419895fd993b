package agents

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestTokenRules(t *testing.T) {
	for name, c := range map[string]struct {
		group string
		life  time.Duration
		ok    bool
	}{
		"OK, longest by default":    {"site", 0, true},
		"OK, shorter":               {"site", time.Minute, true},
		"ErrInvalid, too long":      {"site", TokenLife + 1, false},
		"ErrInvalid, in the past":   {"site", -time.Second, false},
		"ErrInvalid, no group":      {"", 0, false},
		"ErrInvalid, padded group":  {" site", 0, false},
		"ErrInvalid, control group": {"si\nte", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			tok, err := NewToken("text", c.group, noon, c.life)
			if (err == nil) != c.ok || err != nil && !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			if c.ok && (strings.Contains(tok.Hash, "text") || tok.Hash != HashToken(" text\n")) {
				t.Fatalf("%+v", tok)
			}
		})
	}
}

func TestUsable(t *testing.T) {
	tok, err := NewToken("text", "site", noon, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := tok.Usable(noon.Add(59 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := tok.Usable(noon.Add(time.Minute)); !fault.Is(err, fault.Denied) {
		t.Fatal(err)
	}
	tok.Used = noon
	if err := tok.Usable(noon); !fault.Is(err, fault.Denied) {
		t.Fatal(err)
	}
}

func TestAgentRules(t *testing.T) {
	good := Agent{ID: ID(strings.Repeat("0a", 16)), Name: "host", Key: "U" + strings.Repeat("A", 55)}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Agent){
		"id with dots":  func(a *Agent) { a.ID = "a.b" },
		"id upper case": func(a *Agent) { a.ID = ID(strings.ToUpper(string(a.ID))) },
		"no name":       func(a *Agent) { a.Name = "" },
		"account key":   func(a *Agent) { a.Key = "A" + a.Key[1:] },
	} {
		a := good
		change(&a)
		if err := a.Validate(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
