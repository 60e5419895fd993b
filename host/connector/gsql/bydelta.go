package gsql

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// standByStatement asks the section [Type watermark], which returns a number or a time.
func (s *session) standByStatement(ctx context.Context, o *object, m *method) (at position, err error) {
	const op = "read where the changes stand"
	err = s.read(ctx, op, func(ctx context.Context, c conn) error {
		at = position{At: "0"}
		bare := &object{name: o.name}
		return s.rowsOf(ctx, c, bare, m, given{session: s, object: o}, func(_ []column, row []entry.Value) error {
			if len(row) > 0 && row[0] != nil {
				at.At = s.mark(row[0])
			}
			return nil
		})
	})
	if err == nil && !isNumber(at.At) && !isTime(at.At) {
		err = fault.New(fault.Invalid, op, "%q is neither a number nor a time", at.At).About("[" + string(o.name) + " watermark]").
			WithHint("return the server's time, or the highest number of a change")
	}
	return at, err
}

// mark writes a watermark's value as a position does.
func (s *session) mark(v entry.Value) string {
	if t, ok := v.(time.Time); ok {
		return t.UTC().Format(microLayout)
	}
	said := text(v)
	if t, err := s.layout.clock.read(said); err == nil && !isNumber(said) {
		return t.Format(microLayout)
	}
	return said
}

// deltaByStatement runs the section [Type delta] with @Watermark. A column ChangeType of Delete tells of a deletion.
func (s *session) deltaByStatement(ctx context.Context, d *difference, m *method, yield func(entry.Entry) bool) error {
	var since any = d.from.At
	if t, err := time.Parse(microLayout, d.from.At); err == nil {
		kind := map[string]string{PostgreSQL: "timestamptz", MariaDB: "datetime", SQLServer: "datetime2", Oracle: "timestamp"}[s.grammar().facts().name]
		if since, err = s.dialect().bind(column{name: sinceWord, kind: connector.DateTime, dbType: kind, wall: true}, s.layout.clock, t.Add(-s.layout.overlap)); err != nil {
			return err
		}
	}
	g := given{session: s, object: d.object, words: map[string]any{sinceWord: since}}
	d.deleted = nil
	return s.importByMethod(ctx, d.object, m, g, func(e entry.Entry, change string) bool {
		if strings.EqualFold(change, "delete") {
			d.deleted = append(d.deleted, e.ID)
			return true
		}
		return yield(e)
	})
}
