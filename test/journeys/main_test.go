package journeys

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// program is the binary under test, built once for all stories.
var program string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "sallyport-journeys-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "sallyport")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	out, err := exec.Command("go", "build", "-o", program, "github.com/sallyport-id/sallyport/cmd/sallyport").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return m.Run(), nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon polls until look returns "" or the limit has passed; it returns what look said last.
func soon(limit time.Duration, look func() string) string {
	tick := time.NewTicker(4 * time.Millisecond)
	defer tick.Stop()
	late := time.After(limit)
	for {
		why := look()
		if why == "" {
			return ""
		}
		select {
		case <-tick.C:
		case <-late:
			return why
		}
	}
}
