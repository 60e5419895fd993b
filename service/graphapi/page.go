package graphapi

import (
	"fmt"
	"net/http"
)

// page is a collection as it is answered (graph-api P3, P4).
type page[T any] struct {
	Context string `json:"@odata.context"`
	Count   *int   `json:"@odata.count,omitempty"`
	Next    string `json:"@odata.nextLink,omitempty"`
	Delta   string `json:"@odata.deltaLink,omitempty"`
	Value   []T    `json:"value"`
}

// writePage answers with a collection.
func writePage[T any](w http.ResponseWriter, r *http.Request, what string, items []T, next string, count *int) error {
	if items == nil {
		items = []T{}
	}
	applied(w, r)
	writeJSON(w, http.StatusOK, page[T]{Context: contextURL(r, what), Count: count, Next: next, Value: items})
	return nil
}

// cut returns a page of a list that is in memory, by position, with the link to the next one.
func cut[T any](r *http.Request, o *options, all []T) (items []T, next string, count *int, err error) {
	var at struct{ After int }
	if err := openCursor(o.skip, &at); err != nil {
		return nil, "", nil, err
	}
	from := min(max(at.After, 0), len(all))
	to := min(from+o.top, len(all))
	if to < len(all) {
		at.After = to
		next = o.next(r, at)
	}
	if o.count && o.skip == "" {
		n := len(all)
		count = &n
	}
	return all[from:to], next, count, nil
}

// writeList answers with a list that is in memory, page by page.
func writeList[T any](w http.ResponseWriter, r *http.Request, o *options, what string, all []T) error {
	items, next, count, err := cut(r, o, all)
	if err != nil {
		return err
	}
	return writePage(w, r, what, items, next, count)
}

// writeCount answers a /$count segment.
func writeCount(w http.ResponseWriter, n int) error {
	w.Header().Set("Content-Type", "text/plain")
	_, err := fmt.Fprint(w, n)
	return ignoreGone(err)
}

// ignoreGone drops the error of writing to a client that has gone; there is nobody to tell.
func ignoreGone(error) error { return nil }

// created answers 201 with where the new object is.
func created(w http.ResponseWriter, location string, v any) error {
	w.Header().Set("Location", location)
	writeJSON(w, http.StatusCreated, v)
	return nil
}
