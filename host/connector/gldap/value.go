package gldap

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

func invalid(attr, format string, args ...any) *fault.Error {
	return &fault.Error{Op: "take the value", Kind: fault.Invalid, Object: attr, Err: fmt.Errorf(format, args...)}
}

// decode turns a value of the directory into ours. nil, without an error, is a value that stands for none.
func (f form) decode(b []byte) (entry.Value, error) {
	switch f {
	case formBool:
		return decodeBool(string(b))
	case formInt:
		return strconv.ParseInt(string(b), 10, 64)
	case formTime, formADTime:
		return parseTime(string(b))
	case formUTC:
		return parseUTC(string(b))
	case formFileTime:
		return parseFileTime(string(b))
	case formBytes:
		return append([]byte{}, b...), nil
	case formGUID, formUUID:
		return decodeUUID(b, f == formGUID)
	case formSID:
		return decodeSID(b)
	}
	if !utf8.Valid(b) {
		return nil, fmt.Errorf("the text is not UTF-8")
	}
	return string(b), nil
}

// encode is the inverse of decode. A *fault.Error without an attribute says why the value cannot be written.
func (f form) encode(v entry.Value) (string, error) {
	switch f {
	case formBool:
		if b, ok := v.(bool); ok {
			return strings.ToUpper(strconv.FormatBool(b)), nil
		}
	case formInt:
		if n, ok := v.(int64); ok {
			return strconv.FormatInt(n, 10), nil
		}
	case formTime:
		if t, ok := v.(time.Time); ok {
			return writeTime(t), nil
		}
	case formADTime:
		if t, ok := v.(time.Time); ok {
			return writeTime(t.Truncate(time.Second))[:14] + ".0Z", nil
		}
	case formUTC:
		if t, ok := v.(time.Time); ok && t.UTC().Year() >= 1950 && t.UTC().Year() < 2050 {
			return t.UTC().Format("060102150405Z"), nil
		}
	case formFileTime:
		if t, ok := v.(time.Time); ok {
			return strconv.FormatInt(fileTime(t), 10), nil
		}
	case formBytes:
		if b, ok := v.([]byte); ok {
			return string(b), nil
		}
	case formGUID, formUUID:
		if id, err := uuid.Parse(plainText(v)); err == nil && len(plainText(v)) == 36 {
			return encodeUUID(id, f == formGUID), nil
		}
	case formSID:
		return encodeSID(plainText(v))
	default:
		return encodeText(v)
	}
	return "", fmt.Errorf("%v does not fit", short(v))
}

func encodeText(v entry.Value) (string, error) {
	switch v.(type) {
	case []byte, entry.Complex, entry.Ref:
		return "", fmt.Errorf("%T is no text", v)
	}
	s := plainText(v)
	switch {
	case !utf8.ValidString(s):
		return "", fmt.Errorf("the text is not UTF-8")
	case strings.IndexByte(s, 0) >= 0:
		return "", fmt.Errorf("the text has a zero byte")
	}
	return s, nil
}

func short(v entry.Value) string {
	s := plainText(v)
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	return strconv.Quote(s)
}

// plainText writes any value as text.
func plainText(v entry.Value) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case entry.Ref:
		return v.ID
	}
	return fmt.Sprint(v)
}

func decodeBool(s string) (entry.Value, error) {
	switch strings.ToUpper(s) {
	case "TRUE":
		return true, nil
	case "FALSE":
		return false, nil
	}
	return nil, fmt.Errorf("%q is neither TRUE nor FALSE", s)
}

// parseTime reads 20260228225958.123456Z, with or without minutes, seconds and fraction, and with a zone like +0100.
func parseTime(s string) (entry.Value, error) {
	var body string
	zone := time.UTC
	switch i := strings.LastIndexAny(s, "+-Z"); {
	case i < 0:
		return nil, fmt.Errorf("%q is no generalized time", s)
	case s[i] == 'Z' && i == len(s)-1:
		body = s[:i]
	default:
		layout := map[int]string{3: "-07", 5: "-0700"}[len(s)-i]
		t, err := time.Parse(layout, s[i:])
		if layout == "" || err != nil {
			return nil, fmt.Errorf("%q has no zone", s)
		}
		body, zone = s[:i], t.Location()
	}
	whole, fraction, _ := strings.Cut(strings.Replace(body, ",", ".", 1), ".")
	layout, unit := "20060102150405", time.Second
	switch len(whole) {
	case 12:
		layout, unit = layout[:12], time.Minute
	case 10:
		layout, unit = layout[:10], time.Hour
	}
	t, err := time.ParseInLocation(layout, whole, zone)
	if err != nil {
		return nil, fmt.Errorf("%q is no generalized time", s)
	}
	if fraction != "" {
		f, err := strconv.ParseUint(fraction[:min(len(fraction), 9)], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no generalized time", s)
		}
		t = t.Add(time.Duration(math.Round(float64(f) / math.Pow10(min(len(fraction), 9)) * float64(unit))))
	}
	return t.UTC(), nil
}

func writeTime(t time.Time) string {
	t = t.UTC()
	s := fmt.Sprintf("%04d%s", t.Year(), t.Format("0102150405"))
	if n := t.Nanosecond(); n != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%09d", n), "0")
	}
	return s + "Z"
}

func parseUTC(s string) (entry.Value, error) {
	for _, layout := range []string{"060102150405Z0700", "0601021504Z0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.Year() >= 2050 {
				t = t.AddDate(-100, 0, 0)
			}
			return t.UTC(), nil
		}
	}
	return nil, fmt.Errorf("%q is no UTC time", s)
}

// Windows counts from here. 0 and the largest number mean never.
var windowsEpoch = time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)

func parseFileTime(s string) (entry.Value, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is no number", s)
	case n <= 0 || n == math.MaxInt64:
		return nil, nil
	}
	return time.Unix(windowsEpoch.Unix()+n/1e7, n%1e7*100).UTC(), nil
}

func fileTime(t time.Time) int64 {
	return (t.Unix()-windowsEpoch.Unix())*1e7 + int64(t.Nanosecond())/100
}

func decodeUUID(b []byte, windows bool) (entry.Value, error) {
	if len(b) == 36 {
		return strings.ToLower(string(b)), nil
	}
	if len(b) != 16 {
		return nil, fmt.Errorf("a GUID of %d bytes", len(b))
	}
	var id uuid.UUID
	copy(id[:], swapped(b, windows))
	return id.String(), nil
}

func encodeUUID(id uuid.UUID, windows bool) string { return string(swapped(id[:], windows)) }

// swapped changes between Windows' order of a GUID's bytes, the first three fields backwards, and the written one.
func swapped(b []byte, windows bool) []byte {
	if !windows {
		return b
	}
	return []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
}

func decodeSID(b []byte) (entry.Value, error) {
	if len(b) < 8 || len(b) != 8+4*int(b[1]) {
		return nil, fmt.Errorf("a SID of %d bytes", len(b))
	}
	s := fmt.Sprintf("S-%d-%d", b[0], binary.BigEndian.Uint64(append([]byte{0, 0}, b[2:8]...)))
	for i := 8; i < len(b); i += 4 {
		s += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(b[i:]))
	}
	return s, nil
}

func encodeSID(s string) (string, error) {
	parts := strings.Split(s, "-")
	if len(parts) < 3 || parts[0] != "S" || len(parts) > 18 {
		return "", fmt.Errorf("%q is no SID", s)
	}
	version, err := strconv.ParseUint(parts[1], 10, 8)
	authority, err2 := strconv.ParseUint(parts[2], 10, 48)
	if err != nil || err2 != nil {
		return "", fmt.Errorf("%q is no SID", s)
	}
	b := binary.BigEndian.AppendUint64(nil, authority)
	b[0], b[1] = byte(version), byte(len(parts)-3)
	for _, p := range parts[3:] {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return "", fmt.Errorf("%q is no SID", s)
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return string(b), nil
}
