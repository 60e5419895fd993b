package app

import "github.com/sallyport-id/sallyport/entry"

// Test is an example: one source object, and what shall become of it. See package plan for how it is run.
type Test struct {
	Name    string     `json:"name"`
	Type    entry.Type `json:"type"`    // source type; default User
	Source  Facts      `json:"source"`  // the source object: id and attributes
	Target  Facts      `json:"target"`  // what the target holds already, id and attributes; empty: there is no counterpart
	Linked  bool       `json:"linked"`  // the two were joined in an earlier cycle, so that no matching takes place
	Deleted bool       `json:"deleted"` // the source object was deleted for good

	Unassigned    bool     `json:"unassigned"`    // nobody assigned the object to the application
	Taken         []string `json:"taken"`         // values the target holds elsewhere already, for SelectUniqueValue
	Now           string   `json:"now"`           // what Now() returns, RFC 3339; default 2020-01-01T00:00:00Z
	DefaultDomain string   `json:"defaultDomain"` // what DefaultDomain() returns
	Links         Facts    `json:"links"`         // target ids by source id, of objects that are referred to

	Expect Expectation `json:"expect"`
}

// Expectation is what a test wants to see. What is left out is not looked at.
type Expectation struct {
	Verb    string `json:"verb"`    // create, update, disable, delete or skip
	Scope   string `json:"scope"`   // "in" or "out"
	Target  Facts  `json:"target"`  // attributes the target shall hold afterwards; null: shall have no value
	Changes Facts  `json:"changes"` // exactly the attributes that are written; null: is cleared
	Error   string `json:"error"`   // a part of the message; "" wants none
}

// Facts are attributes as a person writes them down: text, number, true or false, null, a list, or keys and values.
type Facts map[string]any
