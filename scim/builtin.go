package scim

import (
	"sync"

	"github.com/sallyport-id/sallyport/entry"
)

// The resource types that RFC 7643 defines, for servers that do not tell theirs. They are only read.
var (
	builtinUser = sync.OnceValue(func() *ResourceType {
		return mustType(NewResourceType(entry.User, "/Users", CoreUser(), EnterpriseUser()))
	})
	builtinGroup = sync.OnceValue(func() *ResourceType {
		return mustType(NewResourceType(entry.Group, "/Groups", CoreGroup()))
	})
	builtinAny = sync.OnceValue(func() *ResourceType { // for paths of which the type is not known: a user with members
		s, g := CoreUser(), CoreGroup()
		s.Attributes = append(s.Attributes, *g.Find("members"))
		return mustType(NewResourceType(entry.User, "/Users", s, EnterpriseUser()))
	})
)

// mustType is for the definitions above, which a test proves valid.
func mustType(rt *ResourceType, err error) *ResourceType {
	if err != nil {
		panic(err)
	}
	return rt
}

// orBuiltin returns rt, or for nil what RFC 7643 says of the type; "" is any type.
func (rt *ResourceType) orBuiltin(t entry.Type) *ResourceType {
	switch {
	case rt != nil:
		return rt
	case t == entry.Group:
		return builtinGroup()
	case t == entry.User:
		return builtinUser()
	}
	return builtinAny()
}
