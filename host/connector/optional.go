package connector

import (
	"context"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
)

// PasswordSetter sets a password as its own step after a create.
type PasswordSetter interface {
	SetPassword(ctx context.Context, t entry.Type, a Anchor, password Secret) error
}

// PasswordChanger changes a password as the person would, who knows the old one. A wrong old password, and a new one that
// the target's rules refuse, are fault.Invalid with the target's own text.
type PasswordChanger interface {
	ChangePassword(ctx context.Context, t entry.Type, a Anchor, was, want Secret) error
}

// Follower is implemented by sessions of targets that hold references by a name which can change (a DN, a login name) instead of by
// the anchor. The host calls it after each update that may have changed a name.
type Follower interface {
	// Names returns the attributes by which others refer to objects of the type, and those that make such a name.
	Names(t entry.Type) []string
	// Follow makes what refers to the object by the DN or the names it had refer to it as it is called now, and does nothing where the
	// target did so itself, or nothing changed: it may be repeated. was holds values of Names. fault.Conflict when another object
	// goes by the old name meanwhile.
	Follow(ctx context.Context, t entry.Type, a Anchor, dn string, was map[string]string) error
}

// Partition is a part of a target that can be imported by itself: a naming context, a schema, a file.
type Partition struct {
	ID       string `json:"id"`       // in the target's own spelling
	Name     string `json:"name"`     // for people
	Selected bool   `json:"selected"` // whether the configuration includes it
}

// Partitioner lists the parts of a target. Import and ImportSince read the selected ones.
type Partitioner interface {
	Partitions(ctx context.Context) ([]Partition, error)
}

// Container is a place in a target's tree that holds objects.
type Container struct {
	DN   string `json:"dn"`   // where it is
	Name string `json:"name"` // its last component, for people
	Leaf bool   `json:"leaf"` // holds no containers itself
}

// Hierarchy lists a target's tree, one level at a time.
type Hierarchy interface {
	// Containers returns what is directly below parent; below a partition's ID, or "" for the top.
	Containers(ctx context.Context, parent string) ([]Container, error)
}

// Counter counts the objects of a type cheaply, for progress bars.
type Counter interface {
	Count(ctx context.Context, t entry.Type) (int, error)
}

// Limits is implemented by sessions whose target has an opinion on parallel writers.
type Limits interface {
	// Writers is how many sessions may write at once; at least 1.
	Writers() int
}

// Tester checks that the target can be reached and used with the configured credential, beyond what Open did.
type Tester interface {
	Test(ctx context.Context) error
}

// Stage is one step of a staged test.
type Stage struct {
	Name   string // what was tried: "Resolve", "Connect", "Log in", "Read the schema"
	Detail string // what was found: an address, a version, a number of tables. Never a secret.
	Err    error  // nil when the step succeeded; a fault whose hint says what to try
}

// StagedTester is a Tester that shows how far it came. A Driver implements it as StagedDriver when steps come before a session.
type StagedTester interface {
	// TestStages yields each step when it is done, and ends after the first that fails.
	TestStages(ctx context.Context) iter.Seq[Stage]
}

// StagedDriver tries the steps up to an open session one by one: name, port, certificate, credential. The caller goes on with
// the session's own StagedTester.
type StagedDriver interface {
	OpenStages(ctx context.Context, config Config) iter.Seq[Stage]
}

// Sample is a configuration that works as it stands, for the connector's page and for "connector sample". The tests run it.
type Sample struct {
	Name       string // one word: "people", "groups-history"
	For        string // one sentence: what it is good for
	Config     string // YAML: a whole configuration file of the host
	Privileges string // the script that grants the least privileges it needs (SQL, LDIF), or ""
	Setup      string // the script that makes the tables or entries it is written for, or ""
}

// Sampler is implemented by a Driver that has samples.
type Sampler interface {
	Samples() []Sample
}
