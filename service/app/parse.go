package app

import "github.com/sallyport-id/sallyport/fault"

// Parse reads an application from its YAML form, checks it and fills in the defaults. file names the source in errors. The error is a
// fault.Invalid that wraps Mistakes: all of them, each with file, line and column.
func Parse(file string, data []byte) (App, error) {
	return App{}, fault.New(fault.Unsupported, "parse", "not yet")
}

// Validate checks an application's rules. The error is a fault.Invalid that wraps Mistakes, nil when all is well.
func (a App) Validate() error { return nil }

// Format writes the application in its YAML form, leaving out what has its default value. Parse reads it back to the same App but for Version.
func (a App) Format() []byte { return nil }
