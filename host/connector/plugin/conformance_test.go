package plugin

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/connectortest"
)

// fresh opens sessions on a population of its own in one process.
func fresh(d *Driver, prefix string) func(testing.TB) func(context.Context) (connector.Session, error) {
	var n atomic.Int64
	return func(testing.TB) func(context.Context) (connector.Session, error) {
		name := fmt.Sprint(prefix, n.Add(1))
		return func(ctx context.Context) (connector.Session, error) {
			return d.Open(ctx, connector.Config{Name: name, Values: map[string]string{"batch": "50"}})
		}
	}
}

// TestConformanceOverTheWire judges the connector in memory as it looks through the protocol.
func TestConformanceOverTheWire(t *testing.T) {
	d, _ := load(t, "farm")
	connectortest.Run(t, connectortest.Harness{
		New: fresh(d, "people"), Type: "Person",
		Sample: func(n int) entry.Attrs {
			return entry.Attrs{"login": {fmt.Sprintf("login%d", n)}, "surname": {fmt.Sprintf("Surname %d", n)},
				"badge": {fmt.Sprintf("badge-%d", n)}, "enabled": {n%2 == 0}, "floor": {int64(n)}}
		},
		Anchor: "login", Required: "surname", Unique: "badge", Text: "note", Flag: "enabled", Number: "floor", When: "hired",
		Bytes: "photo", Many: "phones", Document: "mails", Manager: "boss",
		Group: "Team", Members: "members",
		GroupSample: func(n int) entry.Attrs { return entry.Attrs{"title": {fmt.Sprintf("Team %d", n)}} },
	})
}

func TestConformanceOfSCIMSchemaOverTheWire(t *testing.T) {
	d, _ := load(t, "farm")
	connectortest.Run(t, connectortest.Harness{
		New: fresh(d, "scim"), Type: entry.User,
		Sample:   func(n int) entry.Attrs { return entry.Attrs{"userName": {fmt.Sprintf("user%d", n)}} },
		Required: "userName", Unique: "userName", Text: "externalId", Flag: "active", Document: "emails", Manager: "manager",
	})
}
