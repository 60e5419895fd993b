package docsgen

import (
	"strings"

	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/expr"
)

// Functions renders the page of the expression language's functions.
func Functions(all []expr.Signature) string {
	w := page("Functions of the expression language", "How to write an expression is told in [expressions](../expressions.md).")
	w.line("\nA parameter in brackets may be left out; one followed by … may be given several times. Functions marked *extended* are known from related products.")
	var rows [][]string
	for _, f := range all {
		rows = append(rows, []string{"`" + Usage(f) + "`", f.Summary + extended(f)})
	}
	w.table([]string{"function", "what it does"}, rows)
	return w.String()
}

func extended(f expr.Signature) string {
	if f.Dialect == "" {
		return ""
	}
	return " *" + f.Dialect + "*"
}

// Usage writes a signature for people: Mid(source, start: Integer, [length: Integer]).
func Usage(f expr.Signature) string {
	params := make([]string, len(f.Params))
	for i, p := range f.Params {
		s := p.Name
		if p.Type != "String" {
			s += ": " + p.Type
		}
		if p.Repeats {
			s += " …"
		}
		if !p.Required {
			s = "[" + s + "]"
		}
		params[i] = s
	}
	return f.Name + "(" + strings.Join(params, ", ") + ")"
}

// Operators renders the page of the operators a scoping filter's clauses may use.
func Operators(all []app.Operator) string {
	w := page("Operators of scoping filters", "How a filter is written is told in [the application file](../application-file.md).")
	var rows [][]string
	for _, o := range all {
		values := "one or more"
		if o.Unary {
			values = "none"
		}
		rows = append(rows, []string{"`" + o.Name + "`", values, strings.Join(o.Types, ", ")})
	}
	w.table([]string{"operator", "values", "attributes of type"}, rows)
	return w.String()
}
