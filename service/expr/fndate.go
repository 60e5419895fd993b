package expr

import (
	"fmt"
	"slices"
	"time"
)

// dateFunctions work on dates, always in UTC.
func dateFunctions() []*builtin {
	format := define("FormatDateTime(source, dateTimeStyles?, inputFormat, outputFormat)", "A date text read by one format and written by another.", evalFormatDateTime)
	format.min = 4 // checkFormats brings the form without styles into this one
	return []*builtin{
		format.checked(checkFormats),
		define("Now()", "The current instant in UTC.", func(r *run, _ *call) (value, error) { return r.env.Now.UTC(), nil }),
		define("CDate(source)", "A text as a date.", evalCDate),
		define("DateAdd(interval, number:Integer, date:DateTime)", "A date moved by a number of intervals: yyyy m d ww h n s.", evalDateAdd).checked(checkInterval),
		define("DateDiff(interval, date1:DateTime, date2:DateTime)", "The intervals from the first date to the second: yyyy m d ww h n s.", evalDateDiff).checked(checkInterval),
		define("DateFromNum(number:Integer)", "The date of a FILETIME number.", evalDateFromNum),
		define("NumFromDate(date:DateTime)", "The FILETIME number of a date.", evalNumFromDate),
	}
}

func evalCDate(r *run, c *call) (value, error) {
	t, err := r.date(c, 0)
	if err != nil {
		return nil, err
	}
	return t, nil
}

var intervals = []string{"yyyy", "m", "d", "ww", "h", "n", "s"}

// secondsIn are the intervals of fixed length.
var secondsIn = map[string]int64{"s": 1, "n": 60, "h": 3600, "d": 86400, "ww": 7 * 86400}

func checkInterval(c *call) (problem, expected string) {
	if s, ok := c.constant(0); ok && !slices.Contains(intervals, s) {
		return fmt.Sprintf("%s is not an interval", quoteShort(s)), `"yyyy", "m" (month), "d", "ww", "h", "n" (minute) or "s"`
	}
	return "", ""
}

func evalDateAdd(r *run, c *call) (value, error) {
	interval, err := r.text(c, 0)
	if err != nil {
		return nil, err
	}
	n, err := r.integer(c, 1)
	if err != nil {
		return nil, err
	}
	t, err := r.date(c, 2)
	if err != nil {
		return nil, err
	}
	t, err = dateAdd(interval, n, t)
	if err != nil {
		return nil, r.hide(err)
	}
	return t, nil
}

func dateAdd(interval string, n int64, t time.Time) (time.Time, error) {
	const most = 10_000 * 366 * 86400 // no shift beyond ten thousand years can stay in range, in any interval
	if n > most || n < -most {
		return time.Time{}, errDateRange
	}
	switch interval {
	case "yyyy":
		return addMonths(t, 12*n)
	case "m":
		return addMonths(t, n)
	}
	length, ok := secondsIn[interval]
	if !ok {
		return time.Time{}, fmt.Errorf("%s is not an interval", quoteShort(interval))
	}
	return inRange(time.Unix(t.Unix()+n*length, int64(t.Nanosecond())))
}

// addMonths clips to the month's last day: January 31 and one month is February 28 or 29.
func addMonths(t time.Time, n int64) (time.Time, error) {
	months := int64(t.Year())*12 + int64(t.Month()) - 1 + n
	year, month := months/12, time.Month(months%12+1)
	if year < 1 || year > 9999 {
		return time.Time{}, errDateRange
	}
	last := time.Date(int(year), month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return time.Date(int(year), month, min(t.Day(), last), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC), nil
}

func evalDateDiff(r *run, c *call) (value, error) {
	interval, err := r.text(c, 0)
	if err != nil {
		return nil, err
	}
	a, err := r.date(c, 1)
	if err != nil {
		return nil, err
	}
	b, err := r.date(c, 2)
	if err != nil {
		return nil, err
	}
	n, err := dateDiff(interval, a, b)
	return n, r.hide(err)
}

func dateDiff(interval string, a, b time.Time) (value, error) {
	years := int64(b.Year() - a.Year())
	switch interval {
	case "yyyy":
		return years, nil
	case "m":
		return 12*years + int64(b.Month()-a.Month()), nil
	case "ww":
		return (sunday(b) - sunday(a)) / 7, nil
	}
	length, ok := secondsIn[interval]
	if !ok {
		return nil, fmt.Errorf("%s is not an interval", quoteShort(interval))
	}
	return elapsed(a, b) / length, nil
}

// sunday returns the number of the Sunday that begins the week; days are counted from the year 1.
func sunday(t time.Time) int64 {
	day := (t.Unix() + 62_135_596_800) / 86400 // never negative in the years 1 to 9999
	return day - int64(t.Weekday())
}

func evalDateFromNum(r *run, c *call) (value, error) {
	n, err := r.integer(c, 0)
	if err != nil {
		return nil, err
	}
	t, err := fromFiletime(n)
	if err != nil {
		return nil, r.hide(err)
	}
	return t, nil
}

func evalNumFromDate(r *run, c *call) (value, error) {
	t, err := r.date(c, 0)
	if err != nil {
		return nil, err
	}
	n, err := toFiletime(t)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// checkFormats brings the form without styles into the four-argument form, and checks constant formats.
func checkFormats(c *call) (problem, expected string) {
	switch len(c.args) {
	case 2:
		return "FormatDateTime with two arguments is another product's form", `FormatDateTime(source, , "inputFormat", "outputFormat")`
	case 3:
		c.args = []node{c.args[0], nil, c.args[1], c.args[2]}
	}
	for _, i := range []int{2, 3} {
		if s, ok := c.constant(i); ok {
			if _, err := parseFormat(s); err != nil {
				return err.Error(), "a date format such as yyyy-MM-dd"
			}
		}
	}
	return "", ""
}

func evalFormatDateTime(r *run, c *call) (value, error) {
	t, err := r.formattedDate(c)
	if err != nil {
		return nil, err
	}
	out, err := r.text(c, 3)
	if err != nil {
		return nil, err
	}
	if out == "" {
		return dateText(t), nil
	}
	f, err := parseFormat(out)
	if err != nil {
		return nil, r.hide(err)
	}
	return limited(f.print(t))
}

// formattedDate reads the source: a date as it is, a text by the input format, or freely when there is none.
func (r *run) formattedDate(c *call) (time.Time, error) {
	source, err := r.arg(c, 0)
	if err != nil {
		return time.Time{}, err
	}
	in, err := r.text(c, 2)
	if err != nil {
		return time.Time{}, err
	}
	if isDate(source) || in == "" || empty(source) {
		return r.toDate(source)
	}
	f, err := parseFormat(in)
	if err != nil {
		return time.Time{}, r.hide(err)
	}
	t, ok := f.parse(text(source), r.env.Now)
	if !ok {
		return time.Time{}, r.bad(source, "does not have the format "+in)
	}
	return inRange(t)
}
