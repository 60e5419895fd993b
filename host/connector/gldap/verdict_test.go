package gldap

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

var rewrite = flag.Bool("update", false, "write the tables of docs/connector-ldap.md anew")

// TestEveryRefusalSaysThreeThings: what the server said, what it means, what to do.
func TestEveryRefusalSaysThreeThings(t *testing.T) {
	for code, v := range meanings {
		err := failure("update", &wire.Refused{Result: wire.Result{Code: code, Message: "in the server's own words"}})
		if !strings.Contains(err.Error(), "in the server's own words") || !strings.Contains(err.Error(), wire.CodeName(code)) || fault.KindOf(err) != v.kind || fault.HintOf(err) == "" {
			t.Errorf("%d: %v (%v), hint %q", code, err, fault.KindOf(err), fault.HintOf(err))
		}
	}
	for said, want := range map[string]struct {
		code int
		kind fault.Kind
		hint string
	}{
		"some attributes not unique":                             {wire.ConstraintViolation, fault.Exists, "this value already"},
		"0000052D: Constraint violation - check_password":        {wire.ConstraintViolation, fault.Invalid, "policy"},
		"shadow context; no update referral":                     {wire.UnwillingToPerform, fault.Denied, "copy"},
		"an answer that nobody has heard of":                     {4711, fault.Internal, "log"},
		"database is read-only":                                  {wire.UnwillingToPerform, fault.Denied, "copy"},
		"80090308: LdapErr: DSID-0C09, comment: x, data 000, v1": {wire.InvalidCredentials, fault.Unauthenticated, "wrong"},
	} {
		err := failure("create", &wire.Refused{Result: wire.Result{Code: want.code, Message: said}})
		if fault.KindOf(err) != want.kind || !strings.Contains(fault.HintOf(err), want.hint) {
			t.Errorf("%q: %v, hint %q", said, fault.KindOf(err), fault.HintOf(err))
		}
	}
	for data, hint := range adLogin {
		v := judgeLogin(&wire.Refused{Result: wire.Result{Code: wire.InvalidCredentials, Message: "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data " + data + ", v4563"}})
		if v.kind != fault.Unauthenticated || v.hint != hint {
			t.Errorf("data %s: %v %q", data, v.kind, v.hint)
		}
	}
	lost := failure("create", &wire.Lost{Sent: true, Err: errors.New("reset")})
	if fault.KindOf(lost) != fault.Timeout || fault.KindOf(unread("import", &wire.Lost{Sent: true, Err: errors.New("reset")})) != fault.Unavailable {
		t.Errorf("a lost write is %v", fault.KindOf(lost))
	}
}

// codeTable is the table of result codes as the page shows it.
func codeTable() string {
	var b strings.Builder
	b.WriteString("| code | the server says | so the request is | what to do |\n|---|---|---|---|\n")
	for _, code := range slices.Sorted(maps.Keys(meanings)) {
		v := meanings[code]
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", code, wire.CodeName(code), v.kind, v.hint)
	}
	b.WriteString("\nActive Directory tells why it refuses a login by a number behind the word data:\n\n| data | what to do |\n|---|---|\n")
	for _, data := range slices.Sorted(maps.Keys(adLogin)) {
		fmt.Fprintf(&b, "| %s | %s |\n", data, adLogin[data])
	}
	return b.String()
}

const page = "../../../docs/connector-ldap.md"

// TestPageHasEveryResultCode keeps the page and the program together.
func TestPageHasEveryResultCode(t *testing.T) {
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- codes: written by a test -->\n", "<!-- end of codes -->\n"
	before, rest, ok := strings.Cut(string(b), begin)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the page has no place for the table")
	}
	want := "\n" + codeTable() + "\n"
	if have == want {
		return
	}
	if !*rewrite {
		t.Fatal("the table is stale: go test ./host/connector/gldap -run TestPageHasEveryResultCode -update")
	}
	if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil { //nolint:gosec // a page for everybody
		t.Fatal(err)
	}
}
