package expr

import (
	"strings"
	"time"
)

// reading collects what a format finds in a text.
type reading struct {
	scanner
	d       civil
	half    string // "AM", "PM" or ""
	hour12  bool
	weekday string
	dated   bool // year, month or day was seen
}

// parse reads a text exactly as the format says; blanks at both ends are allowed. Parts that the format does not name are those of today.
func (f dateFormat) parse(s string, today time.Time) (time.Time, bool) {
	x := reading{scanner: scanner{s: strings.TrimSpace(s)}}
	for _, tok := range f {
		tok.read(&x)
	}
	if x.s = strings.TrimSpace(x.s); x.bad || x.s != "" {
		return time.Time{}, false
	}
	x.complete(today.UTC())
	t, ok := x.d.time()
	if !ok || x.bad || x.weekday != "" && x.dayOf() != x.weekday {
		return time.Time{}, false
	}
	return t, true
}

func (x *reading) dayOf() string {
	return time.Date(x.d.year, time.Month(x.d.month), x.d.day, 0, 0, 0, 0, time.UTC).Weekday().String()
}

// complete fills in the date parts that were not named and turns a 12-hour clock into 24 hours.
func (x *reading) complete(today time.Time) {
	switch {
	case !x.dated:
		x.d.year, x.d.month, x.d.day = today.Year(), int(today.Month()), today.Day()
	case x.d.year == 0:
		x.d.year = today.Year()
	}
	x.d.month, x.d.day = max(x.d.month, 1), max(x.d.day, 1)
	switch {
	case x.half == "PM" && x.hour12:
		x.halfDay(&x.d, 12)
	case x.hour12:
		x.halfDay(&x.d, 0)
	}
}

func (tok dateToken) read(x *reading) {
	switch tok.letter {
	case 0:
		x.exact(tok.literal)
	case 'y', 'M', 'd':
		x.dated = true
		tok.readDate(x)
	case 'H', 'h', 'm', 's':
		tok.readClock(x)
	case 't':
		x.half = x.oneOf("AM", "PM", tok.count)
	case 'f':
		x.d.nanos = x.fraction(tok.count, tok.count)
	case 'F':
		x.d.nanos = x.fraction(0, tok.count)
	case 'z':
		x.zone(tok.count)
	case 'K':
		if x.s != "" && !x.accept("Z") {
			x.zone(3)
		}
	}
}

func (tok dateToken) readDate(x *reading) {
	switch {
	case tok.letter == 'y' && tok.count <= 2:
		if x.d.year = 2000 + x.number(tok.count, 2); x.d.year > 2049 {
			x.d.year -= 100
		}
	case tok.letter == 'y':
		x.d.year = x.nonZero(tok.count, max(tok.count, 4))
	case tok.count >= 3 && tok.letter == 'M':
		x.d.month = x.monthName(tok.count)
	case tok.count >= 3:
		x.weekday = x.weekdayName(tok.count)
	case tok.letter == 'M':
		x.d.month = x.nonZero(tok.count, 2)
	default:
		x.d.day = x.nonZero(tok.count, 2)
	}
}

// nonZero is number for parts that begin with 1.
func (x *reading) nonZero(low, high int) int {
	n := x.number(low, high)
	if n == 0 {
		x.bad = true
	}
	return n
}

func (tok dateToken) readClock(x *reading) {
	n := x.number(min(tok.count, 2), 2)
	switch tok.letter {
	case 'H':
		x.d.hour = n
	case 'h':
		x.d.hour, x.hour12 = n, true
	case 'm':
		x.d.minute = n
	case 's':
		x.d.second = n
	}
}

// oneOf eats the first letters of one of two words and returns that word.
func (x *reading) oneOf(a, b string, letters int) string {
	for _, word := range []string{a, b} {
		if x.accept(word[:min(letters, len(word))]) {
			return word
		}
	}
	x.bad = true
	return ""
}

func (x *reading) monthName(letters int) int {
	for m := time.January; m <= time.December; m++ {
		if x.accept(shortened(m.String(), letters)) {
			return int(m)
		}
	}
	x.bad = true
	return 0
}

func (x *reading) weekdayName(letters int) string {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if x.accept(shortened(d.String(), letters)) {
			return d.String()
		}
	}
	x.bad = true
	return ""
}

func shortened(name string, letters int) string {
	if letters == 3 {
		return name[:3]
	}
	return name
}

// zone eats +7, +07 or +07:00 by the number of letters.
func (x *reading) zone(letters int) {
	sign := 1
	if !x.accept("+") {
		x.need("-")
		sign = -1
	}
	hours, minutes := x.number(min(letters, 2), 2), 0
	if letters >= 3 {
		x.need(":")
		minutes = x.number(2, 2)
	}
	if minutes > 59 {
		x.bad = true
	}
	x.d.offset = sign * (hours*3600 + minutes*60)
}
