package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExportJournalFetchesEveryPage: each page begins after the last record of the one before, and a short page is the last.
func TestExportJournalFetchesEveryPage(t *testing.T) {
	const all = 2*exportPage + 7
	var w bytes.Buffer
	n, err := exportJournal(url.Values{}, &w, func(path string, line func(json.RawMessage) error) error {
		u, err := url.Parse(path)
		if err != nil {
			return err
		}
		var from int
		if a := u.Query().Get("after"); a != "" {
			if _, err := fmt.Sscanf(a, "r%d", &from); err != nil {
				return err
			}
		}
		for i := from + 1; i <= min(all, from+exportPage); i++ {
			if err := line(json.RawMessage(fmt.Sprintf(`{"id":"r%d"}`, i))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || n != all || strings.Count(w.String(), "\n") != all {
		t.Errorf("%d records, %d lines, %v, want %d", n, strings.Count(w.String(), "\n"), err, all)
	}
}

// TestExportLeavesNoHalfFile: a file that could not be completed does not appear.
func TestExportLeavesNoHalfFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.jsonl")
	broken := errors.New("the service went away")
	err := written(nil, path, func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return broken })
	if !errors.Is(err, broken) {
		t.Errorf("err = %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := written(nil, path, func(w io.Writer) error { _, err := io.WriteString(w, "whole"); return err }); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "whole" {
		t.Errorf("got %q", text)
	}
}
