package gldap

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// accessLog reads OpenLDAP's log of writes (slapo-accesslog). A record is placed by the change sequence number of its write; some seconds
// are read twice, since writes that run side by side end in another order than they are numbered.
type accessLog struct {
	s  *session
	at string
}

const overlap = 5 * time.Second

func (accessLog) name() string    { return "accesslog" }
func (accessLog) deletions() bool { return true }

// mark asks for the time of the last write to the tree (contextCSN, which syncprov keeps), else takes this machine's clock.
func (d accessLog) mark(ctx context.Context, c *wire.Conn) (string, error) {
	latest := ""
	for _, context := range d.s.domains() {
		raw, err := readOne(ctx, c, context.text(), "contextCSN")
		if err != nil {
			return "", err
		}
		for _, csn := range raw["contextcsn"] {
			latest = max(latest, csn)
		}
	}
	if latest == "" {
		latest = time.Now().UTC().Add(-slack).Format(csnFormat)
	}
	return latest, nil
}

func unreadable(at string, err error) error {
	return forgotten("the change log %s cannot be read: %w", at, err)
}

// stampBefore returns a time that lies the overlap before a stamp; false for what is no stamp.
func stampBefore(w string) (string, bool) {
	t, err := csnTime(w)
	return t.Add(-overlap).Format(csnFormat), err == nil
}

// csnFormat is how a change sequence number begins and, of no server in particular, ends.
const csnFormat = "20060102150405.000000Z#000000#000#000000"

func csnTime(csn string) (time.Time, error) {
	stamp, _, ok := strings.Cut(csn, "#")
	if !ok {
		return time.Time{}, forgotten("%q is no change sequence number", short(csn))
	}
	t, err := time.Parse("20060102150405.000000Z", stamp)
	return t, err
}

func (d accessLog) since(ctx context.Context, c *wire.Conn, w string, found *touched) (string, error) {
	from, ok := stampBefore(w)
	if !ok {
		return "", forgotten("%q is no change sequence number", short(w))
	}
	if err := d.reaches(ctx, c, w); err != nil {
		return "", err
	}
	last := w
	x := &scan{session: d.s, link: &d.s.main, filter: wire.And(wire.Equal("objectClass", "auditWriteObject"), wire.Equal("reqResult", "0"), wire.AtLeast("entryCSN", from)),
		attrs: []string{"reqDN", "reqType", "entryCSN", "reqNewRDN", "reqNewSuperior", "reqEntryUUID", "reqOld", "reqMod"}, sort: "reqStart"}
	var err error
	if x.base, err = parseDN(d.at); err != nil {
		return "", err
	}
	x.each = func(e *wire.Entry) error {
		r := record(e)
		last = max(last, r.first("entrycsn"))
		return d.take(r, found)
	}
	return last, x.run(ctx)
}

// reaches makes sure that the log goes back to the watermark.
func (d accessLog) reaches(ctx context.Context, c *wire.Conn, w string) error {
	t, err := csnTime(w)
	if err != nil {
		return forgotten("%q is no change sequence number", short(w))
	}
	if t.After(time.Now().Add(24 * time.Hour)) {
		return forgotten("the watermark %s lies in the future", w)
	}
	raw, err := readOne(ctx, c, d.at, "minCSN")
	if err != nil {
		return unreadable(d.at, err)
	}
	if begun := first(raw["mincsn"]); begun > w {
		return forgotten("the log begins at %s, after the watermark %s", begun, w)
	}
	return nil
}

// record is an entry of a log, by lower-case name.
type fields map[string][]string

func record(e *wire.Entry) fields {
	out := fields{}
	for _, a := range e.Attrs {
		for _, v := range a.Values {
			out[lower(string(a.Name))] = append(out[lower(string(a.Name))], string(v))
		}
	}
	return out
}

func (f fields) first(name string) string { return first(f[name]) }

// take notes what a record touched: by entryUUID where the log has it, else by name.
func (d accessLog) take(r fields, found *touched) error {
	name := r.first("reqdn")
	if parsed, err := parseDN(name); err != nil || !d.s.covers(parsed) && !d.s.covers(renamedTo(r, parsed)) {
		return nil //nolint:nilerr // what has no name is not ours
	}
	if a := d.anchor(r); a != "" {
		return found.anchor(a)
	}
	switch r.first("reqtype") {
	case "delete":
		return forgotten("the log does not say what %s was", name)
	case "modrdn", "moddn":
		parsed, _ := parseDN(name)
		if to := renamedTo(r, parsed); to != nil {
			return found.dn(to.text())
		}
	}
	return found.dn(name)
}

// covers reports whether a DN stands below a base.
func (s *session) covers(d dn) bool { return d != nil && inside(d, s.layout.bases) == nil }

// renamedTo is the DN that a rename gave; nil for another record.
func renamedTo(r fields, from dn) dn {
	rdn := r.first("reqnewrdn")
	if rdn == "" || len(from) == 0 {
		return nil
	}
	above := from.parent().text()
	if up := r.first("reqnewsuperior"); up != "" {
		above = up
	}
	to, err := parseDN(rdn + "," + above)
	if err != nil {
		return nil
	}
	return to
}

// anchor finds the anchor in a record: the entryUUID that newer servers write, or among what the entry was or became.
func (d accessLog) anchor(r fields) string {
	for _, o := range d.s.objects {
		wired := lower(o.anchor.wire)
		if wired == "entryuuid" && r.first("reqentryuuid") != "" {
			return lower(r.first("reqentryuuid"))
		}
		if o.anchor.form == formName {
			return r.first("reqdn")
		}
		for _, line := range r["reqold"] {
			if name, v, ok := strings.Cut(line, ": "); ok && lower(name) == wired {
				return v
			}
		}
		for _, line := range r["reqmod"] {
			if name, v, ok := strings.Cut(line, ":+ "); ok && lower(name) == wired {
				return v
			}
		}
	}
	return ""
}
