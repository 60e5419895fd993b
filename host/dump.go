package host

import (
	"bufio"
	"encoding/json"
	"io"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
)

// Dump writes the cache as JSON for administrators: {"connector":…,"types":[{"type":…,"total":…,"objects":[{"id":…,"anchor":…,
// "dn":…,"version":…,"created":…,"modified":…,"attributes":{column:[value…]}}]}]}. Write-only attributes are never in the cache, so no
// secret is in the dump. It streams and takes no lock for long.
func (c *Coordinator) Dump(w io.Writer) error {
	b := bufio.NewWriterSize(w, 64<<10)
	out := append([]byte(`{"connector":`), scim.AppendValue(nil, c.cfg.Name)...)
	out = append(out, `,"types":[`...)
	for i, k := range c.kinds {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"type":`...)
		out = scim.AppendValue(out, string(k.typ))
		out = append(out, `,"objects":[`...)
		if _, err := b.Write(out); err != nil {
			return err
		}
		n, err := c.dumpKind(b, k)
		if err != nil {
			return err
		}
		out = append(out[:0], `],"total":`...)
		out = scim.AppendValue(out, int64(n))
		out = append(out, '}')
	}
	out = append(out, "]}\n"...)
	if _, err := b.Write(out); err != nil {
		return err
	}
	return b.Flush()
}

func (c *Coordinator) dumpKind(w io.Writer, k *kind) (n int, err error) {
	names := make(map[string]string, len(k.alias))
	for column, alias := range k.alias {
		names[alias] = column
	}
	for row := range k.cache.All(true) {
		o := dumped{ID: row.ID, Anchor: row.Anchor, DN: row.DN, Version: row.Version, Created: row.Created, Modified: row.Modified, Attributes: map[string][]json.RawMessage{}}
		for alias, values := range row.Attrs {
			o.Attributes[names[alias]] = dumpValues(values)
		}
		data, err := json.Marshal(o)
		if err != nil {
			return n, err
		}
		if n++; n > 1 {
			data = append([]byte{','}, data...)
		}
		if _, err := w.Write(data); err != nil {
			return n, err
		}
	}
	return n, nil
}

type dumped struct {
	ID         string                       `json:"id"`
	Anchor     string                       `json:"anchor"`
	DN         string                       `json:"dn,omitempty"`
	Version    string                       `json:"version"`
	Created    time.Time                    `json:"created"`
	Modified   time.Time                    `json:"modified"`
	Attributes map[string][]json.RawMessage `json:"attributes"`
}

func dumpValues(values []entry.Value) []json.RawMessage {
	out := make([]json.RawMessage, 0, len(values))
	for _, v := range withIDs(values) {
		out = append(out, scim.AppendValue(nil, v))
	}
	return out
}
