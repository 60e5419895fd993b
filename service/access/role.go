package access

import (
	"maps"
	"slices"
	"strings"
)

// Role says what its holder may do: one of the roles here, or one of Graph's permissions by its name.
type Role string

// The roles of people and their tools; see also Source.
const (
	Admin    Role = "admin"    // everything
	Operator Role = "operator" // look at everything but credentials; start, pause and restart jobs, provision on demand
	Reader   Role = "reader"   // look, but change nothing
	Owner    Role = "owner"    // everything about some applications, nothing else
)

// Roles returns every role there is, Sallyport's own first, then Graph's permissions in the order of their names.
func Roles() []Role {
	own := []Role{Admin, Operator, Reader, Owner}
	graph := slices.DeleteFunc(slices.Sorted(maps.Keys(roles)), func(r Role) bool { return slices.Contains(own, r) })
	return append(own, graph...)
}

// Known reports whether the role exists.
func (r Role) Known() bool {
	_, ok := roles[r]
	return ok
}

// ParseRole finds a role by its name without regard to case; "administrator" is Admin. false when there is none.
func ParseRole(name string) (Role, bool) {
	if strings.EqualFold(name, "administrator") {
		return Admin, true
	}
	for r := range roles {
		if strings.EqualFold(string(r), name) {
			return r, true
		}
	}
	return "", false
}

// Allows returns the permissions of the role in the whole tenant. An owner's depend on the application: see Permission.Owned.
func (r Role) Allows() []Permission { return slices.Clone(roles[r]) }
