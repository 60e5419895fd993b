package sdk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/google/uuid"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	kiota "github.com/microsoft/kiota-authentication-azure-go"
	graph "github.com/microsoftgraph/msgraph-sdk-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"github.com/sallyport-id/sallyport/test/compat/site"
)

// here is the Sallyport that all tests of the package share.
var here *site.Site

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if here, err = site.Start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer here.Close()
	if err := os.Setenv("SSL_CERT_FILE", here.CA); err != nil { // before anything looks for the system's authorities
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if code != 0 {
		fmt.Fprintln(os.Stderr, "the service's log ends with:\n"+here.Log())
	}
	return code
}

// authority tells the identity library that tokens come from our service, and that nobody else need be asked about it.
func authority() azcore.ClientOptions {
	return azcore.ClientOptions{Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: here.URL}}
}

// client is the official client with its adapter, for raw requests.
type client struct {
	*graph.GraphServiceClient
	adapter *graph.GraphRequestAdapter
}

// newClient signs in with a credential of the identity library and returns a client of the tree of a version.
func newClient(t *testing.T, version string, cred azcore.TokenCredential) client {
	t.Helper()
	auth, err := kiota.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(cred, []string{here.URL + "/.default"}, []string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	adapter, err := graph.NewGraphRequestAdapter(auth)
	if err != nil {
		t.Fatal(err)
	}
	adapter.SetBaseUrl(here.URL + "/" + version)
	return client{graph.NewGraphServiceClient(adapter), adapter}
}

// administrator is a client of v1.0 that may everything.
func administrator(t *testing.T) client {
	t.Helper()
	return newClient(t, "v1.0", secretCredential(t, "admin"))
}

// secretCredential registers a client with the role and returns its credential.
func secretCredential(t *testing.T, role string) azcore.TokenCredential {
	t.Helper()
	id, secret, err := here.Client(t.Context(), unique("go"), role, "")
	if err != nil {
		t.Fatal(err)
	}
	cred, err := azidentity.NewClientSecretCredential("default", id, secret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: authority(), DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

// raw sends a request that the client has no method for, as its documentation says to.
func (c client) raw(t *testing.T, method abstractions.HttpMethod, path string, body []byte) ([]byte, error) {
	t.Helper()
	info := abstractions.NewRequestInformation()
	info.Method, info.UrlTemplate = method, "{+baseurl}"+path
	info.PathParameters = map[string]string{"baseurl": c.adapter.GetBaseUrl()}
	if body != nil {
		info.SetStreamContentAndContentType(body, "application/json")
	}
	answer, err := c.adapter.SendPrimitive(t.Context(), info, "[]byte", abstractions.ErrorMappings{"XXX": odataerrors.CreateODataErrorFromDiscriminatorValue})
	text, _ := answer.([]byte)
	return text, err
}

// refused checks that the error is the service's, with status and code, and a message.
func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	e, ok := errors.AsType[*odataerrors.ODataError](err)
	if !ok {
		t.Fatalf("got %T %v, want an error of OData", err, err)
	}
	main := e.GetErrorEscaped()
	if e.ResponseStatusCode != status || main == nil || value(main.GetCode()) != code || value(main.GetMessage()) == "" {
		t.Errorf("got %d %v", e.ResponseStatusCode, err)
	}
}

// must returns the value, or ends the test.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		ok(t, err)
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if e, is := errors.AsType[*odataerrors.ODataError](err); is && e.GetErrorEscaped() != nil {
		t.Fatalf("%d %s: %s", e.ResponseStatusCode, value(e.GetErrorEscaped().GetCode()), value(e.GetErrorEscaped().GetMessage()))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func pointer[T any](v T) *T { return &v }

// value is what a pointer points to, or the zero value.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// unique makes names that no other test uses.
func unique(name string) string { return name + "-" + uuid.NewString()[:8] }

// until asks again and again until look says that it is there.
func until(t *testing.T, what string, look func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !look() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
