package graphschema

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/expr"
)

// enumerations are the words of the properties that are of a few words, as Graph's metadata spells them. Client libraries compare them
// exactly, so they go out like that, however they came in.
var enumerations = map[string][]string{
	"flowtype":                  {string(app.Always), string(app.OnCreate), "MultiValueAddOnly", "ValueAddOnly", "AttributeAddOnly"},
	"flowbehavior":              {"FlowWhenChanged", "FlowAlways"},
	"type":                      append([]string{expr.AttributeNode, expr.ConstantNode, expr.FunctionNode}, kinds...),
	"mutability":                mutabilities,
	"multivaluedcomparisontype": {"All", "Any"},
}

// flagEnumerations are those of which several may be set.
var flagEnumerations = map[string][]string{
	"flowtypes":         {"Add", "Update", "Delete"},
	"discoverabilities": {"AttributeNames", "AttributeDataTypes", "AttributeReadOnly", "ReferenceAttributes"},
}

// spelled returns the JSON with every enumeration as the metadata spells it; everything else, and words that are not known, stay as they are,
// byte for byte.
func spelled(data []byte) []byte {
	var out bytes.Buffer
	done := 0
	for at := range stringsIn(data) {
		word, ok := canonicalWord(at.key, at.value)
		if !ok || word == at.value {
			continue
		}
		text, _ := json.Marshal(word) // a text cannot fail
		out.Write(data[done:at.from])
		out.Write(text)
		done = at.to
	}
	if done == 0 {
		return data
	}
	out.Write(data[done:])
	return out.Bytes()
}

// canonicalWord returns the spelling of a property's value; false for what is no enumeration, or no word of it.
func canonicalWord(key, value string) (string, bool) {
	key = strings.ToLower(key)
	if words, ok := enumerations[key]; ok {
		word := canonical(strings.TrimSpace(value), words)
		return word, word != ""
	}
	words, ok := flagEnumerations[key]
	if !ok {
		return "", false
	}
	f := flagsOf(value)
	for i, name := range f {
		if word := canonical(name, words); word != "" {
			f[i] = word
		}
	}
	return f.text(), true
}

// member is a text in JSON with the name of the property it is the value of, and where it stands.
type member struct {
	key, value string
	from, to   int
}

// stringsIn yields the properties of objects, at any depth, that are texts. Damaged JSON ends it.
func stringsIn(data []byte) func(yield func(member) bool) {
	return func(yield func(member) bool) {
		d := json.NewDecoder(bytes.NewReader(data))
		var open []bool // for each bracket that is open: whether it is an object's
		key, named := "", false
		for {
			before := int(d.InputOffset())
			t, err := d.Token()
			if err != nil {
				return
			}
			inObject := len(open) > 0 && open[len(open)-1]
			text, isText := t.(string)
			switch {
			case t == json.Delim('{') || t == json.Delim('['):
				open, named = append(open, t == json.Delim('{')), false
			case t == json.Delim('}') || t == json.Delim(']'):
				open, named = open[:len(open)-1], false
			case inObject && !named:
				key, named = text, true
			default:
				named = false
				from := before + bytes.IndexByte(data[before:], '"')
				if inObject && isText && !yield(member{key, text, from, int(d.InputOffset())}) {
					return
				}
			}
		}
	}
}
