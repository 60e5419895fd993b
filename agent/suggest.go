package agent

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/sallyport-id/sallyport/internal/nearest"
)

// syntaxHint says what to do about an error of the YAML reader: for an unknown key, which known one is near.
func syntaxHint(err error) string {
	keys := keysOf(reflect.TypeFor[Config](), reflect.TypeFor[Proxy](), reflect.TypeFor[Application]())
	unknown, ok := errors.AsType[*yaml.UnknownFieldError](err)
	if !ok {
		return "check indentation (spaces, no tabs), quotes and keys around this place"
	}
	word := strings.Trim(strings.TrimPrefix(unknown.GetMessage(), "unknown field "), `"`)
	best, near := "", 3
	for _, key := range keys {
		if d := nearest.Distance(word, key); d < near {
			best, near = key, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "the keys of an agent's configuration are " + strings.Join(keys, ", ")
}

// keysOf returns the keys that the forms of the file have.
func keysOf(forms ...reflect.Type) []string {
	var keys []string
	for _, form := range forms {
		for i := range form.NumField() {
			if key := form.Field(i).Tag.Get("yaml"); key != "-" {
				keys = append(keys, key)
			}
		}
	}
	return keys
}
