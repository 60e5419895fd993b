package directory

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
)

// MaxLineErrors is how many mistakes a Report shows; all are counted.
const MaxLineErrors = 1000

// Report says what an import did.
type Report struct {
	Lines      int         `json:"lines"`      // rows read, the header not counted
	Created    int         `json:"created"`    // objects
	Updated    int         `json:"updated"`    // objects that differed
	Unchanged  int         `json:"unchanged"`  // objects that were as the row says
	Refused    int         `json:"refused"`    // rows that were left out
	References int         `json:"references"` // managers and members set, or found set
	Unresolved int         `json:"unresolved"` // managers, members and groups that nobody has the name of
	Errors     []LineError `json:"errors"`     // the first MaxLineErrors, by line
	Notes      []string    `json:"notes"`      // what a person should know, but is no error
}

// LineError is one mistake in the file.
type LineError struct {
	Line   int    `json:"line"`             // 1 is the header
	Column string `json:"column,omitempty"` // as in the header
	Reason string `json:"reason"`
	Hint   string `json:"hint,omitempty"`
}

// Err returns fault.Partial when a row was refused or a name was not resolved, nil when everything in the file is in the directory.
func (r Report) Err() error {
	if r.Refused+r.Unresolved == 0 {
		return nil
	}
	return fault.New(fault.Partial, "import people", "%d of %d rows refused, %d references not resolved", r.Refused, r.Lines, r.Unresolved).
		WithHint("correct the lines named and import the whole file again; what is in already is not touched")
}

// refuse counts a row that was left out.
func (r *Report) refuse(line int, h header, err error) {
	r.Refused++
	e := LineError{Line: line, Reason: err.Error()}
	if re, ok := errors.AsType[*rowError](err); ok {
		e.Reason = re.reason
		if re.column >= 0 && re.column < len(h.columns) {
			e.Column = h.columns[re.column].name
		}
	} else if f, ok := errors.AsType[*fault.Error](err); ok {
		e.Column, _, _ = strings.Cut(f.Object, " of ") // "attribute of name", see invalid
		e.Hint = f.Hint
		if f.Err != nil {
			e.Reason = f.Err.Error()
		}
	}
	r.add(e)
}

// unresolved counts a name that nobody has.
func (r *Report) unresolved(line int, column, name, hint string) {
	r.Unresolved++
	r.add(LineError{Line: line, Column: column, Reason: "there is no " + name, Hint: hint})
}

func (r *Report) add(e LineError) {
	if len(r.Errors) < MaxLineErrors {
		r.Errors = append(r.Errors, e)
	}
}

func (r *Report) sort() {
	slices.SortStableFunc(r.Errors, func(a, b LineError) int { return cmp.Compare(a.Line, b.Line) })
}
