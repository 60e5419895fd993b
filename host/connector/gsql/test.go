package gsql

import (
	"context"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// Test checks that every table can be read, and that the account holds the rights to write it, without writing anything.
func (s *session) Test(ctx context.Context) error {
	if err := s.describe(ctx); err != nil {
		return err
	}
	for _, t := range s.layout.types {
		if err := s.testObject(ctx, s.objects[t.name]); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) testObject(ctx context.Context, o *object) error {
	if o.table == "" {
		return nil // reading the schema ran its statement already
	}
	tables := []string{o.table}
	for _, c := range o.children {
		tables = append(tables, c.table)
	}
	return s.read(ctx, "test the rights", func(ctx context.Context, c conn) error {
		for _, q := range s.scanOf(o).queries() {
			q.text = s.grammar().first(q.text, 1)
			if _, err := all(ctx, c, q); err != nil {
				return err
			}
		}
		for _, t := range tables {
			if err := s.rights(ctx, c, o.name, t); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *session) rights(ctx context.Context, c conn, t entry.Type, table string) error {
	missing, err := s.layout.target.counsel.lacks(ctx, c, table)
	if err != nil || len(missing) == 0 {
		return err
	}
	rights := strings.Join(missing, ", ")
	return fault.New(fault.Denied, "test the rights", "the account lacks %s on %s", rights, table).
		About(string(t)).WithHint("GRANT %s ON %s TO the account", rights, table)
}
