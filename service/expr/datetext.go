package expr

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// dateText is the text form of a date: M/d/yyyy h:mm:ss tt in UTC.
func dateText(t time.Time) string { return t.UTC().Format("1/2/2006 3:04:05 PM") }

var errDateRange = errors.New("the date is outside the years 1 to 9999")

// inRange returns the instant in UTC if its year is one the language knows.
func inRange(t time.Time) (time.Time, error) {
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, errDateRange
	}
	return t, nil
}

// toDate reads a value as a date. Null and "" are errors.
func (r *run) toDate(v value) (time.Time, error) {
	if l, ok := v.(list); ok && len(l) > 0 {
		v = l[0]
	}
	if t, ok := v.(time.Time); ok {
		return inRange(t)
	}
	if empty(v) {
		return time.Time{}, errors.New("a date is required, but the value is empty; guard it with IIF(IsPresent(…), …)")
	}
	t, ok := parseDate(strings.TrimSpace(text(v)))
	if !ok {
		return time.Time{}, r.bad(v, "is not a date")
	}
	return inRange(t)
}

// Date reads a text as CDate does; false when it is no date.
func Date(s string) (time.Time, bool) {
	t, ok := parseDate(strings.TrimSpace(s))
	if !ok {
		return time.Time{}, false
	}
	t, err := inRange(t)
	return t, err == nil
}

// date evaluates argument i as a date.
func (r *run) date(c *call, i int) (time.Time, error) {
	v, err := r.arg(c, i)
	if err != nil {
		return time.Time{}, err
	}
	return r.toDate(v)
}

// parseDate reads the date texts of the language: ISO with or without time and offset, and M/d/yyyy with or without h:mm:ss tt.
func parseDate(s string) (time.Time, bool) {
	x := scanner{s: s}
	var d civil
	switch {
	case isISO(s):
		x.iso(&d)
	default:
		x.american(&d)
	}
	if x.bad || x.s != "" {
		return time.Time{}, false
	}
	return d.time()
}

func isISO(s string) bool { return len(s) >= 10 && s[4] == '-' }

// civil is a date and time as written.
type civil struct {
	year, month, day     int
	hour, minute, second int
	nanos                int
	offset               int // seconds east of UTC
}

// time returns the instant; false when no calendar has it.
func (d civil) time() (time.Time, bool) {
	t := time.Date(d.year, time.Month(d.month), d.day, d.hour, d.minute, d.second, d.nanos, time.UTC)
	same := d.year >= 1 && t.Year() == d.year && int(t.Month()) == d.month && t.Day() == d.day &&
		t.Hour() == d.hour && t.Minute() == d.minute && t.Second() == d.second
	if !same || d.offset < -14*3600 || d.offset > 14*3600 {
		return time.Time{}, false
	}
	return t.Add(-time.Duration(d.offset) * time.Second), true
}

// scanner eats a date text from the left. After a mismatch bad is set and nothing more is eaten.
type scanner struct {
	s   string
	bad bool
}

// number eats at least low and at most high digits.
func (x *scanner) number(low, high int) int {
	n, size := 0, 0
	for size < high && size < len(x.s) && x.s[size] >= '0' && x.s[size] <= '9' {
		n = 10*n + int(x.s[size]-'0')
		size++
	}
	if size < low {
		x.bad = true
	}
	x.s = x.s[size:]
	return n
}

// accept eats a text if it comes next, without regard to case.
func (x *scanner) accept(token string) bool {
	if len(x.s) < len(token) || !strings.EqualFold(x.s[:len(token)], token) {
		return false
	}
	x.s = x.s[len(token):]
	return true
}

func (x *scanner) need(token string) {
	if !x.accept(token) {
		x.bad = true
	}
}

// exact is need with regard to case, as .NET compares what a format says literally.
func (x *scanner) exact(token string) {
	rest, ok := strings.CutPrefix(x.s, token)
	if !ok {
		x.bad = true
		return
	}
	x.s = rest
}

// iso eats 2020-03-16, 2020-03-16-07:00, 2020-03-16T01:45:30.5-07:00, 2020-03-16 1:45 AM -8.
func (x *scanner) iso(d *civil) {
	d.year = x.number(4, 4)
	x.need("-")
	d.month = x.number(2, 2)
	x.need("-")
	d.day = x.number(2, 2)
	if x.accept("T") || len(x.s) > 1 && x.s[0] == ' ' && x.s[1] >= '0' && x.s[1] <= '9' {
		x.accept(" ")
		x.clock(d)
	}
	x.offset(d)
}

// american eats 3/16/2020 and 3/16/2020 7:00:00 AM.
func (x *scanner) american(d *civil) {
	d.month = x.number(1, 2)
	x.need("/")
	d.day = x.number(1, 2)
	x.need("/")
	d.year = x.number(4, 4)
	if x.accept(" ") {
		x.clock(d)
	}
	x.offset(d)
}

// clock eats 7:00, 7:00:00, 07:00:00.123 and a following AM or PM.
func (x *scanner) clock(d *civil) {
	d.hour = x.number(1, 2)
	x.need(":")
	d.minute = x.number(2, 2)
	if x.accept(":") {
		d.second = x.number(2, 2)
		if x.accept(".") {
			d.nanos = x.fraction(1, 9)
		}
	}
	x.accept(" ")
	switch {
	case x.accept("AM"):
		x.halfDay(d, 0)
	case x.accept("PM"):
		x.halfDay(d, 12)
	}
}

func (x *scanner) halfDay(d *civil, add int) {
	if d.hour < 1 || d.hour > 12 {
		x.bad = true
	}
	d.hour = d.hour%12 + add
}

// fraction eats low to high digits of a second's fraction and returns nanoseconds.
func (x *scanner) fraction(low, high int) int {
	before := len(x.s)
	n := x.number(low, high)
	for range 9 - (before - len(x.s)) {
		n *= 10
	}
	return n
}

// offset eats Z, +07:00, -0700, -8 or nothing, with a blank before it or not.
func (x *scanner) offset(d *civil) {
	x.accept(" ")
	sign := 0
	switch {
	case x.accept("Z"):
		return
	case x.accept("+"):
		sign = 1
	case x.accept("-"):
		sign = -1
	default:
		return
	}
	hours, minutes := x.number(1, 2), 0
	if x.accept(":") || x.s != "" {
		minutes = x.number(2, 2)
	}
	if minutes > 59 {
		x.bad = true
	}
	d.offset = sign * (hours*3600 + minutes*60)
}

// elapsed returns the whole seconds from a to b, truncated toward zero; it does not overflow as a time.Duration would.
func elapsed(a, b time.Time) int64 {
	seconds, nanos := b.Unix()-a.Unix(), b.Nanosecond()-a.Nanosecond()
	switch {
	case seconds > 0 && nanos < 0:
		seconds--
	case seconds < 0 && nanos > 0:
		seconds++
	}
	return seconds
}

// FILETIME counts 100 ns since 1601-01-01.
const (
	filetimeEpoch = 11_644_473_600 // seconds from 1601 to 1970
	ticks         = 10_000_000     // per second
)

func fromFiletime(n int64) (time.Time, error) {
	if n < 0 {
		return time.Time{}, fmt.Errorf("%d is before the year 1601", n)
	}
	return inRange(time.Unix(n/ticks-filetimeEpoch, n%ticks*100))
}

func toFiletime(t time.Time) (int64, error) {
	seconds := t.Unix() + filetimeEpoch
	if seconds < 0 {
		return 0, errors.New("the date is before the year 1601")
	}
	return seconds*ticks + int64(t.Nanosecond()/100), nil
}
