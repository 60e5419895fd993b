package app

import (
	"fmt"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/nearest"
)

// Mistake is one thing that is wrong with an application.
type Mistake struct {
	File   string // "" when the application did not come from a file
	Line   int    // from 1; 0 when unknown
	Column int    // from 1
	Path   string // objects[0].mappings[3].target
	What   string // what is wrong
	Hint   string // what to do about it; may be empty
}

// Error writes "contoso.yaml:12:7: objects[0].mappings[3].target: what is wrong (what to do)".
func (m Mistake) Error() string {
	var b strings.Builder
	if m.File != "" {
		fmt.Fprintf(&b, "%s:%d:%d: ", m.File, m.Line, m.Column)
	}
	if m.Path != "" {
		b.WriteString(m.Path + ": ")
	}
	return b.String() + m.Text()
}

// Text writes what is wrong and what to do, without the place.
func (m Mistake) Text() string {
	if m.Hint == "" {
		return m.What
	}
	return m.What + " (" + m.Hint + ")"
}

// Mistakes is every mistake found, in the order of the file.
type Mistakes []Mistake

// Error writes one mistake per line.
func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.Error()
	}
	return strings.Join(lines, "\n")
}

// fault wraps the mistakes; nil when there are none.
func (ms Mistakes) fault(op string) error {
	if len(ms) == 0 {
		return nil
	}
	return fault.Wrap(fault.Invalid, op, ms)
}

// closest returns the candidate with the smallest edit distance to the word, "" when none is near.
func closest(word string, candidates []string) string {
	best, far := "", len(word)/2+2
	for _, c := range candidates {
		if d := nearest.Distance(word, c); d < far {
			best, far = c, d
		}
	}
	return best
}

// suggest makes a hint of the nearest candidate, or of all of them.
func suggest(word string, candidates []string) string {
	if near := closest(word, candidates); near != "" {
		return "did you mean " + near + "?"
	}
	return "use one of " + strings.Join(candidates, ", ")
}
