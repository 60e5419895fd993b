package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

// crashDB in the environment makes this test program a writer that is killed.
const crashDB = "SALLYPORT_TEST_CRASH_DB"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashDB); path != "" {
		if err := writeForEver(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeForEver writes to every store from several goroutines and says on standard output what has been acknowledged.
func writeForEver(path string) error {
	ctx := tenant.With(context.Background(), tenant.Default)
	db, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range 8 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), w, i)
				if err := writeAll(ctx, db, id); err != nil {
					failed <- err
					return
				}
				fmt.Println(id)
			}
		}()
	}
	return <-failed
}

func writeAll(ctx context.Context, db *sqlite.DB, id string) error {
	if err := putUser(ctx, db, id); err != nil {
		return err
	}
	r, err := db.Ledger().Intend(ctx, "hr", cycle.Intent{Source: id, Type: entry.User, Verb: plan.Create})
	if err != nil {
		return err
	}
	if err := db.Ledger().Settle(ctx, r, cycle.Outcome{Link: plan.Link{Source: id, Type: entry.User, Target: "t-" + id}}); err != nil {
		return err
	}
	return db.Journal().Append(ctx, journal.Record{Job: "hr", Source: journal.Identity{ID: id}, Reason: id})
}

// TestKillLosesNothingAcknowledged kills the writing process at random moments; whatever it had said to be written is there.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crash.db")
	var acknowledged []string
	for trial := range 6 {
		acknowledged = append(acknowledged, killWriter(t, path, 1+rand.IntN(60*(trial+1)))...)
		verify(t, path, acknowledged)
	}
}

// killWriter starts a writer, kills it after so many acknowledgements, and returns all it gave.
func killWriter(t *testing.T, path string, after int) (ids []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = []string{crashDB + "=" + path}
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		ids = append(ids, lines.Text())
		if len(ids) == after {
			check(t, cmd.Process.Kill())
		}
	}
	check(t, lines.Err())
	if err := cmd.Wait(); err == nil || len(ids) < after {
		t.Fatalf("the writer ended by itself after %d: %v %s", len(ids), err, &complaint)
	}
	return ids
}

func verify(t *testing.T, path string, ids []string) {
	t.Helper()
	ctx := tenant.With(t.Context(), tenant.Default)
	db, err := sqlite.Open(ctx, path)
	check(t, err)
	defer func() { check(t, db.Close()) }()
	links, err := db.Ledger().Links(ctx, "hr", ids)
	check(t, err)
	written := map[string]bool{}
	for _, id := range ids {
		if e, err := db.Directory().Get(ctx, entry.User, id); err != nil || e.Attrs.Text("userPrincipalName") != id+"@x" {
			t.Errorf("user %s: %v, %v", id, e, err)
		}
		if links[id].Target != "t-"+id {
			t.Errorf("link %s: %v", id, links[id])
		}
		written[id] = true
	}
	rs, err := db.Journal().Find(ctx, journal.Query{Limit: 1 << 20})
	check(t, err)
	for _, r := range rs {
		delete(written, r.Reason)
	}
	if len(written) != 0 {
		t.Errorf("the journal lacks %v", written)
	}
	for c, err := range db.Directory().After(ctx, "0") { // every change can be read
		check(t, err)
		_ = c
	}
}

// TestTornLogIsCutAtTheLastGoodRecord cuts the write-ahead log short, or flips a bit in it, at many places: the database opens
// and holds a run of writes from the first on, each whole, and goes on from there.
func TestTornLogIsCutAtTheLastGoodRecord(t *testing.T) {
	ctx := tenant.With(t.Context(), tenant.Default)
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "a.db"))
	const n = 30
	for i := range n {
		check(t, putUser(ctx, db, fmt.Sprintf("u%02d", i)))
	}
	main, err := os.ReadFile(filepath.Join(dir, "a.db"))
	check(t, err)
	log, err := os.ReadFile(filepath.Join(dir, "a.db-wal"))
	check(t, err)
	if len(log) < 100_000 {
		t.Fatalf("the log is %d bytes long; was it moved into the database already?", len(log))
	}
	whole := reopenTorn(t, ctx, main, log)
	if whole != n {
		t.Fatalf("%d writes of %d are there", whole, n)
	}
	shorter := 0
	for i := range 24 {
		at := len(log)*3/4 + rand.IntN(len(log)/4) // the migrations stand in front
		torn := log[:at]
		if i%2 == 0 {
			torn = append([]byte{}, log...)
			torn[at] ^= 1 << rand.IntN(8)
		}
		if reopenTorn(t, ctx, main, torn) < n {
			shorter++
		}
	}
	if shorter == 0 {
		t.Fatal("nothing was lost: the tear hit nothing")
	}
}

// reopenTorn opens a copy and returns how many writes it holds, in order and whole.
func reopenTorn(t *testing.T, ctx context.Context, main, log []byte) int {
	t.Helper()
	path := filepath.Join(t.TempDir(), "b.db")
	check(t, os.WriteFile(path, main, 0o600))
	check(t, os.WriteFile(path+"-wal", log, 0o600))
	db, err := sqlite.Open(ctx, path)
	check(t, err)
	defer func() { check(t, db.Close()) }()
	got := 0
	for c, err := range db.Directory().After(ctx, "0") {
		check(t, err)
		if want := fmt.Sprintf("u%02d", got); c.Entry.ID != want || c.Entry.Attrs.Text("userPrincipalName") != want+"@x" {
			t.Fatalf("write %d is %+v", got, c.Entry)
		}
		got++
	}
	check(t, putUser(ctx, db, "next"))
	return got
}

// TestSlowReaderHoldsNobodyUp stands still in the middle of a long read while others write.
func TestSlowReaderHoldsNobodyUp(t *testing.T) {
	ctx := tenant.With(t.Context(), tenant.Default)
	db := open(t, "")
	check(t, db.Directory().PutMany(ctx, benchUsers(0, 600)))
	seen := 0
	for range 6 { // more than there are readers
		for _, err := range db.Directory().After(ctx, "") {
			check(t, err)
			seen++
			if seen%100 == 1 {
				check(t, putUser(ctx, db, fmt.Sprint("n", seen)))
			}
		}
	}
	if seen < 6*600 {
		t.Fatalf("saw %d", seen)
	}
}
