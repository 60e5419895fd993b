package gldap

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// usn follows the update sequence numbers of one domain controller of Active Directory, and its tombstones.
type usn struct{ s *session }

func (usn) name() string      { return "usn" }
func (d usn) deletions() bool { return d.s.tombs }

// seesDeleted reports whether the account can be seen to see deleted objects, in every domain that the base DNs stand in. Active
// Directory shows them to administrators only, and says nothing to others: so where none is seen, none is counted on.
func (s *session) seesDeleted(ctx context.Context, c *wire.Conn) bool {
	for _, at := range s.domains() {
		rows, err := c.Search(ctx, wire.Search{Base: "CN=Deleted Objects," + at.text(), Scope: wire.OneLevel, Filter: wire.Equal("isDeleted", "TRUE"), Attrs: []string{"1.1"},
			Limit: 1, Controls: []wire.Control{{OID: ctlDeleted, Critical: true}}})
		if err != nil {
			return false
		}
		seen := false
		for rows.Next() { // to the end, so that the connection stays
			seen = true
		}
		rows.Close()
		if !seen {
			return false
		}
	}
	return true
}

// numbers belong to one controller: another counts differently.
func (d usn) mark(ctx context.Context, c *wire.Conn) (string, error) {
	raw, err := readOne(ctx, c, "", "highestCommittedUSN", "dsServiceName")
	if err != nil {
		return "", err
	}
	n, err := strconv.ParseInt(first(raw["highestcommittedusn"]), 10, 64)
	if err != nil {
		return "", forgotten("the server does not show its highestCommittedUSN: %w", err)
	}
	return fmt.Sprintf("%d@%s", n, keyOf(first(raw["dsservicename"]))), nil
}

func (d usn) since(ctx context.Context, c *wire.Conn, w string, found *touched) (string, error) {
	next, err := d.mark(ctx, c)
	if err != nil {
		return "", err
	}
	number, of, _ := strings.Cut(w, "@")
	from, err := strconv.ParseInt(number, 10, 64)
	highest, now, _ := strings.Cut(next, "@")
	to, _ := strconv.ParseInt(highest, 10, 64)
	switch {
	case err != nil || from < 0:
		return "", forgotten("%q is no update sequence number", short(w))
	case of != now:
		return "", forgotten("the watermark is from another domain controller")
	case from > to:
		return "", forgotten("the watermark is %d, and the controller is at %d: it was restored", from, to)
	}
	return next, d.s.tombstones(ctx, wire.AtLeast("uSNChanged", strconv.FormatInt(from+1, 10)), nil, found)
}

// tombstones notes all objects of the domains that fulfil a condition, with the deleted ones.
func (s *session) tombstones(ctx context.Context, f wire.Filter, each func(*wire.Entry), found *touched) error {
	for _, context := range s.domains() {
		x := &scan{session: s, link: &s.main, base: context, filter: f, attrs: []string{"objectGUID"}, sort: "objectGUID",
			extra: []wire.Control{{OID: ctlDeleted, Critical: true}}}
		x.each = func(e *wire.Entry) error {
			if each != nil {
				each(e)
			}
			return noteGUID(e, found)
		}
		if err := x.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

func noteGUID(e *wire.Entry, found *touched) error {
	for _, a := range e.Attrs {
		if lower(string(a.Name)) == "objectguid" && len(a.Values) == 1 {
			id, err := formGUID.decode(a.Values[0])
			if err != nil {
				return err
			}
			return found.anchor(id.(string))
		}
	}
	return nil
}

// domains are the naming contexts that the base DNs stand in.
func (s *session) domains() []dn {
	var out []dn
	for _, text := range s.server.contexts {
		d, err := parseDN(text)
		if err != nil || len(d) == 0 {
			continue
		}
		for _, b := range s.layout.bases {
			if b.at(d) && !inner(b, d, s.server.contexts) {
				out = append(out, d)
				break
			}
		}
	}
	return out
}

// inner reports whether a narrower naming context holds the base.
func inner(base, outer dn, contexts []string) bool {
	for _, text := range contexts {
		if d, err := parseDN(text); err == nil && d.below(outer) && base.at(d) {
			return true
		}
	}
	return false
}

// dirSync asks Active Directory for what changed since a cookie (MS-ADTS 3.1.1.3.4.1.3), whichever controller made it.
type dirSync struct{ s *session }

func (dirSync) name() string    { return "dirsync" }
func (dirSync) deletions() bool { return true }

// mark reads everything once, though only GUIDs: there is no other way to a first cookie.
func (d dirSync) mark(ctx context.Context, c *wire.Conn) (string, error) {
	return d.run(ctx, c, "", func(*wire.Entry) error { return nil })
}

func (d dirSync) since(ctx context.Context, c *wire.Conn, w string, found *touched) (string, error) {
	if w == "" {
		return "", forgotten("there is no cookie")
	}
	next, err := d.run(ctx, c, w, func(e *wire.Entry) error { return noteGUID(e, found) })
	if refused(err, wire.OperationsError, wire.UnwillingToPerform, 2, wire.InvalidSyntax, wire.UnavailableCritical, 80) {
		err = forgotten("the server does not take the cookie: %w", err)
	}
	return next, err
}

// run follows every domain; its watermark is the cookies in the order of the domains.
func (d dirSync) run(ctx context.Context, c *wire.Conn, w string, each func(*wire.Entry) error) (string, error) {
	old := strings.Split(w, ",")
	domains := d.s.domains()
	if w != "" && len(old) != len(domains) {
		return "", forgotten("the watermark is of other domains")
	}
	cookies := make([]string, len(domains))
	for i, at := range domains {
		cookie := ""
		if w != "" {
			b, err := base64.StdEncoding.DecodeString(old[i])
			if err != nil || len(b) == 0 {
				return "", forgotten("%q is no cookie", short(w))
			}
			cookie = string(b)
		}
		last, err := d.domain(ctx, c, at.text(), cookie, each)
		if err != nil {
			return "", err
		}
		cookies[i] = base64.StdEncoding.EncodeToString([]byte(last))
	}
	return strings.Join(cookies, ","), nil
}

// wanted are the attributes whose changes count: the server is silent about those that are not asked for.
func (d dirSync) wanted() []string {
	out := []string{"objectGUID", "name", "isDeleted", "objectClass"}
	for _, o := range d.s.objects {
		if slices.Contains(o.ask, "*") {
			return nil
		}
		out = append(out, o.ask...)
	}
	return out
}

func (d dirSync) domain(ctx context.Context, c *wire.Conn, at, cookie string, each func(*wire.Entry) error) (string, error) {
	for {
		rows, err := c.Search(ctx, wire.Search{Base: at, Scope: wire.Subtree, Filter: wire.Present("objectClass"), Attrs: d.wanted(),
			Controls: []wire.Control{{OID: ctlDirSync, Critical: true, Value: wire.Sequence(func(v *wire.Values) {
				v.Int(0x800) // ancestors first
				v.Int(1 << 20)
				v.Octets(cookie)
			})}}})
		if err != nil {
			return "", err
		}
		for rows.Next() {
			if err := each(rows.Entry()); err != nil {
				rows.Close()
				return "", err
			}
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return "", err
		}
		fields, err := wire.InSequence(rows.Result().Control(ctlDirSync))
		if err != nil || len(fields) < 3 {
			return "", forgotten("the server gives no cookie")
		}
		more, err := fields[0].Int()
		if cookie = string(fields[2].Body); err != nil || more == 0 {
			return cookie, err
		}
	}
}
