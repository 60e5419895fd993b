package inbound

import (
	"sync"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
)

const enterprise = scim.EnterpriseURN + ":"

// types are compiled once; they are only read.
var types = sync.OnceValue(func() []*scim.ResourceType {
	user, err := scim.NewResourceType(entry.User, "/Users", scim.CoreUser(), scim.EnterpriseUser())
	if err != nil {
		panic(err) // a mistake in scim's own schemas; every test of this room would see it
	}
	group, err := scim.NewResourceType(entry.Group, "/Groups", scim.CoreGroup())
	if err != nil {
		panic(err) // likewise
	}
	user.Description, group.Description = "User Account", "Group"
	return []*scim.ResourceType{user, group}
})

// Types returns the resource types of the door: User with the enterprise extension, and Group.
func Types() []*scim.ResourceType { return types() }
