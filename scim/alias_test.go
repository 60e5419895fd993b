package scim_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/scim"
)

func TestAliasIsReversible(t *testing.T) {
	for name, alias := range map[string]string{"a.b": "a_x002E_b", "-dn-": "-dn-", "Straße": "Straße", "x[0]": "x_x005B_0_x005D_", "_x002E_": "_x005F_x002E_"} {
		if got := scim.Alias(name); got != alias {
			t.Errorf("Alias(%q) = %q, want %q", name, got, alias)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`(_x[0-9A-F]{4,6}_|[.\[\] _x0-9A-Fé\x{FFFD}])*`), rapid.Custom(func(t *rapid.T) string {
			return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		})).Draw(t, "name")
		alias := scim.Alias(name)
		if strings.ContainsAny(alias, ".[]:\" ()") {
			t.Fatalf("alias %q collides with SCIM's paths", alias)
		}
		if back := scim.Unalias(alias); back != name {
			t.Fatalf("%q became %q became %q", name, alias, back)
		}
	})
}
