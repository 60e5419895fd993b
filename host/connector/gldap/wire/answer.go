package wire

import (
	"fmt"
	"slices"
)

// Answers by their tag.
const (
	opBind         = 0x61
	opEntry        = 0x64
	opDone         = 0x65
	opReference    = 0x73
	opExtended     = 0x78
	opIntermediate = 0x79
)

// Result is how an operation ended (RFC 4511 §4.1.9).
type Result struct {
	Code      int
	Matched   string // the part of the DN that exists
	Message   string // the server's own words
	Referrals []string
	Value     []byte // of an extended answer, or what the server says in a login of several steps; nil = none
	Controls  []Control
}

// Control returns the value of a control, nil when it is not there.
func (r Result) Control(oid string) []byte { return find(r.Controls, oid) }

func find(cs []Control, oid string) []byte {
	if i := slices.IndexFunc(cs, func(c Control) bool { return c.OID == oid }); i >= 0 {
		return cs[i].Value
	}
	return nil
}

// Refused is an operation that the server answered with another code than success.
type Refused struct{ Result }

func (e *Refused) Error() string {
	s := fmt.Sprintf("LDAP result %d (%s)", e.Code, CodeName(e.Code))
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// answer is one message from the server, in pieces of the connection's buffer.
type answer struct {
	id       int64
	op       byte
	body     []byte
	controls []byte // content of the controls' sequence
}

func parseAnswer(b []byte) (a answer, err error) {
	body, _, err := want(b, tagSequence)
	if err != nil {
		return a, err
	}
	id, body, err := Next(body)
	if err != nil || id.Tag != tagInt {
		return a, fmt.Errorf("%w: no message number", errBER)
	}
	if a.id, err = id.Int(); err != nil {
		return a, err
	}
	op, body, err := Next(body)
	if err != nil {
		return a, err
	}
	a.op, a.body = op.Tag, op.Body
	if len(body) > 0 && body[0] == 0xa0 {
		a.controls, _, err = want(body, 0xa0)
	}
	return a, err
}

// parseResult reads the three fields every result begins with, and what may follow them.
func parseResult(body, controls []byte) (r Result, err error) {
	fields, err := Fields(body)
	if err != nil {
		return r, err
	}
	if len(fields) < 3 || fields[0].Tag != tagEnum {
		return r, fmt.Errorf("%w: a result without its fields", errBER)
	}
	code, err := fields[0].Int()
	if err != nil {
		return r, err
	}
	r.Code, r.Matched, r.Message = int(code), string(fields[1].Body), string(fields[2].Body)
	for _, f := range fields[3:] {
		switch f.Tag {
		case 0xa3:
			if err := r.referrals(f.Body); err != nil {
				return r, err
			}
		case 0x8b, 0x87: // of an extended operation, of a login in steps
			r.Value = slices.Clone(f.Body)
		}
	}
	r.Controls, err = parseControls(controls)
	return r, err
}

func (r *Result) referrals(body []byte) error {
	urls, err := Fields(body)
	for _, u := range urls {
		r.Referrals = append(r.Referrals, string(u.Body))
	}
	return err
}

// parseControls copies controls out of the buffer.
func parseControls(body []byte) ([]Control, error) {
	if len(body) == 0 {
		return nil, nil
	}
	items, err := Fields(body)
	if err != nil {
		return nil, err
	}
	var out []Control
	for _, i := range items {
		fields, err := Fields(i.Body)
		if err != nil {
			return nil, err
		}
		if len(fields) == 0 {
			return nil, fmt.Errorf("%w: a control without a name", errBER)
		}
		c := Control{OID: string(fields[0].Body)}
		for _, f := range fields[1:] {
			switch f.Tag {
			case tagBool:
				c.Critical = len(f.Body) == 1 && f.Body[0] != 0
			case tagOctets:
				c.Value = slices.Clone(f.Body)
			}
		}
		out = append(out, c)
	}
	return out, nil
}
