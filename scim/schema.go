package scim

// URNs of the schemas and messages of RFC 7643, 7644 and of the host's extension.
const (
	UserURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	ECMA2HostURN  = "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User"

	ECMA2HostGroupURN = "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:Group"

	SchemaURN        = "urn:ietf:params:scim:schemas:core:2.0:Schema"
	ResourceTypeURN  = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	ConfigURN        = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	ListURN          = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	SearchURN        = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	PatchURN         = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	ErrorURN         = "urn:ietf:params:scim:api:messages:2.0:Error"
	BulkRequestURN   = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	BulkResponseURN  = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
	maxSubAttributes = 64
)

// AttrType is the data type of an attribute, in the words of RFC 7643 §2.3.
type AttrType string

// The data types and the Go type that a value of each has in entry.Attrs.
const (
	String    AttrType = "string"    // string
	Boolean   AttrType = "boolean"   // bool
	Decimal   AttrType = "decimal"   // float64
	Integer   AttrType = "integer"   // int64
	DateTime  AttrType = "dateTime"  // time.Time
	Binary    AttrType = "binary"    // []byte, base64 in JSON
	Reference AttrType = "reference" // string (a URI)
	Complex   AttrType = "complex"   // entry.Complex; entry.Ref when the attribute is Detached, as it is for a String
)

// Words for Attribute.Mutability, Returned and Uniqueness (RFC 7643 §2.2). The empty string means the first of each group.
const (
	ReadWrite = "readWrite"
	ReadOnly  = "readOnly"
	Immutable = "immutable"
	WriteOnly = "writeOnly"

	ReturnedDefault = "default"
	ReturnedAlways  = "always"
	ReturnedNever   = "never"
	ReturnedRequest = "request"

	UniqueNone   = "none"
	UniqueServer = "server"
	UniqueGlobal = "global"
)

// Attribute defines one attribute or sub-attribute (RFC 7643 §7).
type Attribute struct {
	Name            string
	Type            AttrType // "" means String
	MultiValued     bool
	Description     string
	Required        bool
	CaseExact       bool
	CanonicalValues []string
	Mutability      string // "" means ReadWrite
	Returned        string // "" means ReturnedDefault
	Uniqueness      string // "" means UniqueNone
	ReferenceTypes  []string
	Sub             []Attribute

	// Detached is not on the wire. A detached attribute (members) may hold very many values, each an entry.Ref. PATCH turns
	// operations on it straight into edits without reading it, and a store reads it only when asked.
	Detached bool
	// Default is not on the wire. Decode fills it in when a body leaves the attribute out (active: true); nil for none.
	Default any
}

// Schema is a set of attributes under a URN.
type Schema struct {
	ID          string // the URN
	Name        string
	Description string
	Attributes  []Attribute
}

// Find returns the attribute with the name in any case, nil when there is none.
func (s *Schema) Find(name string) *Attribute {
	return findAttribute(s.Attributes, name)
}

func findAttribute(list []Attribute, name string) *Attribute {
	for i := range list {
		if equalFoldASCII(list[i].Name, name) {
			return &list[i]
		}
	}
	return nil
}

// withDefaults returns a deep copy of the list in which no characteristic is empty.
func withDefaults(list []Attribute) []Attribute {
	out := make([]Attribute, len(list))
	for i, a := range list {
		orDefault(&a.Mutability, ReadWrite)
		orDefault(&a.Returned, ReturnedDefault)
		orDefault(&a.Uniqueness, UniqueNone)
		if a.Type == "" {
			a.Type = String
		}
		if a.Sub != nil {
			a.Sub = withDefaults(a.Sub)
		}
		out[i] = a
	}
	return out
}

func orDefault(s *string, word string) {
	if *s == "" {
		*s = word
	}
}
