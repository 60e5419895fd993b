package targets

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

// shared is the one server of this test process; its keeper ends it with the process.
var shared = sync.OnceValues(func() (*PG, error) {
	dir, err := folder("shared")
	if err != nil {
		return nil, err
	}
	p, err := start(context.Background(), dir, true, []string{"fsync=off"})
	if err != nil {
		os.RemoveAll(dir)
	}
	return p, err
})

var databases atomic.Int64

// Postgres gives the test a fresh, empty database of a server that this test process shares, not durable, so fast.
// URL("") is its address. Stop and Kill would hit other tests: use PostgresAlone for those.
func Postgres(t testing.TB) *PG {
	t.Helper()
	p, err := shared()
	if err != nil {
		skipOrFail(t, err)
	}
	mine := *p
	mine.database = fmt.Sprintf("test_%d", databases.Add(1))
	if err := p.Create(t.Context(), mine.database); err != nil {
		t.Fatal(err)
	}
	return &mine
}

// PostgresAlone gives the test a server of its own, durable unless a setting says otherwise, to stop, kill and start.
func PostgresAlone(t testing.TB, settings ...string) *PG {
	t.Helper()
	dir, err := folder("alone")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p, err := start(t.Context(), dir, true, settings)
	if err != nil {
		skipOrFail(t, err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// folder makes a folder that the server's account can reach.
func folder(name string) (string, error) {
	dir, err := os.MkdirTemp("", "sallyport-"+name+"-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}
