package scim

// EnterpriseUser returns the enterprise extension of RFC 7643 §4.3. The result is the caller's to change.
func EnterpriseUser() Schema {
	return Schema{ID: EnterpriseURN, Name: "EnterpriseUser", Description: "Enterprise User", Attributes: withDefaults([]Attribute{
		{Name: "employeeNumber", Description: "The identifier that the organization gave the user."},
		{Name: "costCenter", Description: "The name of a cost center."},
		{Name: "organization", Description: "The name of an organization."},
		{Name: "division", Description: "The name of a division."},
		{Name: "department", Description: "The name of a department."},
		{Name: "manager", Type: Complex, Description: "The user's manager.", Sub: []Attribute{
			{Name: "value", CaseExact: true, Description: "The id of the manager's user resource."},
			{Name: "$ref", Type: Reference, CaseExact: true, ReferenceTypes: []string{"User"}, Description: "The URI of the manager's user resource."},
			{Name: "displayName", Mutability: ReadOnly, Description: "The manager's display name."},
		}},
	})}
}

// CoreGroup returns the Group schema of RFC 7643 §4.2, with detached members. The result is the caller's to change.
func CoreGroup() Schema {
	return Schema{ID: GroupURN, Name: "Group", Description: "Group", Attributes: withDefaults([]Attribute{
		{Name: "displayName", Required: true, Uniqueness: UniqueServer, Description: "A human-readable name for the group. Compared without regard to case."},
		{Name: "members", Type: Complex, MultiValued: true, Detached: true, Description: "The members of the group.", Sub: []Attribute{
			{Name: "value", Mutability: Immutable, CaseExact: true, Description: "The id of the member."},
			{Name: "$ref", Type: Reference, Mutability: Immutable, CaseExact: true, ReferenceTypes: []string{"User", "Group"}, Description: "The URI of the member."},
			{Name: "type", Mutability: Immutable, CanonicalValues: []string{"User", "Group"}, Description: "The type of the member."},
		}},
	})}
}

// commonAttributes are the attributes that every resource has and no schema lists (RFC 7643 §3.1).
func commonAttributes() []Attribute {
	return withDefaults([]Attribute{
		{Name: "schemas", Type: Reference, MultiValued: true, CaseExact: false, Returned: ReturnedAlways},
		{Name: "id", CaseExact: true, Mutability: ReadOnly, Returned: ReturnedAlways, Uniqueness: UniqueServer},
		{Name: "externalId", CaseExact: true},
		{Name: "meta", Type: Complex, Mutability: ReadOnly, Sub: []Attribute{
			{Name: "resourceType", CaseExact: true, Mutability: ReadOnly},
			{Name: "created", Type: DateTime, Mutability: ReadOnly},
			{Name: "lastModified", Type: DateTime, Mutability: ReadOnly},
			{Name: "location", Type: Reference, CaseExact: true, Mutability: ReadOnly},
			{Name: "version", CaseExact: true, Mutability: ReadOnly},
		}},
	})
}
