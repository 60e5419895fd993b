package wire

// Request is an operation that has one answer.
type Request interface{ encode(w *builder) }

// Attribute is a name with its values, as bytes.
type Attribute struct {
	Name   string
	Values []string
}

// Add makes an entry (RFC 4511 §4.7).
type Add struct {
	DN    string
	Attrs []Attribute
}

// The sorts of change of a Modify.
const (
	ChangeAdd = iota
	ChangeDelete
	ChangeReplace
)

// Change is one change of a Modify.
type Change struct {
	Op int
	Attribute
}

// Modify changes an entry (RFC 4511 §4.6).
type Modify struct {
	DN      string
	Changes []Change
}

// Delete removes an entry (RFC 4511 §4.8).
type Delete struct{ DN string }

// Rename gives an entry another RDN, dropping the old one's values, and another place when Superior is not "" (RFC 4511 §4.9).
type Rename struct{ DN, RDN, Superior string }

// Extended is an extended operation (RFC 4511 §4.12). Without Value none is sent.
type Extended struct {
	OID   string
	Value []byte
}

// simpleBind and external are the ways to say who we are in one step.
type simpleBind struct{ dn, password string }
type external struct{ authz string }

// saslStep is one step of a login by a mechanism.
type saslStep struct {
	mechanism   string
	credentials []byte
}

func (r saslStep) encode(w *builder) {
	w.nest(0x60, func() {
		w.integer(tagInt, 3)
		w.octets(tagOctets, "")
		w.nest(0xa3, func() {
			w.octets(tagOctets, r.mechanism)
			if len(r.credentials) > 0 {
				w.octets(tagOctets, string(r.credentials))
			}
		})
	})
}

func (r simpleBind) encode(w *builder) {
	w.nest(0x60, func() {
		w.integer(tagInt, 3)
		w.octets(tagOctets, r.dn)
		w.octets(0x80, r.password)
	})
}

func (r external) encode(w *builder) {
	w.nest(0x60, func() {
		w.integer(tagInt, 3)
		w.octets(tagOctets, "")
		w.nest(0xa3, func() {
			w.octets(tagOctets, "EXTERNAL")
			w.octets(tagOctets, r.authz)
		})
	})
}

func (r Add) encode(w *builder) {
	w.nest(0x68, func() {
		w.octets(tagOctets, r.DN)
		w.nest(tagSequence, func() {
			for _, a := range r.Attrs {
				a.encode(w)
			}
		})
	})
}

func (a Attribute) encode(w *builder) {
	w.nest(tagSequence, func() {
		w.octets(tagOctets, a.Name)
		w.nest(tagSet, func() {
			for _, v := range a.Values {
				w.octets(tagOctets, v)
			}
		})
	})
}

func (r Modify) encode(w *builder) {
	w.nest(0x66, func() {
		w.octets(tagOctets, r.DN)
		w.nest(tagSequence, func() {
			for _, c := range r.Changes {
				w.nest(tagSequence, func() {
					w.integer(tagEnum, int64(c.Op))
					c.Attribute.encode(w)
				})
			}
		})
	})
}

func (r Delete) encode(w *builder) { w.octets(0x4a, r.DN) }

func (r Rename) encode(w *builder) {
	w.nest(0x6c, func() {
		w.octets(tagOctets, r.DN)
		w.octets(tagOctets, r.RDN)
		w.boolean(tagBool, true)
		if r.Superior != "" {
			w.octets(0x80, r.Superior)
		}
	})
}

func (r Extended) encode(w *builder) {
	w.nest(0x77, func() {
		w.octets(0x80, r.OID)
		if r.Value != nil {
			w.octets(0x81, string(r.Value))
		}
	})
}

// The scopes of a Search.
const (
	Base = iota
	OneLevel
	Subtree
)

// Search asks for entries (RFC 4511 §4.5).
type Search struct {
	Base   string
	Scope  int
	Filter Filter
	Attrs  []string // none = all user attributes; "1.1" = none
	Limit  int      // most entries; 0 = no limit of ours
	// Controls go with the request.
	Controls []Control
}

func (r Search) encode(w *builder) {
	w.nest(0x63, func() {
		w.octets(tagOctets, r.Base)
		w.integer(tagEnum, int64(r.Scope))
		w.integer(tagEnum, 0) // never dereference aliases
		w.integer(tagInt, int64(r.Limit))
		w.integer(tagInt, 0)
		w.boolean(tagBool, false)
		r.Filter(w)
		w.nest(tagSequence, func() {
			for _, a := range r.Attrs {
				w.octets(tagOctets, a)
			}
		})
	})
}

// Control goes with a request or an answer (RFC 4511 §4.1.11). A nil Value is none.
type Control struct {
	OID      string
	Critical bool
	Value    []byte
}

// message encodes a whole request.
func message(w *builder, id int64, r Request, controls []Control) {
	w.nest(tagSequence, func() {
		w.integer(tagInt, id)
		r.encode(w)
		if len(controls) == 0 {
			return
		}
		w.nest(0xa0, func() {
			for _, c := range controls {
				c.encode(w)
			}
		})
	})
}

func (c Control) encode(w *builder) {
	w.nest(tagSequence, func() {
		w.octets(tagOctets, c.OID)
		if c.Critical {
			w.boolean(tagBool, true)
		}
		if c.Value != nil {
			w.octets(tagOctets, string(c.Value))
		}
	})
}
