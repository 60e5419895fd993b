package app

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/fault"
)

func contoso(t testing.TB) App {
	t.Helper()
	data, err := os.ReadFile("testdata/contoso.yaml")
	if err != nil {
		t.Fatal(err)
	}
	a, err := Parse("contoso.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestParseReadsEveryKey(t *testing.T) {
	none := ""
	want := App{
		ID: "contoso", Name: "Contoso HR",
		Target:      Target{Group: "site-a", Resource: "contoso", SecretFile: "/etc/sallyport/contoso.secret", Dialect: Legacy, Timeout: Duration(10 * time.Second), Rate: 25, Concurrency: 8},
		Schedule:    Schedule{Interval: Duration(90 * time.Second), Workers: 32},
		Deprovision: Deprovision{SkipOutOfScope: true, NoDelete: true, DeleteLeft: true, DeleteLimit: 50, DeletePercent: 10, DeletePerDay: 80},
		Assignments: Assignments{Only: true, Nested: true},
		Quarantine:  Quarantine{Failures: 50, Percent: 20, Base: 400, References: 600},
		Drift:       RepairDrift, Nested: NestedFlat,
		Notify: Notify{Emails: []string{"ops@contoso.com"}, WebhookFiles: []string{"/etc/sallyport/hook.url"}},
		Objects: []Object{
			{
				Source: "User", Target: "Person", Verbs: Verbs{true, true, true},
				Match: []Rule{{1, "userName", ""}, {2, "urn:contoso:2.0:User:AzureID", "[objectId]"}},
				Scope: Filter{[]ClauseGroup{
					{"staff", []Clause{{"department", NotEquals, []string{"Temp", "007", "true"}, false}, {"mail", IsNotNull, nil, false}}},
					{"Führung", []Clause{{"employeeId", RegexMatch, []string{`^1\d{4}$`}, true}}},
				}},
				Input: Filter{[]ClauseGroup{{"no machines", []Clause{{"userType", NotEquals, []string{"Service"}, false}}}}},
				Mappings: []Mapping{
					{Target: "userName", Source: "userPrincipalName", Flow: Always},
					{Target: "active", Expression: "Not([IsSoftDeleted])", Flow: Always},
					{Target: "title", Source: "jobTitle", Default: "Staff", Flow: OnCreate},
					{Target: "userType", Constant: &none, Flow: Always},
					{Target: "nickName", Source: "mailNickname", Flow: Always, ClearNull: true},
					{Target: "displayName", Expression: "Join(\" \", [givenName],\n  [surname])\n", Flow: Always},
					{Target: `emails[type eq "work"].value`, Source: "mail", Flow: Always},
					{Target: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", Source: "manager", Flow: Always},
				},
				Attributes: []Attribute{
					{Name: "userName", Type: String, Required: true, CaseExact: true, Mutability: Immutable},
					{Name: "active", Type: Boolean, Mutability: ReadWrite},
					{Name: "roles", Type: String, MultiValued: true, Mutability: ReadWrite},
				},
			},
			{
				Source: "Group", Target: "Group", Verbs: Verbs{Create: true, Update: true},
				Match: []Rule{{1, "displayName", ""}},
				Mappings: []Mapping{
					{Target: "displayName", Source: "displayName", Flow: Always},
					{Target: "externalId", Source: "objectId", Flow: Always},
					{Target: "members", Source: "members", Flow: Always},
				},
			},
		},
		GraphSchema: `{"id":"x"}`,
		Tests: []Test{
			{
				Name: "new people get an account", Type: "User", Linked: true, Unassigned: true, Taken: []string{"ann"}, Now: "2026-11-21T12:00:00Z", DefaultDomain: "contoso.com",
				Source: Facts{
					"id": "7", "givenName": "Ann", "surname": nil, "level": int64(3), "ratio": 0.5, "code": "007", "on": true,
					"tags": []any{"a", "b"}, "odd key": map[string]any{"value": "x"},
				},
				Target: Facts{"id": "t1", "userName": "old"}, Links: Facts{"boss": "t2"},
				Expect: Expectation{Verb: "update", Scope: "in", Target: Facts{"userName": "ann", "title": nil}, Changes: Facts{"userName": "ann"}},
			},
			{Name: "groups that are gone stay", Type: "Group", Deleted: true, Expect: Expectation{Verb: "skip", Error: "off"}},
		},
	}
	if diff := cmp.Diff(want, contoso(t)); diff != "" {
		t.Error(diff)
	}
}

func TestFormatIsReadBack(t *testing.T) {
	a := contoso(t)
	text := a.Format()
	again, err := Parse("again.yaml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if diff := cmp.Diff(a, again); diff != "" {
		t.Error(diff)
	}
}

func TestJSONIsReadBack(t *testing.T) {
	a := contoso(t)
	a.Version = 7
	a.Objects[0].Scope.Groups[0].Clauses[1].Values = []string{} // not the same as none
	data, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), `"interval":"1m30s"`) {
		t.Errorf("the duration is not a text: %s", data)
	}
	var again App
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, again); diff != "" {
		t.Error(diff)
	}
}

func TestDefaultsAreFilledIn(t *testing.T) {
	a, err := Parse("f", []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	want := App{
		ID: "a", Name: "a",
		Target:      Target{URL: "https://scim.example/v2", SecretFile: "s", Dialect: RFC, Timeout: DefaultTimeout},
		Schedule:    Schedule{Interval: DefaultInterval, Workers: DefaultWorkers},
		Deprovision: Deprovision{DeleteLimit: DefaultDeleteLimit},
		Quarantine:  DefaultQuarantine, Drift: ReportDrift, Nested: NestedAsMember,
		Objects: []Object{{
			Source: "User", Target: "User", Verbs: Verbs{true, true, true}, Match: []Rule{{1, "userName", ""}},
			Mappings: []Mapping{{Target: "userName", Source: "userPrincipalName", Flow: Always}},
		}},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
}

const minimal = `id: a
target: {url: "https://scim.example/v2", secretFile: s}
objects:
  - source: User
    match: [{target: userName}]
    mappings: [{target: userName, source: userPrincipalName}]
`

// TestMistakes changes one thing in the minimal file and wants exactly the mistakes given.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"UnknownKey", "secretFile: s", "secretfile: s", `f:2:1: target.secretFile: the secret's file is missing (put the bearer secret into a file that the service alone can read, and name it here; "" keeps the secret the service has)
f:2:42: target: unknown key "secretfile" (did you mean secretFile?)`},
		{"UnknownKeyAtTop", "objects:", "object:", `f:1:1: objects: users are not mapped (add an object with source: User; it is required)
f:3:1: unknown key "object" (did you mean objects?)`},
		{"KeyTwice", "id: a\n", "id: a\nid: b\n", `f:2:1: mapping key "id" already defined at [1:1] (check indentation, quotes and brackets around this place)`},
		{"NotYAML", "id: a\n", "id: [a\n", "f:2:1: ',' or ']' must be specified (check indentation, quotes and brackets around this place)"},
		{"BadID", "id: a", "id: Contoso HR", `f:1:1: id: "Contoso HR" is not an application's id (use 1 to 63 lower-case letters, digits and dashes, such as contoso)`},
		{"NoTarget", `url: "https://scim.example/v2", `, "", "f:2:1: target: neither url nor group is set (set url to reach the application directly, or group and resource to reach it through agents)"},
		{"GroupWithoutResource", `url: "https://scim.example/v2"`, "group: g", "f:2:1: target.resource: group is set, but resource is not (name the application as it is called in the agents' configuration)"},
		{"SecretInURL", "https://scim", "https://u:p@scim", "f:2:10: target.url: the address holds a user name or password (put the secret into a file and name it in secretFile)"},
		{"PlainHTTP", "https://scim", "http://scim", "f:2:10: target.url: the secret would travel unencrypted (use https; http is accepted for this machine only)"},
		{"NotANumber", "objects:", "schedule: {workers: many}\nobjects:", `f:3:21: schedule.workers: expected a whole number, found "many"`},
		{"TooManyWorkers", "objects:", "schedule: {workers: 999}\nobjects:", "f:3:12: schedule.workers: 999 is out of range (use 1 to 256; 16 is the default)"},
		{"NotADuration", "objects:", "schedule: {interval: soon}\nobjects:", `f:3:22: schedule.interval: "soon" is not a duration such as 30s, 5m or 1h30m`},
		{"IntervalTooShort", "objects:", "schedule: {interval: 10ms}\nobjects:", "f:3:12: schedule.interval: 10ms is too short (use 1s or more; 40m is the default)"},
		{"NotABoolean", "objects:", "deprovision: {noDelete: maybe}\nobjects:", `f:3:25: deprovision.noDelete: expected true or false, found "maybe"`},
		{"UnknownDialect", "secretFile: s", "secretFile: s, dialect: rcf", `f:2:57: target.dialect: "rcf" is not known here (did you mean rfc?)`},
		{"GroupsOnly", "source: User\n", "source: Group\n", "f:3:1: objects: users are not mapped (add an object with source: User; it is required)"},
		{"NoMatch", "    match: [{target: userName}]\n", "", "f:4:5: objects[0].match: there is no match rule (name at least one attribute to find an existing account by, as in match: [{target: userName}])"},
		{"MatchNotMapped", "match: [{target: userName}]", "match: [{target: username}]", "f:5:14: objects[0].match[0].target: username is not mapped and the rule has no source (map the attribute, or give the rule a source; did you mean userName?)"},
		{"SamePrecedence", "match: [{target: userName}]", "match: [{precedence: 1, target: userName}, {precedence: 1, target: x, source: y}]", "f:5:49: objects[0].match[1].precedence: two rules have the precedence 1 (number the rules 1, 2, 3)"},
		{"MappedTwice", "source: userPrincipalName}", "source: userPrincipalName}, {target: username, source: mail}", "f:6:64: objects[0].mappings[1].target: username is mapped twice (keep one mapping per target attribute)"},
		{"IDMapped", "source: userPrincipalName}", "source: userPrincipalName}, {target: id, source: mail}", "f:6:64: objects[0].mappings[1].target: id belongs to the target and cannot be mapped (match or store a source id in externalId instead)"},
		{"NoSource", ", source: userPrincipalName", "", "f:6:16: objects[0].mappings[0]: the mapping has neither source nor constant nor expression (set exactly one of them)"},
		{"TwoSources", "source: userPrincipalName", "source: a, constant: b", "f:6:16: objects[0].mappings[0]: source, constant, expression and none exclude each other (set exactly one of them)"},
		{"UnknownFlow", "source: userPrincipalName", "source: a, flow: OnceOnly", `f:6:46: objects[0].mappings[0].flow: "OnceOnly" is not known here (use one of Always, ObjectAddOnly, MultiValueAddOnly, AttributeAddOnly)`},
		{"UnknownOperator", "    match:", "    scope: [{clauses: [{attribute: a, operator: EQUAL, values: [b]}]}]\n    match:", `f:5:39: objects[0].scope[0].clauses[0].operator: there is no operator "EQUAL" (did you mean EQUALS?)`},
		{"MissingOperand", "    match:", "    scope: [{clauses: [{attribute: a, operator: EQUALS}]}]\n    match:", "f:5:24: objects[0].scope[0].clauses[0].values: EQUALS needs a value (add it, as in values: [Sales])"},
		{"UnwantedOperand", "    match:", "    scope: [{clauses: [{attribute: a, operator: IS NULL, values: [x]}]}]\n    match:", "f:5:58: objects[0].scope[0].clauses[0].values: IS NULL takes no values (remove them)"},
		{"EmptyGroup", "    match:", "    scope: [{name: all}]\n    match:", "f:5:13: objects[0].scope[0].clauses: the group has no clauses and would let everything in (add a clause, or remove the group)"},
		{"NotWhole", "    match:", "    scope: [{clauses: [{attribute: a, operator: Greater_Than, values: [x]}]}]\n    match:", `f:5:72: objects[0].scope[0].clauses[0].values[0]: "x" is not a whole number (Greater_Than compares whole numbers)`},
		{"NoVerbs", "    match:", "    verbs: {delete: false}\n    match:", "f:5:5: objects[0].verbs: verbs allows nothing (set those of create, update and delete that are wanted to true, or leave verbs out for all three)"},
		{"Alias", "source: userPrincipalName", "source: *upn", "f:6:43: objects[0].mappings[0].source: expected a single value, found an anchor or alias, which is not supported here (put a text with special characters into quotes)"},
		{"ListExpected", "mappings: [{target: userName, source: userPrincipalName}]", "mappings: {target: userName, source: userPrincipalName}", "f:5:14: objects[0].match[0].target: userName is not mapped and the rule has no source (map the attribute, or give the rule a source)\nf:6:15: objects[0].mappings: expected a list, found keys and values (write it as lines that begin with a dash, or [a, b])"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(minimal, c.old) {
				t.Fatalf("the minimal file has no %q", c.old)
			}
			_, err := Parse("f", []byte(strings.Replace(minimal, c.old, c.new, 1)))
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v, want an invalid application", err)
			}
			got := strings.TrimPrefix(err.Error(), "read the application: ")
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestAllMistakesAreReported(t *testing.T) {
	_, err := Parse("f", []byte("id: A\nname: [x]\ntarget: {url: ftp://x}\nschedule: {workers: 0x, intervall: 1s}\n"))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 7 {
		t.Errorf("got %d mistakes:\n%v", len(lines), err)
	}
}
