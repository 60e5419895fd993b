package scimclient

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
)

const (
	userExt  = scim.ECMA2HostURN + ":"
	groupExt = scim.ECMA2HostGroupURN + ":"
)

func oddType(t testing.TB) *scim.ResourceType {
	t.Helper()
	rt, err := scim.NewResourceType(entry.User, "/Users", scim.CoreUser(), scim.Schema{ID: scim.ECMA2HostURN, Name: "Host", Attributes: []scim.Attribute{
		{Name: "Plain", Type: scim.String}, {Name: "First_x0020_Name", Type: scim.String}, {Name: "Boss_x002E_id", Type: scim.String},
		{Name: "Boss", Type: scim.Complex, Sub: []scim.Attribute{{Name: "value", Type: scim.String}, {Name: "id", Type: scim.String}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

func TestWireNames(t *testing.T) {
	rt := oddType(t)
	for attr, want := range map[string]string{
		"userName":                        "userName",
		`emails[type eq "work"].value`:    `emails[type eq "work"].value`,
		"urn:other:User:a b":              "urn:other:User:a b",
		userExt:                           userExt,
		userExt + "Plain":                 userExt + "Plain",
		userExt + "First Name":            userExt + "First_x0020_Name",
		userExt + "unknown [1]":           userExt + "unknown_x0020__x005B_1_x005D_",
		userExt + "we\"ird":               userExt + "we_x0022_ird",
		userExt + "Tëxt 名":                userExt + "Tëxt_x0020_名",
		userExt + "a.b":                   userExt + "a_x002E_b",
		userExt + "Boss.value":            userExt + "Boss.value",        // the part of Boss
		userExt + "Boss.id":               userExt + "Boss_x002E_id",     // a column has that very name
		userExt + "_x0041_":               userExt + "_x005F_x0041_",     // looks like an alias, is a column
		groupExt + "Group Name":           groupExt + "Group_x0020_Name", // Group
		"URN" + userExt[3:] + "Last Name": "URN" + userExt[3:] + "Last_x0020_Name",
	} {
		if got := wireName(rt, attr); got != want {
			t.Errorf("%s became %s, want %s", attr, got, want)
		}
	}
}

func TestOwnNamesComeBack(t *testing.T) {
	rt := oddType(t)
	attrs := entry.Attrs{}
	for _, n := range []string{"userName", userExt + "a b", userExt + "_x0061_", userExt + "_x005F_x0061_", userExt + "a", groupExt + "x[1]", userExt + "名.字"} {
		attrs[n] = []entry.Value{n}
	}
	back := wireAttrs(rt, attrs)
	if len(back) != len(attrs) {
		t.Fatalf("names fell together: %v", back)
	}
	ownNames(back)
	if diff := cmp.Diff(attrs, back); diff != "" {
		t.Error(diff)
	}
}

func TestPlainNamesCostNothing(t *testing.T) {
	rt := oddType(t)
	attrs := entry.Attrs{"userName": {"a"}, userExt + "Plain": {"b"}}
	edits := []entry.Edit{{Attr: "userName"}, {Attr: userExt + "Plain"}}
	if n := testing.AllocsPerRun(100, func() {
		wireAttrs(rt, attrs)
		wireEdits(rt, edits)
		ownNames(attrs)
		wireName(rt, userExt+"Plain")
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if got := wireEdits(rt, edits); &got[0] != &edits[0] || !slices.Equal(got[0].Values, edits[0].Values) {
		t.Error("edits were copied")
	}
}
