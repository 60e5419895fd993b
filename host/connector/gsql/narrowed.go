package gsql

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// named adds the column to a refusal that does not name it: PostgreSQL says "value too long for type character varying(5)" and
// no more. The table's description is read anew for it, so that a column that was narrowed since shows.
func (s *session) named(ctx context.Context, t entry.Type, attrs entry.Attrs, err error) error {
	f, isFault := errors.AsType[*fault.Error](err)
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || !isFault || pg.Code != "22001" && pg.Code != "22003" || pg.ColumnName != "" {
		return err
	}
	o, line := s.objects[t], s.layout.find(t)
	if o == nil || line == nil || len(line.table) == 0 {
		return err
	}
	var now table
	failed := s.read(ctx, "name the column", func(ctx context.Context, c conn) (err error) {
		now, err = s.dialect().table(ctx, c, line.table)
		return err
	})
	if failed != nil {
		return err
	}
	c, found := overfull(now, attrs, pg.Code)
	if !found {
		return err
	}
	said := fault.New(f.Kind, f.Op, "column %s: %w", c.name, f.Err).About(c.name).WithHint("shorten the value in the mapping, or widen the column: it is %s", c.dbFull)
	if was, known := o.column(c.name); known && was.dbFull != c.dbFull && was.dbFull != "" {
		said = said.WithHint("the column was %s when the schema was read and is %s now: widen it again, or shorten the value in the mapping", was.dbFull, c.dbFull)
	}
	return said
}

// overfull returns the only column that cannot hold its value.
func overfull(t table, attrs entry.Attrs, state string) (c column, found bool) {
	for _, x := range t.columns {
		vs := attrs[x.name]
		if len(vs) != 1 || !exceeds(x, vs[0], state) {
			continue
		}
		if found {
			return c, false
		}
		c, found = x, true
	}
	return c, found
}

// bounds are the widths of integers.
var bounds = map[string]int64{"int2": 1 << 15, "int4": 1 << 31}

func exceeds(c column, v entry.Value, state string) bool {
	if state == "22001" {
		return c.length > 0 && utf8.RuneCountInString(strings.TrimRight(text(v), " ")) > c.length
	}
	n, err := toInteger(v)
	limit, ok := bounds[c.dbType]
	if i, isInt := n.(int64); ok && err == nil && isInt {
		return i >= limit || i < -limit
	}
	return c.kind == connector.Decimal || c.dbType == "numeric"
}

// valuesOf are the values that a write of a batch sets.
func valuesOf(x connector.Export) entry.Attrs {
	if x.Op == entry.Add {
		return x.Entry.Attrs
	}
	return edited(x.Edits)
}

func edited(edits []entry.Edit) entry.Attrs {
	a := entry.Attrs{}
	for _, e := range edits {
		a[e.Attr] = e.Values
	}
	return a
}
