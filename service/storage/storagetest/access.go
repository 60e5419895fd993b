package storagetest

import (
	"context"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
)

var grantCases = []testCase{{"OK", grantsOK}, {"Tenants", grantsTenants}}

func grantsOK(t *testing.T, ctx context.Context, s Stores) {
	owner := access.Grant{Subject: "client:1", Role: access.Owner, App: "hr", At: at0, By: "token:root"}
	reader := access.Grant{Subject: "client:1", Role: access.Reader, At: at0}
	person := access.Grant{Subject: "person:ann@x", Role: access.Operator, At: at0}
	for _, g := range []access.Grant{reader, person, owner} {
		must(t, s.Grants.Grant(ctx, g))
	}
	again := owner
	again.At, again.By = at0.AddDate(1, 0, 0), "somebody else"
	must(t, s.Grants.Grant(ctx, again))
	equal(t, got(s.Grants.Granted(ctx))(t), []access.Grant{owner, reader, person})
	equal(t, got(s.Grants.Granted(ctx, "person:ann@x", "nobody", "client:1", "client:1"))(t), []access.Grant{owner, reader, person})
	equal(t, len(got(s.Grants.Granted(ctx, "nobody"))(t)), 0)
	wantKind(t, s.Grants.Revoke(ctx, "client:1", access.Owner, "other"), fault.NotFound)
	wantKind(t, s.Grants.Revoke(ctx, "client:1", access.Operator, ""), fault.NotFound)
	must(t, s.Grants.Revoke(ctx, "client:1", access.Owner, "hr"))
	equal(t, got(s.Grants.Granted(ctx, "client:1"))(t), []access.Grant{reader})
	for _, bad := range []access.Grant{{}, {Subject: "ann", Role: access.Reader}, {Subject: "person:a", Role: "x"}, {Subject: "person:a", Role: access.Owner}, {Subject: "person:a", Role: access.Reader, App: "hr"}} {
		wantKind(t, s.Grants.Grant(ctx, bad), fault.Invalid)
	}
}

func grantsTenants(t *testing.T, ctx context.Context, s Stores) {
	must(t, s.Grants.Grant(ctx, access.Grant{Subject: "person:ann@x", Role: access.Admin}))
	equal(t, len(got(s.Grants.Granted(stranger(t)))(t)), 0)
	equal(t, len(got(s.Grants.Granted(stranger(t), "person:ann@x"))(t)), 0)
	wantKind(t, s.Grants.Revoke(stranger(t), "person:ann@x", access.Admin, ""), fault.NotFound)
	_, err := s.Grants.Granted(t.Context())
	wantKind(t, err, fault.Internal)
	wantKind(t, s.Grants.Grant(t.Context(), access.Grant{Subject: "person:ann@x", Role: access.Admin}), fault.Internal)
	equal(t, len(got(s.Grants.Granted(ctx))(t)), 1)
}
