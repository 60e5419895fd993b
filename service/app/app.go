package app

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
)

// ID names an application within its tenant: lower-case letters, digits and dashes.
type ID string

// App is an application to provision into.
type App struct {
	ID          ID          `json:"id"`
	Name        string      `json:"name"` // for people; default the ID
	Target      Target      `json:"target"`
	Schedule    Schedule    `json:"schedule"`
	Assignments Assignments `json:"assignments"`
	Deprovision Deprovision `json:"deprovision"`
	Quarantine  Quarantine  `json:"quarantine"`
	Drift       Drift       `json:"drift"`        // what to do about objects changed or removed in the target by hand; default report
	Nested      Nesting     `json:"nestedGroups"` // what a group that is a member of a group becomes; default member
	Notify      Notify      `json:"notify"`
	Objects     []Object    `json:"objects"`          // at most one per source type; users first
	Tests       []Test      `json:"tests"`            // examples that `app test` checks
	GraphSchema string      `json:"graphSchema"`      // the schema as a Graph client last wrote it, in JSON, to give back what rules here do not hold; see app/graphschema
	Version     int         `json:"version" yaml:"-"` // counts saved configurations; a cycle runs on the version it began with
}

// Target says where the application is and how to speak to it.
type Target struct {
	URL         string   `json:"url"`         // SCIM base URL, reached directly; empty when Group is set
	Group       string   `json:"group"`       // agent group to go through; "" = directly
	Resource    string   `json:"resource"`    // name of the application in the agents' own configuration, when Group is set
	SecretFile  string   `json:"secretFile"`  // file with the bearer secret, read by the service; never the secret itself
	CAFile      string   `json:"caFile"`      // PEM bundle to trust instead of the system's, when reached directly
	Dialect     string   `json:"dialect"`     // "rfc" (default) or "legacy": PATCH dialect, see scimclient
	Timeout     Duration `json:"timeout"`     // of one request; default 30s
	Rate        int      `json:"rate"`        // requests per second that the job sends at most; 0 = no limit
	Concurrency int      `json:"concurrency"` // requests in flight at most; 0 = as many as Schedule.Workers
}

// Object maps one source type to one target type.
type Object struct {
	Source   entry.Type `json:"source"`   // "User" or "Group"
	Target   entry.Type `json:"target"`   // type at the target; default the same
	Verbs    Verbs      `json:"verbs"`    // target object actions
	Match    []Rule     `json:"match"`    // ascending precedence
	Scope    Filter     `json:"scope"`    // empty: everything is in scope
	Mappings []Mapping  `json:"mappings"` // in the order of the file
	Input    Filter     `json:"input"`    // what it does not let through is not looked at at all, and so not deprovisioned; empty: everything

	// Attributes are what is known of the target's attributes: values are converted to their types, and what is single-valued gets one value.
	// Attributes that are not listed take values as they come.
	Attributes []Attribute `json:"attributes"`
}

// Verbs says which actions may be taken at the target; the zero value in a file means all three.
type Verbs struct {
	Create bool `json:"create"`
	Update bool `json:"update"`
	Delete bool `json:"delete"`
}

// Flow says when a mapping takes part.
type Flow string

// Flow types.
const (
	Always       Flow = "Always"            // at create and update
	OnCreate     Flow = "ObjectAddOnly"     // only when the object is created
	AddValueOnly Flow = "MultiValueAddOnly" // values are only ever added
	FillOnly     Flow = "AttributeAddOnly"  // only while the target has no value
)

// Mapping says what one target attribute shall hold. Exactly one of Source, Constant, Expression and None is set.
type Mapping struct {
	Target     string  `json:"target"`     // SCIM path: userName, name.givenName, emails[type eq "work"].value, urn:…:User:Login
	Source     string  `json:"source"`     // direct: a source attribute
	Constant   *string `json:"constant"`   // the same text for everybody
	Expression string  `json:"expression"` // see package expr
	None       bool    `json:"none"`       // from nothing: the target keeps what it has, and gets the default at create
	Default    string  `json:"default"`    // used at create when the value is null; "" = none
	Flow       Flow    `json:"flow"`       // when the mapping takes part; default Always
	ClearNull  bool    `json:"clearNull"`  // a null value clears the target at update instead of leaving it alone
}

// Rule is one way to find the counterpart: the target attribute compared with the value the mapping of that attribute
// yields, or with Source (an attribute or expression) when given.
type Rule struct {
	Precedence int    `json:"precedence"` // 1 first; no two alike
	Target     string `json:"target"`     // target attribute to search
	Source     string `json:"source"`     // expression over the source; "" = the mapping of Target
}

// Filter is a scoping filter: groups are joined by OR, the clauses inside a group by AND.
// In a file it is the list of its groups.
type Filter struct {
	Groups []ClauseGroup `json:"groups"`
}

// ClauseGroup is a list of clauses that must all hold.
type ClauseGroup struct {
	Name    string   `json:"name"` // for explanations
	Clauses []Clause `json:"clauses"`
}

// Clause compares one source attribute; see provisioning semantics §3.1 for each operator.
type Clause struct {
	Attribute string   `json:"attribute"`
	Operator  string   `json:"operator"` // a name of Operators
	Values    []string `json:"values"`   // empty for unary operators; of several, one suffices (for a negative operator, none may hold)
	All       bool     `json:"all"`      // of several values of the attribute, all must pass; otherwise one suffices
}

// Assignments says who may be in scope beside the scoping filter. The zero value takes everybody ("sync all").
type Assignments struct {
	Only   bool `json:"only"`   // only users and groups that are assigned to the application, and the members of assigned groups
	Nested bool `json:"nested"` // with Only: members of groups inside an assigned group count too, at any depth
}

// Deprovision says what happens to people who leave. A limit counts disables and deletes together; what reaches it is held until released.
type Deprovision struct {
	SkipOutOfScope bool `json:"skipOutOfScope"` // leaving scope, by filter or by assignment, does not disable
	NoDelete       bool `json:"noDelete"`       // a hard delete in the source does not delete in the target
	DeleteLeavers  bool `json:"deleteLeavers"`  // the target cannot disable: who leaves scope, is disabled or soft-deleted is deleted at once
	DeleteLeft     bool `json:"deleteLeft"`     // a hard delete in the source deletes accounts too that had left scope before
	DeleteLimit    int  `json:"deleteLimit"`    // per cycle, from this many on; 0 = default 500
	DeletePercent  int  `json:"deletePercent"`  // per cycle, from this share of the job's active links on, 1 to 100; 0 = no such limit
	DeletePerDay   int  `json:"deletePerDay"`   // in the last 24 hours, from this many on, the ones let through before included; 0 = no such limit
}

// Quarantine says from how many failed objects of a job on it is slowed down. Each 0 is the default.
type Quarantine struct {
	Failures   int `json:"failures"`   // failures below which Percent does not count; default 5000
	Percent    int `json:"percent"`    // share of failed objects; default 40
	Base       int `json:"base"`       // failures without those of references; default 40000
	References int `json:"references"` // failures with those of references; default 60000
}

// Drift says what the engine does about objects that somebody changed or removed in the target by hand.
type Drift string

// The ways to treat drift.
const (
	ReportDrift Drift = "report" // say so and leave the target alone
	RepairDrift Drift = "repair" // write again what the mappings say
	AcceptDrift Drift = "accept" // take what the target holds for what was exported, until the source changes
)

// Nesting says what a group inside a group becomes in the target.
type Nesting string

// The ways to treat nested groups.
const (
	NestedAsMember Nesting = "member"  // the nested group is a member, by its own id in the target
	NestedFlat     Nesting = "flatten" // its members, at any depth, are members instead of it
	NestedLeftOut  Nesting = "ignore"  // it is left out
)

// Notify says who is told about quarantine, held deletions and failed jobs.
type Notify struct {
	Emails       []string `json:"emails"`       // addresses
	WebhookFiles []string `json:"webhookFiles"` // files with one URL each, read by the service; a webhook's URL is a secret
}

// Schedule is the job's rhythm.
type Schedule struct {
	Interval Duration `json:"interval"` // between incremental cycles beside events; default 40m
	Workers  int      `json:"workers"`  // objects at work at once; default 16
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
