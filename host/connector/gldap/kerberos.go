package gldap

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/go-ldap/ldap/v3/gssapi"
	"github.com/jcmturner/gokrb5/v8/client"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// kerberos is how to get a ticket, by password or by a keytab.
type kerberos struct {
	config  string // path of krb5.conf
	keytab  string // path; "" = by password
	service string // the server's principal name, in two parts or three; "" = ldap/ and the server's name
}

func (r *reader) kerberos(a access) kerberos {
	k := kerberos{config: r.text("krb5Config"), keytab: r.text("keytab"), service: r.text("servicePrincipal")}
	if a.bind != "kerberos" {
		return k
	}
	if name, realm, ok := strings.Cut(a.user, "@"); !ok || name == "" || realm == "" {
		r.fail("user", "logging in with bind: kerberos needs a user such as sallyport@CONTOSO.LAB")
	}
	if k.keytab == "" && a.password.IsZero() {
		r.fail("keytab", "logging in with bind: kerberos needs a keytab or a password")
	}
	for setting, file := range map[string]string{"krb5Config": k.config, "keytab": k.keytab} {
		if file == "" {
			continue
		}
		if _, err := os.Stat(file); err != nil {
			r.fail(setting, "%w", err)
		}
	}
	return k
}

// ticket logs in by GSSAPI (RFC 4752) without a security layer of its own: the connection is encrypted below.
func (l *layout) ticket(ctx context.Context, c *wire.Conn, at address) error {
	k, a := l.access.kerberos, l.access
	name, realm, _ := strings.Cut(a.user, "@")
	realm = strings.ToUpper(realm)
	var g *gssapi.Client
	var err error
	if k.keytab != "" {
		g, err = gssapi.NewClientWithKeytab(name, realm, k.keytab, k.config, client.DisablePAFXFAST(true))
	} else {
		g, err = gssapi.NewClientWithPassword(name, realm, a.password.Reveal(), k.config, client.DisablePAFXFAST(true))
	}
	if err != nil {
		return ticketless(err)
	}
	defer g.Close()
	service := k.service
	if service == "" {
		service = "ldap/" + at.host
	}
	going := true
	return c.SASL(ctx, "GSSAPI", func(said []byte) (next []byte, err error) {
		if going {
			if next, going, err = g.InitSecContext(service, said); err != nil {
				return nil, ticketless(err)
			}
			return next, nil
		}
		if next, err = g.NegotiateSaslAuth(said, ""); err != nil {
			return nil, ticketless(err)
		}
		return next, nil
	})
}

// ticketless explains why there is no ticket. The words of Kerberos are kept; a password is never among them.
func ticketless(err error) error {
	const op = "get a Kerberos ticket"
	text := err.Error()
	for word, v := range map[string]verdict{
		"KDC_ERR_PREAUTH_FAILED":      {fault.Unauthenticated, "the password or the keytab is wrong"},
		"KRB_AP_ERR_SKEW":             {fault.Unauthenticated, "the clocks of this machine and of the domain differ by more than five minutes"},
		"KDC_ERR_C_PRINCIPAL_UNKNOWN": {fault.Unauthenticated, "the domain does not know the user: check name and realm"},
		"KDC_ERR_S_PRINCIPAL_UNKNOWN": {fault.Unauthenticated, "the domain does not know the server by this name: set servicePrincipal to one that 'setspn -L' lists, such as ldap/dc1.contoso.lab"},
		"KDC_ERR_CLIENT_REVOKED":      {fault.Unauthenticated, "the account is disabled or locked"},
		"KDC_ERR_KEY_EXPIRED":         {fault.Unauthenticated, "the password has expired"},
	} {
		if strings.Contains(text, word) {
			return &fault.Error{Op: op, Kind: v.kind, Hint: v.hint, Err: errors.New(text)}
		}
	}
	return &fault.Error{Op: op, Kind: fault.Unavailable, Err: err, Hint: "check that krb5Config names the realm's controllers, and that this machine reaches them on port 88"}
}
