package graphapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/docs/docsgen"
)

const (
	pageFile  = "../../docs/api.md"
	introFile = "testdata/api-intro.md"
	examples  = "testdata/examples.txt"
)

// TestAPIPage runs the examples of docs/api.md and holds the page against them and against the router's table.
func TestAPIPage(t *testing.T) {
	w := newWorld(t)
	intro, err := os.ReadFile(introFile)
	if err != nil {
		t.Fatal(err)
	}
	var endpoints []docsgen.Endpoint
	for _, r := range w.api.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		endpoints = append(endpoints, docsgen.Endpoint{Method: method, Path: path, Summary: r.Summary(), Permission: string(r.Permission)})
	}
	page := docsgen.API(string(intro), w.examples(), endpoints)
	if *update {
		if err := os.WriteFile(pageFile, []byte(page), 0o644); err != nil { //nolint:gosec // a page everybody may read
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(page, "\n")
	for i, line := range strings.Split(string(have), "\n") {
		if i >= len(want) || line != want[i] {
			t.Fatalf("docs/api.md, line %d, is not what the service does now; run this test with -update\nthere: %.300s\nnow:   %.300s", i+1, line, want[min(i, len(want)-1)])
		}
	}
	if len(want) != len(strings.Split(string(have), "\n")) {
		t.Fatal("docs/api.md is too short; run this test with -update")
	}
}

// scene is what has happened so far: the values that later requests name, and the quiet names of those that differ each time.
type scene struct {
	*world
	values map[string]string
	quiet  *strings.Replacer
	ids    map[string]string
}

// examples runs testdata/examples.txt: # begins a section, > is a request, < the status and shape of the answer, = keeps a value of it.
func (w *world) examples() (out []docsgen.Example) {
	w.Helper()
	text, err := os.ReadFile(examples)
	if err != nil {
		w.Fatal(err)
	}
	s := &scene{world: w, ids: map[string]string{}, values: map[string]string{"target": w.target.URL, "token": targetToken}}
	s.quiet = strings.NewReplacer(w.server.URL, "https://sallyport.example.org", w.target.URL, "https://payroll.example.org", targetToken, "s3cr3t", strings.TrimPrefix(w.server.URL, "https://"), "sallyport.example.org")
	var request []string
	var answered answer
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		mark, rest, _ := strings.Cut(line, " ")
		switch mark {
		case "#":
			out = append(out, docsgen.Example{Title: rest})
		case ">":
			request = append(request, rest)
		case "<":
			last := &out[len(out)-1]
			var x docsgen.Exchange
			x, answered = s.play(request, rest)
			last.Exchanges, request = append(last.Exchanges, x), nil
		case "=":
			name, path, _ := strings.Cut(rest, " ")
			s.values[name] = reach(answered.body, path)
		case "":
		default:
			last := &out[len(out)-1]
			last.Text = strings.TrimSpace(last.Text + "\n" + line)
		}
	}
	return out
}

// play sends one request and writes down what was sent and what came.
func (s *scene) play(lines []string, want string) (docsgen.Exchange, answer) {
	s.Helper()
	fill := func(text string) string {
		for name, v := range s.values {
			text = strings.ReplaceAll(text, "{"+name+"}", v)
		}
		return text
	}
	first := fill(lines[0])
	method, path, _ := strings.Cut(first, " ")
	c := call{method: method, path: escapedQuery(path), header: map[string]string{}}
	shown := first
	for _, line := range lines[1:] {
		line = fill(line)
		if strings.HasPrefix(line, "{") {
			c.body = line
			shown += "\nContent-Type: application/json\n\n" + indented(line)
			continue
		}
		name, value, _ := strings.Cut(line, ": ")
		c.header[name] = value
		shown += "\n" + line
	}
	code, shape, _ := strings.Cut(want, " ")
	status, err := strconv.Atoi(code)
	if err != nil {
		s.Fatal(err)
	}
	a := s.wants(status, shape, c)
	told := fmt.Sprintf("%d %s", status, http.StatusText(status))
	if l := a.header.Get("Location"); l != "" {
		told += "\nLocation: " + l
	}
	if a.text != "" {
		told += "\n\n" + shortened(indented(a.text))
	}
	return docsgen.Exchange{Request: s.hush(shown), Answer: s.hush(told)}, a
}

// escapedQuery is a path as it is sent: blanks and quotes of its query are escaped.
func escapedQuery(path string) string {
	at, query, ok := strings.Cut(path, "?")
	if !ok {
		return path
	}
	var out []string
	for option := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(option, "=")
		out = append(out, name+"="+url.QueryEscape(value))
	}
	return at + "?" + strings.Join(out, "&")
}

func indented(text string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(strings.TrimSpace(text)), "", "  ") != nil {
		return text
	}
	return b.String()
}

// shortened leaves out the middle of long answers.
func shortened(text string) string {
	const most, tail = 40, 4
	lines := strings.Split(text, "\n")
	if len(lines) <= most {
		return text
	}
	return strings.Join(append(append(lines[:most-tail:most-tail], "  …"), lines[len(lines)-tail:]...), "\n")
}

var (
	guid    = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)
	instant = regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?`)
	noisy   = regexp.MustCompile(`("(?:request-id|client-request-id|cycleId|changeId|activityIdentifier)": ")[^"]*"`)
	number  = regexp.MustCompile(`("durationInMilliseconds": )\d+`)
	tokens  = regexp.MustCompile(`(\$(?:delta|skip)token=)[A-Za-z0-9_-]{20,}`)
	hex32   = regexp.MustCompile(`\b[0-9a-f]{32}\b`)
	random  = regexp.MustCompile(`\b([a-z2-7]{26}|[0-9a-z]{9}[0-9]{4})\b`)
	keeps   = map[string]bool{"8adf8e6e-67b2-4cf2-a259-e3dc5476c621": true, noRole: true}
)

// hush replaces what differs each time: ids are numbered in the order in which they are seen.
func (s *scene) hush(text string) string {
	text = s.quiet.Replace(text)
	text = guid.ReplaceAllStringFunc(text, func(id string) string {
		if keeps[id] {
			return id
		}
		if s.ids[id] == "" {
			s.ids[id] = fmt.Sprintf("00000000-0000-4000-8000-%012d", len(s.ids)+1)
		}
		return s.ids[id]
	})
	text = instant.ReplaceAllStringFunc(text, func(at string) string {
		if strings.HasSuffix(at, "Z") {
			return "2026-01-01T00:00:00Z"
		}
		return "2026-01-01T00:00:00"
	})
	text = number.ReplaceAllString(noisy.ReplaceAllString(text, `${1}…"`), "${1}12")
	text = clipped(random.ReplaceAllString(text, "…"))
	return hex32.ReplaceAllString(tokens.ReplaceAllString(text, "${1}…"), "…")
}

// clipped shortens lines that nobody reads to their end, such as JSON within JSON.
func clipped(text string) string {
	const most = 600
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if len(line) > most {
			lines[i] = strings.ToValidUTF8(line[:most], "") + "…"
		}
	}
	return strings.Join(lines, "\n")
}

// reach follows a path like value.0.id.
func reach(v any, path string) string {
	for step := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n >= len(at) {
				return ""
			}
			v = at[n]
		}
	}
	return text(v)
}
