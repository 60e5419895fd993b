package expr

import (
	"slices"

	"github.com/sallyport-id/sallyport/entry"
)

// roleAttribute lists the app roles assigned to the object, each an entry.Complex with id, value and displayName.
const roleAttribute = "appRoleAssignments"

const roleType = "WindowsAzureActiveDirectoryRole"

func roleFunctions() []*builtin {
	fs := []*builtin{
		define("AppRoleAssignmentsComplex(source:Reference)", "Every assigned app role as an object, to be added.", rolesAs("displayName")),
		define("AssertiveAppRoleAssignmentsComplex(source:Reference)", "Every assigned app role as an object, to replace what is there.", rolesAs("display")),
		define("SingleAppRoleAssignment(source:Reference)", "The value of the assigned app role; of several, the first in ordinal order.", evalSingleRole),
		define("AppRoleAssignments(source:Reference)", "The values of the assigned app roles.", evalRoleValues),
	}
	for _, f := range fs {
		f.roles = true
	}
	return fs
}

// rolesAs makes role objects whose display name has the key.
func rolesAs(key string) func(*run, *call) (value, error) {
	return func(r *run, c *call) (value, error) {
		roles, err := r.roles(c)
		if err != nil || len(roles) == 0 {
			return nil, err
		}
		out := make(list, len(roles))
		for i, role := range roles {
			out[i] = entry.Complex{"primary": false, "type": roleType, key: text(role["displayName"]), "value": text(role["value"])}
		}
		return out, nil
	}
}

func (r *run) roles(c *call) ([]entry.Complex, error) {
	v, err := r.arg(c, 0)
	if err != nil {
		return nil, err
	}
	var out []entry.Complex
	for _, item := range items(v) {
		role, ok := item.(entry.Complex)
		if !ok {
			return nil, r.bad(item, "is not an app role assignment")
		}
		out = append(out, role)
	}
	return out, nil
}

func (r *run) roleValues(c *call) ([]string, error) {
	roles, err := r.roles(c)
	if err != nil {
		return nil, err
	}
	values := make([]string, len(roles))
	for i, role := range roles {
		values[i] = text(role["value"])
	}
	return values, nil
}

func evalSingleRole(r *run, c *call) (value, error) {
	values, err := r.roleValues(c)
	if err != nil || len(values) == 0 {
		return nil, err
	}
	return slices.Min(values), nil
}

func evalRoleValues(r *run, c *call) (value, error) {
	values, err := r.roleValues(c)
	if err != nil || len(values) == 0 {
		return nil, err
	}
	if len(values) == 1 {
		return values[0], nil
	}
	out := make(list, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out, nil
}
