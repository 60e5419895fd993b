package audit

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/sallyport-id/sallyport/internal/tenant"
)

// An export is JSON lines: a head line, then entries with the checkpoints between them, then a checkpoint with End. Entries and
// checkpoints stand in it exactly as they were hashed and signed.
type line struct {
	Log        *headLine       `json:"log,omitempty"`
	Entry      json.RawMessage `json:"entry,omitempty"`
	Hash       string          `json:"hash,omitempty"`
	Checkpoint json.RawMessage `json:"checkpoint,omitempty"`
	Signature  []byte          `json:"signature,omitempty"`
}

type headLine struct {
	Form   int       `json:"form"` // 1
	Tenant tenant.ID `json:"tenant"`
	Key    string    `json:"key"` // KeyText of the service's key; compare it with 'sallyport audit key'
}

// Export writes the log and a signature of its end. With after, only what follows the newest checkpoint at or before that entry.
func (k *Keeper) Export(ctx context.Context, w io.Writer, after int64) error {
	marks, err := k.marks(ctx)
	if err != nil {
		return err
	}
	end, err := k.head(ctx, time.Now(), true)
	if err != nil {
		return err
	}
	out := exporter{w: bufio.NewWriter(w)}
	out.write(line{Log: &headLine{1, end.Tenant, KeyText(k.Signer.Public())}})
	from, err := k.start(ctx, marks, after, end.Seq)
	if err != nil {
		return err
	}
	for len(marks) > 0 && marks[0].seq <= from {
		if marks[0].seq == from {
			out.mark(marks[0].Signed)
		}
		marks = marks[1:]
	}
	for s, err := range k.Walk(ctx, from) {
		if err != nil {
			return err
		}
		if s.Seq > end.Seq {
			break
		}
		out.entry(s)
		for len(marks) > 0 && marks[0].seq <= s.Seq {
			out.mark(marks[0].Signed)
			marks = marks[1:]
		}
	}
	signed, err := k.Signer.Sign(end)
	if err != nil {
		return err
	}
	out.mark(signed)
	if out.err != nil {
		return out.err
	}
	return out.w.Flush()
}

type mark struct {
	Signed
	seq int64
}

func (k *Keeper) marks(ctx context.Context) ([]mark, error) {
	all, err := k.Marks.List(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]mark, len(all))
	for i, m := range all {
		c, err := m.Open()
		if err != nil {
			return nil, err
		}
		out[i] = mark{m, c.Seq}
	}
	return out, nil
}

// start returns the entry after which the export begins: 0, or one at which there is a checkpoint for it to hang on.
func (k *Keeper) start(ctx context.Context, marks []mark, after, head int64) (int64, error) {
	first := head + 1 // when all were dropped
	for s, err := range k.Walk(ctx, 0) {
		if err != nil {
			return 0, err
		}
		first = s.Seq
		break
	}
	from := first - 1
	for _, m := range marks {
		if m.seq <= after && m.seq > from {
			from = m.seq
		}
	}
	return from, nil
}

// exporter remembers its first failure.
type exporter struct {
	w   *bufio.Writer
	err error
}

func (x *exporter) entry(s Sealed) { x.write(line{Entry: s.Doc, Hash: s.Hash}) }
func (x *exporter) mark(m Signed)  { x.write(line{Checkpoint: m.Doc, Signature: m.Signature}) }

func (x *exporter) write(l line) {
	if x.err != nil {
		return
	}
	// A RawMessage that Marshal made is written as it is: compact and escaped already.
	text, err := json.Marshal(l)
	if err != nil {
		x.err = err
		return
	}
	_, x.err = x.w.Write(append(text, '\n'))
}
