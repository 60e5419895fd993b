package scimserver_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

// spy remembers the last query.
type spy struct {
	scimserver.Store
	last *scimserver.Query
}

func (s spy) Find(ctx context.Context, q scimserver.Query) (scimserver.Page, error) {
	*s.last = q
	return s.Store.Find(ctx, q)
}

func allow(r *http.Request, _ string) (context.Context, scimserver.Caller, error) {
	return r.Context(), scimserver.Caller{ID: "anyone"}, nil
}

func hostTypes(t testing.TB) []*scim.ResourceType {
	t.Helper()
	user, err := scim.NewResourceType("User", "/Users", scim.CoreUser(), scim.EnterpriseUser(), hostExtension())
	if err != nil {
		t.Fatal(err)
	}
	return []*scim.ResourceType{user}
}

// types are those of a bench without the host's extension.
func types(t testing.TB) []*scim.ResourceType {
	t.Helper()
	group, err := scim.NewResourceType("Group", "/Groups", scim.CoreGroup())
	if err != nil {
		t.Fatal(err)
	}
	return append(hostTypes(t), group)
}
