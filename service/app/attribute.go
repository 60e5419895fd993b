package app

// Attribute is what is known of one attribute of the target.
type Attribute struct {
	Name        string `json:"name"`        // SCIM path as mappings name it
	Type        Kind   `json:"type"`        // default String
	MultiValued bool   `json:"multiValued"` // holds a list
	Required    bool   `json:"required"`    // an object cannot be created without it
	CaseExact   bool   `json:"caseExact"`   // a change of case is a change
	Mutability  string `json:"mutability"`  // ReadWrite (default), ReadOnly, Immutable, WriteOnly
}

// Kind is the type of an attribute's values.
type Kind string

// The kinds of values.
const (
	String    Kind = "String"
	Integer   Kind = "Integer"
	Decimal   Kind = "Decimal"
	Boolean   Kind = "Boolean"
	DateTime  Kind = "DateTime"
	Reference Kind = "Reference"
	Binary    Kind = "Binary"
)

// Mutabilities of an attribute.
const (
	ReadWrite = "ReadWrite"
	ReadOnly  = "ReadOnly"  // a mapping of it is refused
	Immutable = "Immutable" // written when the object is created, never changed
	WriteOnly = "WriteOnly" // never comes back, so it cannot be compared
)
