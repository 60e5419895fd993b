package gsql

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sallyport-id/sallyport/entry"
)

// pipeline sends all statements before it reads the first answer.
func (c *pgConn) pipeline(ctx context.Context, qs []query) ([]written, int, error) {
	c.used = time.Now()
	names := make([]string, len(qs))
	for i, q := range qs {
		name, err := c.prepared(ctx, q.text)
		if err != nil {
			return nil, i, err
		}
		names[i] = name
	}
	p := c.pg.PgConn().StartPipeline(ctx)
	for i, q := range qs {
		values, formats := encoded(q.args)
		p.SendQueryPrepared(names[i], values, formats, formatsOf(q.out))
	}
	if err := p.Sync(); err != nil {
		_ = p.Close()
		return nil, -1, err
	}
	done, failed, err := c.answers(p, qs)
	if closeErr := p.Close(); err == nil {
		err, failed = closeErr, -1
	}
	c.outdated(ctx, err)
	return done, failed, err
}

// answers reads one result for each query, up to the first error.
func (c *pgConn) answers(p *pgconn.Pipeline, qs []query) ([]written, int, error) {
	done := make([]written, 0, len(qs))
	for i, q := range qs {
		answer, err := p.GetResults()
		if err != nil {
			return nil, i, err
		}
		r, ok := answer.(*pgconn.ResultReader)
		if !ok {
			return nil, -1, fmt.Errorf("unexpected answer %T in a pipeline", answer)
		}
		w, err := c.answer(r, q)
		if err != nil {
			return nil, i, err
		}
		done = append(done, w)
	}
	return done, -1, nil
}

func (c *pgConn) answer(r *pgconn.ResultReader, q query) (w written, err error) {
	reading := &pgRows{out: q.out, clock: c.clock}
	if len(q.out) > 0 {
		err = reading.expect(r.FieldDescriptions())
	}
	for r.NextRow() {
		row := make([]entry.Value, len(q.out))
		if err == nil && len(q.out) > 0 {
			err = reading.read(r.Values(), row)
		}
		w.rows = append(w.rows, row)
	}
	tag, closeErr := r.Close()
	w.count = int(tag.RowsAffected())
	if closeErr != nil {
		err = closeErr
	}
	return w, err
}

// prepared returns the name of a statement, prepared once for the connection.
func (c *pgConn) prepared(ctx context.Context, text string) (string, error) {
	if name, ok := c.names[text]; ok {
		return name, nil
	}
	if c.names == nil {
		c.names = map[string]string{}
	}
	name := fmt.Sprintf("sallyport_%d", len(c.names))
	if _, err := c.pg.Prepare(ctx, name, text); err != nil {
		return "", err
	}
	c.names[text] = name
	return name, nil
}

// outdated gives prepared statements up when a table changed under them.
func (c *pgConn) outdated(ctx context.Context, err error) {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "0A000" {
		clear(c.names)
		_ = c.pg.DeallocateAll(context.WithoutCancel(ctx))
	}
}

// encoded puts values, which are text, bytes or NULL, on the wire.
func encoded(args []any) (values [][]byte, formats []int16) {
	values, formats = make([][]byte, len(args)), make([]int16, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case nil:
		case []byte:
			values[i], formats[i] = a, pgx.BinaryFormatCode
		case string:
			values[i] = []byte(a)
		default:
			values[i] = fmt.Append(nil, a)
		}
	}
	return values, formats
}

func formatsOf(out []column) []int16 {
	formats := make([]int16, len(out))
	for i, c := range out {
		formats[i] = format(c.dbType)
	}
	return formats
}
