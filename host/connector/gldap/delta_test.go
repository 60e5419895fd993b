package gldap

import (
	"testing"

	"github.com/sallyport-id/sallyport/host/connector/connectortest"
)

// TestDeltas makes the kit's checks of delta imports and of being told of changes in every way that each server has, not only in the
// one that is chosen by itself.
func TestDeltas(t *testing.T) {
	for _, server := range []struct {
		name string
		kit  func(map[string]string) connectortest.Harness
		ways []string
	}{
		{"OpenLDAP", openLDAPHarness, []string{"accesslog", "syncrepl", "timestamp"}},
		{"389", dirsrvHarness, []string{"changelog", "timestamp"}},
		{"Samba", sambaHarness, []string{"usn", "dirsync", "timestamp"}},
	} {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel() // the ways of one server after each other: each is told of everything that happens on it
			for _, way := range server.ways {
				t.Run(way, func(t *testing.T) {
					if way == "timestamp" && server.name != "OpenLDAP" {
						onlyFull(t)
					}
					tier(t, server.kit(map[string]string{"delta": way}), connectortest.Delta)
				})
			}
			t.Run("timestamp and comparison", func(t *testing.T) {
				if server.name == "389" {
					onlyFull(t)
				}
				tier(t, server.kit(map[string]string{"delta": "timestamp", "timestampDeletes": "true"}), connectortest.Delta)
			})
		})
	}
}

// TestDeltaOfADNIsItsAnchor follows changes where the DN is the anchor, so that a rename is a deletion and a new object.
func TestDeltaOfADNIsItsAnchor(t *testing.T) {
	anchors := map[string]string{"anchors": "User=-dn-\nGroup=-dn-"}
	for name, kit := range map[string]func(map[string]string) connectortest.Harness{"OpenLDAP": openLDAPHarness, "389": dirsrvHarness} {
		t.Run(name, func(t *testing.T) {
			if name == "389" {
				onlyFull(t)
			}
			tier(t, kit(anchors), connectortest.Delta, connectortest.Rename)
		})
	}
}
