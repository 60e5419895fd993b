package cli

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/expr"
	"github.com/sallyport-id/sallyport/service/expr/vectors"
)

func exprCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "expr", Short: "Try, check and test mapping expressions, without any server"}
	c.AddCommand(exprEvalCommand(e), exprCheckCommand(e), exprTestCommand(e))
	return c
}

// exprEval is one run of 'expr eval'.
type exprEval struct {
	*env
	user, now, domain string
	set, taken        []string
}

func exprEvalCommand(e *env) *cobra.Command {
	x := exprEval{env: e}
	c := &cobra.Command{
		Use:   "eval EXPR",
		Short: "Evaluate an expression on attributes given here",
		Long: `Prints what an expression yields, one value per line; nothing, ignoreAttribute and ignoreObject are said in words on the
error output. --user reads the attributes from a file of JSON (one object); --set adds to them, and several of one name make
a list. An EXPR of @FILE is read from a file, - from the input.`,
		Example: `  sallyport expr eval 'Join(" ", [givenName], [surname])' --set givenName=Ann --set surname=Smith
  sallyport expr eval 'SelectUniqueValue([nick], [nick] & "2")' --set nick=ann --taken ann`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return x.run(args[0]) },
	}
	f := c.Flags()
	f.StringVar(&x.user, "user", "", "file with the source object's attributes: one JSON object")
	f.StringArrayVar(&x.set, "set", nil, "an attribute, NAME=TEXT; may be repeated")
	f.StringArrayVar(&x.taken, "taken", nil, "a value the target holds already, for SelectUniqueValue; may be repeated")
	f.StringVar(&x.now, "now", "", "what Now() returns, as 2026-01-31T12:00:00Z; default this instant")
	f.StringVar(&x.domain, "default-domain", "", "what DefaultDomain() returns")
	return c
}

func (x *exprEval) run(arg string) error {
	text, err := x.text(arg)
	if err != nil {
		return err
	}
	parsed, err := expr.Parse(text)
	if err != nil {
		return err
	}
	env, err := x.environment()
	if err != nil {
		return err
	}
	res, err := parsed.Eval(env)
	if err != nil {
		return err
	}
	out := map[string]any{"expression": parsed.String(), "kind": res.Kind.String(), "values": shownValues(res.Values), "warnings": append([]string{}, parsed.Lint()...)}
	return x.print(out, func() {
		for _, w := range parsed.Lint() {
			fmt.Fprintln(x.err, "warning:", w)
		}
		if res.Kind != expr.Value {
			fmt.Fprintln(x.err, res.Kind)
		}
		for _, v := range res.Values {
			x.say("%s", shownText(v))
		}
	})
}

// text returns the expression an argument stands for.
func (e *env) text(arg string) (string, error) {
	if file, ok := strings.CutPrefix(arg, "@"); ok {
		data, err := os.ReadFile(file)
		return strings.TrimSpace(string(data)), fault.Wrap(fault.Invalid, "read the expression", err)
	}
	if arg != "-" {
		return arg, nil
	}
	var b bytes.Buffer
	_, err := b.ReadFrom(e.in)
	return strings.TrimSpace(b.String()), fault.Wrap(fault.Invalid, "read the expression", err)
}

func (x *exprEval) environment() (expr.Env, error) {
	attrs, err := readAttributes(x.user)
	if err != nil {
		return expr.Env{}, err
	}
	fresh := map[string]bool{} // --set replaces what the file says
	for _, s := range x.set {
		name, v, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return expr.Env{}, usageError{fmt.Errorf("--set %s: write it as NAME=TEXT", s)}
		}
		if !fresh[name] {
			fresh[name], attrs[name] = true, nil
		}
		attrs[name] = append(attrs[name], v)
	}
	now := time.Now()
	if x.now != "" {
		var ok bool
		if now, ok = expr.Date(x.now); !ok {
			return expr.Env{}, usageError{fmt.Errorf("--now %s is not an instant; write it as 2026-01-31T12:00:00Z", x.now)}
		}
	}
	taken := map[string]bool{}
	for _, v := range x.taken {
		taken[v] = true
	}
	return expr.Env{
		Attrs: func(name string) []entry.Value { return attrs[name] }, Now: now, Rand: rand.Reader, DefaultDomain: x.domain, Writing: true,
		Taken: func(v string) (bool, error) { return taken[v], nil },
	}, nil
}

// readAttributes reads one JSON object; without a file there are none.
func readAttributes(file string) (map[string][]entry.Value, error) {
	attrs := map[string][]entry.Value{}
	if file == "" {
		return attrs, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "read the user", err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var user map[string]any
	if err := d.Decode(&user); err != nil {
		return nil, fault.WrapHint(fault.Invalid, "read the user "+file, err, `the file holds one JSON object, such as {"givenName": "Ann"}`)
	}
	for name, v := range user {
		attrs[name] = vectors.Values(v)
	}
	return attrs, nil
}

func shownValues(vs []entry.Value) []any {
	out := make([]any, len(vs))
	for i, v := range vs {
		switch v := v.(type) {
		case string, bool, int64, float64, entry.Complex:
			out[i] = v
		default:
			out[i] = expr.Text(v)
		}
	}
	return out
}

func shownText(v entry.Value) string {
	if c, ok := v.(entry.Complex); ok {
		if text, err := json.Marshal(c); err == nil {
			return string(text)
		}
	}
	return expr.Text(v)
}

// checkedExpr is what 'expr check' says about one expression.
type checkedExpr struct {
	Place      string   `json:"place,omitempty"` // file and line, of an expression from a file
	Expression string   `json:"expression"`
	Valid      bool     `json:"valid"`
	Offset     int      `json:"offset,omitempty"` // characters before the place
	Line       int      `json:"line,omitempty"`
	Column     int      `json:"column,omitempty"`
	Problem    string   `json:"problem,omitempty"`
	Expected   string   `json:"expected,omitempty"`
	Attributes []string `json:"attributes,omitempty"`
	Functions  []string `json:"functions,omitempty"`
	Warnings   []string `json:"warnings,omitempty"`
}

func exprCheckCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "check EXPR|FILE...",
		Short: "Check expressions, and say where they are wrong and what was expected",
		Long: `Checks each expression as saving it would. An argument that names a file is read instead: one expression per line; empty
lines and lines that begin with # are left out. The exit code is 3 when an expression is wrong.`,
		Example: `  sallyport expr check 'Switch([country], "DE", "Germany")'`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var all []checkedExpr
			for _, arg := range args {
				some, err := checkArgument(arg)
				if err != nil {
					return err
				}
				all = append(all, some...)
			}
			if err := e.print(all, func() { e.checked(all) }); err != nil {
				return err
			}
			for _, c := range all {
				if !c.Valid {
					return silent{fault.New(fault.Invalid, "check", "an expression is wrong")}
				}
			}
			return nil
		},
	}
}

func checkArgument(arg string) ([]checkedExpr, error) {
	info, err := os.Stat(arg)
	if err != nil || info.IsDir() {
		return []checkedExpr{checkExpr("", arg)}, nil //nolint:nilerr // what is no file is an expression
	}
	data, err := os.ReadFile(arg)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "read the expressions", err)
	}
	var out []checkedExpr
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, checkExpr(fmt.Sprintf("%s:%d", arg, n), line))
		}
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "check "+arg, "the file holds no expression").WithHint("write one expression per line")
	}
	return out, nil
}

func checkExpr(place, text string) checkedExpr {
	c := checkedExpr{Place: place, Expression: text}
	parsed, err := expr.Parse(text)
	if syntax, ok := errors.AsType[*expr.SyntaxError](err); ok {
		c.Offset, c.Line, c.Column, c.Problem, c.Expected = syntax.Offset, syntax.Line, syntax.Column, syntax.Problem, syntax.Expected
		return c
	}
	if err != nil {
		c.Problem = err.Error()
		return c
	}
	c.Valid, c.Attributes, c.Functions, c.Warnings = true, parsed.Attributes(), parsed.Functions(), parsed.Lint()
	return c
}

func (e *env) checked(all []checkedExpr) {
	for _, c := range all {
		place := c.Place
		if place != "" {
			place += ": "
		}
		for _, w := range c.Warnings {
			e.say("%swarning: %s", place, w)
		}
		if c.Valid {
			e.say("%sgood: %s", place, c.Expression)
			continue
		}
		e.say("%sline %d, column %d: %s", place, c.Line, c.Column, c.Problem)
		e.pointAt(c)
		if c.Expected != "" {
			e.say("  expected %s", c.Expected)
		}
	}
}

// pointAt shows the line with a mark below the place, for lines that fit a terminal.
func (e *env) pointAt(c checkedExpr) {
	lines := strings.Split(c.Expression, "\n")
	if c.Line < 1 || c.Line > len(lines) || len(lines[c.Line-1]) > 120 {
		return
	}
	e.say("  %s\n  %s^", strings.ReplaceAll(lines[c.Line-1], "\t", " "), strings.Repeat(" ", c.Column-1))
}

func exprTestCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "test FILE...",
		Short: "Run files of expressions with the results they shall have",
		Long: `A file is a JSON array with one object per case: id, expression, attributes, expectedKind (value, null, regex,
ignoreAttribute, ignoreObject or error), expected, and perhaps expectedType, now and taken. Each case is taken as it is
written, printed and parsed again, and rebuilt from its tree, and passes only if all three agree. Prints each miss and how
many passed and failed; the exit code is 1 when some failed.`,
		Example: "  sallyport expr test expression-vectors.json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			total := vectors.Report{Misses: []vectors.Miss{}}
			for _, file := range args {
				r, err := runVectors(file)
				if err != nil {
					return err
				}
				total.Passed += r.Passed
				total.Failed += r.Failed
				total.Misses = append(total.Misses, r.Misses...)
			}
			if err := e.print(total, func() { e.missed(total) }); err != nil {
				return err
			}
			if total.Failed > 0 {
				return silent{fmt.Errorf("%d cases failed", total.Failed)}
			}
			return nil
		},
	}
}

func runVectors(file string) (vectors.Report, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return vectors.Report{}, fault.Wrap(fault.Invalid, "read the vectors", err)
	}
	vs, err := vectors.Read(data)
	if err != nil {
		return vectors.Report{}, fault.Wrap(fault.Invalid, file, err)
	}
	return vectors.Run(vs, vectors.World{Now: time.Now(), Rand: rand.Reader}), nil
}

func (e *env) missed(r vectors.Report) {
	for _, m := range r.Misses {
		e.say("FAIL %s: %s", m.ID, m.Expression)
		e.say("     %s: want %s", m.Way, m.Want)
		e.say("     %s  got %s", strings.Repeat(" ", len(m.Way)), m.Got)
	}
	e.say("%d passed, %d failed", r.Passed, r.Failed)
}
