package app

import "strings"

// Operator describes what a clause of a scoping filter may ask.
type Operator struct {
	Name  string   `json:"name"`
	Unary bool     `json:"-"`                       // takes no values
	Types []string `json:"supportedAttributeTypes"` // String, Integer, Boolean, Binary
}

// The operators of scoping filters.
const (
	Equals         = "EQUALS"
	NotEquals      = "NOT EQUALS"
	IsTrue         = "IS TRUE"
	IsFalse        = "IS FALSE"
	IsNull         = "IS NULL"
	IsNotNull      = "IS NOT NULL"
	RegexMatch     = "REGEX MATCH"
	NotRegexMatch  = "NOT REGEX MATCH"
	GreaterThan    = "Greater_Than"
	GreaterOrEqual = "Greater_Than_OR_EQUALS"
	Includes       = "Includes"
	EndsWith       = "ENDS_WITH"
	HasBits        = "&"  // an integer shares a bit with the operand; a text is one of the operands
	LacksBits      = "!&" // the contrary
)

// Operators returns every operator, in the order people look for them.
func Operators() []Operator {
	text, any, truth, whole := []string{"String", "Integer"}, []string{"String", "Integer", "Boolean", "Binary"}, []string{"Boolean"}, []string{"Integer"}
	return []Operator{
		{Equals, false, text}, {NotEquals, false, text},
		{IsTrue, true, truth}, {IsFalse, true, truth},
		{IsNull, true, any}, {IsNotNull, true, any},
		{RegexMatch, false, text}, {NotRegexMatch, false, text},
		{GreaterThan, false, whole}, {GreaterOrEqual, false, whole},
		{Includes, false, []string{"String"}}, {EndsWith, false, []string{"String"}},
		{HasBits, false, text}, {LacksBits, false, text},
	}
}

// FindOperator returns the operator of a name, written in any case and with blanks or underscores.
func FindOperator(name string) (Operator, bool) {
	for _, o := range Operators() {
		if operatorKey(o.Name) == operatorKey(name) {
			return o, true
		}
	}
	return Operator{}, false
}

func operatorKey(name string) string {
	return strings.Join(strings.Fields(strings.ToUpper(strings.ReplaceAll(name, "_", " "))), " ")
}
