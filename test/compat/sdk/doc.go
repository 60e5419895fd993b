// Package sdk lets Microsoft's Graph client for Go and the Azure identity library, unmodified but for their base URL and authority, drive
// a running Sallyport.
//
// Owns: what an administrator's Go program would do: sign in with a secret or a certificate, people, groups, delta, batch, jobs, schema,
// secrets, provision on demand, the provisioning log; beta paths by raw requests through the same client.
// May call: site; msgraph-sdk-go, msgraph-sdk-go-core, kiota and azidentity.
// Never: makes an HTTP request of its own, but to count refusals before a client's patience hides them.
// Called by: make test-compat.
// Tested by: it is a test.
package sdk
