package cache

import (
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// Row is one object with what the cache knows beside its attributes.
type Row struct {
	entry.Entry           // Type is the cache's; ID is ID(Type, Anchor) on the way out and ignored on the way in
	DN          string    // name by place; may be empty
	Anchor      string    // identifies the object for good; never empty
	Version     string    // hash of the content, the same for the same content at any time; ignored on the way in
	Created     time.Time // when the cache first saw it, in whole milliseconds; on the way in used for a new row only
	Modified    time.Time // when its content last changed, in whole milliseconds, each change past the one before; ignored on the way in
}

// Field is one attribute with its values.
type Field struct {
	Name   string
	Values []entry.Value
}

// Flat is a Row with its attributes as a list in place of the map, which is much cheaper to make: for answers.
type Flat struct {
	Row    // Attrs is nil
	Fields []Field
}

// Flat returns the row with its attributes as a list.
func (r Row) Flat() Flat {
	f := Flat{Row: r, Fields: make([]Field, 0, len(r.Attrs))}
	for name, vs := range r.Attrs {
		f.Fields = append(f.Fields, Field{name, vs})
	}
	f.Attrs = nil
	return f
}

// Values returns an attribute's values, nil when absent.
func (f Flat) Values(attr string) []entry.Value {
	for _, x := range f.Fields {
		if x.Name == attr {
			return x.Values
		}
	}
	return nil
}

// Index asks for a hash index.
type Index struct {
	Attr string // "userName", "emails.value", "urn:…:User:Login"
	Fold bool   // values that differ in case only are the same (as strings.EqualFold)
}

// Config describes a cache.
type Config struct {
	Type     entry.Type
	Indexes  []Index
	Detached []string // attributes kept as sets of entry.Ref outside the row ("members")
}

// Stats says what a Replace did, or would do.
type Stats struct {
	Rows       int // in the import, duplicates and refused rows not counted
	Same       int // content as before
	Changed    int
	Added      int
	Removed    int // no longer in the import
	Overtaken  int // written by Put, Edit, Remove or Rename while the import ran: those won
	Duplicates int // further rows with an anchor already imported; the first won
	Refused    int // rows without an anchor or with values that are none
	Problems   []Problem
}

// Problem names one row that an import brought twice or that could not be taken. Stats lists at most 100.
type Problem struct {
	Anchor string
	Err    error
}
