package wire

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/scim/scimclient"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/graphapi"
	"github.com/sallyport-id/sallyport/service/secrets"
)

// dial connects to an application's target for somebody who sets it up: with the secret given, or with the one kept.
func (t *targets) dial(ctx context.Context, a app.App, bearer []byte) (graphapi.Target, error) {
	if bearer == nil {
		kept, err := t.secrets.Get(ctx, string(a.ID), secrets.Bearer)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		bearer = kept
	}
	base, transport, err := t.route(ctx, a)
	if err != nil {
		return nil, err
	}
	return scimclient.New(scimclient.Config{
		Base: base, Transport: transport, Token: scimclient.Static(strings.TrimSpace(string(bearer))), Dialect: a.Target.Dialect,
		Timeout: min(time.Duration(a.WithDefaults().Target.Timeout), 30*time.Second), Retries: -1,
	})
}

// Regroup lets agents that changed groups be found in their new ones at once.
func (p presence) Regroup(ctx context.Context) { p.g.Regroup(ctx, tenant.From(ctx)) }
