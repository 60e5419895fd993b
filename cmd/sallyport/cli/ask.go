package cli

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"
)

// ask is what most client commands do: send a request with the profile's credential, read the answer into a T, and print it as JSON or
// as plain makes of it.
func ask[T any](e *env, cmd *cobra.Command, method, path string, in any, plain func(T)) error {
	cl, err := e.client()
	if err != nil {
		return err
	}
	var out T
	if err := cl.call(cmd.Context(), method, path, in, &out); err != nil {
		return err
	}
	return e.print(out, func() { plain(out) })
}

// list is ask for answers of the form {"value": […]}: plain is called once, with all of them.
func list[T any](e *env, cmd *cobra.Command, path string, plain func([]T)) error {
	cl, err := e.client()
	if err != nil {
		return err
	}
	var out struct{ Value []T }
	if err := cl.call(cmd.Context(), "GET", path, nil, &out); err != nil {
		return err
	}
	return e.print(append([]T{}, out.Value...), func() { plain(out.Value) })
}

// order is ask for requests that are answered without a body: done is what is printed as JSON, words otherwise.
func order(e *env, cmd *cobra.Command, method, path string, in, done any, words string, args ...any) error {
	cl, err := e.client()
	if err != nil {
		return err
	}
	if err := cl.call(cmd.Context(), method, path, in, nil); err != nil {
		return err
	}
	return e.print(done, func() { e.say(words, args...) })
}

// own is a path below Sallyport's own tree, its parts escaped.
func own(parts ...string) string {
	path := "/sallyport/v1"
	for _, p := range parts {
		path += "/" + url.PathEscape(p)
	}
	return path
}

// output is the flag --output; json is the same as --json.
type output struct{ json *bool }

func (o output) String() string {
	if o.json != nil && *o.json {
		return "json"
	}
	return "table"
}

func (o output) Set(text string) error {
	if text != "table" && text != "json" {
		return fmt.Errorf("use table or json")
	}
	*o.json = text == "json"
	return nil
}

func (output) Type() string { return "table|json" }
