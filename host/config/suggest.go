package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/internal/nearest"
)

// knownKeys are all keys of the file, for suggestions.
var knownKeys = []string{
	"listen", "data", "certificate", "certFile", "keyFile", "connectors", "plugins", "path", "sha256", "environment", "name", "kind", "secretTokenFile", "secondTokenFile",
	"autosync", "deltaInterval", "writers", "settings", "objects", "User", "Group", "object", "anchor", "dn", "attributes", "core", "match",
	"deprovision", "disable", "delete", "attribute", "value", "restore", "deleteAttribute", "deleteValue", "import",
	"shrinkLimit", "deleteBudget", "count", "window",
}

// suggest returns "did you mean X?" when one of the known words is close to name, else otherwise.
func suggest(name string, known []string, otherwise string) string {
	best, distance := "", 3
	for _, k := range known {
		if d := nearest.Distance(name, k); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return otherwise
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// listed writes known words for a hint, sorted, at most twenty.
func listed(words []string) string {
	words = slices.Sorted(slices.Values(words))
	if len(words) > 20 {
		words = append(words[:20:20], "…")
	}
	return strings.Join(words, ", ")
}
