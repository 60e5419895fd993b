package scimtest

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/sallyport-id/sallyport/fault"
)

// Dialogue is a conversation of a real client with an endpoint, written from that client's documentation: requests, and what
// the client needs to find in the answers.
//
// It is kept as a txtar archive. A file named "METHOD /path" is a request, the next one, named by the expected statuses
// ("200", "200 204"), what its answer must hold. Either may begin with header lines and an empty line. ${word} is a random word,
// ${name} a string captured before. In an expected body "$name" captures the string (or must equal it, once captured), "*" is
// any value, null an absent one; members that are not named are free, lists must have exactly these elements in any order.
type Dialogue struct {
	Name  string // "entra"
	About string // what it shows
	Turns []Turn
}

// Turn is one request and its answer.
type Turn struct {
	Method, Path string
	Header       map[string]string
	Body         string
	Statuses     []int
	Want         map[string]string // headers: part of the value, or "*"
	Answer       any               // JSON; nil: not looked at
}

//go:embed testdata/*.txtar
var files embed.FS

// Dialogues returns the dialogues that come with the package: Entra and Okta, in the order of their file names.
func Dialogues() ([]Dialogue, error) {
	names, err := files.ReadDir("testdata")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "list dialogues", err)
	}
	var list []Dialogue
	for _, n := range names {
		text, err := files.ReadFile(path.Join("testdata", n.Name()))
		if err != nil {
			return nil, fault.Wrap(fault.Internal, "read dialogue", err)
		}
		d, err := ParseDialogue(strings.TrimSuffix(n.Name(), ".txtar"), text)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}

// ParseDialogue reads a dialogue from a txtar archive. It fails with fault.Invalid, naming the turn.
func ParseDialogue(name string, text []byte) (Dialogue, error) {
	a := txtar.Parse(text)
	d := Dialogue{Name: name, About: strings.TrimSpace(string(a.Comment))}
	if len(a.Files) == 0 || len(a.Files)%2 != 0 {
		return d, fault.New(fault.Invalid, "read dialogue "+name, "%d parts: requests and answers must come in turn", len(a.Files))
	}
	for i := 0; i < len(a.Files); i += 2 {
		t, err := parseTurn(a.Files[i], a.Files[i+1])
		if err != nil {
			return d, fault.New(fault.Invalid, "read dialogue "+name, "turn %d, %s: %w", i/2+1, a.Files[i].Name, err)
		}
		d.Turns = append(d.Turns, t)
	}
	return d, nil
}

func parseTurn(request, answer txtar.File) (t Turn, err error) {
	var ok bool
	if t.Method, t.Path, ok = strings.Cut(request.Name, " "); !ok || !strings.HasPrefix(t.Path, "/") {
		return t, fmt.Errorf("%q is not a method and a path", request.Name)
	}
	t.Header, t.Body = parsePart(request.Data)
	var body string
	t.Want, body = parsePart(answer.Data)
	for word := range strings.FieldsSeq(answer.Name) {
		status, err := strconv.Atoi(word)
		if err != nil {
			return t, fmt.Errorf("%q is not a list of statuses", answer.Name)
		}
		t.Statuses = append(t.Statuses, status)
	}
	if body != "" {
		err = json.Unmarshal([]byte(body), &t.Answer)
	}
	return t, err
}

// parsePart splits header lines, if any, from the body.
func parsePart(data []byte) (header map[string]string, body string) {
	header = map[string]string{}
	text := strings.TrimSpace(string(data))
	if text == "" || text[0] == '{' || text[0] == '[' {
		return header, text
	}
	head, body, _ := strings.Cut(text, "\n\n")
	for line := range strings.Lines(head) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		header[name] = strings.TrimSpace(value)
	}
	return header, strings.TrimSpace(body)
}

// Play holds the dialogue with an endpoint. It returns nil when every answer was as the client needs it, else a fault.Invalid
// that names the turn and what was found instead. What the dialogue creates it deletes itself, as far as it comes.
func (d Dialogue) Play(ctx context.Context, o Options) error {
	x := &exchange{session: newSession(ctx, o)}
	known := map[string]string{"word": x.word}
	for i, t := range d.Turns {
		if err := t.play(x, known); err != nil {
			return fault.New(fault.Invalid, "play dialogue "+d.Name, "turn %d, %s %s: %w", i+1, t.Method, t.Path, err)
		}
	}
	return nil
}

func (t Turn) play(x *exchange, known map[string]string) error {
	var header []string
	for name, value := range t.Header {
		header = append(header, name, fillIn(value, known))
	}
	var body any
	if t.Body != "" {
		body = fillIn(t.Body, known)
	}
	x.why = nil
	r := x.do(t.Method, fillIn(t.Path, known), body, header...).is(t.Statuses...)
	for name, want := range t.Want {
		if got := r.header.Get(name); got == "" || want != "*" && !strings.Contains(got, fillIn(want, known)) {
			r.note("header %s is %q, want %s", name, got, want)
		}
	}
	if len(x.why) > 0 {
		return fmt.Errorf("%s", x.why[0])
	}
	if t.Answer == nil || r.status == http.StatusNoContent {
		return nil
	}
	return compare("", t.Answer, r.doc, known)
}

func fillIn(s string, known map[string]string) string {
	for name, value := range known {
		s = strings.ReplaceAll(s, "${"+name+"}", value)
	}
	return s
}

// compare says where got lacks something that want asks for.
func compare(at string, want, got any, known map[string]string) error {
	switch w := want.(type) {
	case nil:
		if got != nil {
			return fmt.Errorf("%s is %s, want nothing", at, show(got))
		}
		return nil
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is %s, want an object", at, show(got))
		}
		for key, v := range w {
			if err := compare(at+"/"+key, v, g[key], known); err != nil {
				return err
			}
		}
		return nil
	case []any:
		return compareList(at, w, got, known)
	case string:
		return compareText(at, w, got, known)
	}
	if !bytes.Equal([]byte(show(want)), []byte(show(got))) {
		return fmt.Errorf("%s is %s, want %s", at, show(got), show(want))
	}
	return nil
}

func compareText(at, want string, got any, known map[string]string) error {
	text, ok := got.(string)
	if name, isName := strings.CutPrefix(want, "$"); isName && !strings.HasPrefix(name, "{") {
		if !ok || text == "" {
			return fmt.Errorf("%s is %s, want a string", at, show(got))
		}
		if before, seen := known[name]; seen && before != text {
			return fmt.Errorf("%s is %q, want %q as before", at, text, before)
		}
		known[name] = text
		return nil
	}
	if want == "*" && got != nil {
		return nil
	}
	if want = fillIn(want, known); !ok || text != want {
		return fmt.Errorf("%s is %s, want %q", at, show(got), want)
	}
	return nil
}

// compareList pairs every wanted element with a different one that is there.
func compareList(at string, want []any, got any, known map[string]string) error {
	g, ok := got.([]any)
	if !ok && got != nil || len(g) != len(want) {
		return fmt.Errorf("%s is %s, want %d elements", at, show(got), len(want))
	}
	used := make([]bool, len(g))
	for i, w := range want {
		found := false
		for j, v := range g {
			if !used[j] && compare("", w, v, known) == nil {
				used[j], found = true, true
				break
			}
		}
		if !found {
			return fmt.Errorf("%s lacks element %d, %s: %s", at, i, show(w), show(got))
		}
	}
	return nil
}
