package cli

import (
	"errors"
	"fmt"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
)

// placed says of every mistake that compiling an application found where in the file its mapping stands.
func placed(file string, text []byte, a app.App, err error) error {
	if err == nil {
		return nil
	}
	var all []error
	for _, e := range leaves(err) {
		f, ok := errors.AsType[*fault.Error](e)
		at := file
		if ok {
			at = place(file, text, a, f.Object)
		}
		all = append(all, fmt.Errorf("%s: %w", at, e))
	}
	return fault.New(fault.Invalid, "check the application", "%w", errors.Join(all...))
}

// leaves takes joined errors apart.
func leaves(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range many.Unwrap() {
			all = append(all, leaves(e)...)
		}
		return all
	}
	if inner := errors.Unwrap(err); inner != nil {
		if below := leaves(inner); len(below) > 1 || named(err) == "" && len(below) == 1 && named(below[0]) != "" {
			return below
		}
	}
	return []error{err}
}

func named(err error) string {
	if f, ok := err.(*fault.Error); ok { //nolint:errorlint // of this very error, not of one below
		return f.Object
	}
	return ""
}

// place finds the mapping, or the match rule, that writes the target attribute.
func place(file string, text []byte, a app.App, target string) string {
	for i, o := range a.Objects {
		for j, m := range o.Mappings {
			if m.Target == target {
				return position(file, text, fmt.Sprintf("objects[%d].mappings[%d]", i, j))
			}
		}
		for j, r := range o.Match {
			if r.Target == target {
				return position(file, text, fmt.Sprintf("objects[%d].match[%d]", i, j))
			}
		}
	}
	return file
}

func position(file string, text []byte, path string) string {
	for _, key := range []string{".expression", ".source", ".target"} {
		if line, column := app.At(text, path+key); line > 0 {
			return fmt.Sprintf("%s:%d:%d: %s", file, line, column, path+key)
		}
	}
	return file
}
