package targets

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
)

// sharedMaria is the one MariaDB server of this test process; its keeper ends it with the process.
var sharedMaria = sync.OnceValues(func() (*Maria, error) {
	dir, err := folder("maria")
	if err != nil {
		return nil, err
	}
	m, err := startMaria(context.Background(), dir, []string{"--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0"})
	if err != nil {
		os.RemoveAll(dir)
	}
	return m, err
})

// MariaDB gives the test a fresh, empty database of a server that this test process shares, not durable, so fast.
// URL("") is its address. Stop and Kill would hit other tests: use MariaDBAlone for those.
func MariaDB(t testing.TB) *Maria {
	t.Helper()
	m, err := sharedMaria()
	if err != nil {
		skipOrFail(t, err)
	}
	mine := *m
	mine.database = fmt.Sprintf("test_%d", databases.Add(1))
	if err := m.Create(t.Context(), mine.database); err != nil {
		t.Fatal(err)
	}
	return &mine
}

// MariaDBAlone gives the test a server of its own, durable unless a setting such as --innodb-flush-log-at-trx-commit=0 says
// otherwise, to stop, kill and start.
func MariaDBAlone(t testing.TB, settings ...string) *Maria {
	t.Helper()
	dir, err := folder("maria-alone")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	m, err := startMaria(t.Context(), dir, settings)
	if err != nil {
		skipOrFail(t, err)
	}
	t.Cleanup(m.Close)
	return m
}
