package app

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile is the largest application file, in bytes.
const maxFile = 4 << 20

// Parse reads an application from its YAML form, checks it and fills in the defaults. file names the source in errors. Every key is known or
// refused. The error is a fault.Invalid that wraps Mistakes: all of them, each with file, line, column and what to do.
//
//	id: contoso
//	name: Contoso HR
//	target: {group: site-a, resource: contoso, secretFile: /etc/sallyport/contoso.secret, dialect: rfc}
//	schedule: {interval: 40m, workers: 16}
//	deprovision: {skipOutOfScope: false, deleteLimit: 500}
//	objects:
//	  - source: User
//	    match: [{precedence: 1, target: userName}]
//	    scope: [{name: staff, clauses: [{attribute: department, operator: NOT EQUALS, values: [Temp]}]}]
//	    mappings:
//	      - {target: userName, source: userPrincipalName}
//	      - {target: active, expression: "Not([IsSoftDeleted])"}
//	      - {target: title, source: jobTitle, default: Staff, flow: ObjectAddOnly}
func Parse(file string, data []byte) (App, error) {
	d := decoder{file: file, places: map[string]place{}}
	var a App
	if root := d.read(data); root != nil {
		d.decode(root, "", &a)
		d.semantics(a)
	}
	slices.SortStableFunc(d.found, func(x, y Mistake) int {
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	if err := d.found.fault("read the application"); err != nil {
		return App{}, err
	}
	return a.WithDefaults(), nil
}

// place is a position in the file.
type place struct{ line, column int }

// decoder turns a YAML tree into an App and remembers where everything stood.
type decoder struct {
	file   string
	places map[string]place
	found  Mistakes
	unread []string // paths of what could not be decoded
}

func (d *decoder) add(at place, path, what, hint string) {
	d.found = append(d.found, Mistake{File: d.file, Line: at.line, Column: at.column, Path: path, What: what, Hint: hint})
}

// read parses the text into one document's tree; nil after a mistake.
func (d *decoder) read(data []byte) ast.Node {
	start := place{1, 1}
	if len(data) > maxFile {
		d.add(start, "", "the file is too large", "an application file has at most 4 MiB")
		return nil
	}
	f, err := parseYAML(data)
	if err != nil {
		at, what := syntaxPlace(err)
		d.add(at, "", what, "check indentation, quotes and brackets around this place")
		return nil
	}
	docs := slices.DeleteFunc(f.Docs, func(doc *ast.DocumentNode) bool { return doc == nil || doc.Body == nil })
	switch len(docs) {
	case 1:
		return docs[0].Body
	case 0:
		d.add(start, "", "the file is empty", "begin with id: and the application's id")
	default:
		d.add(placeOf(docs[1].Body), "", "the file holds several documents", "put one application into one file")
	}
	return nil
}

// parseYAML keeps a defect of the YAML reader from taking the process down: the text is user input.
func parseYAML(data []byte) (f *ast.File, err error) {
	defer func() {
		if recover() != nil {
			f, err = nil, errors.New("this is not YAML")
		}
	}()
	return parser.ParseBytes(data, 0)
}

// syntaxPlace takes the position and the message out of the YAML reader's error.
func syntaxPlace(err error) (place, string) {
	var syntax yaml.Error
	if !errors.As(err, &syntax) || syntax.GetToken() == nil {
		return place{1, 1}, firstLine(err.Error())
	}
	p := syntax.GetToken().Position
	return place{p.Line, p.Column}, firstLine(syntax.GetMessage())
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// semantics adds what Validate finds, at the place nearest to what it names, and what only a file can get wrong.
func (d *decoder) semantics(a App) {
	for _, m := range d.found {
		d.unread = append(d.unread, m.Path)
	}
	if !d.has("target.secretFile") {
		d.add(d.placeAt("target"), "target.secretFile", "the secret's file is missing", "put the bearer secret into a file that the service alone can read, and name it here; \"\" keeps the secret the service has")
	}
	for i, o := range a.Objects {
		if path := objectPath(i) + ".verbs"; d.has(path) && o.Verbs == (Verbs{}) {
			d.add(d.placeAt(path), path, "verbs allows nothing", "set those of create, update and delete that are wanted to true, or leave verbs out for all three")
		}
	}
	for _, m := range a.mistakes() {
		if !d.mentioned(m.Path) {
			d.add(d.placeAt(m.Path), m.Path, m.What, m.Hint)
		}
	}
}

func (d *decoder) has(path string) bool { _, ok := d.places[path]; return ok }

// mentioned reports whether the decoder complained about the path, or a key right below it, already: a value that could not be read shall not
// be called missing too.
func (d *decoder) mentioned(path string) bool {
	return slices.ContainsFunc(d.unread, func(p string) bool { return p == path || strings.HasPrefix(p, path+".") })
}

// placeAt returns where a path stands, or the nearest part of it that stands in the file.
func (d *decoder) placeAt(path string) place {
	for path != "" {
		if at, ok := d.places[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return place{1, 1}
}
