package gsql

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/connectortest"
)

// TestKitFindsItsWayInTheSamples makes the checks of sallyport connector test --kit --write on the samples' tables, with nothing told but
// the object type: their tables of values, references and members are found. Their boolean may not be NULL here, which no schema says: it has a default.
func TestKitFindsItsWayInTheSamples(t *testing.T) {
	for name, url := range samplesIn {
		if name == "statements" {
			continue // its results do not say what an object needs
		}
		t.Run(name, func(t *testing.T) {
			if name != "sqlite" && !full() {
				t.Skip("made with " + fullEnv + "=full (make test-connectors)")
			}
			s := sampleIn(t, name, url(t))
			s.Setup = strings.Replace(s.Setup, "enabled boolean DEFAULT true", "enabled boolean NOT NULL DEFAULT true", 1)
			s.prepare(t)
			open := func(ctx context.Context) (connector.Session, error) { return New().Open(ctx, s.least) }
			h, err := connectortest.Discover(t.Context(), open, entry.User, nil)
			if err != nil {
				t.Fatal(err)
			}
			h.Scale = 20
			o, least, passed := connectortest.Options{Write: true}, 30, 0
			if !full() {
				h.Excuses = map[string]string{"GroupOfThousandsImports": "made with " + fullEnv + "=full"}
				o.Tiers, least = []connectortest.Tier{connectortest.Export, connectortest.Values, connectortest.References, connectortest.Delta}, 20
			}
			found := []string{"ManyValuesAreAddedAndRemoved", "LastOfManyValuesIsDeleted", "ReferencesPointToAnchors", "MembersAreAddedAndRemovedOneByOne", "ChangesOfMembersAreTold"}
			for v := range connectortest.Judge(t.Context(), h, o) {
				switch v.Outcome {
				case connectortest.Failed:
					t.Errorf("%s: %v", v.Check, v.Failures)
				case connectortest.Passed:
					passed++
				case connectortest.Skipped:
					if slices.Contains(found, v.Check) {
						t.Errorf("%s is not made: %s", v.Check, v.Detail)
					}
				}
			}
			if passed < least {
				t.Errorf("%d checks passed", passed)
			}
		})
	}
}
