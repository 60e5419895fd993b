package directory

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

func TestValidate(t *testing.T) {
	type change func(*entry.Entry)
	set := func(attr string, vs ...entry.Value) change {
		return func(e *entry.Entry) { e.Attrs[attr] = vs }
	}
	ref := entry.Ref{Type: entry.User, ID: "1"}
	for name, tc := range map[string]struct {
		change change
		bad    string // attribute the fault names; "" = fine
	}{
		"OK":             {func(*entry.Entry) {}, ""},
		"EveryType":      {set("x", "a", true, int64(1), 1.5, []byte{1}, time.Now(), ref, entry.Complex{"y": "z"}), ""},
		"Poison":         {set("displayName", `%"',+`+"\n; DROP"), ""},
		"OneMegabyte":    {set("note", strings.Repeat("x", 1<<20)), ""},
		"ErrTooLarge":    {set("note", strings.Repeat("x", MaxValue+1)), "note"},
		"ErrBytesLarge":  {set("note", make([]byte, MaxValue+1)), "note"},
		"ErrNoName":      {set(UserPrincipalName), UserPrincipalName},
		"ErrTwoNames":    {set(UserPrincipalName, "a", "b"), UserPrincipalName},
		"ErrNameControl": {set(UserPrincipalName, "a\x00b"), UserPrincipalName},
		"ErrNameSpace":   {set(UserPrincipalName, " a@x"), UserPrincipalName},
		"ErrNameLong":    {set(UserPrincipalName, strings.Repeat("ä", MaxName+1)), UserPrincipalName},
		"ErrUTF8":        {set("city", "a\xff"), "city"},
		"ErrUTF8Deep":    {set("a", entry.Complex{"b": entry.Complex{"c": "\xff"}}), "a.b.c"},
		"ErrEnabledText": {set(AccountEnabled, "true"), AccountEnabled},
		"ErrManagerText": {set(Manager, "boss"), Manager},
		"ErrTwoManagers": {set(Manager, ref, entry.Ref{ID: "2"}), Manager},
		"ErrRefNoID":     {set(Manager, entry.Ref{}), Manager},
		"ErrNil":         {set("x", nil), "x"},
		"ErrInt":         {set("x", 1), "x"},
		"ErrAttrName":    {set("", "x"), ""},
		"ErrType":        {func(e *entry.Entry) { e.Type = "Device" }, "type"},
	} {
		t.Run(name, func(t *testing.T) {
			e := entry.Entry{Type: entry.User, ID: "7", Attrs: entry.Attrs{UserPrincipalName: {"ann@x"}}}
			tc.change(&e)
			err := Validate(e)
			if !strings.HasPrefix(name, "Err") {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" || !strings.Contains(err.Error(), tc.bad) {
				t.Fatalf("got %v", err)
			}
			if len(err.Error()) > 600 {
				t.Fatalf("the message is %d bytes long", len(err.Error()))
			}
		})
	}
}

func TestKey(t *testing.T) {
	user := func(upn string) entry.Entry {
		return entry.Entry{Type: entry.User, Attrs: entry.Attrs{UserPrincipalName: {upn}}}
	}
	for _, pair := range [][2]string{{"Ann@X.org", "aNN@x.ORG"}, {"ÄRGER@x", "ärger@x"}, {"STRASSE@x", "straße@x"}, {"ΣΟΦΟΣ@x", "σοφος@x"}} {
		if a, b := Key(user(pair[0])), Key(user(pair[1])); a != b {
			t.Errorf("%q and %q have keys %q and %q", pair[0], pair[1], a, b)
		}
	}
	gone := user("ann@x")
	gone.Attrs.Set(DeletedDateTime, time.Now())
	if Key(gone) != "" {
		t.Error("a soft-deleted user holds its name")
	}
}

func TestMerge(t *testing.T) {
	have := entry.Entry{Type: entry.User, ID: "1", Attrs: entry.Attrs{"a": {"1"}, "b": {"2"}, "c": {"3"}}}
	got := Merge(have, entry.Attrs{"a": {"9"}, "b": nil, "d": {"4"}})
	want := entry.Attrs{"a": {"9"}, "c": {"3"}, "d": {"4"}}
	if d := cmp.Diff(want, got.Attrs); d != "" {
		t.Fatal(d)
	}
	if have.Attrs.Text("a") != "1" || len(have.Attrs) != 3 {
		t.Fatal("changed the entry it was given")
	}
}
