package graphapi

import (
	"testing"

	"github.com/sallyport-id/sallyport/service/catalog"
	"github.com/sallyport-id/sallyport/service/journal"
)

// TestFailedRecordsSayMore: a failure carries what the target answered and what to try next, in the log and in the answer of provision on
// demand; what did not fail carries neither.
func TestFailedRecordsSayMore(t *testing.T) {
	tests := []struct {
		name, details, action string
		rec                   journal.Record
	}{
		{"Told", "HTTP 409: taken", "match by userName", journal.Record{Status: "failure", Code: "EntryConflict", Details: "HTTP 409: taken", Hint: "match by userName"}},
		{"WithoutAHint", "", "free or buy licences of the target; the object is tried again", journal.Record{Status: "failure", Code: "LicenseLimitExceeded"}},
		{"Skipped", "", "", journal.Record{Status: "skipped", Code: "RedundantExport"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := summary(tt.rec, catalog.Registration{}, "acme").Status.Error
			got := ""
			if e.Additional != nil {
				got = *e.Additional
			}
			if got != tt.details || (e.Additional == nil) != (tt.details == "") || e.Action != tt.action {
				t.Errorf("details %q, action %q", got, e.Action)
			}
		})
	}
}
