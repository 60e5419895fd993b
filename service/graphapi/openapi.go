package graphapi

import (
	"cmp"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/sallyport-id/sallyport/service/access"
)

// apiVersion is the version of Sallyport's own tree. It grows by additions alone; what would break a client gets a new tree.
const apiVersion = "1.0"

// openAPIRoutes describe the API. The document is made from the router's own table, so it cannot differ from what is answered.
func (a *API) openAPIRoutes() []Route {
	return []Route{
		{"GET /openapi.json", access.SignedIn, a.openAPI},
		{"GET " + ownRoot + "/openapi.json", access.SignedIn, a.openAPI},
	}
}

func (a *API) openAPI(w http.ResponseWriter, r *http.Request) error {
	writeJSON(w, http.StatusOK, a.document(base(r)))
	return nil
}

type listOf[T any] struct {
	Value []T `json:"value"`
}

type daysBody struct {
	Days int `json:"days"`
}

type certificateBody struct {
	Certificate string `json:"certificate"` // PEM
}

type joinTokenJSON struct {
	Token   string    `json:"token"`
	Group   string    `json:"group"`
	Expires time.Time `json:"expires"`
}

type appVersionJSON struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
}

// document is OpenAPI 3.1. Graph's tree is in it by path; its objects are described by Microsoft.
func (a *API) document(base string) map[string]any {
	paths := map[string]map[string]any{}
	for _, r := range a.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		path = strings.ReplaceAll(path, "...}", "}")
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		paths[path][strings.ToLower(method)] = describe(r, method, path)
	}
	return map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title": "Sallyport", "version": apiVersion,
			"description": "What follows Microsoft Graph is under /v1.0, and the same under /beta; what Graph lacks is under " + ownRoot + ".",
		},
		"servers": []any{map[string]any{"url": base}},
		"paths":   paths,
		"components": map[string]any{
			"securitySchemes": map[string]any{
				"bearer": map[string]any{"type": "http", "scheme": "bearer", "description": "A bearer secret, or an access token."},
				"client": map[string]any{"type": "oauth2", "flows": map[string]any{"clientCredentials": map[string]any{
					"tokenUrl": base + "/oauth2/v2.0/token", "scopes": map[string]any{base + "/.default": "everything the client was granted"},
				}}},
			},
			"responses": map[string]any{"error": map[string]any{
				"description": "What was wrong, in Graph's form.", "content": jsonBody(schemaOf(reflect.TypeFor[errorBody](), 0)),
			}},
		},
		"security": []any{map[string]any{"bearer": []any{}}, map[string]any{"client": []any{base + "/.default"}}},
	}
}

func describe(r Route, method, path string) map[string]any {
	tag := "graph"
	key := r.Pattern
	if rest, ok := strings.CutPrefix(path, ownRoot); ok {
		tag, key = "sallyport", method+" "+rest
	}
	op := map[string]any{
		"operationId": operationID(method, path), "summary": r.Summary(), "tags": []any{tag}, "x-sallyport-permission": r.Permission,
		"responses": map[string]any{
			"default": map[string]any{"$ref": "#/components/responses/error"},
			"2XX":     map[string]any{"description": "Done.", "content": answered(key)},
		},
	}
	if ps := pathParameters(path); len(ps) > 0 {
		op["parameters"] = ps
	}
	if method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
		if in := taken(tag, key); in != nil {
			op["requestBody"] = map[string]any{"content": in}
		}
	}
	return op
}

// taken is the body of a request; nil when our own routes take none.
func taken(tag, key string) map[string]any {
	s, known := shapes[key]
	switch {
	case key == "POST /import":
		return map[string]any{"text/csv": map[string]any{"schema": map[string]any{"type": "string"}}}
	case known && s.in != nil:
		return jsonBody(schemaOf(reflect.TypeOf(s.in), 0))
	case tag == "graph":
		return jsonBody(map[string]any{"type": "object"})
	}
	return nil
}

// answered is the body of an answer: an object, or lines of them.
func answered(key string) map[string]any {
	s := shapes[key]
	schema := map[string]any{"type": "object"}
	if s.out != nil {
		schema = schemaOf(reflect.TypeOf(s.out), 0)
	}
	if s.lines {
		return map[string]any{"application/x-ndjson": map[string]any{"schema": schema}}
	}
	return jsonBody(schema)
}

func jsonBody(schema map[string]any) map[string]any {
	return map[string]any{"application/json": map[string]any{"schema": schema}}
}

func pathParameters(path string) []any {
	var out []any
	for piece := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(piece, "{"); ok {
			out = append(out, map[string]any{
				"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": map[string]any{"type": "string"},
			})
		}
	}
	return out
}

// operationID is unique because a route's method and path are.
func operationID(method, path string) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(method))
	up := true
	for _, c := range path {
		switch {
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			up = true
			if c == '{' {
				b.WriteString("By")
			}
		case up:
			b.WriteRune(unicode.ToUpper(c))
			up = false
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// maxNesting bounds how deep a described object nests; none of ours does so further.
const maxNesting = 8

// schemaOf describes a Go type as JSON Schema, as encoding/json writes it.
func schemaOf(t reflect.Type, depth int) map[string]any {
	switch {
	case t.Kind() == reflect.Pointer:
		return schemaOf(t.Elem(), depth)
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage](), t.Kind() == reflect.Interface, depth > maxNesting:
		return map[string]any{}
	}
	switch t.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice, reflect.Array:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem(), depth+1)}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem(), depth+1)}
	case reflect.Struct:
		props := map[string]any{}
		addFields(t, depth, props)
		return map[string]any{"type": "object", "properties": props}
	}
	return map[string]any{"type": "string"}
}

// addFields adds a struct's fields, those of embedded structs as its own.
func addFields(t reflect.Type, depth int, into map[string]any) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			addFields(f.Type, depth, into)
		case name == "-" || !f.IsExported():
		default:
			into[cmp.Or(name, f.Name)] = schemaOf(f.Type, depth+1)
		}
	}
}
