package scim

// CoreUser returns the User schema of RFC 7643 §4.1, every attribute of it. The result is the caller's to change.
func CoreUser() Schema {
	return Schema{ID: UserURN, Name: "User", Description: "User Account", Attributes: withDefaults([]Attribute{
		{Name: "userName", Required: true, Uniqueness: UniqueServer, Description: "Unique identifier for the user, used to sign in. Compared without regard to case."},
		userName(),
		{Name: "displayName", Description: "The name of the user, suitable for display to end-users."},
		{Name: "nickName", Description: "The casual way to address the user in real life."},
		{Name: "profileUrl", Type: Reference, ReferenceTypes: []string{"external"}, Description: "A URI of a page that represents the user's online profile."},
		{Name: "title", Description: "The user's title, such as \"Vice President\"."},
		{Name: "userType", Description: "The relationship between the organization and the user."},
		{Name: "preferredLanguage", Description: "The user's preferred written or spoken language."},
		{Name: "locale", Description: "The user's default location for localizing currency, date and number formats."},
		{Name: "timezone", Description: "The user's time zone in the IANA form, such as \"America/Los_Angeles\"."},
		{Name: "active", Type: Boolean, Default: true, Description: "Whether the user may sign in."},
		{Name: "password", Mutability: WriteOnly, Returned: ReturnedNever, CaseExact: true, Description: "The user's cleartext password, to set or reset it."},
		plural("emails", "E-mail addresses for the user.", String, "work", "home", "other"),
		plural("phoneNumbers", "Phone numbers for the user.", String, "work", "home", "mobile", "fax", "pager", "other"),
		plural("ims", "Instant messaging addresses for the user.", String, "aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
		photos(),
		userAddresses(),
		userGroups(),
		plural("entitlements", "Things the user has or is entitled to.", String),
		plural("roles", "Roles that represent who the user is.", String),
		plural("x509Certificates", "Certificates issued to the user.", Binary),
	})}
}

func userName() Attribute {
	return Attribute{Name: "name", Type: Complex, Description: "The components of the user's name.", Sub: []Attribute{
		{Name: "formatted", Description: "The full name, including all parts, formatted for display."},
		{Name: "familyName", Description: "The family name, or last name."},
		{Name: "givenName", Description: "The given name, or first name."},
		{Name: "middleName", Description: "The middle name or names."},
		{Name: "honorificPrefix", Description: "The honorific prefix, or title."},
		{Name: "honorificSuffix", Description: "The honorific suffix, or suffix."},
	}}
}

// plural makes the usual multi-valued attribute of RFC 7643 §2.4: value, display, type, primary.
func plural(name, description string, t AttrType, types ...string) Attribute {
	value := Attribute{Name: "value", Type: t, Description: "The value itself.", CaseExact: t == Binary}
	return Attribute{Name: name, Type: Complex, MultiValued: true, Description: description, Sub: []Attribute{
		value,
		{Name: "display", Description: "A human-readable name, used for display."},
		{Name: "type", CanonicalValues: types, Description: "A label for the value's function."},
		{Name: "primary", Type: Boolean, Description: "Whether this is the preferred value. True at most once."},
	}}
}

func photos() Attribute {
	a := plural("photos", "URIs of photos of the user.", Reference, "photo", "thumbnail")
	a.Sub[0].ReferenceTypes = []string{"external"}
	a.Sub[0].CaseExact = true
	return a
}

func userAddresses() Attribute {
	return Attribute{Name: "addresses", Type: Complex, MultiValued: true, Description: "Physical mailing addresses of the user.", Sub: []Attribute{
		{Name: "formatted", Description: "The full address, formatted for display or a label."},
		{Name: "streetAddress", Description: "The street with house number; may hold several lines."},
		{Name: "locality", Description: "The city."},
		{Name: "region", Description: "The state or region."},
		{Name: "postalCode", Description: "The postal code."},
		{Name: "country", Description: "The country, as ISO 3166-1 alpha-2 code."},
		{Name: "type", CanonicalValues: []string{"work", "home", "other"}, Description: "A label for the address's function."},
		{Name: "primary", Type: Boolean, Description: "Whether this is the preferred address. True at most once."},
	}}
}

func userGroups() Attribute {
	return Attribute{Name: "groups", Type: Complex, MultiValued: true, Mutability: ReadOnly,
		Description: "The groups to which the user belongs, directly or through nesting. Computed by the server.", Sub: []Attribute{
			{Name: "value", Mutability: ReadOnly, CaseExact: true, Description: "The id of the group."},
			{Name: "$ref", Type: Reference, Mutability: ReadOnly, CaseExact: true, ReferenceTypes: []string{"Group"}, Description: "The URI of the group."},
			{Name: "display", Mutability: ReadOnly, Description: "The group's name."},
			{Name: "type", Mutability: ReadOnly, CanonicalValues: []string{"direct", "indirect"}, Description: "How the user belongs to the group."},
		}}
}
