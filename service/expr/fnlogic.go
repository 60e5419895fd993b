package expr

import (
	"strings"

	"github.com/sallyport-id/sallyport/entry"
)

// logicFunctions choose and ask.
func logicFunctions() []*builtin {
	return []*builtin{
		define("IIF(condition:Boolean, valueIfTrue, valueIfFalse)", "One of two values; only the chosen one is evaluated.", evalIIF),
		define("Switch(source, defaultValue, switchValue+)", "The value that belongs to the key equal to the source, else the default.", evalSwitch).checked(checkSwitch),
		define("Coalesce(source+)", `The first argument that is neither null nor "", else the last one.`, evalCoalesce),
		define("Not(source:Boolean)", "False for true, True for everything else.", evalNot),
		define("CBool(source)", "The source as a boolean.", evalCBool),
		define("CStr(source)", "The source as text.", onText(func(s string) string { return s })),
		define("IsNull(source)", "Whether the source is absent.", test(func(v value) bool { return v == nil })),
		define("IsNothing(source)", "Whether the source is absent.", test(func(v value) bool { return v == nil })),
		define("IsNullOrEmpty(source)", "Whether the source is absent or empty.", test(empty)),
		define("IsPresent(source)", "Whether the source is neither absent nor empty.", test(func(v value) bool { return !empty(v) })),
		define("IsString(source)", "Whether the source is text.", test(isString)),
		define("IgnoreFlowIfNullOrEmpty(source)", "The source; without one the attribute is left out.", evalIgnoreFlow),
		define("Redact(source)", "The source, hidden from every log.", func(r *run, c *call) (value, error) { return r.arg(c, 0) }),
		define("DefaultDomain()", "The tenant's default domain.", func(r *run, _ *call) (value, error) { return r.env.DefaultDomain, nil }),
	}
}

// test lifts a question about one value.
func test(ask func(value) bool) func(*run, *call) (value, error) {
	return func(r *run, c *call) (value, error) {
		v, err := r.arg(c, 0)
		if err != nil {
			return nil, err
		}
		return ask(v), nil
	}
}

func isString(v value) bool { _, ok := v.(string); return ok }

func evalIIF(r *run, c *call) (value, error) {
	cond, err := r.arg(c, 0)
	if err != nil {
		return nil, err
	}
	if truthy(cond) {
		return r.arg(c, 1)
	}
	return r.arg(c, 2)
}

func evalSwitch(r *run, c *call) (value, error) {
	source, err := r.text(c, 0)
	if err != nil {
		return nil, err
	}
	for i := 2; i+1 < len(c.args); i += 2 {
		key, err := r.text(c, i)
		if err != nil {
			return nil, err
		}
		if key == source {
			return r.arg(c, i+1)
		}
	}
	return r.arg(c, 1)
}

// checkSwitch refuses an odd number of arguments, and the pair form of a related product, whose arguments mean something else.
func checkSwitch(c *call) (problem, expected string) {
	if len(c.args) >= 4 && asks(c.args[0]) && asks(c.args[2]) {
		return "Switch with pairs of condition and value is another product's form", "Switch(source, default, key, value, …), or IIF inside IIF"
	}
	if len(c.args)%2 != 0 {
		return "Switch has an odd number of arguments", "Switch(source, default, key, value, …)"
	}
	return "", ""
}

// asks reports whether a node yields a boolean by its form.
func asks(n node) bool {
	switch n := n.(type) {
	case *compare:
		return true
	case *call:
		return strings.HasPrefix(n.fn.Name, "Is") || n.fn.Name == "Not" || n.fn.Name == "CBool"
	}
	return false
}

func evalCoalesce(r *run, c *call) (value, error) {
	var last value
	for i := range c.args {
		v, err := r.arg(c, i)
		if err != nil {
			return nil, err
		}
		if last = v; !empty(v) {
			break
		}
	}
	return last, nil
}

func evalNot(r *run, c *call) (value, error) {
	v, err := r.arg(c, 0)
	if err != nil {
		return nil, err
	}
	return !truthy(v), nil
}

func evalCBool(r *run, c *call) (value, error) {
	v, err := r.arg(c, 0)
	if err != nil {
		return nil, err
	}
	switch n := number(v).(type) {
	case int64:
		return n != 0, nil
	case float64:
		return n != 0, nil
	}
	return truthy(v), nil
}

func evalIgnoreFlow(r *run, c *call) (value, error) {
	v, err := r.arg(c, 0)
	if err == nil && empty(v) {
		return nil, errIgnoreAttribute
	}
	return v, err
}

// equalValues compares two values as RemoveDuplicates does: by type and content.
func equalValues(a, b value) bool { return entry.Equal(a, b) }
