package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tempFile puts a text into a file of a throwaway folder.
func tempFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExprCommands(t *testing.T) {
	user := tempFile(t, "ann.json", `{"givenName":"Ann","surname":"Smith","tags":["a","b"],"level":7,"none":null}`)
	text := tempFile(t, "mail.expr", "ToLower([givenName])\n")
	good := tempFile(t, "good.json", `[{"id":"a","expression":"ToUpper([x])","attributes":{"x":"a"},"expectedKind":"value","expected":"A"}]`)
	bad := tempFile(t, "bad.json", `[{"id":"a-1","expression":"ToUpper(\"a\")","expectedKind":"value","expected":"a"},{"id":"a-2","expression":"\"a\"","expectedKind":"value","expected":"a"}]`)
	lines := tempFile(t, "some.expr", "# a comment\n[mail]\n\nJoin(\n")
	for name, c := range map[string]struct {
		args     []string
		in       string
		code     int
		out, err string // parts
	}{
		"EvalFromUser":         {[]string{"eval", `Join(" ", [givenName], [surname])`, "--user", user}, "", ExitOK, "Ann Smith\n", ""},
		"SetReplacesTheUser":   {[]string{"eval", `Join("-", [givenName], [tags])`, "--user", user, "--set", "givenName=Bo", "--set", "tags=x", "--set", "tags=y=z"}, "", ExitOK, "Bo-x-y=z\n", ""},
		"EvalList":             {[]string{"eval", `[tags]`, "--user", user}, "", ExitOK, "a\nb\n", ""},
		"EvalNull":             {[]string{"eval", `[none]`, "--user", user}, "", ExitOK, "", "null"},
		"EvalFromFile":         {[]string{"eval", "@" + text, "--user", user}, "", ExitOK, "ann\n", ""},
		"EvalFromInput":        {[]string{"eval", "-"}, "1 = 1\n", ExitOK, "True\n", ""},
		"EvalUnique":           {[]string{"eval", `SelectUniqueValue("ann", "ann2")`, "--taken", "ann"}, "", ExitOK, "ann2\n", ""},
		"EvalInstant":          {[]string{"eval", `FormatDateTime(Now(), , , "yyyy-MM-dd") & DefaultDomain()`, "--now", "2026-01-31T12:00:00Z", "--default-domain", ".de"}, "", ExitOK, "2026-01-31.de\n", ""},
		"EvalAsJSON":           {[]string{"eval", `[level]`, "--user", user, "--json"}, "", ExitOK, `"values":[7]`, ""},
		"EvalWarns":            {[]string{"eval", `tolower("A")`}, "", ExitOK, "a\n", "warning: the function tolower"},
		"ErrEvalFails":         {[]string{"eval", `CDate("x")`}, "", ExitInvalid, "", "is not a date"},
		"ErrEvalSyntax":        {[]string{"eval", `Join(`}, "", ExitInvalid, "", "line 1, column 6"},
		"ErrEvalNoUser":        {[]string{"eval", `[x]`, "--user", user + "-"}, "", ExitInvalid, "", "no such file"},
		"ErrEvalUserIsNoJSON":  {[]string{"eval", `[x]`, "--user", text}, "", ExitInvalid, "", "one JSON object"},
		"ErrEvalSet":           {[]string{"eval", `[x]`, "--set", "x"}, "", ExitUsage, "", "NAME=TEXT"},
		"ErrEvalNow":           {[]string{"eval", `[x]`, "--now", "soon"}, "", ExitUsage, "", "not an instant"},
		"CheckGood":            {[]string{"check", `ToLower([mail])`}, "", ExitOK, "good: ToLower([mail])", ""},
		"ErrCheckShowsPlace":   {[]string{"check", `Join("-", Foo([x]))`}, "", ExitInvalid, "line 1, column 11: there is no function Foo\n  Join(\"-\", Foo([x]))\n            ^\n", ""},
		"ErrCheckFile":         {[]string{"check", lines}, "", ExitInvalid, "some.expr:4: line 1, column 6", ""},
		"ErrCheckEmptyFile":    {[]string{"check", tempFile(t, "empty", "\n")}, "", ExitInvalid, "", "holds no expression"},
		"TestPasses":           {[]string{"test", good}, "", ExitOK, "1 passed, 0 failed\n", ""},
		"ErrTestMisses":        {[]string{"test", good, bad}, "", ExitFailure, "2 passed, 1 failed\n", ""},
		"ErrTestShowsTheMiss":  {[]string{"test", bad}, "", ExitFailure, "FAIL a-1: ToUpper(\"a\")\n     parsed: want \"a\"\n             got \"A\"\n", ""},
		"ErrTestNoFile":        {[]string{"test", good + "-"}, "", ExitInvalid, "", "no such file"},
		"ErrTestIsNoVectors":   {[]string{"test", user}, "", ExitInvalid, "", "JSON array"},
		"ErrWithoutExpression": {[]string{"eval"}, "", ExitUsage, "", "usage"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errOut bytes.Buffer
			code := Main(append([]string{"expr"}, c.args...), strings.NewReader(c.in), &out, &errOut)
			if code != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(errOut.String(), c.err) {
				t.Errorf("exit %d, want %d\n%s\n%s", code, c.code, &out, &errOut)
			}
		})
	}
}

const exampleApp = `id: hr
target: {url: "https://hr.example/scim", secretFile: ""}
objects:
  - source: User
    match: [{target: userName}]
    mappings:
      - {target: userName, source: userPrincipalName}
      - {target: title, source: jobTitle}
tests:
  - {name: a clerk, source: {userPrincipalName: ann@x, jobTitle: Clerk}, expect: {verb: create, target: {title: Clerk}}}
`

func TestAppTest(t *testing.T) {
	good := tempFile(t, "good.yaml", exampleApp)
	bad := tempFile(t, "bad.yaml", exampleApp+"  - {name: a boss, source: {userPrincipalName: ann@x, jobTitle: Clerk}, expect: {target: {title: Boss}}}\n")
	none := tempFile(t, "none.yaml", exampleApp[:strings.Index(exampleApp, "tests:")])
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"Passes":     {[]string{good}, ExitOK, "good.yaml: a clerk\n1 passed, 0 failed\n"},
		"ErrMisses":  {[]string{bad}, ExitFailure, "bad.yaml: a boss\n        target.title\n          - \"Boss\"\n          + \"Clerk\"\n1 passed, 1 failed\n"},
		"ErrNoTests": {[]string{none}, ExitInvalid, "the file has no tests"},
		"ErrNoFile":  {[]string{good + "-"}, ExitInvalid, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if code := Main(append([]string{"app", "test"}, c.args...), nil, &out, &out); code != c.code || !strings.Contains(out.String(), c.want) {
				t.Errorf("exit %d, want %d\n%s", code, c.code, &out)
			}
		})
	}
	t.Run("AsJSON", func(t *testing.T) {
		var out bytes.Buffer
		if code := Main([]string{"app", "test", "--json", bad}, nil, &out, &out); code != ExitFailure {
			t.Errorf("exit %d", code)
		}
		var files []testedFile
		if err := json.Unmarshal(out.Bytes(), &files); err != nil || len(files) != 1 || files[0].Failed != 1 || files[0].Tests[1].Misses[0].What != "target.title" {
			t.Errorf("%v\n%s", err, &out)
		}
	})
}

// TestBenchPlan runs the benchmark for a moment, to see that it measures something.
func TestBenchPlan(t *testing.T) {
	var out bytes.Buffer
	if code := Main([]string{"bench", "plan", "--users", "20", "--rounds", "1", "--span", "10ms", "--json"}, nil, &out, &out); code != ExitOK {
		t.Fatalf("exit %d: %s", code, &out)
	}
	var got struct{ Rows []planRow }
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || len(got.Rows) != 3 {
		t.Fatalf("%v: %s", err, &out)
	}
	for _, r := range got.Rows {
		if r.PerSecond <= 0 || r.Baseline <= 0 || r.Ratio <= 0 {
			t.Errorf("%+v", r)
		}
	}
	if code := Main([]string{"bench", "plan", "--users", "0"}, nil, &out, &out); code != ExitUsage {
		t.Errorf("exit %d for nobody", code)
	}
}
