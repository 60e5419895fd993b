package sdk

import (
	"errors"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	abstractions "github.com/microsoft/kiota-abstractions-go"
)

func TestSecretCredential(t *testing.T) {
	tok, err := secretCredential(t, "reader").GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{here.URL + "/.default"}})
	ok(t, err)
	if strings.Count(tok.Token, ".") != 2 || tok.ExpiresOn.IsZero() {
		t.Errorf("the token ends %s", tok.ExpiresOn)
	}
}

func TestErrSecret(t *testing.T) {
	id, _, err := here.Client(t.Context(), unique("go"), "reader", "")
	ok(t, err)
	options := &azidentity.ClientSecretCredentialOptions{ClientOptions: authority(), DisableInstanceDiscovery: true}
	for name, c := range map[string]struct{ tenant, client, scope, says string }{
		"ErrSecret":   {"default", id, "/.default", "AADSTS7000215"},
		"ErrClient":   {"default", "00000000-0000-0000-0000-000000000001", "/.default", "AADSTS700016"},
		"ErrTenant":   {"elsewhere", id, "/.default", "AADSTS90002"},
		"ErrResource": {"default", id, ".elsewhere.example/.default", "AADSTS"},
	} {
		t.Run(name, func(t *testing.T) {
			cred, err := azidentity.NewClientSecretCredential(c.tenant, c.client, "spc_wrong", options)
			ok(t, err)
			_, err = cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{here.URL + c.scope}})
			failed, is := errors.AsType[*azidentity.AuthenticationFailedError](err)
			if !is || !strings.Contains(failed.Error(), c.says) {
				t.Errorf("got %v, want %s", err, c.says)
			}
		})
	}
}

// certificateCredential registers a client that proves itself by a certificate.
func certificateCredential(t *testing.T, chain bool) azcore.TokenCredential {
	t.Helper()
	name := unique("go-cert")
	file, both, err := here.ClientCertificate(name)
	ok(t, err)
	id, _, err := here.Client(t.Context(), name, "reader", file)
	ok(t, err)
	certs, key, err := azidentity.ParseCertificates(both, nil)
	ok(t, err)
	cred, err := azidentity.NewClientCertificateCredential("default", id, certs, key,
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: authority(), DisableInstanceDiscovery: true, SendCertificateChain: chain})
	ok(t, err)
	return cred
}

func TestCertificateCredential(t *testing.T) {
	for name, chain := range map[string]bool{"Thumbprint": false, "Chain": true} {
		t.Run(name, func(t *testing.T) {
			cred := certificateCredential(t, chain)
			c := newClient(t, "v1.0", cred)
			page, err := c.Users().Get(t.Context(), nil)
			ok(t, err)
			if page.GetValue() == nil {
				t.Error("no list")
			}
			_, err = cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{here.URL + "/.default"}, TenantID: "default", EnableCAE: true})
			ok(t, err) // which is not in the library's cache: a second assertion
		})
	}
}

func TestRolesHold(t *testing.T) {
	reader := newClient(t, "v1.0", secretCredential(t, "reader"))
	_, err := reader.Users().Post(t.Context(), person(unique("nobody")), nil)
	refused(t, err, 403, "Authorization_RequestDenied")
	_, err = reader.raw(t, abstractions.GET, "/users/nobody@contoso.example", nil)
	refused(t, err, 404, "Request_ResourceNotFound")
}
