package journal

import (
	"context"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// Image is what a write changed, with the types of its values. It lives as long as its record, or shorter (see Images).
// Attributes whose values no log may show are in neither list; Hidden names them: they cannot be taken back.
type Image struct {
	Before  entry.Attrs       // what the target held of the attributes written; nil for a create
	After   entry.Attrs       // what it held afterwards; nil for a delete. Of a long list only the values added stand here
	Partial []string          // attributes of which Before and After hold only the values taken out and put in
	Hidden  []string          // attributes written whose values are not kept
	Active  bool              // whether the pair was active before
	Left    bool              // whether it had left scope before
	Origins map[string]Origin // where each value came from, by target attribute
}

// Origin says of an attribute where its value came from. The run and the time are the record's.
type Origin struct {
	Mapping string              `json:"mapping"`           // as a person would write it
	Sources map[string][]string `json:"sources,omitempty"` // source attributes and what they held
	Default bool                `json:"default,omitempty"` // the mapping's default was taken
}

// Images reads what writes changed, of the tenant in the context.
type Images interface {
	// Image returns the image of a record; fault.NotFound when the record is gone, wrote nothing, or its image was dropped.
	Image(ctx context.Context, id string) (Image, error)
	// RetainImages drops the images of records older than the time, but not the records, and returns how many.
	RetainImages(ctx context.Context, before time.Time) (int, error)
}
