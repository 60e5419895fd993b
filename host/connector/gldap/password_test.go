package gldap

import (
	"strconv"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/test/targets"
)

func TestPasswordsInEveryForm(t *testing.T) {
	for server, start := range map[string]func(testing.TB) (*targets.LDAP, string){"OpenLDAP": targets.OpenLDAP, "389": targets.Dirsrv} {
		for _, form := range []string{"auto", "plain", "exop", "ssha"} {
			t.Run(server+"/"+form, func(t *testing.T) {
				if server == "389" && form != "auto" && form != "plain" {
					t.Skip("389 refuses hashes that it did not make, and its password operation over an unencrypted connection")
				}
				s, l, _ := opened(t, start, func(*targets.LDAP, string) map[string]string {
					with := map[string]string{"passwordForm": form, "delta": "none"}
					if server == "389" {
						with["tls"], with["caFile"] = "none", ""
					}
					return with
				})
				a := person(1)
				a["userPassword"] = []entry.Value{"At-first-1"}
				made := s.mustCreate(t, "User", a)
				name := made.Attrs.Text(nameDN)
				if err := s.proves(t.Context(), name, connector.NewSecret("At-first-1")); err != nil {
					t.Errorf("after the create: %v", err)
				}
				if err := s.SetPassword(t.Context(), "User", connector.Anchor(made.ID), connector.NewSecret("Then-ü-2")); err != nil {
					t.Fatal(err)
				}
				if err := s.proves(t.Context(), name, connector.NewSecret("Then-ü-2")); err != nil {
					t.Errorf("after it was set: %v", err)
				}
				held := raw(t, l, name, "userPassword").GetAttributeValue("userPassword")
				if strings.Contains(held, "Then") || s.one(t, made).Attrs["userPassword"] != nil {
					t.Errorf("the password can be read: %q", held)
				}
			})
		}
	}
}

// TestAccountsOfActiveDirectory creates an enabled account with its password, meets the domain's policy, and leaves the other bits of
// userAccountControl alone.
func TestAccountsOfActiveDirectory(t *testing.T) {
	s, l, _ := opened(t, targets.Samba, ad)
	a := someone(s, 1)
	a["unicodePwd"], a["accountEnabled"] = []entry.Value{"Först-Pass.1"}, []entry.Value{true}
	made := s.mustCreate(t, "User", a)
	name, anchor := made.Attrs.Text(nameDN), connector.Anchor(made.ID)
	if err := s.proves(t.Context(), name, connector.NewSecret("Först-Pass.1")); err != nil {
		t.Fatal(err)
	}
	err := s.SetPassword(t.Context(), "User", anchor, connector.NewSecret("x"))
	if wantKind(t, err, fault.Invalid); !strings.Contains(fault.HintOf(err), "policy") {
		t.Errorf("hint %q", fault.HintOf(err))
	}
	c, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const neverExpires = 0x10000
	m := ldap.NewModifyRequest(name, nil)
	m.Replace("userAccountControl", []string{strconv.Itoa(uacNormal | neverExpires)})
	if err := c.Modify(m); err != nil {
		t.Fatal(err)
	}
	for _, enabled := range []bool{false, true} {
		s.mustUpdate(t, made, replace(isEnabled, enabled))
		n, err := strconv.Atoi(raw(t, l, name, "userAccountControl").GetAttributeValue("userAccountControl"))
		if err != nil || n&neverExpires == 0 || n&uacDisabled == 0 != enabled {
			t.Errorf("enabled %v: userAccountControl is %#x (%v)", enabled, n, err)
		}
	}
	unencrypted := spellOn(t, s, l)
	wantKind(t, unencrypted, fault.Unsupported)
}

// spellOn tries to spell a password for a connection that is not encrypted.
func spellOn(t *testing.T, s *session, l *targets.LDAP) error {
	t.Helper()
	at := s.layout.access.servers[0]
	at.target, at.secure = strings.TrimPrefix(l.URL, "ldap://")+":389", false
	layout := *s.layout
	layout.access.startTLS = false
	c, err := layout.encrypted(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = s.spell(c, "whatever")
	return err
}
