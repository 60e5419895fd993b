package gsql

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// clock writes and reads dates in the form and time zone of the data.
type clock struct {
	layout string // Go layout for text columns
	zone   *time.Location
}

// fullLayout keeps fractions of a second.
const fullLayout = "2006-01-02 15:04:05.999999999"

// readable are the forms that are understood beside the configured one. Go reads fractions of a second in all of them.
var readable = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07", time.RFC3339, "2006-01-02 15:04", "2006-01-02"}

func newClock(format, zone string) (clock, error) {
	c := clock{layout: fullLayout, zone: time.UTC}
	var err error
	if zone != "" {
		if c.zone, err = time.LoadLocation(zone); err != nil {
			return c, wrong("timeZone", zone, fmt.Errorf("not a known time zone"))
		}
	}
	if format != "" {
		if c.layout, err = goLayout(format); err != nil {
			return c, wrong("dateTimeFormat", format, err)
		}
	}
	return c, nil
}

// tokens of a .NET date format and their Go layouts, longest first.
var tokens = []struct{ net, layout string }{
	{"yyyy", "2006"}, {"yy", "06"}, {"MMMM", "January"}, {"MMM", "Jan"}, {"MM", "01"}, {"M", "1"},
	{"dddd", "Monday"}, {"ddd", "Mon"}, {"dd", "02"}, {"d", "2"}, {"HH", "15"}, {"hh", "03"}, {"h", "3"},
	{"mm", "04"}, {"m", "4"}, {"ss", "05"}, {"s", "5"}, {"tt", "PM"}, {"zzz", "-07:00"}, {"zz", "-07"}, {"K", "Z07:00"},
}

// goLayout translates a .NET date format.
func goLayout(format string) (string, error) {
	var b strings.Builder
	half, marker := false, false
	for rest := format; rest != ""; {
		token, layout, width := nextToken(rest)
		switch {
		case token == "tt":
			marker = true
		case token == "hh", token == "h":
			half = true
		case token == "" && layout == "":
			return "", fmt.Errorf("%q is not understood", rest)
		}
		b.WriteString(layout)
		rest = rest[width:]
	}
	if half && !marker {
		return "", fmt.Errorf("hh counts to 12 and nothing says which half of the day: write HH, or add tt")
	}
	return b.String(), nil
}

// nextToken returns the token at the start, its layout ("" when not understood) and its length; literals have no token.
func nextToken(s string) (token, layout string, width int) {
	for _, t := range tokens {
		if strings.HasPrefix(s, t.net) {
			return t.net, t.layout, len(t.net)
		}
	}
	if n := len(s) - len(strings.TrimLeft(s, "fF")); n > 0 {
		return "f", strings.Repeat(map[byte]string{'f': "0", 'F': "9"}[s[0]], n), n
	}
	if s[0] == '\'' {
		if end := strings.IndexByte(s[1:], '\''); end >= 0 && !strings.ContainsAny(s[1:1+end], "0123456789_") {
			return "", s[1 : 1+end], end + 2
		}
		return "", "", 0
	}
	if strings.IndexByte(" -/:.,TZ", s[0]) >= 0 {
		return "", s[:1], 1
	}
	return "", "", 0
}

func (c clock) write(t time.Time) string { return t.In(c.zone).Format(c.layout) }

// plain writes a date without its zone, as a column without one takes it.
func (c clock) plain(t time.Time) string { return t.In(c.zone).Format(fullLayout) }

// day writes a calendar day: that of the value in UTC, whatever the zone of the data, since a day has no time of day to be moved.
func (c clock) day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// liteDay is day in the configured format, when that is one of days: SQLite keeps dates as texts.
func (c clock) liteDay(t time.Time) string {
	if c.timed() {
		return c.day(t)
	}
	return t.UTC().Format(c.layout)
}

// timed reports whether the configured format has a time of day.
func (c clock) timed() bool {
	return slices.ContainsFunc([]string{"15", "03", "04", "05"}, func(part string) bool { return strings.Contains(c.layout, part) })
}

// readDay reads what a column of days holds. A text with a time of day, as SQLite keeps there too, is read as any other.
func (c clock) readDay(text string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	if t, err := time.Parse(c.layout, text); err == nil && !c.timed() {
		return t, nil
	}
	return c.read(text)
}

// within is t in UTC, held inside the years that a date and time can say.
func (c clock) within(t time.Time) time.Time { return inZone(t, clock{zone: t.Location()}) }

func (c clock) read(text string) (time.Time, error) {
	t, err := time.ParseInLocation(c.layout, text, c.zone)
	if err == nil {
		return c.within(t), nil
	}
	for _, l := range readable {
		if t, err := time.ParseInLocation(l, text, c.zone); err == nil {
			return c.within(t), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date in the configured format", text)
}
