package gsql

import (
	"context"
	"fmt"
)

// mark is the name of every savepoint; a new one of the same name hides the old.
const mark = "sallyport"

// savepoint runs f inside an open transaction; when it fails, what it did is undone and the transaction goes on.
func savepoint(ctx context.Context, c conn, words facts, f func() error) error {
	if _, err := c.exec(ctx, query{text: fmt.Sprintf(words.savepoint, mark), ready: true}); err != nil {
		return err
	}
	err := f()
	if err == nil {
		return nil
	}
	if _, undo := c.exec(context.WithoutCancel(ctx), query{text: fmt.Sprintf(words.rollbackTo, mark), ready: true}); undo != nil {
		return &abandonedError{err}
	}
	return err
}

// abandonedError is an error after which the whole transaction is of no use: what went wrong could not be undone alone.
type abandonedError struct{ err error }

func (e *abandonedError) Error() string { return e.err.Error() }
func (e *abandonedError) Unwrap() error { return e.err }
