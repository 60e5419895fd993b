package expr

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/fault"
)

func TestSyntaxErrorsSayWhereAndWhat(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"Empty", " \n", `line 1, column 1: the expression is empty; expected a function, an [attribute], a "text", a number or "("`},
		{"EndsEarly", `Join("a",`, `line 1, column 10: the expression ends too early; expected a function, an [attribute], a "text", a number or "("`},
		{"Trailing", `"a" "b"`, `line 1, column 5: unexpected '"'; expected an operator or the end`},
		{"SecondLine", "Append(\"ä\",\n  ;)", `line 2, column 3: unexpected ';'; expected a function, an [attribute], a "text", a number or "("`},
		{"OpenText", `Append("a, [b])`, `line 1, column 8: a text that begins here has no end; expected a closing "`},
		{"OpenAttribute", `[emails[type eq "x"].value`, `line 1, column 1: an attribute that begins here has no end; expected a closing "]"`},
		{"NamelessAttribute", `[ ]`, `line 1, column 1: an attribute without a name; expected [name]`},
		{"MissingComma", `Append("a" "b")`, `line 1, column 12: unexpected '"'; expected ",", ")" or an operator`},
		{"MissingParenthesis", `("a" & "b"`, `line 1, column 11: the expression ends too early; expected ")" or an operator`},
		{"UnknownFunction", `Joinn("a", "b")`, `line 1, column 1: there is no function Joinn; expected perhaps Join`},
		{"StrangeFunction", `Xyzzyplugh()`, `line 1, column 1: there is no function Xyzzyplugh; expected the name of a function`},
		{"BareWord", `Append(givenName, "x")`, `line 1, column 8: "givenName" is not a keyword; expected [givenName] for an attribute or "givenName" for a text`},
		{"FunctionAsWord", `Append(Now, "x")`, `line 1, column 8: Now is a function; expected Now(…)`},
		{"TooFewArguments", `Mid([a], 1)`, `line 1, column 1: Mid has 2 arguments; expected Mid(source, start, length)`},
		{"TooManyArguments", `Not([a], 1)`, `line 1, column 1: Not has 2 arguments; expected Not(source)`},
		{"OddSwitch", `Switch([a], "b", "c")`, `line 1, column 1: Switch has an odd number of arguments; expected Switch(source, default, key, value, …)`},
		{"ShortSwitch", `Switch([a], "b")`, `line 1, column 1: Switch has 2 arguments; expected Switch(source, defaultValue, switchValue, …)`},
		{"PairSwitch", `Switch([a]="x", 1, IsNull([b]), 2)`, `line 1, column 1: Switch with pairs of condition and value is another product's form; expected Switch(source, default, key, value, …), or IIF inside IIF`},
		{"ForeignJoin", `Join([proxyAddresses], ",")`, `line 1, column 1: Join with the list before the delimiter is another product's form; expected Join(separator, source, …)`},
		{"ForeignReplace", `Replace([a], "x", "y")`, `line 1, column 1: Replace with three arguments is another product's form; expected Replace(source, "old", , , "new", , )`},
		{"ForeignFormat", `FormatDateTime([a], "yyyy")`, `line 1, column 1: FormatDateTime with two arguments is another product's form; expected FormatDateTime(source, , "inputFormat", "outputFormat")`},
		{"BadRegex", `Replace([a], , "(", , "x", , )`, "line 1, column 1: the regular expression is wrong: error parsing regexp: missing closing ) in `(`; expected a .NET regular expression"},
		{"BadFormat", `FormatDateTime([a], , "'", "yyyy")`, `line 1, column 1: the date format "'" has an open quote; expected a date format such as yyyy-MM-dd`},
		{"BadCulture", `ToLower([a], "klingon-x")`, `line 1, column 1: unknown culture "klingon-x"; expected a language tag such as en-US`},
		{"BadInterval", `DateAdd("day", 1, [a])`, `line 1, column 1: "day" is not an interval; expected "yyyy", "m" (month), "d", "ww", "h", "n" (minute) or "s"`},
		{"UniqueInside", `ToLower(SelectUniqueValue("a", "b"))`, `line 1, column 1: SelectUniqueValue inside another function; expected SelectUniqueValue as the outermost function`},
		{"UniqueAlone", `SelectUniqueValue("a")`, `line 1, column 1: SelectUniqueValue needs at least two rules; expected SelectUniqueValue(rule1, rule2, …)`},
		{"RolesOutside", `Count([appRoleAssignments])`, `line 1, column 1: [appRoleAssignments] cannot be used directly; expected SingleAppRoleAssignment, AppRoleAssignmentsComplex or AssertiveAppRoleAssignmentsComplex around it`},
		{"BigNumber", `9223372036854775808`, `line 1, column 1: the number is too large; expected at most 9223372036854775807, or a quoted text`},
		{"HalfNumber", `1.`, `line 1, column 1: not a number: 1.; expected digits, as in -12.5`},
		{"BadHex", `&H`, `line 1, column 1: not a hexadecimal number; expected &H and 1 to 16 hexadecimal digits`},
		{"LoneAmpersand", `& "a"`, `line 1, column 1: unexpected '&'; expected a function, an [attribute], a "text", a number or "("`},
		{"NotUTF8", "\"é\xff\"", `line 1, column 3: the text is not valid UTF-8`},
		{"TooDeep", strings.Repeat("(", 65) + "1" + strings.Repeat(")", 65), `line 1, column 66: nested deeper than 64 levels; expected a flatter expression`},
		{"TooLong", `"` + strings.Repeat("é", 9999) + `"`, `line 1, column 1: the expression is longer than 10000 characters; expected a shorter one`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(c.text)
			syntax, ok := errors.AsType[*SyntaxError](err)
			if !ok || !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(c.want, syntax.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOffsetCountsCharacters(t *testing.T) {
	_, err := Parse("Append(\"äöü\",\n ?)")
	if syntax, ok := errors.AsType[*SyntaxError](err); !ok || syntax.Offset != 15 || syntax.Line != 2 || syntax.Column != 2 {
		t.Errorf("got %+v", err)
	}
}

func TestLimitsAreReached(t *testing.T) {
	for _, text := range []string{strings.Repeat("(", 63) + "1" + strings.Repeat(")", 63), `"` + strings.Repeat("é", 9998) + `"`, `"a"` + strings.Repeat(`&"a"`, 2000)} {
		e, err := Parse(text)
		if err != nil {
			t.Fatalf("%.80s…: %v", text, err)
		}
		if _, err := e.Eval(Env{}); err != nil {
			t.Errorf("%.80s…: %v", text, err)
		}
	}
}

func TestCanonicalText(t *testing.T) {
	for text, want := range map[string]string{
		"append (\"a\\\\b\\\"\" ,\n[b] )":          `Append("a\\b\"", [b])`,
		`"a" & ("b" & [c]) & &hf`:                  `"a" & "b" & [c] & &HF`,
		`(("x"="y"))`:                              `"x" = "y"`,
		`(1 < 2) = TRUE`:                           `(1 < 2) = True`,
		`Replace([a], "-", , , "_", ,  )`:          `Replace([a], "-", , , "_")`,
		`FormatDateTime([a], "yyyy", "yy")`:        `FormatDateTime([a], , "yyyy", "yy")`,
		`Switch([a], , "b", )`:                     `Switch([a], , "b", )`,
		`[emails[type eq "work"].value]`:           `[emails[type eq "work"].value]`,
		`instr("a","b", , VBTEXTCOMPARE)`:          `InStr("a", "b", , vbTextCompare)`,
		`IIF(null = [a], ignoreattributeflow, -1)`: `IIF(NULL = [a], IgnoreAttributeFlow, -1)`,
	} {
		if got := mustParse(t, text).String(); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}
}

func TestListings(t *testing.T) {
	e := mustParse(t, `Switch([b], [a], "x", tolower(Redact(Replace([a.c], , "(?<x>.)", "y", "", , ))))`)
	if diff := cmp.Diff([]string{"a", "a.c", "b"}, e.Attributes()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Redact", "Replace", "Switch", "ToLower"}, e.Functions()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"the function tolower is usually written ToLower", `the regular expression of Replace has no group "y"`}, e.Lint()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a", "b"}, e.SwitchedAttributes()); diff != "" {
		t.Error(diff)
	}
	if name, ok := mustParse(t, " [x y] ").Attribute(); !ok || name != "x y" || !e.Redacted() || e.Calls("Join") {
		t.Error("Attribute, Redacted or Calls is wrong")
	}
}

func TestTreeOnTheWire(t *testing.T) {
	got, err := json.Marshal(mustParse(t, `Replace([preferredLanguage], "-", , , 5, , )`).Tree())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"expression":"Replace([preferredLanguage], \"-\", , , 5)","name":"Replace","type":"Function","parameters":[` +
		`{"key":"source","value":{"expression":"[preferredLanguage]","name":"preferredLanguage","type":"Attribute","parameters":[]}},` +
		`{"key":"Find","value":{"expression":"\"-\"","name":"-","type":"Constant","parameters":[]}},` +
		`{"key":"Replacement","value":{"expression":"\"5\"","name":"5","type":"Constant","parameters":[]}}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestFromTree(t *testing.T) {
	constant := func(s string) Tree { return Tree{Name: s, Type: ConstantNode} }
	deep := constant("x")
	for range 200 {
		deep = Tree{Name: "Not", Type: FunctionNode, Parameters: []TreeItem{{"source", deep}}}
	}
	for _, c := range []struct {
		name string
		tree Tree
		want string // "!…" for an error
	}{
		{"ByKeyInAnyOrder", Tree{Name: "mid", Type: FunctionNode, Parameters: []TreeItem{{"length", constant("2")}, {"Source", Tree{Name: "a", Type: AttributeNode}}, {"start", constant("1")}}}, `Mid([a], "1", "2")`},
		{"UnknownKeysInOrder", Tree{Name: "Append", Type: FunctionNode, Parameters: []TreeItem{{"x", constant("1")}, {"y", constant("2")}}}, `Append("1", "2")`},
		{"TextWins", Tree{Expression: `Now()`, Name: "Guid", Type: FunctionNode}, `Now()`},
		{"ConstantIsNeverCode", Tree{Name: "Append", Type: FunctionNode, Parameters: []TreeItem{{"source", Tree{Expression: `Error("x")`, Name: `a"b`, Type: ConstantNode}}, {"suffix", constant("")}}}, `Append("a\"b", "")`},
		{"Operator", Tree{Name: "<=", Type: FunctionNode, Parameters: []TreeItem{{"left", constant("1")}, {"right", constant("2")}}}, `"1" <= "2"`},
		{"OperatorWithOneOperand", Tree{Name: "=", Type: FunctionNode, Parameters: []TreeItem{{"left", constant("1")}}}, "!read the expression tree: the operator = has 1 operands"},
		{"UnknownType", Tree{Name: "a", Type: "Thing"}, `!read the expression tree: unknown node type "Thing"; use Attribute, Constant or Function`},
		{"UnknownFunction", Tree{Name: "Nope", Type: FunctionNode}, "!read the expression tree: there is no function Nope"},
		{"TooDeep", deep, "!read the expression tree: the tree is deeper than 195 levels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if e, err := FromTree(c.tree); err != nil {
				got = "!" + err.Error()
			} else {
				got = e.String()
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestEveryFunctionIsListed wants each function of the language in the listing, with an arity that the parser agrees with.
func TestEveryFunctionIsListed(t *testing.T) {
	names := strings.Fields(`Append AppRoleAssignmentsComplex AssertiveAppRoleAssignmentsComplex SingleAppRoleAssignment AppRoleAssignments BitAnd CBool CDate
		Coalesce ConvertToBase64 ConvertToUTF8Hex Count CStr DateAdd DateDiff DateFromNum NumFromDate DefaultDomain FormatDateTime Guid
		IgnoreFlowIfNullOrEmpty IIF InStr IsNull IsNullOrEmpty IsPresent IsNothing IsString Item Join Left Mid NormalizeDiacritics Not Now PCase
		Prepend RandomString Redact RemoveDuplicates Replace SelectUniqueValue Split StripSpaces Switch ToLower ToUpper Word
		ConvertFromBase64 DNComponent Error StringFromSid Trim Right Len LCase UCase PadLeft PadRight InStrRev CNum BitOr IsNumeric IsDate
		IsGuid Contains ItemOrNull`)
	listed := map[string]Signature{}
	for _, s := range Functions() {
		listed[s.Name] = s
	}
	if len(listed) != len(names) {
		t.Errorf("%d functions are listed, want %d", len(listed), len(names))
	}
	for _, name := range names {
		s, ok := listed[name]
		if !ok || s.Summary == "" {
			t.Errorf("%s is not listed", name)
			continue
		}
		agrees(t, s)
	}
}

// agrees calls a function with as many arguments as the listing requires.
func agrees(t *testing.T, s Signature) {
	t.Helper()
	var args []string
	for _, p := range s.Params {
		if p.Required || p.Repeats {
			args = append(args, `"d"`)
		}
	}
	switch s.Name {
	case "Switch", "SelectUniqueValue":
		args = append(args, `"d"`) // pairs, and two rules
	case "FormatDateTime":
		args = append(args, "")
	}
	text := s.Name + "(" + strings.Join(args, ",") + ")"
	if _, err := Parse(text); err != nil {
		t.Errorf("%s: %v", text, err)
	}
}
