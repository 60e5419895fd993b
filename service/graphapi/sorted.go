package graphapi

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// ranked is an object with what it is ordered by.
type ranked struct {
	keys  []string
	entry entry.Entry
}

// pageSorted serves an order that no index has: it looks at every object once and keeps no more than a page, so that memory does not
// grow with the directory. Objects with equal keys are ordered by id.
func (a *API) pageSorted(ctx context.Context, s *shape, o *options, from place) (found, error) {
	var best []ranked
	more := false
	after := ranked{keys: from.Keys, entry: entry.Entry{ID: from.ID}}
	err := a.narrowed(ctx, s, o, func(e entry.Entry) bool {
		if !s.matches(o, e) {
			return true
		}
		x := ranked{s.keys(o, e), e}
		if from.ID != "" && o.compare(x, after) <= 0 {
			return true
		}
		i, _ := slices.BinarySearchFunc(best, x, o.compare)
		if i == o.top {
			more = true
			return true
		}
		if best = slices.Insert(best, i, x); len(best) > o.top {
			best, more = best[:o.top], true
		}
		return true
	})
	f := found{objects: make([]entry.Entry, len(best))}
	for i, x := range best {
		f.objects[i] = x.entry
	}
	if more && len(best) > 0 {
		last := best[len(best)-1]
		f.at = &place{ID: last.entry.ID, Keys: last.keys}
	}
	return f, err
}

// keys returns what an object is ordered by, as texts that sort as their values do; no value sorts first.
func (s *shape) keys(o *options, e entry.Entry) []string {
	values := s.values(e)
	keys := make([]string, len(o.order))
	for i, k := range o.order {
		if vs := values(k.Path); len(vs) > 0 {
			keys[i] = sortKey(vs[0])
		}
	}
	return keys
}

func sortKey(v any) string {
	switch v := v.(type) {
	case string:
		return strings.ToLower(v)
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000000000")
	case int64:
		return fmt.Sprintf("%020d", v)
	}
	return fmt.Sprint(v)
}

func (o *options) compare(x, y ranked) int {
	for i, k := range o.order {
		if i >= len(x.keys) || i >= len(y.keys) {
			break
		}
		if n := strings.Compare(x.keys[i], y.keys[i]); n != 0 {
			if k.Desc {
				return -n
			}
			return n
		}
	}
	return cmp.Compare(x.entry.ID, y.entry.ID)
}
