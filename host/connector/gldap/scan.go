package gldap

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// scan reads all that a search finds, page by page, and hands each entry on; the entry holds only until each returns. wait is called
// around what is not the server's time. An error of each ends the scan and is returned as it is.
type scan struct {
	session *session
	link    *link
	base    dn
	filter  wire.Filter
	attrs   []string
	extra   []wire.Control
	sort    string // attribute to sort by, for virtual list views
	each    func(*wire.Entry) error
	timer   *time.Timer
	seen    int // entries so far
}

// run carries the scan out. The command timeout counts only while nothing comes from the server.
func (x *scan) run(ctx context.Context) error {
	if err := x.link.open(ctx, x.session.layout); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	x.timer = time.AfterFunc(x.session.layout.commandTimeout, func() {
		cancel(fmt.Errorf("the server sent nothing within the command timeout: %w", context.DeadlineExceeded))
	})
	defer x.timer.Stop()
	err := x.read(ctx)
	if x.link.conn != nil && !x.link.conn.Alive() {
		x.link.close()
	}
	return err
}

func (x *scan) read(ctx context.Context) (err error) {
	switch x.paging() {
	case "paged":
		return x.paged(ctx)
	case "vlv":
		err = x.views(ctx)
		x.link.close() // the server keeps the sorted list as long as the connection
	default:
		_, err = x.patient(ctx)
	}
	return err
}

// busyTries is how often a busy server is asked for the same page: seven more times within six seconds. OpenLDAP is busy with a sorted
// list for a moment after it has answered.
const busyTries = 8

// patient is page for a server that may be busy; what it has not begun to answer is asked for again.
func (x *scan) patient(ctx context.Context, controls ...wire.Control) (wire.Result, error) {
	before := x.seen
	r, err := x.page(ctx, controls...)
	pause := 50 * time.Millisecond
	for try := 1; refused(err, wire.Busy) && x.seen == before && try < busyTries; try++ {
		x.timer.Reset(x.session.layout.commandTimeout)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return wire.Result{}, ctx.Err()
		}
		pause *= 2
		r, err = x.page(ctx, controls...)
	}
	return r, err
}

func (x *scan) paging() string {
	has := x.session.server.supports
	switch p := x.session.layout.paging; {
	case p != "auto":
		return p
	case has[ctlPaged]:
		return "paged"
	case has[ctlVLV] && has[ctlSort]:
		return "vlv"
	}
	return "none"
}

// page runs one search and returns how it ended.
func (x *scan) page(ctx context.Context, controls ...wire.Control) (wire.Result, error) {
	rows, err := x.link.conn.Search(ctx, wire.Search{Base: x.base.text(), Scope: wire.Subtree, Filter: x.filter, Attrs: x.attrs, Controls: append(controls, x.extra...)})
	if err != nil {
		return wire.Result{}, err
	}
	defer rows.Close()
	patience := x.session.layout.commandTimeout
	for n := 0; ; n++ {
		if n%64 == 0 {
			x.timer.Reset(patience)
		}
		if !rows.Next() {
			break
		}
		if rows.Note() != nil {
			continue
		}
		x.seen++
		if err := x.each(rows.Entry()); err != nil {
			return wire.Result{}, err
		}
	}
	return rows.Result(), rows.Err()
}

// paged asks for page after page (RFC 2696).
func (x *scan) paged(ctx context.Context) error {
	cookie := ""
	for {
		r, err := x.patient(ctx, wire.Control{OID: ctlPaged, Critical: true, Value: wire.Sequence(func(v *wire.Values) {
			v.Int(int64(x.session.layout.pageSize))
			v.Octets(cookie)
		})})
		if err != nil {
			return err
		}
		fields, err := wire.InSequence(r.Control(ctlPaged))
		if err != nil || len(fields) < 2 {
			return fault.New(fault.Unsupported, "read page by page", "the server answered without saying whether there is more").
				WithHint("set paging to vlv or none")
		}
		if cookie = string(fields[1].Body); cookie == "" {
			return nil
		}
	}
}

// views asks for one part of the sorted list after the other (draft-ietf-ldapext-ldapv3-vlv-09, RFC 2891).
func (x *scan) views(ctx context.Context) error {
	total, token := 0, ""
	for {
		before := x.seen
		r, err := x.patient(ctx, sortBy(x.sort), x.view(x.seen+1, total, token))
		if err != nil {
			return err
		}
		fields, err := wire.InSequence(r.Control(ctlVLVAnswer))
		if err != nil || len(fields) < 3 {
			return fault.New(fault.Unsupported, "read view by view", "the server answered without saying how long the list is").WithHint("set paging to paged or none")
		}
		n, err := fields[1].Int()
		if err != nil {
			return err
		}
		if len(fields) > 3 {
			token = string(fields[3].Body)
		}
		if total = int(n); x.seen >= total {
			return nil
		}
		if x.seen == before {
			return fault.New(fault.Unavailable, "read view by view", "the server showed %d of %d entries", x.seen, total).
				WithHint("the list changed while it was read, or the account may not see all of it")
		}
	}
}

func sortBy(attr string) wire.Control {
	return wire.Control{OID: ctlSort, Critical: true, Value: wire.Sequence(func(v *wire.Values) {
		v.Nest(0x30, func() { v.Octets(attr) })
	})}
}

func (x *scan) view(from, total int, token string) wire.Control {
	return wire.Control{OID: ctlVLV, Critical: true, Value: wire.Sequence(func(v *wire.Values) {
		v.Int(0)
		v.Int(int64(x.session.layout.pageSize - 1))
		v.Nest(0xa0, func() {
			v.Int(int64(from))
			v.Int(int64(total))
		})
		if token != "" {
			v.Octets(token)
		}
	})}
}
