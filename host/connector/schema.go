package connector

import (
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// DataType is the type of an attribute's values.
type DataType string

// The data types and the Go type their values have.
const (
	String    DataType = "String"    // string
	Integer   DataType = "Integer"   // int64
	Decimal   DataType = "Decimal"   // float64
	Boolean   DataType = "Boolean"   // bool
	DateTime  DataType = "DateTime"  // time.Time
	Binary    DataType = "Binary"    // []byte
	Reference DataType = "Reference" // entry.Ref with the anchor of the other object
	JSON      DataType = "JSON"      // entry.Complex, or a plain value, kept as JSON text in the target
)

// Schema is what a target offers.
type Schema struct {
	Types []ObjectType
}

// Type returns the object type with the name.
func (s Schema) Type(t entry.Type) (ObjectType, bool) {
	for _, o := range s.Types {
		if o.Name == t {
			return o, true
		}
	}
	return ObjectType{}, false
}

// ObjectType describes one kind of object in the target.
type ObjectType struct {
	Name       entry.Type
	Anchor     []string // attributes that form the anchor, usually one
	Attributes []Attribute

	// DN names the attribute that holds the object's distinguished name; an edit of it renames or moves the object.
	// "" when objects have none: the host then makes one, CN=<anchor>,OBJECT=<TYPE>.
	DN string
}

// Attribute returns the attribute with the name, spelled exactly so.
func (o ObjectType) Attribute(name string) (Attribute, bool) {
	for _, a := range o.Attributes {
		if a.Name == name {
			return a, true
		}
	}
	return Attribute{}, false
}

// Attribute describes one attribute in the target's own spelling.
type Attribute struct {
	Name        string
	Type        DataType
	MultiValued bool
	Required    bool       // the target refuses an object without it
	ReadOnly    bool       // import only: the target computes it
	Immutable   bool       // may be given at create only
	Unique      bool       // the target refuses a second object with the same value
	CaseExact   bool       // the target compares it with regard to case
	WriteOnly   bool       // export only: never read back (passwords)
	RefType     entry.Type // what a Reference points to; "" = any
	Length      int        // most characters of a String, most bytes of Binary; 0 = unknown or unlimited
}

// Holds tells whether a value is of the Go type that stands for the data type: string, int64, float64, bool, time.Time, []byte or entry.Ref.
// An unknown data type holds anything.
func (d DataType) Holds(v entry.Value) bool {
	ok := true
	switch d {
	case String:
		_, ok = v.(string)
	case Integer:
		_, ok = v.(int64)
	case Decimal:
		_, ok = v.(float64)
	case Boolean:
		_, ok = v.(bool)
	case DateTime:
		_, ok = v.(time.Time)
	case Binary:
		_, ok = v.([]byte)
	case Reference:
		_, ok = v.(entry.Ref)
	}
	return ok
}
