package expr

import (
	"errors"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// Eval evaluates the expression on the whole source object. The error wraps an *EvalError naming function and attribute; its kind is
// fault.Invalid, or the kind of the failure that Env.Taken reported.
func (e *Expr) Eval(env Env) (Result, error) {
	return e.within(env, maxTime)
}

// within is Eval with another time limit.
func (e *Expr) within(env Env, limit time.Duration) (Result, error) {
	r := run{env: &env, redacted: e.redacted, limit: limit}
	defer r.done()
	v, err := e.root.eval(&r)
	switch {
	case errors.Is(err, errIgnoreAttribute):
		return Result{Kind: IgnoreAttribute, Redacted: e.redacted}, nil
	case errors.Is(err, errIgnoreObject):
		return Result{Kind: IgnoreObject, Redacted: e.redacted}, nil
	case err != nil:
		return Result{}, fault.Wrap(fault.Invalid, "evaluate the expression", err)
	}
	values := toEntry(v)
	if len(values) == 0 {
		return Result{Kind: Null, Redacted: e.redacted}, nil
	}
	return Result{Kind: Value, Values: values, Redacted: e.redacted}, nil
}

func toEntry(v value) []entry.Value {
	switch v := v.(type) {
	case nil:
		return nil
	case list:
		out := make([]entry.Value, 0, len(v))
		for _, x := range v {
			if x != nil {
				out = append(out, x)
			}
		}
		return out
	}
	return []entry.Value{v}
}

// given reports whether argument i was written at all; "" is given, an empty place is not.
func (c *call) given(i int) bool { return i < len(c.args) && c.args[i] != nil }

// arg evaluates argument i; an omitted one is null.
func (r *run) arg(c *call, i int) (value, error) {
	if !c.given(i) {
		return nil, nil
	}
	return c.args[i].eval(r)
}

// text evaluates argument i as text; null is "".
func (r *run) text(c *call, i int) (string, error) {
	v, err := r.arg(c, i)
	return text(v), err
}

// texts evaluates the first n arguments as text.
func (r *run) texts(c *call, n int) ([]string, error) {
	out := make([]string, n)
	for i := range out {
		s, err := r.text(c, i)
		if err != nil {
			return nil, err
		}
		out[i] = s
	}
	return out, nil
}

// integer evaluates argument i as a whole number.
func (r *run) integer(c *call, i int) (int64, error) {
	v, err := r.arg(c, i)
	if err != nil {
		return 0, err
	}
	n, ok := wholeNumber(v)
	if !ok {
		return 0, r.bad(v, "is not a whole number")
	}
	return n, nil
}

// integerOr is integer with a default for an omitted or null argument.
func (r *run) integerOr(c *call, i int, otherwise int64) (int64, error) {
	v, err := r.arg(c, i)
	if err != nil || v == nil {
		return otherwise, err
	}
	n, ok := wholeNumber(v)
	if !ok {
		return 0, r.bad(v, "is not a whole number")
	}
	return n, nil
}

// bad makes an error that quotes the value, unless the expression is redacted.
func (r *run) bad(v value, problem string) error {
	shown := "[Redact]"
	switch {
	case v == nil:
		shown = "null"
	case !r.redacted:
		shown = quoteShort(text(v))
	}
	return errors.New(shown + " " + problem)
}

// hide passes an error on that quotes what an expression computed, or a general one when the expression is redacted.
func (r *run) hide(err error) error {
	if err == nil || !r.redacted {
		return err
	}
	return errors.New("an argument cannot be used ([Redact])")
}

// quoteShort quotes a text for an error, at most 60 characters of it.
func quoteShort(s string) string {
	runes := []rune(s[:min(len(s), 400)])
	if len(runes) > 60 {
		return Quote(string(runes[:60])) + "…"
	}
	return Quote(s)
}
