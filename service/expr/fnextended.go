package expr

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// extendedFunctions are known from related products; they are accepted everywhere and marked in listings.
func extendedFunctions() []*builtin {
	fs := []*builtin{
		define("ConvertFromBase64(source, encoding?)", "The text of base64 bytes in an encoding: Unicode (default), UTF8 or ASCII.", evalFromBase64),
		define("DNComponent(source, number:Integer)", "The value of a DN's component, counted from 1 on the left.", evalDNComponent),
		define("Error(message)", "Stops the export of the object with a message.", evalError),
		define("StringFromSid(source)", "A binary SID as text.", evalStringFromSid),
		define("Trim(source)", "The source without blanks at both ends.", onText(strings.TrimSpace)),
		define("Right(source, length:Integer)", "The last characters.", evalRight),
		define("Len(source)", "The number of characters.", evalLen),
		define("LCase(source)", "The source in lower case.", onText(strings.ToLower)),
		define("UCase(source)", "The source in upper case.", onText(func(s string) string { return strings.Map(upperRune, s) })),
		define("PadLeft(source, length:Integer, pad?)", "The source, filled up on the left.", evalPad(true)),
		define("PadRight(source, length:Integer, pad?)", "The source, filled up on the right.", evalPad(false)),
		define("InStrRev(source, find, start:Integer?, compare:Integer?)", "The last position of a text in another, counted from 1; 0 when absent.", evalInStrRev),
		define("IsNumeric(source)", "Whether the source is a number.", test(func(v value) bool { return number(v) != nil })),
		define("IsDate(source)", "Whether the source is a date.", evalIsDate),
		define("IsGuid(source)", "Whether the source is a GUID.", test(func(v value) bool { return isGUID(text(v)) })),
		define("Contains(source, find)", "The number of the first value that contains a text, counted from 1; 0 when none does.", evalContains),
		define("ItemOrNull(source, index:Integer)", "One value of several, counted from 1; null when there is none.", evalItemOrNull),
	}
	for _, f := range fs {
		f.extended()
	}
	return fs
}

func evalFromBase64(r *run, c *call) (value, error) {
	s, err := r.texts(c, 2)
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(s[0])
	if err != nil {
		return nil, r.bad(s[0], "is not base64")
	}
	switch strings.ToUpper(s[1]) {
	case "", "UNICODE":
		return fromUTF16(raw)
	case "UTF8", "ASCII":
		return strings.ToValidUTF8(string(raw), "\uFFFD"), nil
	}
	return nil, r.bad(s[1], "is not an encoding; use Unicode, UTF8 or ASCII")
}

func fromUTF16(raw []byte) (value, error) {
	if len(raw)%2 != 0 {
		return nil, errors.New("an odd number of bytes is not UTF-16 text")
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	return string(utf16.Decode(units)), nil
}

func evalDNComponent(r *run, c *call) (value, error) {
	dn, n, err := r.textAndInteger(c)
	if err != nil {
		return nil, err
	}
	parts := splitDN(dn)
	if n < 1 || n > int64(len(parts)) {
		return "", nil
	}
	_, v, _ := strings.Cut(parts[n-1], "=")
	return unescapeDN(strings.TrimSpace(v)), nil
}

// splitDN cuts at the commas that no backslash escapes (RFC 4514).
func splitDN(dn string) []string {
	var parts []string
	from := 0
	for i := 0; i < len(dn); i++ {
		switch dn[i] {
		case '\\':
			i++
		case ',':
			parts, from = append(parts, dn[from:i]), i+1
		}
	}
	return append(parts, dn[from:])
}

// unescapeDN resolves \, and \2C.
func unescapeDN(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if n, err := strconv.ParseUint(s[i:min(i+2, len(s))], 16, 8); err == nil && i+2 <= len(s) {
			b.WriteByte(byte(n))
			i++
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func evalError(r *run, c *call) (value, error) {
	message, err := r.text(c, 0)
	if err != nil {
		return nil, err
	}
	if r.redacted {
		message = "[Redact]"
	}
	return nil, errors.New(message)
}

func evalStringFromSid(r *run, c *call) (value, error) {
	v, err := r.arg(c, 0)
	if err != nil {
		return nil, err
	}
	raw, ok := v.([]byte)
	if !ok {
		if raw, err = base64.StdEncoding.DecodeString(text(v)); err != nil {
			return nil, r.bad(v, "is not a binary SID")
		}
	}
	// revision, count, 48-bit authority big-endian, then count sub-authorities little-endian ([MS-DTYP] 2.4.2.2)
	if len(raw) < 8 || len(raw) != 8+4*int(raw[1]) {
		return nil, r.bad(v, "is not a binary SID")
	}
	authority := binary.BigEndian.Uint64(raw[:8]) & (1<<48 - 1)
	s := fmt.Sprintf("S-%d-%d", raw[0], authority)
	for sub := raw[8:]; len(sub) > 0; sub = sub[4:] {
		s += "-" + strconv.FormatUint(uint64(binary.LittleEndian.Uint32(sub)), 10)
	}
	return s, nil
}

func evalRight(r *run, c *call) (value, error) {
	s, n, err := r.textAndInteger(c)
	if err != nil {
		return nil, err
	}
	chars := []rune(s)
	if n < 0 || n >= int64(len(chars)) {
		return s, nil
	}
	return string(chars[int64(len(chars))-n:]), nil
}

func evalLen(r *run, c *call) (value, error) {
	s, err := r.text(c, 0)
	if err != nil {
		return nil, err
	}
	return int64(len([]rune(s))), nil
}

func evalPad(left bool) func(*run, *call) (value, error) {
	return func(r *run, c *call) (value, error) {
		s, n, err := r.textAndInteger(c)
		if err != nil {
			return nil, err
		}
		pad, err := r.text(c, 2)
		if err != nil {
			return nil, err
		}
		return padText(s, n, pad, left)
	}
}

// padText fills up to n characters with the first character of pad, a blank by default.
func padText(s string, n int64, pad string, left bool) (value, error) {
	fill := ' '
	for _, ch := range pad {
		fill = ch
		break
	}
	missing := n - int64(len([]rune(s)))
	if missing <= 0 {
		return s, nil
	}
	if missing > maxText/4 {
		return nil, errTooLong
	}
	filling := strings.Repeat(string(fill), int(missing))
	if left {
		return limited(filling + s)
	}
	return limited(s + filling)
}

func evalInStrRev(r *run, c *call) (value, error) {
	s, err := r.texts(c, 2)
	if err != nil {
		return nil, err
	}
	start, err := r.integerOr(c, 2, -1)
	if err != nil {
		return nil, err
	}
	source, find, err := r.foldAs(c, 3, s[0], s[1])
	if err != nil {
		return nil, err
	}
	if start >= 0 && start < int64(len(source)) {
		source = source[:start]
	}
	at := strings.LastIndex(string(source), string(find))
	if at < 0 || len(source) == 0 {
		return int64(0), nil
	}
	return int64(len([]rune(string(source)[:at])) + 1), nil
}

func evalIsDate(r *run, c *call) (value, error) {
	v, err := r.arg(c, 0)
	if err != nil {
		return nil, err
	}
	_, err = r.toDate(v)
	return err == nil, nil
}

func isGUID(s string) bool {
	if len(s) == 38 && s[0] == '{' && s[37] == '}' {
		s = s[1:37]
	}
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (s[i] == '-') || !dash && strings.IndexByte("0123456789abcdefABCDEF", s[i]) < 0 {
			return false
		}
	}
	return true
}

func evalContains(r *run, c *call) (value, error) {
	v, err := r.arg(c, 0)
	if err != nil {
		return nil, err
	}
	find, err := r.text(c, 1)
	if err != nil {
		return nil, err
	}
	for i, item := range items(v) {
		if strings.Contains(text(item), find) {
			return int64(i + 1), nil
		}
	}
	return int64(0), nil
}

func evalItemOrNull(r *run, c *call) (value, error) {
	all, n, err := r.itemsAndIndex(c)
	if err != nil || n < 1 || n > int64(len(all)) {
		return nil, err
	}
	return all[n-1], nil
}
