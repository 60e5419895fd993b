package review_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/service/review"
)

// TestUndoShowsNoRedactedValue: the rows that take a create back name what would go, but not what no log may show; why a group cannot be
// switched off is said as it is.
func TestUndoShowsNoRedactedValue(t *testing.T) {
	b := newBench(t)
	b.apply(strings.Replace(appText, "      - {target: title,", "      - {target: pin, expression: \"Redact([employeeId])\"}\n      - {target: title,", 1))
	b.user("u1", "ann@x", "employeeId=zzqx-1", "jobTitle=Clerk")
	b.group("g1", "Staff", "u1")
	run := b.cycle()
	for _, way := range []review.Created{review.DeleteCreated, review.DisableCreated} {
		p := b.undo(run, review.UndoOptions{Created: way})
		var all []string
		rows, err := b.db.Reviews().Find(b.ctx, p.ID, review.Query{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			j, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(j))
		}
		text := strings.Join(all, "\n")
		if strings.Contains(text, "zzqx") || strings.Contains(text, "is deleted in the directory") {
			t.Error(text)
		}
		if way == review.DisableCreated && !strings.Contains(text, "the mappings do not say how to switch it off") {
			t.Error(text)
		}
	}
}
