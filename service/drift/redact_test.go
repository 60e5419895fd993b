package drift_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/drift"
)

const hiddenText = `
id: hr
target: {url: "https://target.invalid/scim", secretFile: hr.secret}
objects:
  - source: User
    match: [{target: pin}]
    mappings:
      - {target: userName, source: userPrincipalName}
      - {target: pin, expression: "Redact([employeeId])"}
`

// A drift report and a discovery name nobody by a value that no log may show.
func TestRedactedValuesAreNoNames(t *testing.T) {
	b := newBench(t, hiddenText)
	b.user("u1", "ann@x", "employeeId=zzqx-1")
	b.cycle()
	b.byHand("ann@x", "pin", "zzqx-2")
	b.target.Put(entry.Entry{Type: entry.User, ID: "t9", Attrs: entry.Attrs{"userName": {"cyd@x"}, "pin": {"zzqx-3"}}})
	b.check()
	fs, err := b.watch.Findings(b.ctx, "hr", drift.Query{})
	if err != nil || len(fs) != 2 {
		t.Fatalf("%d findings (%v), want 2", len(fs), err)
	}
	told := []any{fs}
	for x, err := range b.watch.Discover(b.ctx, b.app) {
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, x)
	}
	j, err := json.Marshal(told)
	if err != nil || strings.Contains(string(j), "zzqx") || !strings.Contains(string(j), "t9") {
		t.Errorf("%s (%v)", j, err)
	}
}
