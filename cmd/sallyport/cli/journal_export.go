package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/journal"
)

// exportPage is how many records one request fetches.
const exportPage = 1000

func journalExportCommand(e *env) *cobra.Command {
	var job, out string
	var since time.Duration
	c := &cobra.Command{
		Use: "export", Short: "Write the provisioning log as JSON lines, oldest first", Args: cobra.NoArgs,
		Long: `Every record is one line, with every field that is kept of it. Values that a mapping redacts read [Redact] here as everywhere.
With --out the file appears only when it is complete.`,
		Example: `  sallyport journal export --since 720h --out journal.jsonl
  sallyport journal export --job contoso | jq .provisioningAction`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			q := url.Values{"job": {job}, "limit": {strconv.Itoa(exportPage)}}
			if since > 0 {
				q.Set("since", time.Now().Add(-since).UTC().Format(time.RFC3339))
			}
			n := 0
			err = written(e.out, out, func(w io.Writer) (err error) {
				n, err = exportJournal(q, w, func(path string, line func(json.RawMessage) error) error {
					return cl.stream(cmd.Context(), "GET", path, nil, line)
				})
				return err
			})
			if err == nil {
				fmt.Fprintf(e.err, "%d records.\n", n)
			}
			return err
		},
	}
	c.Flags().StringVar(&job, "job", "", "only this application's job")
	c.Flags().StringVar(&out, "out", "", "file to write; standard output unless given")
	c.Flags().DurationVar(&since, "since", 0, "only the last 90s, 15m, 720h")
	return c
}

// exportJournal fetches page after page, each after the last record of the one before, and writes the lines as they come.
func exportJournal(q url.Values, w io.Writer, fetch func(string, func(json.RawMessage) error) error) (total int, err error) {
	for {
		n := 0
		err := fetch("/sallyport/v1/journal?"+q.Encode(), func(line json.RawMessage) error {
			var r journal.Record
			if err := json.Unmarshal(line, &r); err != nil {
				return fault.New(fault.Internal, "read the journal", "%w", err)
			}
			n++
			q.Set("after", r.ID)
			_, err := fmt.Fprintf(w, "%s\n", line)
			return err
		})
		total += n
		if err != nil || n < exportPage {
			return total, err
		}
	}
}

// written writes to a file that appears only when it is complete, or to the standard output.
func written(stdout io.Writer, path string, fill func(io.Writer) error) error {
	if path == "" {
		return fill(stdout)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".export-*")
	if err != nil {
		return fault.New(fault.Invalid, "write the export", "%w", err).WithHint("give --out a path in a folder you may write to")
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already when all went well
	b := bufio.NewWriter(f)
	if err := fill(b); err != nil {
		_ = f.Close() // the export failed already
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
