package graphschema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Flags is a flag enumeration. It is written as names joined by commas without blanks, since client libraries split at commas only, and read
// with blanks and in any case.
type Flags []string

// MarshalJSON writes "Add,Update"; no flag is "None".
func (f Flags) MarshalJSON() ([]byte, error) {
	return json.Marshal(f.text())
}

// text joins the names without blanks.
func (f Flags) text() string {
	if len(f) == 0 {
		return "None"
	}
	return strings.Join(f, ",")
}

// flagsOf splits a list of names; None is no name.
func flagsOf(text string) (f Flags) {
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" && !strings.EqualFold(name, "None") {
			f = append(f, name)
		}
	}
	return f
}

// UnmarshalJSON reads a list in one text; null is no flag.
func (f *Flags) UnmarshalJSON(data []byte) error {
	var s *string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("flags are a text such as \"Add,Update\": %w", err)
	}
	if *f = nil; s != nil {
		*f = flagsOf(*s)
	}
	return nil
}

// Has reports whether the flag is set, in any case.
func (f Flags) Has(name string) bool {
	return slices.ContainsFunc(f, func(x string) bool { return strings.EqualFold(x, name) })
}
