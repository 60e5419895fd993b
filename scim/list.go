package scim

import "strconv"

// List is the frame of a ListResponse (RFC 7644 §3.4.2, RFC 9865 §2).
type List struct {
	Total    int    // of all pages; left out when negative (unknown on a cursor walk)
	Start    int    // 1-based index of the first; left out when 0
	Items    int    // resources in this page
	Next     string // nextCursor; "" is left out
	Previous string // previousCursor; "" is left out
}

// AppendHead appends everything up to and including the opening bracket of Resources. The caller appends the resources with
// commas between them, then AppendListEnd.
func (l List) AppendHead(dst []byte) []byte {
	dst = append(dst, `{"schemas":["`+ListURN+`"]`...)
	if l.Total >= 0 {
		dst = append(dst, `,"totalResults":`...)
		dst = strconv.AppendInt(dst, int64(l.Total), 10)
	}
	if l.Start > 0 {
		dst = append(dst, `,"startIndex":`...)
		dst = strconv.AppendInt(dst, int64(l.Start), 10)
	}
	dst = append(dst, `,"itemsPerPage":`...)
	dst = strconv.AppendInt(dst, int64(l.Items), 10)
	if l.Next != "" {
		dst = AppendString(append(dst, `,"nextCursor":`...), l.Next)
	}
	if l.Previous != "" {
		dst = AppendString(append(dst, `,"previousCursor":`...), l.Previous)
	}
	return append(dst, `,"Resources":[`...)
}

// AppendListEnd closes what AppendHead opened.
func AppendListEnd(dst []byte) []byte { return append(dst, `]}`...) }
