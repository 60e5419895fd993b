package audit

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
)

// maxLine bounds a line of an export, in bytes.
const maxLine = 1 << 20

// Report is what a verified export holds.
type Report struct {
	Tenant      tenant.ID `json:"tenant"`
	First       int64     `json:"first"` // 0 when the log is empty
	Last        int64     `json:"last"`
	Entries     int64     `json:"entries"`
	Checkpoints int       `json:"checkpoints"`
	Hash        string    `json:"hash"` // of the last entry
	At          time.Time `json:"at"`   // when the export was made
	Key         string    `json:"key"`  // that signed it
}

// Trust is what the verifier holds on to beside the file.
type Trust struct {
	Key   ed25519.PublicKey // the service's; nil takes the one the file names, which a forger could have put there
	Older *Report           // of an export verified earlier: the file must continue it
}

// Verify reads an export and proves that nothing was edited, removed, reordered, put in, or cut off. Its error is fault.Conflict, names
// the line, and says what is wrong with it.
func Verify(r io.Reader, t Trust) (Report, error) {
	v := verifier{key: t.Key, older: t.Older, first: true}
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 64<<10), maxLine)
	for in.Scan() {
		v.line++
		if err := v.take(in.Bytes()); err != nil {
			return v.report, err
		}
	}
	if err := in.Err(); err != nil {
		return v.report, v.wrong("cannot be read: %w", err)
	}
	return v.report, v.finish()
}

type verifier struct {
	key    ed25519.PublicKey
	older  *Report
	report Report
	line   int
	head   bool // the head line was read
	first  bool // nothing to hang on was read yet
	ended  bool
	met    bool // the older export's last entry was met
}

func (v *verifier) wrong(format string, args ...any) error {
	f := fault.New(fault.Conflict, "verify the audit log", "line %d "+format, append([]any{v.line}, args...)...)
	return f.WithHint("the file is not what the service wrote: fetch it again with 'sallyport audit export'; if that is the same, restore and compare older exports")
}

func (v *verifier) take(text []byte) error {
	var l line
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return v.wrong("is no line of an export: %w", err)
	}
	switch {
	case v.ended:
		return v.wrong("stands after the end")
	case !v.head:
		return v.begin(l)
	case l.Entry != nil:
		return v.entry(l)
	case l.Checkpoint != nil:
		return v.checkpoint(l)
	}
	return v.wrong("is neither an entry nor a checkpoint")
}

func (v *verifier) begin(l line) error {
	if l.Log == nil || l.Log.Form != 1 {
		return v.wrong("is not the head of an export of this form")
	}
	key, err := ParseKey(l.Log.Key)
	if err != nil {
		return v.wrong("names no key: %w", err)
	}
	if v.key != nil && !v.key.Equal(key) {
		return v.wrong("names another key than the one trusted")
	}
	v.key, v.head = key, true
	v.report.Tenant, v.report.Key = l.Log.Tenant, l.Log.Key
	return nil
}

func (v *verifier) entry(l line) error {
	if HashOf(l.Entry) != l.Hash {
		return v.wrong("was edited: its text and its hash differ")
	}
	var e Entry
	if err := json.Unmarshal(l.Entry, &e); err != nil {
		return v.wrong("is no entry: %w", err)
	}
	switch {
	case e.Tenant != v.report.Tenant:
		return v.wrong("belongs to the tenant %q", e.Tenant)
	case v.first && e.Seq != 1:
		return v.wrong("is entry %d and there is no checkpoint that it hangs on: the beginning was removed", e.Seq)
	case e.Seq != v.report.Last+1:
		return v.wrong("is entry %d where %d belongs: lines were removed or reordered", e.Seq, v.report.Last+1)
	case e.Prev != v.report.Hash:
		return v.wrong("does not follow the entry before it: that one was replaced")
	}
	if v.report.Entries == 0 {
		v.report.First = e.Seq
	}
	v.report.Entries++
	v.first = false
	return v.at(e.Seq, l.Hash)
}

// at moves on to an entry, and compares it with the older export when that ended here.
func (v *verifier) at(seq int64, hash string) error {
	v.report.Last, v.report.Hash = seq, hash
	if v.older == nil || seq != v.older.Last {
		return nil
	}
	if hash != v.older.Hash {
		return v.wrong("is not what the older export says of entry %d", seq)
	}
	v.met = true
	return nil
}

func (v *verifier) checkpoint(l line) error {
	s := Signed{l.Checkpoint, l.Signature}
	if !s.Check(v.key) {
		return v.wrong("is a checkpoint that the key did not sign")
	}
	c, err := s.Open()
	if err != nil {
		return v.wrong("is no checkpoint: %w", err)
	}
	if c.Tenant != v.report.Tenant {
		return v.wrong("belongs to the tenant %q", c.Tenant)
	}
	v.report.Checkpoints++
	if v.first && !c.End {
		v.first = false
		return v.at(c.Seq, c.Hash)
	}
	if c.Seq != v.report.Last || c.Hash != v.report.Hash {
		return v.wrong("signs entry %d with another hash than the one before it has: the log was rewritten or lines are missing", c.Seq)
	}
	if c.End {
		v.ended, v.report.At = true, c.At
	}
	return nil
}

// finish makes sure that nothing was cut off.
func (v *verifier) finish() error {
	v.line++
	switch {
	case !v.head:
		return v.wrong("is missing: the file is empty")
	case !v.ended:
		return v.wrong("is missing: the file ends without the signature of its end, so lines were cut off")
	case v.older != nil && v.older.Tenant != v.report.Tenant:
		return v.wrong("cannot be compared: the older export is of the tenant %q", v.older.Tenant)
	case v.older != nil && v.older.Last > 0 && !v.met:
		return v.wrong("is missing: entry %d of the older export is not here", v.older.Last)
	}
	return nil
}
