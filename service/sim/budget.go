package sim

import (
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// budget checks that no more were disabled or deleted than the application allows, unless somebody released them (I3). The engine counts in
// windows of one interval each, so within the time of one interval two windows may have a share.
func (e *end) budget() {
	if e.cast.released {
		return
	}
	interval, most := time.Duration(e.app.Schedule.Interval), 2*(e.app.Deprovision.DeleteLimit-1)
	var recent []written
	for _, w := range e.d.log {
		if !takesAway(w) {
			continue
		}
		recent = append(recent, w)
		for w.when.Sub(recent[0].when) >= interval {
			recent = recent[1:]
		}
		if len(recent) > most {
			e.wrong("I3: %d disables and deletes within %v, at most %d are allowed: the last is %s %s (step %d)", len(recent), interval, most, w.verb, w.id, w.at)
			return
		}
	}
}

// takesAway reports whether a write disables or deletes.
func takesAway(w written) bool {
	if w.verb == "delete" {
		return true
	}
	for _, v := range given(w, "active") {
		if v == entry.Value(false) && w.verb == "update" {
			return true
		}
	}
	return false
}
