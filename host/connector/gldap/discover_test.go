package gldap

import (
	"context"
	"testing"

	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/connectortest"
	"github.com/sallyport-id/sallyport/test/targets"
)

// TestKitKnowsItsWayInActiveDirectory makes the checks as sallyport connector test --kit --write does: with nothing but patterns for what
// names an object. Most attributes of an account are filled in by the directory or cannot be cleared.
func TestKitKnowsItsWayInActiveDirectory(t *testing.T) {
	onlyFull(t)
	l, container := targets.Samba(t)
	c := config(l, container, ad(l, container))
	open := func(ctx context.Context) (connector.Session, error) { return New().Open(ctx, c) }
	h, err := connectortest.Discover(t.Context(), open, "User", map[string]string{"cn": "{n}", "sAMAccountName": "{n}"})
	if err != nil {
		t.Fatal(err)
	}
	h.Scale = 50
	h.Excuses = map[string]string{}
	for _, name := range []string{"ImportYieldsEveryObject", "ImportCanBeLeftEarly", "CancelledContextWritesNothing", "SessionsWorkInParallel", "ThousandsAreWrittenAndImported"} {
		h.Excuses[name] = "TestSamba makes it, and it has nothing to do with which attributes were found"
	}
	passed := 0
	for v := range connectortest.Judge(t.Context(), h, connectortest.Options{Write: true}) {
		switch v.Outcome {
		case connectortest.Passed:
			passed++
		case connectortest.Failed:
			t.Errorf("%s: %v", v.Check, v.Failures)
		}
	}
	if passed < 30 {
		t.Errorf("%d checks passed", passed)
	}
}
