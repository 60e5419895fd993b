package graphapi

import (
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/expr"
)

type operatorJSON struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Arity      string   `json:"arity"` // Binary, Unary
	Comparison string   `json:"multivaluedComparisonType"`
	Types      []string `json:"supportedAttributeTypes"`
}

func (a *API) filterOperators(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.work(r); err != nil {
		return err
	}
	var out []operatorJSON
	for _, o := range app.Operators() {
		j := operatorJSON{ID: o.Name, Name: o.Name, Arity: "Binary", Comparison: "Any", Types: o.Types}
		if o.Unary {
			j.Arity = "Unary"
		}
		out = append(out, j)
	}
	return filtered(w, r, "filterOperatorSchema", out)
}

type functionJSON struct {
	Name   string          `json:"name"`
	Params []parameterJSON `json:"parameters"`
}

type parameterJSON struct {
	Name     string `json:"name"`
	Required bool   `json:"required"`
	Type     string `json:"type"`
	Repeats  bool   `json:"allowMultipleOccurrences"`
}

func (a *API) functions(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.work(r); err != nil {
		return err
	}
	var out []functionJSON
	for _, f := range expr.Functions() {
		j := functionJSON{Name: f.Name, Params: []parameterJSON{}}
		for _, p := range f.Params {
			j.Params = append(j.Params, parameterJSON{p.Name, p.Required, p.Type, p.Repeats})
		}
		out = append(out, j)
	}
	return filtered(w, r, "attributeMappingFunctionSchema", out)
}

type parsedJSON struct {
	Context   string      `json:"@odata.context"`
	Parsed    bool        `json:"parsingSucceeded"`
	Evaluated bool        `json:"evaluationSucceeded"`
	Result    []string    `json:"evaluationResult"`
	Tree      *expr.Tree  `json:"parsedExpression"`
	Error     *publicJSON `json:"error"`
}

type publicJSON struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target,omitempty"`
}

// parseExpression reads an expression and, when an object is given, evaluates it over that (graph-api §3.5).
func (a *API) parseExpression(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Expression string `json:"expression"`
		Object     *struct {
			Properties []struct {
				Key   string `json:"key"`
				Value any    `json:"value"`
			} `json:"properties"`
		} `json:"testInputObject"`
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	if _, err := a.work(r); err != nil {
		return err
	}
	out := parsedJSON{Context: contextURL(r, graphPrefix+"parseExpressionResponse"), Result: []string{}}
	e, err := expr.Parse(b.Expression)
	if err != nil {
		out.Error = &publicJSON{Code: "ExpressionSyntax", Message: err.Error()}
		if s, ok := errors.AsType[*expr.SyntaxError](err); ok {
			out.Error.Message = s.Error()
		}
		writeJSON(w, http.StatusOK, out)
		return nil
	}
	tree := e.Tree()
	out.Parsed, out.Tree = true, &tree
	attrs := entry.Attrs{}
	if b.Object != nil {
		for _, p := range b.Object.Properties {
			attrs[p.Key] = inputValues(p.Value)
		}
	}
	res, err := e.Eval(expr.Env{
		Attrs: func(name string) []entry.Value { return attrs[name] }, Now: time.Now().UTC(), Rand: rand.Reader, Writing: true,
	})
	if err != nil {
		out.Error = &publicJSON{Code: "ExpressionEvaluation", Message: err.Error()}
	} else {
		out.Evaluated = true
		for _, v := range res.Values {
			out.Result = append(out.Result, expr.Text(v))
		}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func inputValues(v any) []entry.Value {
	switch v := v.(type) {
	case nil:
		return nil
	case string, bool:
		return []entry.Value{v}
	case float64:
		if v == float64(int64(v)) {
			return []entry.Value{int64(v)}
		}
		return []entry.Value{v}
	case []any:
		var out []entry.Value
		for _, x := range v {
			out = append(out, inputValues(x)...)
		}
		return out
	}
	return nil
}
