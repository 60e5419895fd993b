package scim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
)

// show writes edits in a short form for tables: "replace title [x]; add emails […]".
func show(edits []entry.Edit) string {
	var parts []string
	for _, e := range edits {
		var vs []string
		for _, v := range e.Values {
			vs = append(vs, string(AppendValue(nil, v)))
		}
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Op, e.Attr, strings.Join(vs, ","))))
	}
	return strings.Join(parts, "; ")
}

// patchBody makes a PATCH body of operations written as JSON.
func patchBody(ops string) []byte {
	return []byte(`{"schemas":["` + PatchURN + `"],"Operations":[` + ops + `]}`)
}

func runPatch(rt *ResourceType, m Mode, doc entry.Entry, ops string) (entry.Entry, []entry.Edit, error) {
	p, err := rt.ParsePatch(patchBody(ops), m)
	if err != nil {
		return doc, nil, err
	}
	return p.Apply(doc)
}

// both marks a row that holds in both modes.
const both = Mode(9)

func modes(m Mode) []Mode {
	if m == both {
		return []Mode{Strict, Entra}
	}
	return []Mode{m}
}

const (
	work = `{"primary":true,"type":"work","value":"a-run@work.test"}`
	home = `{"type":"home","value":"p+run@home.test"}`
)

func TestPatchYieldsSmallestEdits(t *testing.T) {
	rt := testUser(t)
	for _, c := range []struct {
		name  string
		mode  Mode
		ops   string
		edits string
	}{
		{"ReplaceByPath", both, `{"op":"replace","path":"displayName","value":"N"}`, `replace displayName "N"`},
		{"OpInAnyCase", both, `{"OP":"RePlace","Path":"DISPLAYNAME","VALUE":"N"}`, `replace displayName "N"`},
		{"EqualValueIsNoEdit", both, `{"op":"replace","path":"title","value":"Tour Guide"}`, ``},
		{"StringBoolean", Entra, `{"op":"Replace","path":"active","value":"False"}`, `replace active false`},
		{"PathlessBoolean", both, `{"op":"replace","value":{"active":false}}`, `replace active false`},
		{"AddString", both, `{"op":"Add","path":"nickName","value":"Babs"}`, `replace nickName "Babs"`},
		{"SubAttribute", both, `{"op":"Replace","path":"name.familyName","value":"New"}`, `replace name {"familyName":"New","givenName":"Barbara"}`},
		{"SubAttributeInAnyCase", both, `{"op":"Replace","path":"NAME.FAMILYNAME","value":"New"}`, `replace name {"familyName":"New","givenName":"Barbara"}`},
		{"CoreURN", both, `{"op":"replace","path":"` + UserURN + `:title","value":"T2"}`, `replace title "T2"`},
		{"CoreURNWithSub", both, `{"op":"replace","path":"` + strings.ToUpper(UserURN) + `:name.givenName","value":"G"}`, `replace name {"familyName":"O'Malley","givenName":"G"}`},
		{"AddCreatesElement", both, `{"op":"Add","path":"emails[type eq \"other\"].value","value":"o@x.test"}`, `add emails {"type":"other","value":"o@x.test"}`},
		{"SecondOperationFindsNewElement", both,
			`{"op":"Add","path":"addresses[type eq \"work\"].streetAddress","value":"S"},{"op":"Add","path":"addresses[type eq \"work\"].Locality","value":"L"}`,
			`add addresses {"locality":"L","streetAddress":"S","type":"work"}`},
		{"ReplaceCreatesElement", Entra, `{"op":"Replace","path":"phoneNumbers[type eq \"work\"].value","value":"+2"}`, `add phoneNumbers {"type":"work","value":"+2"}`},
		{"ReplaceSubOfElement", both, `{"op":"replace","path":"emails[type eq \"work\"].value","value":"n@x.test"}`,
			`remove emails ` + work + `; add emails {"primary":true,"type":"work","value":"n@x.test"}`},
		{"ReplaceElement", both, `{"op":"replace","path":"emails[type eq \"work\"]","value":{"type":"work","value":"n@x.test"}}`,
			`remove emails ` + work + `; add emails {"type":"work","value":"n@x.test"}`},
		{"AddIntoElementMerges", both, `{"op":"add","path":"emails[type eq \"home\"]","value":{"display":"D"}}`,
			`remove emails ` + home + `; add emails {"display":"D","type":"home","value":"p+run@home.test"}`},
		{"EnterpriseByPath", both, `{"op":"Replace","path":"` + ent + `department","value":"HR"}`, `replace ` + ent + `department "HR"`},
		{"EnterpriseInAnyCase", both, `{"op":"Replace","path":"` + strings.ToLower(ent) + `DEPARTMENT","value":"HR"}`, `replace ` + ent + `department "HR"`},
		{"ManagerAsString", Entra, `{"op":"Add","path":"` + ent + `manager","value":"m2"}`, `replace ` + ent + `manager {"value":"m2"}`},
		{"ManagerAsArray", Entra, `{"op":"Add","path":"` + ent + `manager","value":[{"$ref":null,"value":"m2"}]}`, `replace ` + ent + `manager {"value":"m2"}`},
		{"ManagerAsObject", both, `{"op":"Add","path":"` + ent + `manager","value":{"$ref":"../Users/m2","value":"m2","displayName":"ignored"}}`, `replace ` + ent + `manager {"$ref":"../Users/m2","value":"m2"}`},
		{"ManagerValueByPath", both, `{"op":"replace","path":"` + ent + `manager.value","value":"m2"}`, `replace ` + ent + `manager {"value":"m2"}`},
		{"ManagerSameKeepsName", both, `{"op":"replace","path":"` + ent + `manager","value":{"value":"m1"}}`, ``},
		{"RemoveManager", both, `{"op":"remove","path":"` + ent + `manager"}`, `replace ` + ent + `manager`},
		{"RemoveManagerValue", both, `{"op":"remove","path":"` + ent + `manager.value"}`, `replace ` + ent + `manager`},
		{"EmptyManagerClears", Entra, `{"op":"replace","path":"` + ent + `manager","value":""}`, `replace ` + ent + `manager`},
		{"PathlessSeveral", both, `{"op":"replace","value":{"displayName":"D9","title":"T9"}}`, `replace displayName "D9"; replace title "T9"`},
		{"PathlessNestedMerges", both, `{"op":"replace","value":{"name":{"givenName":"G7"}}}`, `replace name {"familyName":"O'Malley","givenName":"G7"}`},
		{"PathlessNestedNull", both, `{"op":"replace","value":{"name":{"givenName":null}}}`, `replace name {"familyName":"O'Malley"}`},
		{"PathlessExtensionMerges", both, `{"op":"replace","value":{"` + EnterpriseURN + `":{"department":"HR"}}}`, `replace ` + ent + `department "HR"`},
		{"PathlessSchemasIgnored", both, `{"op":"add","value":{"schemas":["x"],"title":"T"}}`, `replace title "T"`},
		{"PathlessOwnID", Entra, `{"op":"replace","value":{"id":"a1","displayName":"okta"}}`, `replace displayName "okta"`},
		{"PathlessValuePathKey", Entra, `{"op":"replace","value":{"emails[type eq \"work\"].value":"k@w.test"}}`,
			`remove emails ` + work + `; add emails {"primary":true,"type":"work","value":"k@w.test"}`},
		{"PathlessDottedKey", Entra, `{"op":"replace","value":{"name.givenName":"G"}}`, `replace name {"familyName":"O'Malley","givenName":"G"}`},
		{"PathlessURNKey", Entra, `{"op":"Add","value":{"` + ent + `employeeNumber":"7","` + UserURN + `:title":"T"}}`, `replace ` + ent + `employeeNumber "7"; replace title "T"`},
		{"ExtensionAsPath", both, `{"op":"add","path":"` + EnterpriseURN + `","value":{"department":"HR","division":"D"}}`, `replace ` + ent + `department "HR"; replace ` + ent + `division "D"`},
		{"RemoveExtension", both, `{"op":"remove","path":"` + EnterpriseURN + `"}`, `replace ` + ent + `employeeNumber; replace ` + ent + `department; replace ` + ent + `manager`},
		{"WrappedSingle", Entra, `{"op":"replace","path":"title","value":[{"value":"W"}]}`, `replace title "W"`},
		{"WrappedObject", Entra, `{"op":"replace","path":"title","value":{"value":"W"}}`, `replace title "W"`},
		{"Remove", both, `{"op":"remove","path":"title"}`, `replace title`},
		{"RemoveSub", both, `{"op":"remove","path":"name.familyName"}`, `replace name {"givenName":"Barbara"}`},
		{"RemoveEverySub", both, `{"op":"remove","path":"name.familyName"},{"op":"remove","path":"name.givenName"}`, `replace name`},
		{"RemoveSubByFilter", both, `{"op":"remove","path":"emails[type eq \"work\"].primary"}`, `remove emails ` + work + `; add emails {"type":"work","value":"a-run@work.test"}`},
		{"RemoveValueOfElement", both, `{"op":"remove","path":"emails[type eq \"work\"].value"}`, `remove emails ` + work},
		{"RemoveByFilter", both, `{"op":"remove","path":"emails[type eq \"work\"]"}`, `remove emails ` + work},
		{"RemoveSubOfAll", both, `{"op":"remove","path":"emails.type"}`,
			`remove emails ` + work + `,` + home + `; add emails {"primary":true,"value":"a-run@work.test"},{"value":"p+run@home.test"}`},
		{"RemoveAll", both, `{"op":"remove","path":"emails"}`, `replace emails`},
		{"RemoveAbsent", both, `{"op":"remove","path":"nickName"},{"op":"remove","path":"emails[type eq \"x\"]"},{"op":"remove","path":"phoneNumbers.value"}`, ``},
		{"RemoveOnlyGivenValues", Entra, `{"op":"Remove","path":"emails","value":[{"value":"P+RUN@home.test"}]}`, `remove emails ` + home},
		{"RemoveNoValuesAtAll", Entra, `{"op":"Remove","path":"emails","value":[]}`, ``},
		{"RemoveValueAsText", Entra, `{"op":"Remove","path":"emails","value":"p+run@home.test"}`, `remove emails ` + home},
		{"RemoveSingleWithValue", Entra, `{"op":"Remove","path":"title","value":"whatever"}`, `replace title`},
		{"NullClears", both, `{"op":"Replace","path":"title","value":null}`, `replace title`},
		{"NullClearsList", both, `{"op":"Replace","path":"emails","value":[]}`, `replace emails`},
		{"MissingValueIsNull", Entra, `{"op":"Replace","path":"title"}`, `replace title`},
		{"EmptyStringStored", Strict, `{"op":"replace","path":"title","value":""}`, `replace title ""`},
		{"EmptyStringClears", Entra, `{"op":"replace","path":"title","value":""}`, `replace title`},
		{"EmptyStringInElementClears", Entra, `{"op":"replace","path":"emails[type eq \"work\"].value","value":""}`, `remove emails ` + work},
		{"EmptyStringWithoutElement", Entra, `{"op":"replace","path":"emails[type eq \"x\"].value","value":""}`, ``},
		{"AddAppends", both, `{"op":"add","path":"emails","value":[{"type":"other","value":"o@x.test"}]}`, `add emails {"type":"other","value":"o@x.test"}`},
		{"AddOneObject", both, `{"op":"add","path":"emails","value":{"type":"other","value":"o@x.test"}}`, `add emails {"type":"other","value":"o@x.test"}`},
		{"AddExisting", both, `{"op":"add","path":"emails","value":[{"type":"home","value":"p+run@home.test"}]}`, ``},
		{"AddExistingInAnotherCase", both, `{"op":"add","path":"emails","value":[{"type":"HOME","value":"P+RUN@home.test"}]}`, ``},
		{"AddSameTypeKept", both, `{"op":"add","path":"emails","value":[{"type":"work","value":"second@x.test"}]}`, `add emails {"type":"work","value":"second@x.test"}`},
		{"AddTwiceInOneRequest", both, `{"op":"add","path":"emails","value":[{"value":"x"},{"value":"x"}]}`, `add emails {"value":"x"}`},
		{"AddNothing", both, `{"op":"add","path":"emails","value":[]}`, ``},
		{"NewPrimaryUnsetsOld", both, `{"op":"add","path":"emails","value":[{"type":"other","value":"o","primary":true}]}`,
			`remove emails ` + work + `; add emails {"primary":false,"type":"work","value":"a-run@work.test"},{"primary":true,"type":"other","value":"o"}`},
		{"PrimaryByFilter", both, `{"op":"replace","path":"emails[type eq \"home\"].primary","value":true}`,
			`remove emails ` + work + `,` + home + `; add emails {"primary":false,"type":"work","value":"a-run@work.test"},{"primary":true,"type":"home","value":"p+run@home.test"}`},
		{"ReplaceAll", both, `{"op":"replace","path":"emails","value":[` + home + `,{"value":"c"}]}`, `remove emails ` + work + `; add emails {"value":"c"}`},
		{"ReplaceInAnotherOrder", both, `{"op":"replace","path":"emails","value":[` + home + `,` + work + `]}`, ``},
		{"InOrder", both, `{"op":"remove","path":"title"},{"op":"add","path":"title","value":"a"},{"op":"replace","path":"title","value":"b"}`, `replace title "b"`},
		{"ThereAndBack", both, `{"op":"remove","path":"title"},{"op":"add","path":"title","value":"Tour Guide"}`, ``},
		{"Rename", both, `{"op":"Replace","path":"userName","value":"ren"}`, `replace userName "ren"`},
		{"BooleanTextInFilter", Entra, `{"op":"Add","path":"roles[primary eq \"True\"].value","value":"admin"}`, `add roles {"primary":true,"value":"admin"}`},
		{"RolesAsJSONText", Entra, `{"op":"Add","path":"roles","value":[{"value":"{\"id\":\"1\"}"},"{\"id\":\"r1\",\"value\":\"admin\",\"displayName\":\"Admin\"}"]}`, `add roles {"value":"{\"id\":\"1\"}"},{"value":"admin"}`},
		{"Password", both, `{"op":"replace","path":"password","value":"s3cr3t"}`, `replace password "s3cr3t"`},
		{"PasswordCleared", both, `{"op":"remove","path":"password"}`, `replace password`},
		{"SimpleMultiValued", both, `{"op":"add","path":"` + host + `Tags","value":["a","b","A"]},{"op":"remove","path":"` + host + `Tags[value eq \"B\"]"}`, `add ` + host + `Tags "a"`},
		{"SimpleMultiValuedRemoveGiven", Entra, `{"op":"add","path":"Tags","value":["a","b"]},{"op":"remove","path":"Tags","value":["B"]}`, `add ` + host + `Tags "a"`},
		{"ImmutableOnce", both, `{"op":"add","path":"Stamp","value":"s"}`, `replace ` + host + `Stamp "s"`},
		{"DisplayNameOfWorkEmail", both, `{"op":"add","path":"emails.display","value":"D"}`,
			`remove emails ` + work + `,` + home + `; add emails {"display":"D","primary":true,"type":"work","value":"a-run@work.test"},{"display":"D","type":"home","value":"p+run@home.test"}`},
		{"SubOfAbsentList", both, `{"op":"add","path":"ims.value","value":"i"}`, `add ims {"value":"i"}`},
	} {
		for _, m := range modes(c.mode) {
			t.Run(c.name+"/"+m.String(), func(t *testing.T) {
				doc := sample()
				got, edits, err := runPatch(rt, m, doc, c.ops)
				if err != nil {
					t.Fatal(err)
				}
				if s := show(edits); s != c.edits {
					t.Errorf("edits\n got %s\nwant %s", s, c.edits)
				}
				if after := entry.Apply(sample().Attrs, edits); !sameAttrs(after, got.Attrs) {
					t.Errorf("the edits lead to %v, the document is %v", after, got.Attrs)
				}
				if !sameAttrs(doc.Attrs, sample().Attrs) {
					t.Error("the document handed in was changed")
				}
			})
		}
	}
}

// sameAttrs compares attributes as sets of values.
func sameAttrs(a, b entry.Attrs) bool {
	for name := range a {
		if !entry.EqualValues(a[name], b[name]) {
			return false
		}
	}
	for name := range b {
		if !entry.EqualValues(a[name], b[name]) {
			return false
		}
	}
	return true
}

func TestPatchRefused(t *testing.T) {
	rt := testUser(t)
	for _, c := range []struct {
		name, ops string
		mode      Mode
		scimType  string
	}{
		{"RemoveWithoutPath", `{"op":"remove"}`, both, NoTarget},
		{"UnknownOp", `{"op":"move","path":"title","value":"x"}`, both, InvalidSyntax},
		{"NoOp", `{"path":"title","value":"x"}`, both, InvalidSyntax},
		{"OperationNotObject", `"x"`, both, InvalidSyntax},
		{"PathNotString", `{"op":"replace","path":5,"value":"x"}`, both, InvalidPath},
		{"ReadOnlyID", `{"op":"replace","path":"id","value":"x"}`, both, Mutability},
		{"ReadOnlyMeta", `{"op":"replace","path":"meta.created","value":"x"}`, both, Mutability},
		{"ReadOnlyGroups", `{"op":"add","path":"groups","value":[{"value":"g"}]}`, both, Mutability},
		{"ReadOnlyExtension", `{"op":"add","path":"` + host + `Computed","value":"c"}`, both, Mutability},
		{"ReadOnlySub", `{"op":"add","path":"manager.displayName","value":"c"}`, both, Mutability},
		{"PathlessForeignID", `{"op":"replace","value":{"id":"other","title":"x"}}`, both, Mutability},
		{"PathlessIDStrict", `{"op":"replace","value":{"id":"a1","title":"x"}}`, Strict, Mutability},
		{"MalformedPath", `{"op":"replace","path":"emails[type eq","value":"x"}`, both, InvalidFilter},
		{"TrailingAfterBracket", `{"op":"replace","path":"emails[type eq \"x\"]value","value":"x"}`, both, InvalidPath},
		{"UnknownSubAfterBracket", `{"op":"replace","path":"emails[type eq \"x\"].nope","value":"x"}`, both, InvalidPath},
		{"BracketOnSingle", `{"op":"replace","path":"name[givenName eq \"x\"]","value":"x"}`, both, InvalidPath},
		{"UnknownAttribute", `{"op":"replace","path":"nope","value":"x"}`, both, InvalidPath},
		{"UnknownSub", `{"op":"replace","path":"name.nope","value":"x"}`, both, InvalidPath},
		{"UnknownExtension", `{"op":"replace","path":"urn:x:y:User:a","value":"x"}`, both, InvalidPath},
		{"UnknownInExtension", `{"op":"replace","value":{"` + EnterpriseURN + `":{"nope":"x"}}}`, both, InvalidPath},
		{"PathlessUnknown", `{"op":"replace","value":{"nope":"x"}}`, both, InvalidPath},
		{"PathlessNotObject", `{"op":"replace","value":"x"}`, both, InvalidSyntax},
		{"PathlessDottedStrict", `{"op":"replace","value":{"name.givenName":"x"}}`, Strict, InvalidPath},
		{"PathlessURNKeyStrict", `{"op":"replace","value":{"` + ent + `department":"x"}}`, Strict, InvalidPath},
		{"StringForComplex", `{"op":"replace","path":"name","value":"a string"}`, both, InvalidValue},
		{"ObjectForString", `{"op":"replace","path":"title","value":{"a":"b"}}`, both, InvalidValue},
		{"NumberForString", `{"op":"replace","path":"title","value":5}`, both, InvalidValue},
		{"StringForElement", `{"op":"add","path":"emails","value":["x"]}`, both, InvalidValue},
		{"StringBooleanStrict", `{"op":"replace","path":"active","value":"False"}`, Strict, InvalidValue},
		{"NoBoolean", `{"op":"replace","path":"active","value":"perhaps"}`, both, InvalidValue},
		{"WrappedStrict", `{"op":"replace","path":"title","value":[{"value":"W"}]}`, Strict, InvalidValue},
		{"ManagerStringStrict", `{"op":"add","path":"` + ent + `manager","value":"m"}`, Strict, InvalidValue},
		{"ManagerArrayStrict", `{"op":"add","path":"` + ent + `manager","value":[{"value":"m"}]}`, Strict, InvalidValue},
		{"RolesTextStrict", `{"op":"add","path":"roles","value":["{\"value\":\"a\"}"]}`, Strict, InvalidValue},
		{"RolesTextBroken", `{"op":"add","path":"roles","value":["{\"value\""]}`, Entra, InvalidValue},
		{"BooleanTextInFilterStrict", `{"op":"add","path":"roles[primary eq \"True\"].value","value":"x"}`, Strict, InvalidFilter},
		{"RemoveWithValueStrict", `{"op":"remove","path":"emails","value":[{"value":"x"}]}`, Strict, InvalidSyntax},
		{"MissingValueStrict", `{"op":"replace","path":"title"}`, Strict, InvalidValue},
		{"NoTargetSubStrict", `{"op":"replace","path":"phoneNumbers[type eq \"work\"].value","value":"1"}`, Strict, NoTarget},
		{"NoTargetElement", `{"op":"replace","path":"phoneNumbers[type eq \"work\"]","value":{"value":"1"}}`, both, NoTarget},
		{"CannotCreateFromFilter", `{"op":"add","path":"phoneNumbers[type ne \"work\"].value","value":"1"}`, both, NoTarget},
		{"CannotRemoveCore", `{"op":"remove","path":"` + UserURN + `"}`, both, NoTarget},
		{"RequiredRemoved", `{"op":"remove","path":"userName"}`, both, Mutability},
		{"RequiredNull", `{"op":"replace","path":"userName","value":null}`, both, Mutability},
		{"RequiredEmpty", `{"op":"replace","path":"userName","value":""}`, both, Mutability},
		{"TwoPrimaries", `{"op":"add","path":"emails","value":[{"value":"1","primary":true},{"value":"2","primary":true}]}`, both, InvalidValue},
		{"PrimaryOnSeveral", `{"op":"replace","path":"emails[value pr].primary","value":true}`, both, InvalidValue},
		{"ImmutableTwice", `{"op":"add","path":"Stamp","value":"s"},{"op":"replace","path":"title","value":"t"}`, both, Mutability},
		{"LaterOperationFails", `{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"phoneNumbers[type eq \"w\"]","value":{"value":"1"}}`, both, NoTarget},
		{"PathTooLong", `{"op":"replace","path":"` + strings.Repeat("a", maxFilter+1) + `","value":"x"}`, both, InvalidPath},
	} {
		for _, m := range modes(c.mode) {
			t.Run(c.name+"/"+m.String(), func(t *testing.T) {
				doc := sample()
				doc.Attrs[host+"Stamp"] = []entry.Value{"old"}
				before := doc.Clone()
				got, edits, err := runPatch(rt, m, doc, c.ops)
				wantRefusal(t, err, c.scimType)
				if len(edits) != 0 || !sameAttrs(got.Attrs, before.Attrs) || !sameAttrs(doc.Attrs, before.Attrs) {
					t.Error("a refused patch changed something")
				}
			})
		}
	}
}

func TestPatchEnvelope(t *testing.T) {
	rt := testUser(t)
	op := `{"op":"replace","path":"title","value":"x"}`
	for _, c := range []struct {
		name, body string
		mode       Mode
		scimType   string
	}{
		{"NoOperations", `{"schemas":["` + PatchURN + `"]}`, both, InvalidSyntax},
		{"EmptyOperations", `{"schemas":["` + PatchURN + `"],"Operations":[]}`, both, InvalidSyntax},
		{"OperationsObject", `{"schemas":["` + PatchURN + `"],"Operations":` + op + `}`, both, InvalidSyntax},
		{"NotJSON", `{`, both, InvalidSyntax},
		{"NotObject", `[]`, both, InvalidSyntax},
		{"SchemasMissingStrict", `{"Operations":[` + op + `]}`, Strict, InvalidSyntax},
		{"SchemasOtherStrict", `{"schemas":["urn:x"],"Operations":[` + op + `]}`, Strict, InvalidSyntax},
		{"SchemasMissing", `{"operations":[` + op + `]}`, Entra, ""},
		{"KeysInAnyCase", `{"SCHEMAS":["` + strings.ToUpper(PatchURN) + `"],"OPERATIONS":[` + op + `]}`, both, ""},
	} {
		for _, m := range modes(c.mode) {
			t.Run(c.name+"/"+m.String(), func(t *testing.T) {
				_, err := rt.ParsePatch([]byte(c.body), m)
				if c.scimType == "" {
					if err != nil {
						t.Fatal(err)
					}
					return
				}
				wantRefusal(t, err, c.scimType)
			})
		}
	}
}

func TestPatchMembersWithoutReadingThem(t *testing.T) {
	rt := testGroup(t)
	for _, c := range []struct {
		name  string
		mode  Mode
		ops   string
		edits string
	}{
		{"Add", both, `{"op":"Add","path":"members","value":[{"$ref":null,"value":"c"}]}`, `add members {"value":"c"}`},
		{"AddOneObject", both, `{"op":"add","path":"members","value":{"value":"c","type":"user"}}`, `add members {"value":"c"}`},
		{"AddSeveral", both, `{"op":"add","path":"members","value":[{"value":"c"},{"value":"d"},{"value":"c"}]}`, `add members {"value":"c"},{"value":"d"}`},
		{"RemoveGiven", Entra, `{"op":"Remove","path":"members","value":[{"$ref":null,"value":"a"}]}`, `remove members {"value":"a"}`},
		{"RemoveGivenAsText", Entra, `{"op":"Remove","path":"members","value":["a"]}`, `remove members {"value":"a"}`},
		{"RemoveNothing", Entra, `{"op":"Remove","path":"members","value":[]}`, ``},
		{"RemoveByFilter", both, `{"op":"remove","path":"members[value eq \"a\"]"},{"op":"remove","path":"MEMBERS[VALUE EQ \"b\"]"}`, `remove members {"value":"a"},{"value":"b"}`},
		{"RemoveByOr", both, `{"op":"remove","path":"members[value eq \"a\" or value eq \"b\"]"}`, `remove members {"value":"a"},{"value":"b"}`},
		{"RemoveAll", both, `{"op":"remove","path":"members"}`, `replace members`},
		{"Replace", both, `{"op":"replace","path":"members","value":[{"value":"c"}]}`, `replace members {"value":"c"}`},
		{"ReplaceWithNone", both, `{"op":"replace","path":"members","value":[]}`, `replace members`},
		{"AddThenRemove", both, `{"op":"add","path":"members","value":[{"value":"c"}]},{"op":"remove","path":"members[value eq \"c\"]"}`, `remove members {"value":"c"}`},
		{"RemoveThenAdd", both, `{"op":"remove","path":"members[value eq \"c\"]"},{"op":"add","path":"members","value":[{"value":"c"}]}`, `add members {"value":"c"}`},
		{"ReplaceThenRemove", both, `{"op":"replace","path":"members","value":[{"value":"c"},{"value":"d"}]},{"op":"remove","path":"members[value eq \"c\"]"}`, `replace members {"value":"d"}`},
		{"AddAndRemove", both, `{"op":"add","path":"members","value":[{"value":"c"}]},{"op":"remove","path":"members[value eq \"a\"]"}`, `remove members {"value":"a"}; add members {"value":"c"}`},
		{"AddByFilterForm", both, `{"op":"add","path":"members[value eq \"c\"].value","value":"c"}`, `add members {"value":"c"}`},
		{"PathlessRename", Entra, `{"op":"replace","value":{"id":"g","displayName":"okta"}}`, `replace displayName "okta"`},
		{"PathlessMembers", both, `{"op":"add","value":{"members":[{"value":"c"}]}}`, `add members {"value":"c"}`},
	} {
		for _, m := range modes(c.mode) {
			t.Run(c.name+"/"+m.String(), func(t *testing.T) {
				doc := entry.Entry{Type: entry.Group, ID: "g", Attrs: entry.Attrs{"displayName": {"G"}}}
				p, err := rt.ParsePatch(patchBody(c.ops), m)
				if err != nil {
					t.Fatal(err)
				}
				if p.NeedsDetached() {
					t.Error("wants to read the members")
				}
				got, edits, err := p.Apply(doc)
				if err != nil {
					t.Fatal(err)
				}
				if s := show(edits); s != c.edits {
					t.Errorf("edits\n got %s\nwant %s", s, c.edits)
				}
				if len(got.Attrs["members"]) != 0 {
					t.Error("the document has members that nobody read")
				}
			})
		}
	}
}

func TestPatchMembersThatMustBeRead(t *testing.T) {
	rt := testGroup(t)
	doc := entry.Entry{Type: entry.Group, ID: "g", Attrs: entry.Attrs{"displayName": {"G"}, "members": {entry.Ref{Type: "User", ID: "a"}, entry.Ref{Type: "Group", ID: "b"}}}}
	for ops, want := range map[string]string{
		`{"op":"remove","path":"members[type eq \"User\"]"}`:                                                                   `remove members {"value":"a"}`,
		`{"op":"remove","path":"members[value ne \"a\"]"}`:                                                                     `remove members {"value":"b"}`,
		`{"op":"replace","path":"members[value eq \"a\"]","value":{"value":"c"}}`:                                              `remove members {"value":"a"}; add members {"value":"c"}`,
		`{"op":"add","path":"members","value":{"value":"x","type":"User"}},{"op":"remove","path":"members[type eq \"User\"]"}`: `remove members {"value":"a"},{"value":"x"}`,
	} {
		p, err := rt.ParsePatch(patchBody(ops), Strict)
		if err != nil {
			t.Fatal(err)
		}
		_, edits, err := p.Apply(doc)
		if err != nil || !p.NeedsDetached() || show(edits) != want {
			t.Errorf("%s: %v %v %s", ops, err, p.NeedsDetached(), show(edits))
		}
	}
	_, _, err := runPatch(rt, Entra, doc, `{"op":"replace","path":"members[value eq \"zz\"]","value":{"value":"c"}}`)
	wantRefusal(t, err, NoTarget)
	for ops, scimType := range map[string]string{
		`{"op":"add","path":"members","value":[{"display":"x"}]}`:                               InvalidValue,
		`{"op":"add","path":"members","value":["x"]}`:                                           InvalidValue,
		`{"op":"replace","path":"members[value eq \"a\"].type","value":"Group"}`:                Mutability,
		`{"op":"remove","path":"displayName"}`:                                                  Mutability,
		`{"op":"add","path":"members","value":[{"value":"x"}]},{"op":"remove","path":"nope"}`:   InvalidPath,
		`{"op":"add","path":"members[value eq \"a\"].display","value":"no such sub-attribute"}`: InvalidPath,
	} {
		_, _, err := runPatch(rt, Entra, doc, ops)
		wantRefusal(t, err, scimType)
	}
}

func TestPatchOfOneMemberIsSmallInAnyGroup(t *testing.T) {
	rt := testGroup(t)
	var ids []string
	for i := range 1000 {
		ids = append(ids, fmt.Sprintf(`{"value":"u%d"}`, i))
	}
	_, edits, err := runPatch(rt, Entra, entry.Entry{ID: "g", Attrs: entry.Attrs{"displayName": {"G"}}},
		`{"op":"add","path":"members","value":[`+strings.Join(ids, ",")+`]}`)
	if err != nil || len(edits) != 1 || len(edits[0].Values) != 1000 {
		t.Fatal(err, len(edits))
	}
	if !slices.Equal(edits[0].Values[:1], []entry.Value{entry.Ref{ID: "u0"}}) {
		t.Error(edits[0].Values[0])
	}
}

func TestEditsForPut(t *testing.T) {
	rt := testUser(t)
	have := sample().Attrs
	have["groups"] = []entry.Value{entry.Complex{"value": "g"}}
	have["password"] = []entry.Value{"old"}
	have[host+"Stamp"] = []entry.Value{"s"}
	want := entry.Attrs{"userName": {"a-run@example.test"}, "displayName": {"Put"}, "active": {true}, "emails": {entry.Complex{"type": "home", "value": "p+run@home.test"}}}
	edits, err := rt.Edits(have, want)
	if err != nil {
		t.Fatal(err)
	}
	const cleared = `replace externalId; replace name; replace displayName "Put"; replace title; remove emails ` + work +
		`; replace ` + ent + `employeeNumber; replace ` + ent + `department; replace ` + ent + `manager`
	if s := show(edits); s != cleared {
		t.Errorf("got  %s\nwant %s", s, cleared)
	}
	_, err = rt.Edits(have, entry.Attrs{host + "Stamp": {"other"}})
	wantRefusal(t, err, Mutability)

	group := testGroup(t)
	edits, err = group.Edits(entry.Attrs{"displayName": {"G"}}, entry.Attrs{"displayName": {"G"}, "members": {entry.Ref{ID: "u"}}})
	if s := show(edits); err != nil || s != `replace members {"value":"u"}` {
		t.Error(err, s)
	}
	edits, _ = group.Edits(entry.Attrs{"members": {entry.Ref{ID: "u"}, entry.Ref{ID: "v"}}}, entry.Attrs{"members": {entry.Ref{ID: "v"}, entry.Ref{ID: "w"}}})
	if s := show(edits); s != `remove members {"value":"u"}; add members {"value":"w"}` {
		t.Error(s)
	}
}

func TestPatchDoesNotShareWithTheRequest(t *testing.T) {
	rt := testUser(t)
	p, err := rt.ParsePatch(patchBody(`{"op":"replace","path":"emails","value":[{"value":"x"}]},{"op":"add","path":"emails[value eq \"x\"].type","value":"work"}`), Strict)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := p.Apply(sample())
	second, edits, _ := p.Apply(sample())
	a, _ := json.Marshal(first.Attrs["emails"])
	b, _ := json.Marshal(second.Attrs["emails"])
	if string(a) != string(b) || len(edits) != 2 {
		t.Errorf("a patch applied twice differs: %s %s", a, b)
	}
}

func TestTooManyValuesAreRefused(t *testing.T) {
	rt := testUser(t)
	many := strings.Repeat(`{"value":"x"},`, maxValues) + `{"value":"y"}`
	_, _, err := runPatch(rt, Entra, sample(), `{"op":"add","path":"emails","value":[`+many+`]}`)
	wantRefusal(t, err, InvalidValue)
	doc := sample()
	for i := range maxValues {
		doc.Attrs["emails"] = append(doc.Attrs["emails"], entry.Complex{"value": fmt.Sprint(i)})
	}
	_, _, err = runPatch(rt, Entra, doc, `{"op":"add","path":"emails","value":[{"value":"one more"}]}`)
	wantRefusal(t, err, InvalidValue)
}

func TestLongAndShortListsDifferAlike(t *testing.T) {
	var a, b []entry.Value
	for i := range 12 {
		a = append(a, entry.Complex{"value": fmt.Sprint(i % 5), "n": int64(i % 3)}, entry.Ref{Type: "User", ID: fmt.Sprint(i)})
		b = append(b, entry.Complex{"n": int64(i % 3), "value": fmt.Sprint(i % 4)}, entry.Ref{ID: fmt.Sprint(i + 3)})
	}
	a, b = a[:14], b[2:16]
	if short, long := minus(a, b), minusByText(a, b); !entry.EqualValues(short, long) || len(short) == 0 {
		t.Errorf("short %v\nlong  %v", short, long)
	}
}
