package wire

import "fmt"

// Entry is one entry of a search, in pieces of the connection's buffer: it holds only until the next one is read.
type Entry struct {
	DN       []byte
	Attrs    []Named
	Controls []Control

	values [][]byte // room for all values of the entry
}

// Named is an attribute of an Entry.
type Named struct {
	Name   []byte
	Values [][]byte
}

// parse reads a SearchResultEntry into e, reusing its room.
func (e *Entry) parse(body []byte) error {
	e.Attrs, e.values, e.Controls = e.Attrs[:0], e.values[:0], nil
	dn, rest, err := want(body, tagOctets)
	if err != nil {
		return err
	}
	e.DN = dn
	list, _, err := want(rest, tagSequence)
	if err != nil {
		return err
	}
	for len(list) > 0 {
		var one []byte
		if one, list, err = want(list, tagSequence); err != nil {
			return err
		}
		if err := e.attribute(one); err != nil {
			return err
		}
	}
	e.carve()
	return nil
}

// attribute reads one attribute; its values are counted first and cut out of e.values when all are known, since that may move.
func (e *Entry) attribute(b []byte) error {
	name, rest, err := want(b, tagOctets)
	if err != nil {
		return err
	}
	set, _, err := want(rest, tagSet)
	if err != nil {
		return err
	}
	from := len(e.values)
	for len(set) > 0 {
		var v []byte
		if v, set, err = want(set, tagOctets); err != nil {
			return err
		}
		e.values = append(e.values, v)
	}
	e.Attrs = append(e.Attrs, Named{Name: name, Values: e.values[from:len(e.values):len(e.values)]})
	return nil
}

// carve points every attribute into the final room of the values.
func (e *Entry) carve() {
	at := 0
	for i := range e.Attrs {
		n := len(e.Attrs[i].Values)
		e.Attrs[i].Values = e.values[at : at+n : at+n]
		at += n
	}
}

// ParseEntry reads an entry out of a control's value, as a post-read control has it.
func ParseEntry(value []byte) (*Entry, error) {
	el, _, err := Next(value)
	if err != nil {
		return nil, err
	}
	if el.Tag != opEntry && el.Tag != tagSequence {
		return nil, fmt.Errorf("%w: no entry in the control", errBER)
	}
	e := new(Entry)
	return e, e.parse(el.Body)
}
