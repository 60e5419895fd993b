package plan

import (
	"github.com/sallyport-id/sallyport/entry"
)

// Verb is what a plan does.
type Verb string

// The verbs.
const (
	Create  Verb = "create"
	Update  Verb = "update"
	Disable Verb = "disable"
	Delete  Verb = "delete"
	Skip    Verb = "skip"
)

// Link is a remembered pair. The zero Link means: never joined.
type Link struct {
	Source string // id in the directory
	Type   entry.Type
	Target string // id the target gave
	Active bool   // false after a disable; the pair is kept
	Left   bool   // it was disabled because it left scope: a later hard delete is not passed on
	Digest []byte // hash of what was last exported; equal digest means nothing to ask and nothing to send
}

// Plan is what would be done to one object, and why.
type Plan struct {
	Verb   Verb
	Reason string // plain words
	Code   string // log code: EntryExportAdd, RedundantExport, ImportSkipped, …
	Type   entry.Type
	Source entry.Entry
	Link   Link
	Want   entry.Entry // what the target should hold, target attribute names
	Have   entry.Entry // what it holds, as far as known
	Edits  []entry.Edit
	Refs   []Ref // references to write once both ends are linked
	Steps  []Step
	Digest []byte // of what is wanted after the export; becomes Link.Digest on success

	Origins   map[string]Origin // where each attribute of Want and Refs comes from, by target attribute
	Redacted  map[string]bool   // target attributes whose values no log may show; it belongs to the rules and must not be changed
	Hidden    []string          // texts besides these values that no log may show: what they are made of, and what was asked for. Never to be kept
	Off       bool              // the person shall not have an active account: disabled, deleted, or out of scope
	LeftScope bool              // Off because of the scoping filter
}

// Ref is a reference attribute as the target should hold it.
type Ref struct {
	Attr    string   // target attribute: members, urn:…:User:manager
	Single  bool     // at most one value
	AddOnly bool     // never take out what the target holds beside these
	Targets []string // target ids of the objects that are linked
	Waiting []string // source ids of the objects that are not linked yet
}

// Origin is where the value of a target attribute comes from.
type Origin struct {
	Mapping string              `json:"mapping"`           // as a person would write it: [mail], "text", Join(" ", [givenName], [surname])
	Sources map[string][]string `json:"sources,omitempty"` // the source attributes it reads, and what they held; "[Redact]" where no log may show it
	Default bool                `json:"default,omitempty"` // the source had no value, so the mapping's default was taken
}

// Unresolved returns the source ids the plan's references still wait for.
func (p Plan) Unresolved() []string {
	var ids []string
	for _, r := range p.Refs {
		ids = append(ids, r.Waiting...)
	}
	return ids
}

// Step is one line of the story: what was looked at and what came of it.
type Step struct {
	Name   string            `json:"name"` // EntryImport, EntrySynchronizationScoping, …
	Type   StepType          `json:"type"`
	Status Status            `json:"status"`
	Detail string            `json:"detail"`           // plain words
	Facts  map[string]string `json:"facts,omitempty"`  // rule, values, attribute, …
	Millis int64             `json:"millis,omitempty"` // how long it took; 0 when not measured
}

// StepType is the phase a step belongs to.
type StepType string

// The step types.
const (
	Import     StepType = "import"
	Scoping    StepType = "scoping"
	Matching   StepType = "matching"
	Mapping    StepType = "processing"
	References StepType = "referenceResolution"
	Export     StepType = "export"
)

// Status is how a step or an object ended.
type Status string

// The statuses.
const (
	Success Status = "success"
	Failure Status = "failure"
	Skipped Status = "skipped"
	Warning Status = "warning"
)
