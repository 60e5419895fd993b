package storagetest

import (
	"context"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/assign"
	"github.com/sallyport-id/sallyport/service/audit"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/drift"
	"github.com/sallyport-id/sallyport/service/identity"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/notify"
	"github.com/sallyport-id/sallyport/service/review"
)

// Stores is a database under test.
type Stores struct {
	Directory directory.Store
	Apps      app.Store
	Agents    agents.Store
	Tokens    access.Store
	Journal   journal.Store
	Ledger    cycle.Ledger
	Assign    assign.Store
	Grants    access.Grants
	Clients   identity.Clients
	Sessions  identity.Sessions
	Audit     audit.Log
	Marks     audit.Marks
	Reviews   review.Store
	Drift     drift.Store
	Messages  notify.Outbox
}

// Run runs the suite. open returns an empty database that is closed when its test ends; it is called a few times.
func Run(t *testing.T, open func(*testing.T) Stores) {
	for _, area := range []struct {
		name  string
		cases []testCase
	}{
		{"Directory", directoryCases}, {"Link", linkCases}, {"Objects", objectCases}, {"Graph", graphCases}, {"Changes", changeCases}, {"Import", importCases},
		{"Apps", appCases}, {"Agents", agentCases}, {"Tokens", tokenCases}, {"Grants", grantCases}, {"Identity", identityCases}, {"Audit", auditCases},
		{"Journal", journalCases}, {"Ledger", ledgerCases}, {"Engine", engineCases},
		{"Reviews", reviewCases}, {"Drift", driftCases}, {"Messages", messageCases}, {"Tenants", tenantCases},
	} {
		t.Run(area.name, func(t *testing.T) {
			s := open(t)
			for _, c := range area.cases {
				t.Run(c.name, func(t *testing.T) { c.run(t, InTenant(t), s) })
			}
		})
	}
}

// testCase is one case; ctx acts for a tenant that no other case uses.
type testCase struct {
	name string
	run  func(t *testing.T, ctx context.Context, s Stores)
}

// InTenant returns a context for a tenant named after the test, so that cases share a database and never each other's rows.
func InTenant(t testing.TB) context.Context {
	return tenant.With(t.Context(), tenant.ID(strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))))
}
