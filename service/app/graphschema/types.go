package graphschema

import (
	"encoding/json"
	"time"
)

// Schema is a synchronizationSchema. A schema that was read from JSON is written back as the same bytes, whatever it held,
// but for enumerations, which are spelled as Graph spells them.
type Schema struct {
	ID          string
	Version     string
	Rules       []Rule
	Directories []Directory

	raw json.RawMessage // as read; nil when made here
}

// wire is the JSON form.
type wire struct {
	ID          string      `json:"id"`
	Version     string      `json:"version"`
	Rules       []Rule      `json:"synchronizationRules"`
	Directories []Directory `json:"directories"`
}

// Rule is a synchronizationRule: everything that flows between two directories.
type Rule struct {
	ID              string           `json:"id"`
	Name            string           `json:"name"`
	Priority        int              `json:"priority"`
	Editable        bool             `json:"editable"`
	SourceDirectory string           `json:"sourceDirectoryName"`
	TargetDirectory string           `json:"targetDirectoryName"`
	Objects         []ObjectMapping  `json:"objectMappings"`
	Metadata        []Pair           `json:"metadata"`
	ContainerFilter *ContainerFilter `json:"containerFilter"`
	GroupFilter     *GroupFilter     `json:"groupFilter"`
}

// ContainerFilter is kept and given back; Sallyport has no containers.
type ContainerFilter struct {
	Included []string `json:"includedContainers"`
}

// GroupFilter is kept and given back; use assignments instead.
type GroupFilter struct {
	Included []string `json:"includedGroups"`
}

// Pair is a key with a text.
type Pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// ObjectMapping maps one object type of the source to one of the target.
type ObjectMapping struct {
	Name       string             `json:"name"`
	Enabled    bool               `json:"enabled"`
	FlowTypes  Flags              `json:"flowTypes"` // Add, Update, Delete; or None
	Source     string             `json:"sourceObjectName"`
	Target     string             `json:"targetObjectName"`
	Scope      *Filter            `json:"scope"`
	Attributes []AttributeMapping `json:"attributeMappings"`
	Metadata   []Pair             `json:"metadata"`
}

// AttributeMapping says what one target attribute holds.
type AttributeMapping struct {
	Target         string  `json:"targetAttributeName"`
	Source         *Source `json:"source"` // null: the default at create, else nothing
	Default        *string `json:"defaultValue"`
	Priority       int     `json:"matchingPriority"` // 0 = not matched by, 1 first
	FlowType       string  `json:"flowType"`         // Always, ObjectAddOnly, MultiValueAddOnly, ValueAddOnly, AttributeAddOnly
	FlowBehavior   string  `json:"flowBehavior"`     // FlowWhenChanged, FlowAlways
	ExportMissing  bool    `json:"exportMissingReferences"`
	FlowNullValues *bool   `json:"flowNullValues,omitempty"` // a null value clears the target
}

// Source is an attributeMappingSource: text and tree.
type Source struct {
	Type       string      `json:"type"` // Attribute, Constant, Function
	Name       string      `json:"name"`
	Expression string      `json:"expression"`
	Parameters []Parameter `json:"parameters"`
}

// Parameter is one argument of a function.
type Parameter struct {
	Key   string `json:"key"`
	Value Source `json:"value"`
}

// Filter is a scoping filter.
type Filter struct {
	Groups     []FilterGroup `json:"groups"`
	Input      []FilterGroup `json:"inputFilterGroups"`
	Categories []FilterGroup `json:"categoryFilterGroups"` // kept, not evaluated
}

// FilterGroup is a list of clauses that must all hold.
type FilterGroup struct {
	Name    string   `json:"name"`
	Clauses []Clause `json:"clauses"`
}

// Clause compares one source attribute.
type Clause struct {
	Source   string   `json:"sourceOperandName"`
	Operator string   `json:"operatorName"`
	Target   *Operand `json:"targetOperand"`

	Comparison string `json:"multivaluedComparisonType,omitempty"` // "All": of several values all must pass; "" and "Any": one suffices
}

// Operand holds the values of a clause.
type Operand struct {
	Values []string `json:"values"`
}

// Directory is a directoryDefinition: what a side of the rule knows.
type Directory struct {
	ID                string     `json:"id"`
	Name              string     `json:"name"`
	Version           string     `json:"version"`
	ReadOnly          bool       `json:"readOnly"`
	Discoverabilities Flags      `json:"discoverabilities"` // None, AttributeNames, AttributeDataTypes, AttributeReadOnly, ReferenceAttributes
	Discovered        *time.Time `json:"discoveryDateTime"`
	Objects           []Object   `json:"objects"`
}

// Object is an objectDefinition.
type Object struct {
	Name       string      `json:"name"`
	Attributes []Attribute `json:"attributes"`
	Metadata   []Pair      `json:"metadata"`
	APIs       []string    `json:"supportedApis"`
}

// Attribute is an attributeDefinition.
type Attribute struct {
	Name           string            `json:"name"`
	Type           string            `json:"type"` // String, Integer, Reference, Binary, Boolean, DateTime
	Anchor         bool              `json:"anchor"`
	Required       bool              `json:"required"`
	MultiValued    bool              `json:"multivalued"`
	CaseExact      bool              `json:"caseExact"`
	Mutability     string            `json:"mutability"` // ReadWrite, ReadOnly, Immutable, WriteOnly
	FlowNullValues bool              `json:"flowNullValues"`
	Default        *string           `json:"defaultValue"`
	References     []ReferenceTarget `json:"referencedObjects"`
	APIExpressions []Pair            `json:"apiExpressions"`
	Metadata       []Pair            `json:"metadata"`
}

// ReferenceTarget says what a reference points to.
type ReferenceTarget struct {
	Object   string `json:"referencedObjectName"`
	Property string `json:"referencedProperty"`
}

// MarshalJSON writes the schema; one that was read is written as it was read.
func (s Schema) MarshalJSON() ([]byte, error) {
	if s.raw != nil {
		return s.raw, nil
	}
	return json.Marshal(wire{s.ID, s.Version, s.Rules, s.Directories})
}

// UnmarshalJSON reads a schema and remembers its bytes.
func (s *Schema) UnmarshalJSON(data []byte) error {
	data = spelled(data)
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*s = Schema{ID: w.ID, Version: w.Version, Rules: w.Rules, Directories: w.Directories, raw: append(json.RawMessage(nil), data...)}
	return nil
}
