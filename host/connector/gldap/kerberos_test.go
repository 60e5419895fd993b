package gldap

import (
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/test/targets"
)

func ticketed(l *targets.LDAP, container string) map[string]string {
	with := ad(l, container)
	with["bind"], with["user"], with["krb5Config"], with["servicePrincipal"] = "kerberos", "service@AD.TEST", l.Kerberos, "ldap/dc1.ad.test"
	return with
}

func TestKerberosLogsIn(t *testing.T) {
	s, _, _ := opened(t, targets.Samba, ticketed)
	made := s.mustCreate(t, "User", someone(s, 1))
	if got := s.one(t, made); got.ID != made.ID {
		t.Errorf("%v", got)
	}
}

// TestRegressionPrincipalNamesOfThreeParts: the name of a controller in Active Directory may end in its domain.
func TestRegressionPrincipalNamesOfThreeParts(t *testing.T) {
	s, _, _ := opened(t, targets.Samba, func(l *targets.LDAP, container string) map[string]string {
		with := ticketed(l, container)
		with["servicePrincipal"] = "ldap/dc1.ad.test/ad.test"
		return with
	})
	mustAll(t, s, "User")
}

func TestKerberosRefusalsAreExplained(t *testing.T) {
	l, container := targets.Samba(t)
	for name, c := range map[string]struct {
		change map[string]string
		hint   string
	}{
		"UnknownUser":    {map[string]string{"user": "nobody@AD.TEST"}, "does not know the user"},
		"UnknownService": {map[string]string{"servicePrincipal": "ldap/elsewhere.ad.test"}, "servicePrincipal"},
		"NoRealm":        {map[string]string{"user": "service"}, "user"},
		"NoKeytab":       {map[string]string{"keytab": "/no/such/keytab"}, "keytab"},
	} {
		t.Run(name, func(t *testing.T) {
			x := config(l, container, ticketed(l, container))
			for k, v := range c.change {
				x.Values[k] = v
			}
			_, err := New().Open(t.Context(), x)
			if err == nil || !strings.Contains(fault.HintOf(err), c.hint) || strings.Contains(err.Error(), l.Password) {
				t.Errorf("%v (%v), hint %q", err, fault.KindOf(err), fault.HintOf(err))
			}
		})
	}
}
