package gldap

import (
	"context"
	"time"

	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// stamps asks for what has a modifyTimestamp not before the watermark, on any server. It sees no deletions.
type stamps struct{ s *session }

// slack is read twice: the clocks of server and client differ, and a stamp has whole seconds.
const slack = 2 * time.Minute

func (stamps) name() string    { return "timestamp" }
func (stamps) deletions() bool { return false }

func (d stamps) mark(ctx context.Context, c *wire.Conn) (string, error) { return d.now(ctx, c) }

// now takes the server's clock where it shows one.
func (d stamps) now(ctx context.Context, c *wire.Conn) (string, error) {
	now := time.Now().UTC()
	raw, err := readOne(ctx, c, "", "currentTime")
	if err != nil {
		return "", err
	}
	if v, err := parseTime(first(raw["currenttime"])); err == nil {
		now = v.(time.Time)
	}
	return now.Add(-slack).Format("20060102150405Z"), nil
}

func (d stamps) since(ctx context.Context, c *wire.Conn, w string, found *touched) (string, error) {
	if v, err := parseTime(w); err != nil || len(w) < 15 || v.(time.Time).After(time.Now().Add(24*time.Hour)) {
		return "", forgotten("%q is no time", short(w))
	}
	next, err := d.now(ctx, c)
	if err != nil {
		return "", err
	}
	stamp := "modifyTimestamp"
	if d.s.server.windows() {
		stamp = "whenChanged"
	}
	written := w
	if d.s.server.windows() {
		written = w[:len(w)-1] + ".0Z"
	}
	for _, o := range d.s.objects {
		for _, base := range d.s.layout.bases {
			x := &scan{session: d.s, link: &d.s.main, base: base, filter: wire.And(o.filter, wire.AtLeast(stamp, written)), attrs: o.anchorAttrs(""), sort: o.sortKey()}
			x.each = func(e *wire.Entry) error {
				made, err := o.convert(e)
				if err != nil || made == nil {
					return err
				}
				return found.anchor(made.ID)
			}
			if err := x.run(ctx); err != nil {
				return "", err
			}
		}
	}
	return max(w, next), nil
}
