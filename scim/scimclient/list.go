package scimclient

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
)

const listPasses = 3

// List yields every object of the type once, without reference attributes that may be long: by cursor where the server
// publishes that, else by index. Index paging loses objects when the list changes meanwhile; then it goes over the list
// again and yields what it had not seen, up to three times.
func (cl *Client) List(ctx context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		rt, can, err := cl.typ(ctx, t)
		if err != nil {
			yield(entry.Entry{}, err)
			return
		}
		l := lister{cl: cl, rt: rt, seen: map[string]bool{}, yield: yield, count: cl.c.PageSize}
		if can.MaxPage > 0 {
			l.count = min(l.count, can.MaxPage)
		}
		if err := l.run(ctx, can.Cursor); err != nil && !l.stopped {
			yield(entry.Entry{}, err)
		}
	}
}

// lister is one walk over a list.
type lister struct {
	cl      *Client
	rt      *scim.ResourceType
	count   int
	seen    map[string]bool // ids given
	yield   func(entry.Entry, error) bool
	stopped bool
}

func (l *lister) run(ctx context.Context, cursor bool) error {
	if cursor {
		return l.byCursors(ctx)
	}
	for range listPasses {
		stable, err := l.byIndex(ctx)
		if err != nil || stable || l.stopped {
			return err
		}
	}
	return fault.New(fault.Conflict, "list "+string(l.rt.Name), "%w", ErrUnstable).
		WithHint("other writers change the application all the time; repeat when it is quieter")
}

func (l *lister) ask(query string) ask {
	return ask{op: "list " + string(l.rt.Name), method: http.MethodGet, path: l.rt.Endpoint,
		query: excluding(l.rt) + query + "&count=" + strconv.Itoa(l.count)}
}

func (l *lister) page(ctx context.Context, query string) (scim.Answer, error) {
	a := l.ask(query)
	r, err := l.cl.do(ctx, a)
	switch {
	case err != nil:
		return scim.Answer{}, err
	case r.status == http.StatusNotFound:
		return scim.Answer{}, odd(&a, fault.Unavailable, ErrNoEndpoint, r)
	case r.status != http.StatusOK:
		return scim.Answer{}, refusal(&a, r)
	}
	ans, err := l.rt.ReadList(r.body)
	if err != nil {
		return ans, odd(&a, fault.Unavailable, notSCIM(err), r)
	}
	for _, e := range ans.Resources {
		if e.ID == "" {
			return ans, odd(&a, fault.Unsupported, ErrNoID, r)
		}
	}
	return ans, nil
}

// byCursors begins anew, as RFC 9865 asks, when the server does not know a cursor any more that it gave: it was started again in the
// middle of the list. When that happens every time, the list is not to be had now.
func (l *lister) byCursors(ctx context.Context) error {
	var err error
	for range listPasses {
		if err = l.byCursor(ctx); !lostCursor(err) {
			return err
		}
	}
	return fault.New(fault.Unavailable, "list "+string(l.rt.Name), "%w", err).WithHint("the server forgets its cursors before the list ends; repeat later")
}

func lostCursor(err error) bool {
	r, ok := errors.AsType[*Refused](err)
	return ok && (strings.EqualFold(r.ScimType, scim.InvalidCursor) || strings.EqualFold(r.ScimType, scim.ExpiredCursor))
}

func (l *lister) byCursor(ctx context.Context) error {
	query, last := "cursor=", ""
	for {
		ans, err := l.page(ctx, query)
		if err != nil {
			return err
		}
		for _, e := range ans.Resources {
			if l.give(e); l.stopped {
				return nil
			}
		}
		if ans.Next == "" {
			return nil
		}
		if ans.Next == last {
			return fault.New(fault.Internal, "list "+string(l.rt.Name), "the server's cursor does not move").
				WithHint("the application's cursor paging is broken; report it to its maker")
		}
		last = ans.Next
		query = "cursor=" + escapeQuery(last)
	}
}

// byIndex goes over the list once; stable when its total stayed and every object came exactly once.
func (l *lister) byIndex(ctx context.Context) (stable bool, err error) {
	pass := map[string]bool{}
	total, stable := -1, true
	for start := 1; ; {
		ans, err := l.page(ctx, "startIndex="+strconv.Itoa(start))
		if err != nil {
			return false, err
		}
		if total >= 0 && ans.Total != total {
			stable = false
		}
		total = ans.Total
		met := len(pass)
		for _, e := range ans.Resources {
			stable = stable && !pass[e.ID]
			pass[e.ID] = true
			if l.give(e); l.stopped {
				return false, nil
			}
		}
		start += len(ans.Resources)
		if len(pass) == met || start > total && total >= 0 { // nothing new: the end, or a server that ignores startIndex
			return stable && (total < 0 || len(pass) == total), nil
		}
	}
}

// give yields an object that was not given before.
func (l *lister) give(e entry.Entry) {
	if !l.seen[e.ID] {
		l.seen[e.ID] = true
		l.stopped = !l.yield(flat(l.rt, e), nil)
	}
}
