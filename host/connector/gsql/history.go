package gsql

import (
	"fmt"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/host/connector"
)

// history is the delta of a table that triggers fill with the anchors of what changes. The first row is no change: its epoch
// says which history this is. Which rows are new:
//   - PostgreSQL: those of transactions that had not ended at the position, so that none is missed that commits late;
//   - SQL Server: those from the oldest row version on that was not committed at the position;
//   - SQLite, which has one writer: those with a higher number;
//   - MariaDB: those from the position's time on, less an overlap for transactions that commit late.
type history struct {
	object  *object
	grammar grammar
	overlap time.Duration
}

func (h history) table() string { return historyTable(h.grammar, h.object) }

// historyTable is the name of a type's history: beside its table, in the same schema.
func historyTable(g grammar, o *object) string {
	own := g.quote("sallyport_" + string(o.name))
	if i := schemaEnd(o.table); i > 0 {
		return o.table[:i] + own
	}
	return own
}

// schemaEnd returns where the last part of a quoted path begins.
func schemaEnd(table string) int {
	last := 0
	for i := 0; i < len(table); {
		if end := quotedEnd(table, i); end > i {
			i = end
			continue
		}
		if table[i] == '.' {
			last = i + 1
		}
		i++
	}
	return last
}

func (h history) stand() query {
	at := map[string]string{
		PostgreSQL: "pg_snapshot_xmin(pg_current_snapshot())::text",
		SQLite:     "(SELECT CAST(max(seq) AS text) FROM " + h.table() + ")",
		MariaDB:    fmt.Sprintf("CAST(utc_timestamp(6) - INTERVAL %d SECOND AS char)", int(h.overlap.Seconds())),
		SQLServer:  "CONVERT(varchar(20), CONVERT(bigint, MIN_ACTIVE_ROWVERSION()))",
	}[h.grammar.facts().name]
	return query{text: "SELECT " + at + ", " + h.quote("epoch") + " FROM " + h.table() + " WHERE " + h.quote("seq") + " = 1", out: standing}
}

func (h history) quote(name string) string { return h.grammar.quote(name) }

// after is the condition that a row of the history is new.
func (h history) after(at position) (string, error) {
	switch h.grammar.facts().name {
	case MariaDB:
		if !isTime(at.At) {
			return "", forgotten("the watermark is of another kind of delta")
		}
		return "h." + h.quote("at") + " >= '" + at.At + "'", nil
	}
	if !isNumber(at.At) {
		return "", forgotten("the watermark is of another kind of delta")
	}
	switch h.grammar.facts().name {
	case PostgreSQL:
		return "h.tx >= '" + at.At + "'::xid8", nil
	case SQLServer:
		return "h.[rv] >= CONVERT(binary(8), CONVERT(bigint, " + at.At + "))", nil
	}
	return "h.seq > " + at.At, nil
}

// keys are the history's columns for the anchor.
func (h history) keys() []column {
	out := make([]column, len(h.object.anchor))
	for i, a := range h.object.anchor {
		out[i] = a
		out[i].name = fmt.Sprintf("k%d", i+1)
		out[i].quoted = h.quote(out[i].name)
	}
	return out
}

func (h history) changed(at position) (string, error) {
	after, err := h.after(at)
	return "EXISTS (SELECT 1 FROM " + h.table() + " h WHERE " + joins("h.", h.keys(), "m.", h.object.anchor) + " AND " + after + ")", err
}

func (h history) gone(at position) (query, error) {
	after, err := h.after(at)
	keys := h.keys()
	return query{out: keys, text: "SELECT DISTINCT " + selects("h.", keys) + " FROM " + h.table() + " h WHERE " + after + " AND " + notNull("h.", keys) +
		" AND NOT EXISTS (SELECT 1 FROM " + h.object.table + " m WHERE " + joins("m.", h.object.anchor, "h.", keys) + ")"}, err
}

func (h history) count(at position) (query, error) {
	after, err := h.after(at)
	return query{text: "SELECT count(*) FROM " + h.table() + " h WHERE " + after + " AND " + notNull("h.", h.keys()), out: []column{asNumber}}, err
}

// tracking is SQL Server's change tracking. The anchor must be the primary key, and owner columns part of a child's.
type tracking struct{ history }

func (t tracking) stand() query {
	return query{text: "SELECT CONVERT(varchar(20), CHANGE_TRACKING_CURRENT_VERSION()), CASE WHEN CHANGE_TRACKING_MIN_VALID_VERSION(OBJECT_ID(N" +
		literal(t.object.table, false) + ")) IS NULL THEN NULL ELSE 'on' END", out: standing}
}

// expired selects a row when a table no longer has what changed since the position.
func (t tracking) expired(at position) (query, error) {
	if !isNumber(at.At) {
		return query{}, forgotten("the watermark is of another kind of delta")
	}
	var tables []string
	for _, w := range installer(t).watched() {
		tables = append(tables, "(N"+literal(w.table, false)+")")
	}
	return query{out: []column{asText}, text: "SELECT name FROM (VALUES " + strings.Join(tables, ", ") + ") AS x (name) WHERE coalesce(CHANGE_TRACKING_MIN_VALID_VERSION(OBJECT_ID(name)), " +
		"9223372036854775807) > " + at.At}, nil
}

func (t tracking) changed(at position) (string, error) {
	if !isNumber(at.At) {
		return "", forgotten("the watermark is of another kind of delta")
	}
	parts := []string{"EXISTS (SELECT 1 FROM CHANGETABLE(CHANGES " + t.object.table + ", " + at.At + ") h WHERE " + joins("h.", t.object.anchor, "m.", t.object.anchor) + ")"}
	for _, c := range t.object.children {
		parts = append(parts, "EXISTS (SELECT 1 FROM CHANGETABLE(CHANGES "+c.table+", "+at.At+") h WHERE "+joins("h.", c.owner[:len(t.object.anchor)], "m.", t.object.anchor)+")")
	}
	return strings.Join(parts, " OR "), nil
}

func (t tracking) gone(at position) (query, error) {
	if !isNumber(at.At) {
		return query{}, forgotten("the watermark is of another kind of delta")
	}
	a := t.object.anchor
	return query{out: a, text: "SELECT " + selects("h.", a) + " FROM CHANGETABLE(CHANGES " + t.object.table + ", " + at.At +
		") h WHERE h.SYS_CHANGE_OPERATION = 'D' AND NOT EXISTS (SELECT 1 FROM " + t.object.table + " m WHERE " + joins("m.", a, "h.", a) + ")"}, nil
}

func (t tracking) count(position) (query, error) { return query{}, nil }

// literal writes a text of the configuration as SQL.
func literal(s string, backslashes bool) string {
	if backslashes {
		s = strings.ReplaceAll(s, `\`, `\\`)
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// watermarks is the delta of a column that every change moves on.
type watermarks struct {
	object   *object
	grammar  grammar
	binder   binder
	clock    clock
	overlap  time.Duration
	column   column
	children []childMark
}

// childMark is the watermark column of a table of values.
type childMark struct {
	child  child
	column column
}

func (w watermarks) numeric() bool { return w.column.kind != connector.DateTime }

func (w watermarks) stand() query {
	g := w.grammar.facts()
	if !w.numeric() {
		return query{text: "SELECT " + g.timeText + ", NULL" + g.dual, out: standing}
	}
	return query{text: "SELECT " + fmt.Sprintf(g.toText, "coalesce(max("+numericOf(w.column)+"), 0)") + ", NULL FROM " + w.object.table, out: standing}
}

// from writes the value that rows are compared with.
func (w watermarks) from(at position, c column) (string, error) {
	if w.numeric() {
		if !isNumber(at.At) {
			return "", forgotten("the watermark is of another kind of delta")
		}
		if c.dbType == "timestamp" || c.dbType == "rowversion" {
			return "CONVERT(binary(8), CONVERT(bigint, " + at.At + "))", nil
		}
		return at.At, nil
	}
	t, err := time.Parse(microLayout, at.At)
	if err != nil {
		return "", forgotten("the watermark is of another kind of delta")
	}
	t = t.Add(-w.overlap).Truncate(time.Second)
	if c.isDay() { // which the database set by its own clock
		local := t.In(w.clock.zone)
		t = time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	}
	if w.grammar.facts().name == Oracle { // the client library takes a time where a text is meant
		return "TIMESTAMP '" + w.clock.plain(t) + "'", nil
	}
	bound, err := w.binder.bind(c, w.clock, t)
	if err != nil {
		return "", err
	}
	if n, ok := bound.(int64); ok {
		return fmt.Sprint(n), nil
	}
	return literal(text(bound), w.grammar.facts().name == MariaDB), nil
}

func (w watermarks) changed(at position) (string, error) {
	value, err := w.from(at, w.column)
	if err != nil {
		return "", err
	}
	parts := []string{"m." + w.column.quoted + " >= " + value}
	for _, c := range w.children {
		if value, err = w.from(at, c.column); err != nil {
			return "", err
		}
		parts = append(parts, "EXISTS (SELECT 1 FROM "+c.child.table+" h WHERE "+c.child.on("h.", "m.", w.object.anchor)+" AND h."+c.column.quoted+" >= "+value+")")
	}
	return strings.Join(parts, " OR "), nil
}

// numericOf reads a row version as the number it is.
func numericOf(c column) string {
	if c.dbType == "timestamp" || c.dbType == "rowversion" {
		return "CONVERT(bigint, " + c.quoted + ")"
	}
	return c.quoted
}

func (w watermarks) gone(position) (query, error)  { return query{}, nil }
func (w watermarks) count(position) (query, error) { return query{}, nil }
