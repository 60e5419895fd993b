package gldap

import (
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/test/targets"
)

// TestWaysToLogIn writes and reads over every kind of connection and login.
func TestWaysToLogIn(t *testing.T) {
	for name, with := range map[string]func(l *targets.LDAP, _ string) map[string]string{
		"LDAPS":    func(l *targets.LDAP, _ string) map[string]string { return nil },
		"StartTLS": func(l *targets.LDAP, _ string) map[string]string { return map[string]string{"servers": l.URL} },
		"Plain": func(l *targets.LDAP, _ string) map[string]string {
			return map[string]string{"servers": l.URL, "tls": "none"}
		},
		"ExternalBySocket": func(l *targets.LDAP, _ string) map[string]string {
			return map[string]string{"servers": l.Socket, "bind": "external"}
		},
		"ExternalByClientTLS": func(l *targets.LDAP, _ string) map[string]string {
			return map[string]string{"bind": "external", "clientCertificate": l.Client + ".crt", "clientKey": l.Client + ".key"}
		},
		"ExternalAfterStartTLS": func(l *targets.LDAP, _ string) map[string]string {
			return map[string]string{"servers": l.URL, "bind": "external", "clientCertificate": l.Client + ".crt", "clientKey": l.Client + ".key"}
		},
		"SecondServer": func(l *targets.LDAP, _ string) map[string]string {
			return map[string]string{"servers": "ldaps://127.0.0.1:1\n" + l.Secure}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := opened(t, targets.OpenLDAP, with)
			s.mustCreate(t, "User", person(1))
			if n := len(mustAll(t, s, "User")); n != 1 {
				t.Errorf("%d objects", n)
			}
		})
	}
	t.Run("Active Directory by StartTLS and principal name", func(t *testing.T) {
		s, _, _ := opened(t, targets.Samba, func(l *targets.LDAP, container string) map[string]string {
			with := ad(l, container)
			with["servers"], with["user"] = l.URL, "service@ad.test"
			return with
		})
		mustAll(t, s, "User")
	})
}

// TestRefusedLogins tells what is wrong, and never the password.
func TestRefusedLogins(t *testing.T) {
	l, container := targets.OpenLDAP(t)
	samba, domain := targets.Samba(t)
	inAD := config(samba, domain, ad(samba, domain))
	for name, c := range map[string]struct {
		config connector.Config
		change map[string]string
		kind   fault.Kind
		hint   string
	}{
		"WrongPassword":    {config(l, container, nil), map[string]string{"user": l.Admin + "x"}, fault.Unauthenticated, "user or password is wrong"},
		"WrongPasswordAD":  {inAD, map[string]string{"user": "nobody@ad.test"}, fault.Unauthenticated, "wrong"},
		"NotEncryptedAD":   {inAD, map[string]string{"servers": samba.URL, "tls": "none"}, fault.Unauthenticated, "encrypted"},
		"UnknownAuthority": {config(l, container, nil), map[string]string{"caFile": ""}, fault.Unavailable, "caFile"},
		"WrongName":        {config(l, container, nil), map[string]string{"serverName": "elsewhere.example"}, fault.Unavailable, "serverName"},
		"NobodyThere":      {config(l, container, nil), map[string]string{"servers": "ldaps://127.0.0.1:1"}, fault.Unavailable, "directory runs"},
		"UnknownHost":      {config(l, container, nil), map[string]string{"servers": "ldaps://no-such-host.invalid"}, fault.Unavailable, "DNS"},
		"NotTLS":           {config(l, container, nil), map[string]string{"servers": strings.Replace(l.URL, "ldap:", "ldaps:", 1)}, fault.Unavailable, "TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range c.change {
				was := c.config.Values[k]
				c.config.Values[k] = v
				defer func() { c.config.Values[k] = was }()
			}
			_, err := New().Open(t.Context(), c.config)
			if !fault.Is(err, c.kind) || !strings.Contains(fault.HintOf(err), c.hint) {
				t.Errorf("%v (%v), hint %q", err, fault.KindOf(err), fault.HintOf(err))
			}
			if err != nil && strings.Contains(err.Error(), c.config.Secrets["password"].Reveal()) {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}

// TestAnonymousMayOnlyRead sees that an anonymous session is told so in words.
func TestAnonymousMayOnlyRead(t *testing.T) {
	l := targets.OpenLDAPAlone(t, targets.Slapd{NoLog: true, Access: "access to * by dn.exact=\"cn=service,dc=example,dc=com\" manage by * read\n"})
	s := openedAt(t, config(l, "ou=people,"+l.Suffix, map[string]string{"bind": "anonymous", "auxiliaries": "", "dn": "User=uid={uid},ou=people," + l.Suffix}))
	mustAll(t, s, "User")
	_, err := s.Create(t.Context(), entry.Entry{Type: "User", Attrs: person(1)})
	if !fault.Is(err, fault.Unauthenticated) && !fault.Is(err, fault.Denied) {
		t.Errorf("%v (%v)", err, fault.KindOf(err))
	}
}
