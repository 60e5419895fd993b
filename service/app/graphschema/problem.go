package graphschema

import (
	"strings"

	"github.com/sallyport-id/sallyport/fault"
)

// Problem is one thing that is wrong with a schema that a client wrote.
type Problem struct {
	Target  string // JSON path: synchronizationRules[0].objectMappings[1].attributeMappings[3].source.expression
	Message string // what is wrong and what would be right
}

// Problems are all of them. They come as the cause of a fault.Invalid; find them with errors.AsType[Problems].
type Problems []Problem

// Error writes one problem per line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Target + ": " + p.Message
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) fault() error {
	if len(ps) == 0 {
		return nil
	}
	return fault.Wrap(fault.Invalid, "read the schema", ps)
}
