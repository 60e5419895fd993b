package wire

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// entryMessage is a search result entry as another library writes it.
func entryMessage(id int64, dn string, attrs map[string][]string) []byte {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	e := ber.Encode(ber.ClassApplication, ber.TypeConstructed, 4, nil, "")
	e.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, dn, ""))
	list := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for name, vs := range attrs {
		a := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		a.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, name, ""))
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range vs {
			set.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, v, ""))
		}
		a.AppendChild(set)
		list.AppendChild(a)
	}
	e.AppendChild(list)
	p.AppendChild(e)
	return p.Bytes()
}

func doneMessage(id int64) []byte {
	return []byte{0x30, 12, 2, 1, byte(id), 0x65, 7, 0x0a, 1, 0, 4, 0, 4, 0}
}

// answering is a connection whose other side reads one request and answers with bytes.
func answering(t testing.TB, answer []byte) *Conn {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	go func() {
		buffer := make([]byte, 4096)
		if _, err := theirs.Read(buffer); err != nil {
			return
		}
		_, _ = theirs.Write(answer)
		theirs.Close()
	}()
	return New(ours)
}

func TestEntriesOfAnyLengthAreRead(t *testing.T) {
	for _, size := range []int{0, 1, 127, 128, 255, 256, 65_535, 65_536, 300_000, 3_000_000} {
		value := strings.Repeat("x", size)
		want := map[string][]string{"cn": {"a", value, ""}, "empty": nil}
		c := answering(t, append(entryMessage(1, "cn=a", want), doneMessage(1)...))
		rows, err := c.Search(t.Context(), Search{Filter: Present("objectClass")})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rows.Next() {
			n++
			e := rows.Entry()
			got := map[string][]string{}
			for _, a := range e.Attrs {
				got[string(a.Name)] = nil
				for _, v := range a.Values {
					got[string(a.Name)] = append(got[string(a.Name)], string(v))
				}
			}
			if string(e.DN) != "cn=a" || len(got) != 2 || len(got["cn"]) != 3 || got["cn"][1] != value {
				t.Errorf("%d bytes came back otherwise", size)
			}
		}
		if n != 1 || rows.Err() != nil {
			t.Errorf("%d bytes: %d entries, %v", size, n, rows.Err())
		}
	}
}

func TestGarbageLosesTheConnection(t *testing.T) {
	whole := append(entryMessage(1, "cn=a", map[string][]string{"cn": {"a"}}), doneMessage(1)...)
	for name, answer := range map[string][]byte{
		"Nothing": {}, "HTTP": []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), "Zeros": make([]byte, 64), "EndsEarly": whole[:len(whole)-3], "EndsInAnEntry": whole[:9],
		"Indefinite": {0x30, 0x80, 2, 1, 1}, "LongLength": {0x30, 0x85, 1, 1, 1, 1, 1, 1}, "Huge": {0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 1}, "InnerTooLong": {0x30, 5, 2, 1, 1, 0x64, 0x7f},
		"NotANumber": {0x30, 5, 4, 1, 1, 0x65, 0}, "GoodBye": {0x30, 12, 2, 1, 0, 0x78, 7, 0x0a, 1, 52, 4, 0, 4, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := answering(t, answer)
			rows, err := c.Search(t.Context(), Search{Filter: Present("objectClass")})
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
			}
			lost, ok := errors.AsType[*Lost](rows.Err())
			if !ok || !lost.Sent || c.Alive() {
				t.Errorf("%v", rows.Err())
			}
			if _, err := c.Do(t.Context(), Delete{DN: "cn=a"}); err == nil {
				t.Error("the connection was used again")
			}
		})
	}
}

func TestCancelledWaitEnds(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	go func() {
		buffer := make([]byte, 4096)
		_, _ = theirs.Read(buffer) // and never answers
	}()
	ctx, cancel := context.WithCancel(t.Context())
	c := New(ours)
	rows, err := c.Search(ctx, Search{Filter: Present("objectClass")})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if rows.Next() || !errors.Is(rows.Err(), context.Canceled) {
		t.Errorf("%v", rows.Err())
	}
}

func TestFiltersAreReadAlikeByAnotherLibrary(t *testing.T) {
	for want, f := range map[string]Filter{
		`(cn=a\2ab)`: Equal("cn", "a*b"), `(!(cn=\28\29\5c))`: Not(Equal("cn", `()\`)), `(&(objectClass=*)(sn>=x))`: And(Present("objectClass"), AtLeast("sn", "x")),
		`(|(cn=a)(cn=\e6\97\a5))`: Or(Equal("cn", "a"), Equal("cn", "日")),
	} {
		p, err := ber.DecodePacketErr(f.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		got, err := ldap.DecompileFilter(p)
		if err != nil || got != want {
			t.Errorf("%s is read as %s: %v", want, got, err)
		}
	}
}

// FuzzAnswers takes anything for the server's answers: what is read ends, and an entry that is read is one to another library, too.
func FuzzAnswers(f *testing.F) {
	f.Add(append(entryMessage(1, "cn=a,dc=b", map[string][]string{"cn": {"a", "b"}}), doneMessage(1)...))
	f.Add([]byte{0x30, 12, 2, 1, 1, 0x79, 7, 0x80, 1, 'x', 0x81, 2, 1, 2})
	f.Add([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := ParseEntry(b); err == nil {
			p, err := ber.DecodePacketErr(b)
			if err != nil || len(p.Children) < 2 {
				return // it is stricter about what stands behind
			}
			if got := p.Children[0].ByteValue; p.Children[0].TagType == ber.TypePrimitive && !bytes.Equal(got, e.DN) && p.Children[0].Data != nil && !bytes.Equal(p.Children[0].Data.Bytes(), e.DN) {
				t.Fatalf("DN %q, another library reads %q", e.DN, got)
			}
		}
		if a, err := parseAnswer(b); err == nil {
			_, _ = parseResult(a.body, a.controls)
			_, _ = intermediate(a.body)
		}
	})
}
