package directory

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

func TestParseHeader(t *testing.T) {
	for name, tc := range map[string]struct {
		line  string
		want  string // names, as understood
		notes int
		kind  fault.Kind
	}{
		"OK":              {"userPrincipalName,displayName", "userPrincipalName,displayName", 0, 0},
		"AnyCase":         {"USERPRINCIPALNAME, jobtitle ,MemberOf", "userPrincipalName,jobTitle,memberOf", 0, 0},
		"GroupsOnly":      {"type,displayName,members", "type,displayName,members", 0, 0},
		"OwnAttribute":    {"userPrincipalName,Außenstelle", "userPrincipalName,Außenstelle", 1, 0},
		"IDIgnored":       {"id,userPrincipalName", "id,userPrincipalName", 1, 0},
		"ErrNoKey":        {"displayName,mail", "", 0, fault.Invalid},
		"ErrTwice":        {"userPrincipalName,mail,MAIL", "", 0, fault.Invalid},
		"ErrEmpty":        {"userPrincipalName,,mail", "", 0, fault.Invalid},
		"ErrDeletedTimes": {"userPrincipalName,deletedDateTime", "", 0, fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := parseHeader(strings.Split(tc.line, ","))
			if fault.KindOf(err) != tc.kind {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				if fault.HintOf(err) == "" {
					t.Fatal("no hint")
				}
				return
			}
			var names []string
			for _, c := range h.columns {
				names = append(names, c.name)
			}
			if got := strings.Join(names, ","); got != tc.want || len(h.notes) != tc.notes {
				t.Fatalf("got %s, notes %q", got, h.notes)
			}
		})
	}
}

func TestPerson(t *testing.T) {
	h, err := parseHeader(strings.Split("type,userPrincipalName,displayName,accountEnabled,employeeHireDate,otherMails,manager,members,memberOf", ","))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		row  string
		want person
		err  string
	}{
		"User": {
			row: "|a@x|Ann|yes|2026-05-01|b@x; c@x;|boss@x||Sales;Ops",
			want: person{typ: entry.User, name: "a@x", manager: "boss@x", memberOf: []string{"Sales", "Ops"}, patch: entry.Attrs{
				"userPrincipalName": {"a@x"}, "displayName": {"Ann"}, "accountEnabled": {true},
				"employeeHireDate": {time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}, "otherMails": {"b@x", "c@x"},
			}},
		},
		"Cleared": {
			row: "User|a@x|||||||",
			want: person{typ: entry.User, name: "a@x", patch: entry.Attrs{
				"userPrincipalName": {"a@x"}, "displayName": nil, "accountEnabled": nil, "employeeHireDate": nil, "otherMails": nil, "manager": nil,
			}},
		},
		"Group": {
			row: "group||Sales|||||a@x;a@x;Ops|",
			want: person{typ: entry.Group, name: "Sales", members: []string{"a@x", "Ops"}, patch: entry.Attrs{
				"userPrincipalName": nil, "displayName": {"Sales"}, "accountEnabled": nil, "employeeHireDate": nil, "otherMails": nil,
			}},
		},
		"ErrFieldCount": {row: "User|a@x", err: "it has 2 fields, the first line names 9 columns"},
		"ErrType":       {row: "Device|a@x|||||||", err: `type "Device" is not known`},
		"ErrFlag":       {row: "|a@x||perhaps|||||", err: "neither true nor false"},
		"ErrTime":       {row: "|a@x|||1.5.2026||||", err: "is not a time"},
		"ErrNoName":     {row: "||Ann||||||", err: "needs exactly one userPrincipalName"},
		"ErrGroupUPN":   {row: "Group|a@x|Sales||||||", err: "a group has no userPrincipalName"},
		"ErrMembers":    {row: "|a@x|||||| b@x|", err: "a user has no members"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := h.person(0, strings.Split(tc.row, "|"))
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("got %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, p, cmp.AllowUnexported(person{})); d != "" {
				t.Fatal(d)
			}
		})
	}
}
