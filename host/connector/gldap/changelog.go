package gldap

import (
	"context"
	"errors"
	"strconv"

	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// changeLog reads the numbered log that 389 Directory Server and its relatives keep (draft-good-ldap-changelog, "retro changelog").
type changeLog struct {
	s  *session
	at string
}

func (changeLog) name() string    { return "changelog" }
func (changeLog) deletions() bool { return true }

// reach asks which numbers the log has.
func (d changeLog) reach(ctx context.Context, c *wire.Conn) (lowest, highest int64, err error) {
	raw, err := readOne(ctx, c, "", "firstChangeNumber", "lastChangeNumber")
	if err != nil {
		return 0, 0, err
	}
	lowest, err1 := strconv.ParseInt(first(raw["firstchangenumber"]), 10, 64)
	highest, err2 := strconv.ParseInt(first(raw["lastchangenumber"]), 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return 0, 0, unreadable(d.at, err)
	}
	return lowest, highest, nil
}

func (d changeLog) mark(ctx context.Context, c *wire.Conn) (string, error) {
	_, highest, err := d.reach(ctx, c)
	return strconv.FormatInt(highest, 10), err
}

func (d changeLog) since(ctx context.Context, c *wire.Conn, w string, found *touched) (string, error) {
	from, err := strconv.ParseInt(w, 10, 64)
	if err != nil {
		return "", forgotten("%q is no number", short(w))
	}
	lowest, highest, err := d.reach(ctx, c)
	if err != nil {
		return "", err
	}
	if from+1 < lowest || from > highest {
		return "", forgotten("the log has the changes %d to %d, and the watermark is %d", lowest, highest, from)
	}
	last := from
	for last < highest {
		to := min(last+1000, highest)
		if err := d.part(ctx, c, last+1, to, found); err != nil {
			return "", err
		}
		last = to
	}
	return strconv.FormatInt(last, 10), nil
}

// part reads records by their names, which need no index.
func (d changeLog) part(ctx context.Context, c *wire.Conn, from, to int64, found *touched) error {
	var requests []wire.Message
	for n := from; n <= to; n++ {
		requests = append(requests, wire.Message{Request: wire.Search{
			Base: "changeNumber=" + strconv.FormatInt(n, 10) + "," + d.at, Scope: wire.Base, Filter: wire.Present("objectClass"),
			Attrs: []string{"targetDn", "changeType", "newRDN", "newSuperior", "targetUniqueId", "nsUniqueId"},
		}})
	}
	var failed error
	c.Pipeline(ctx, requests, window, func(_ int, e *wire.Entry) {
		failed = errors.Join(failed, d.take(record(e), found))
	}, func(_ int, _ wire.Result, err error) {
		if err != nil && !absentErr(err) { // numbers may be missing: writes that failed
			failed = errors.Join(failed, err)
		}
	})
	return failed
}

func (d changeLog) take(r fields, found *touched) error {
	name := r.first("targetdn")
	at, err := parseDN(name)
	if err != nil {
		return nil //nolint:nilerr // what has no name is not ours
	}
	to := renamedTo(fields{"reqnewrdn": r["newrdn"], "reqnewsuperior": r["newsuperior"]}, at)
	if !d.s.covers(at) && !d.s.covers(to) {
		return nil
	}
	if id := r.first("targetuniqueid"); id != "" && d.s.anchoredBy("nsuniqueid") {
		return found.anchor(id)
	}
	switch {
	case d.s.anchoredBy(nameDN):
		if to != nil {
			if err := found.anchor(to.text()); err != nil {
				return err
			}
		}
		return found.anchor(name)
	case r.first("changetype") == "delete":
		return forgotten("the log does not say what %s was; let the server log it: nsslapd-attribute: nsuniqueid:targetUniqueId", name)
	case to != nil:
		return found.dn(to.text())
	}
	return found.dn(name)
}

// anchoredBy reports whether all types have this anchor.
func (s *session) anchoredBy(name string) bool {
	for _, o := range s.objects {
		if lower(o.anchor.wire) != name {
			return false
		}
	}
	return true
}
