package app

import (
	"context"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// ID names an application within its tenant: lower-case letters, digits and dashes.
type ID string

// App is an application to provision into.
type App struct {
	ID          ID
	Name        string
	Target      Target
	Objects     []Object // at most one per source type; users first
	Deprovision Deprovision
	Schedule    Schedule
	Version     int // counts saved configurations; a cycle runs on the version it began with
}

// Target says where the application is and how to speak to it.
type Target struct {
	URL        string   // SCIM base URL, reached directly; empty when Group is set
	Group      string   // agent group to go through; "" = directly
	Resource   string   // name of the application in the agents' own configuration, when Group is set
	SecretFile string   // file with the bearer secret, read by the service; never the secret itself
	CAFile     string   // PEM bundle to trust instead of the system's, when reached directly
	Dialect    string   // "rfc" (default) or "legacy": PATCH dialect, see scimclient
	Timeout    Duration // of one request; default 30s
}

// Duration is a time.Duration in the text form 30s, 5m, 40m.
type Duration time.Duration

// Object maps one source type to one target type.
type Object struct {
	Source   entry.Type // "User" or "Group"
	Target   entry.Type // type at the target; default the same
	Mappings []Mapping
	Match    []Rule // ascending precedence
	Scope    Filter // empty: everything is in scope
	Verbs    Verbs  // target object actions
}

// Verbs says which actions may be taken at the target; the zero value in a file means all three.
type Verbs struct{ Create, Update, Delete bool }

// Flow says when a mapping takes part.
type Flow string

// Flow types.
const (
	Always       Flow = "Always"        // at create and update
	OnCreate     Flow = "ObjectAddOnly" // only when the object is created
	AddValueOnly Flow = "MultiValueAddOnly"
)

// Mapping says what one target attribute shall hold. Exactly one of Source, Constant and Expression is set.
type Mapping struct {
	Target     string // SCIM path: userName, name.givenName, emails[type eq "work"].value, urn:…:User:Login
	Source     string // direct: a source attribute
	Constant   *string
	Expression string // see package expr
	Default    string // used at create when the value is null; "" = none
	Flow       Flow
	ClearNull  bool // a null value clears the target at update instead of leaving it alone
}

// Rule is one way to find the counterpart: the target attribute compared with the value the mapping of that attribute
// yields, or with Source (an attribute or expression) when given.
type Rule struct {
	Precedence int    // 1 first; no two alike
	Target     string // target attribute to search
	Source     string // expression over the source; "" = the mapping of Target
}

// Filter is a scoping filter: groups are joined by OR, the clauses inside a group by AND.
type Filter struct{ Groups []ClauseGroup }

// ClauseGroup is a list of clauses that must all hold.
type ClauseGroup struct {
	Name    string // for explanations
	Clauses []Clause
}

// Clause compares one source attribute; see provisioning semantics §3.1 for each operator.
type Clause struct {
	Attribute string
	Operator  string   // EQUALS, NOT EQUALS, IS TRUE, IS FALSE, IS NULL, IS NOT NULL, REGEX MATCH, NOT REGEX MATCH, …
	Values    []string // empty for unary operators
}

// Deprovision says what happens to people who leave.
type Deprovision struct {
	SkipOutOfScope bool // leaving scope does not disable
	NoDelete       bool // a hard delete in the source does not delete in the target
	DeleteLimit    int  // deletions and disables per cycle from which on they are held; 0 = default 500
}

// Schedule is the job's rhythm.
type Schedule struct {
	Interval Duration // between incremental cycles beside events; default 40m
	Workers  int      // objects at work at once; default 16
}

// Store keeps applications of the tenant in the context.
type Store interface {
	// Put stores the application, replacing one with the same ID, and returns it with its new Version.
	Put(ctx context.Context, a App) (App, error)
	// Get returns an application; fault.NotFound when absent.
	Get(ctx context.Context, id ID) (App, error)
	// List returns all, in the order of ID.
	List(ctx context.Context) ([]App, error)
	// Delete removes an application with its job's memory; fault.NotFound when absent.
	Delete(ctx context.Context, id ID) error
}
