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
