package gldap

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

var _ connector.Watcher = (*session)(nil)

// pushes names how the server tells of changes by itself; "" when it does not.
func (s *session) pushes() string {
	switch {
	case s.server.supports[ctlSync]:
		return ctlSync
	case s.server.supports[ctlPersistent]:
		return ctlPersistent
	case s.server.supports[ctlNotify]:
		return ctlNotify
	}
	return ""
}

// Watch listens on the second connection, then looks whether something changed before it listened, and waits.
func (s *session) Watch(ctx context.Context, t entry.Type, w connector.Watermark) error {
	const op = "watch for changes"
	kind := s.pushes()
	if kind == "" {
		return fault.New(fault.Unsupported, op, "the server does not tell of changes by itself")
	}
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.Unavailable, op, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	alarm := make(chan error, len(s.layout.bases))
	var listening []*link
	ready := make(chan struct{}, len(s.layout.bases)) // one word of each fits, so that no listener waits
	for _, base := range s.layout.bases {
		k := &link{at: s.main.at}
		listening = append(listening, k)
		if err := k.open(ctx, s.layout); err != nil {
			return fault.Wrap(fault.Unavailable, op, err)
		}
		go func() { alarm <- s.listen(ctx, k.conn, kind, base, ready) }()
	}
	ended := 0
	defer func() { // the goroutines end with their connections
		cancel()
		for ; ended < len(listening); ended++ {
			<-alarm
		}
		for _, k := range listening {
			k.close()
		}
	}()
	for range s.layout.bases {
		select {
		case <-ready:
		case err := <-alarm:
			ended++
			return unread(op, err)
		case <-ctx.Done():
			return fault.Wrap(fault.Unavailable, op, ctx.Err())
		}
	}
	if behind, err := s.behind(ctx, t, w); err != nil || behind {
		return err
	}
	err := <-alarm
	ended++
	if err == nil {
		return nil
	}
	return unread(op, err)
}

// behind reports whether there are changes after w already.
func (s *session) behind(ctx context.Context, t entry.Type, w connector.Watermark) (bool, error) {
	changes, next, err := s.ImportSince(ctx, t, w)
	if err != nil {
		return false, err
	}
	for _, err := range changes {
		if err != nil {
			return false, err
		}
		if s.layoutOverlaps() {
			continue
		}
		return true, nil
	}
	return s.layoutOverlaps() && next() != w, nil
}

// layoutOverlaps reports whether the way in which changes are found tells some twice, so that only its watermark says what is new.
func (s *session) layoutOverlaps() bool {
	_, log := s.delta().(accessLog)
	return log
}

// settle is how long a listener may be silent before it counts as listening, for servers that do not say when they are.
const settle = 200 * time.Millisecond

// listen returns nil at the first change below the base. It reports once on ready when the server listens.
func (s *session) listen(ctx context.Context, c *wire.Conn, kind string, base dn, ready chan<- struct{}) error {
	q := wire.Search{Base: base.text(), Scope: wire.Subtree, Filter: wire.Present("objectClass"), Attrs: []string{"1.1"}}
	switch kind {
	case ctlSync:
		cookie, err := syncRepl{s}.cookie(ctx, c, base)
		if err != nil {
			return err
		}
		q.Controls = []wire.Control{syncRequest(3, cookie)}
	case ctlPersistent: // draft-ietf-ldapext-psearch-03: all sorts of change, changes only, no notes
		q.Controls = []wire.Control{{OID: ctlPersistent, Critical: true, Value: wire.Sequence(func(v *wire.Values) {
			v.Int(15)
			v.Bool(true)
			v.Bool(false)
		})}}
	case ctlNotify:
		q.Controls = []wire.Control{{OID: ctlNotify, Critical: true}}
	}
	rows, err := c.Search(ctx, q)
	if err != nil {
		return err
	}
	defer rows.Close()
	announce := sync.OnceFunc(func() { ready <- struct{}{} })
	if kind != ctlSync {
		timer := time.AfterFunc(settle, announce)
		defer timer.Stop()
	}
	for rows.Next() {
		if n := rows.Note(); n != nil {
			if phaseEnds(n) {
				announce()
			}
			continue
		}
		announce()
		return nil
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return &wire.Lost{Sent: true, Err: errors.New("the server stopped telling of changes")}
}

// cookie is a place in the changes of one base, for now.
func (d syncRepl) cookie(ctx context.Context, c *wire.Conn, base dn) (string, error) {
	rows, err := c.Search(ctx, wire.Search{Base: base.text(), Scope: wire.Subtree, Filter: wire.Not(wire.Present("objectClass")), Attrs: []string{"1.1"}, Controls: []wire.Control{syncRequest(1, "")}})
	if err != nil {
		return "", err
	}
	cookie := ""
	err = d.follow(rows, &cookie, nil)
	return cookie, err
}

// phaseEnds reports whether the server has told all that was before, and from here on tells what comes.
func phaseEnds(n *wire.Intermediate) bool {
	if n.OID != opSyncInfo {
		return false
	}
	el, _, err := wire.Next(n.Value)
	if err != nil || el.Tag != 0xa1 && el.Tag != 0xa2 {
		return false
	}
	fields, err := wire.Fields(el.Body)
	if err != nil {
		return false
	}
	for _, f := range fields {
		if f.Tag == 0x01 {
			return len(f.Body) == 1 && f.Body[0] != 0
		}
	}
	return true // refreshDone is TRUE unless said otherwise
}
