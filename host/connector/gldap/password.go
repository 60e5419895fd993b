package gldap

import (
	"context"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // {SSHA} is what directories understand
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

var (
	_ connector.PasswordSetter  = (*session)(nil)
	_ connector.PasswordChanger = (*session)(nil)
)

// passwordAttribute is where passwords go.
func (s *session) passwordAttribute() string {
	switch {
	case s.layout.passwordAttribute != "":
		return s.layout.passwordAttribute
	case s.server.windows():
		return "unicodePwd"
	}
	return "userPassword"
}

func (s *session) isPassword(c *column) bool { return strings.EqualFold(c.wire, s.passwordAttribute()) }

// passwordForm is how passwords are written.
func (s *session) passwordForm() string {
	switch {
	case strings.EqualFold(s.passwordAttribute(), "unicodePwd"):
		return "unicode"
	case s.layout.passwordForm != "auto":
		return s.layout.passwordForm
	case s.server.brand == openLDAP && s.server.supports[opPasswd]:
		return "exop"
	}
	return "plain"
}

// spell writes a password as the attribute wants it.
func (s *session) spell(c *wire.Conn, password string) (string, error) {
	switch s.passwordForm() {
	case "unicode":
		if !c.Secure() {
			return "", fault.New(fault.Unsupported, "set the password", "Active Directory takes passwords over an encrypted connection only").
				WithHint("use ldaps:// or tls: starttls")
		}
		if !utf8.ValidString(password) {
			return "", invalid("unicodePwd", "the password is not UTF-8")
		}
		var b []byte
		for _, u := range utf16.Encode([]rune(`"` + password + `"`)) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		return string(b), nil
	case "ssha":
		return salted("{SSHA}", password, func(b []byte) []byte { h := sha1.Sum(b); return h[:] }), nil //nolint:gosec
	case "ssha512":
		return salted("{SSHA512}", password, func(b []byte) []byte { h := sha512.Sum512(b); return h[:] }), nil
	}
	return password, nil
}

func salted(scheme, password string, hash func([]byte) []byte) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	return scheme + base64.StdEncoding.EncodeToString(append(hash(append([]byte(password), salt...)), salt...))
}

// SetPassword sets a password as an administrator does.
func (s *session) SetPassword(ctx context.Context, t entry.Type, a connector.Anchor, password connector.Secret) error {
	return s.password(ctx, t, a, connector.Secret{}, password)
}

// ChangePassword sets a password for whoever knows the old one.
func (s *session) ChangePassword(ctx context.Context, t entry.Type, a connector.Anchor, was, want connector.Secret) error {
	if was.IsZero() {
		return fault.New(fault.Invalid, "change the password", "the old password is missing")
	}
	return s.password(ctx, t, a, was, want)
}

func (s *session) password(ctx context.Context, t entry.Type, a connector.Anchor, was, want connector.Secret) error {
	const op = "set the password"
	o, err := s.object(t)
	if err != nil {
		return fault.Wrap(fault.Invalid, op, err)
	}
	if want.IsZero() {
		return fault.New(fault.Invalid, op, "the password is empty")
	}
	name, _, err := s.locate(ctx, op, o, a)
	if err != nil {
		return err
	}
	if !was.IsZero() && s.passwordForm() != "unicode" {
		if err := s.proves(ctx, name.text(), was); err != nil {
			return err
		}
		was = connector.Secret{}
	}
	return s.write(ctx, op, func(ctx context.Context, c *wire.Conn) error { return s.passwd(ctx, c, name.text(), was, want) })
}

// proves logs in as the object, on a connection of its own, to find out whether a password is right.
func (s *session) proves(ctx context.Context, name string, password connector.Secret) error {
	l := *s.layout
	l.access.bind, l.access.user, l.access.password = "simple", name, password
	c, err := l.dial(ctx, l.access.servers[s.main.at])
	if fault.Is(err, fault.Unauthenticated) {
		return &fault.Error{Op: "change the password", Kind: fault.Invalid, Err: err, Hint: "the old password is wrong, or the account may not log in"}
	}
	if err != nil {
		return err
	}
	return c.Close()
}

// passwd writes a password. With was, the server itself checks the old one.
func (s *session) passwd(ctx context.Context, c *wire.Conn, name string, was, want connector.Secret) error {
	if s.passwordForm() == "exop" {
		_, err := c.Do(ctx, wire.Extended{OID: opPasswd, Value: wire.Sequence(func(v *wire.Values) {
			v.Tagged(0x80, name)
			v.Tagged(0x82, want.Reveal())
		})})
		return err
	}
	text, err := s.spell(c, want.Reveal())
	if err != nil {
		return err
	}
	attr := s.passwordAttribute()
	changes := []wire.Change{{Op: wire.ChangeReplace, Attribute: wire.Attribute{Name: attr, Values: []string{text}}}}
	if !was.IsZero() {
		old, err := s.spell(c, was.Reveal())
		if err != nil {
			return err
		}
		changes = []wire.Change{{Op: wire.ChangeDelete, Attribute: wire.Attribute{Name: attr, Values: []string{old}}},
			{Op: wire.ChangeAdd, Attribute: wire.Attribute{Name: attr, Values: []string{text}}}}
	}
	_, err = c.Do(ctx, wire.Modify{DN: name, Changes: changes})
	if r, ok := errors.AsType[*wire.Refused](err); ok && !was.IsZero() && (r.Code == wire.ConstraintViolation || r.Code == wire.InvalidCredentials) {
		return &fault.Error{Op: "change the password", Kind: fault.Invalid, Err: err, Hint: "the old password is wrong, or the new one breaks the domain's policy"}
	}
	return err
}

// draftPassword puts a password among the attributes of a new entry, or keeps it for a step of its own.
func (s *session) draftPassword(d *draft, c *wire.Conn, col *column, password string, have map[string]bool) error {
	if s.passwordForm() == "exop" {
		d.password = connector.NewSecret(password)
		return nil
	}
	text, err := s.spell(c, password)
	have[lower(col.wire)] = true
	d.attrs = append(d.attrs, wire.Attribute{Name: col.wire, Values: []string{text}})
	return err
}

// draftEnabled says whether a new account may be used. On Active Directory an account cannot be enabled without a password: it gets
// one that nobody knows, until its own is set.
func (s *session) draftEnabled(d *draft, c *wire.Conn, attrs entry.Attrs, have map[string]bool) error {
	o := d.object
	if o.switches == nil {
		return nil
	}
	enabled := true
	if v := attrs.First(isEnabled); v != nil {
		var ok bool
		if enabled, ok = v.(bool); !ok {
			return invalid(isEnabled, "%s: %v does not fit", isEnabled, short(v))
		}
	}
	if have[lower(o.switches.wire)] {
		return nil
	}
	v := o.enabledValue(enabled, nil)
	if o.enabling == "userAccountControl" && !have["unicodepwd"] {
		if !enabled {
			v = int64(uacNormal | uacDisabled | uacNoPassword)
		} else if err := s.randomPassword(d, c); err != nil {
			return err
		}
	}
	if v == nil {
		return nil
	}
	text, err := o.switches.form.encode(v)
	d.attrs = append(d.attrs, wire.Attribute{Name: o.switches.wire, Values: []string{text}})
	return err
}

func (s *session) randomPassword(d *draft, c *wire.Conn) error {
	text, err := s.spell(c, "aA1!"+rand.Text()+rand.Text())
	d.attrs = append(d.attrs, wire.Attribute{Name: "unicodePwd", Values: []string{text}})
	return err
}
