package cache

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

func image(tb testing.TB) []byte {
	tb.Helper()
	c := New(groupConfig)
	for i := range 5 {
		row := person(i)
		row.Attrs["members"] = []entry.Value{entry.Ref{Type: entry.User, ID: "u"}, entry.Ref{ID: "v"}}
		if _, _, err := c.Put(row); err != nil {
			tb.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := c.Snapshot(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestLoadRefusesEveryDamage(t *testing.T) {
	good := image(t)
	c := New(groupConfig)
	_, _, _ = c.Put(Row{Anchor: "old"})
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x41
		if err := c.Load(bytes.NewReader(bad)); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if err := c.Load(bytes.NewReader(good[:i])); !fault.Is(err, fault.Invalid) {
			t.Fatalf("cut after %d bytes: %v", i, err)
		}
	}
	if err := New(userConfig).Load(bytes.NewReader(good)); !fault.Is(err, fault.Invalid) {
		t.Errorf("image of another type: %v", err)
	}
	if _, ok := c.Get("old", false); !ok || c.Len() != 1 {
		t.Error("a refused image changed the cache")
	}
}

func TestImagesMayFollowEachOther(t *testing.T) {
	two := io.MultiReader(bytes.NewReader(image(t)), bytes.NewReader(image(t)))
	for range 2 {
		c := New(groupConfig)
		if err := c.Load(two); err != nil || c.Len() != 5 || len(c.Referrers("members", "u")) != 5 {
			t.Errorf("%v, %d rows", err, c.Len())
		}
	}
}

// FuzzLoad feeds frames with right checksums and any content: Load refuses or takes them, but never panics, and what it
// takes can be read and saved.
func FuzzLoad(f *testing.F) {
	good := image(f)
	rest := good[len(magic):]
	first := binary.LittleEndian.Uint32(rest)
	rest = rest[frameHeader+first:]
	f.Add(rest[frameHeader : frameHeader+binary.LittleEndian.Uint32(rest)])
	f.Add([]byte{frameRows, 1, 1, 'a', 1, 12, 0, 0, 0, 0, 0, 0, 0, 1, 0x10, 'x', 2, 0x12, 0})
	f.Add([]byte{frameEnd, 0})
	f.Fuzz(func(t *testing.T, text []byte) {
		var b bytes.Buffer
		fr := frames{w: &b}
		fr.raw([]byte(magic))
		fr.write(appendHeader(nil, groupConfig))
		fr.write(text)
		for rows := range uint64(6) {
			end := frames{w: &bytes.Buffer{}, count: fr.count}
			end.write(binary.AppendUvarint([]byte{frameEnd}, rows))
			c := New(groupConfig)
			if c.Load(io.MultiReader(bytes.NewReader(b.Bytes()), end.w.(*bytes.Buffer))) == nil {
				readAll(t, c)
			}
			c.s.close()
		}
	})
}

func readAll(t *testing.T, c *Cache) {
	for row := range c.All(true) {
		if _, _, err := c.Put(row); err != nil {
			t.Fatal(err)
		}
		for _, x := range groupConfig.Indexes {
			c.Find(x.Attr, "x", 0)
		}
	}
	if err := c.Snapshot(io.Discard); err != nil {
		t.Fatal(err)
	}
}
