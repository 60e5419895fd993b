package connectortest

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Harness says how to reach targets and which attribute of theirs plays which part. A part left empty is not tested.
type Harness struct {
	// New makes an empty target and returns how to open a session on it; it may be opened several times.
	New func(t testing.TB) func(ctx context.Context) (connector.Session, error)
	// Open reaches a target that is there already, where New is nil. What it holds stays as it is: the checks look at their own
	// objects only, and delete them at the end.
	Open func(ctx context.Context) (connector.Session, error)
	// Type is the object type that is written.
	Type entry.Type
	// Sample returns the attributes of the n-th object, valid, different from all others, without Anchor if that is made by the target.
	Sample func(n int) entry.Attrs

	Anchor   string // attribute that is the whole anchor and may be written; "" when the target makes anchors
	Required string // a String the target refuses an object without
	Unique   string // a String no two objects may share
	Text     string // a String of any content
	Flag     string // a Boolean
	Number   string // an Integer
	When     string // a DateTime
	Bytes    string // a Binary
	Many     string // a multi-valued String
	Document string // a multi-valued JSON
	Manager  string // a Reference to Type

	Group       entry.Type // a type whose objects have Members; "" when there is none
	GroupSample func(n int) entry.Attrs
	Members     string // a multi-valued Reference to Type

	// DNSample returns the n-th place an object can be renamed or moved to, for a type whose schema names a DN.
	DNSample func(n int) string
	// Login tries a password as the target's own users would; nil: it cannot be tried.
	Login func(ctx context.Context, a connector.Anchor, password connector.Secret) error

	// Takes reports whether the Text attribute takes a text; one that it does not must be refused. nil: it takes all but what is
	// not UTF-8 or holds a NUL, which it may either refuse or keep.
	Takes func(text string) bool
	// Same reports whether the target's comparison takes two texts of Text for equal; nil: as CaseExact says.
	Same    func(a, b string) bool
	MaxText int         // longest text to try, in characters; 0 = 512 Ki
	Numbers []int64     // what Number is tried with; nil: the whole range of int64
	Times   []time.Time // what When is tried with; nil: the years 2 to 9999, with microseconds
	Blobs   [][]byte    // what Bytes is tried with; nil: up to 80 kB, also none

	// Excuses say, by name, why a check is not made ("TextComesBackByteForByte": "the directory trims spaces"). What the
	// connector's own Capabilities excuse needs no word here.
	Excuses map[string]string
	// Scale is how many objects the tier of that name writes; 0 = 5,300, a tenth of it in short tests.
	Scale int

	spares spares // what Discover found; nothing in a harness made by hand
}

// plain is a String that several objects may have alike.
func (h Harness) plain() string {
	if h.Text != "" {
		return h.Text
	}
	return h.Required
}

// takes reports whether a text should come back as it was.
func (h Harness) takes(s string) bool { return h.Takes == nil || h.Takes(s) }

// Tier is a group of checks.
type Tier string

// The tiers, in the order in which they are made.
const (
	Describe    Tier = "describe" // schema, capabilities, tests
	Import      Tier = "import"
	Lookup      Tier = "lookup"
	Export      Tier = "export"
	Values      Tier = "values" // what comes back, and what is refused
	References  Tier = "references"
	Rename      Tier = "rename"
	Delta       Tier = "delta"
	Batch       Tier = "batch"
	Password    Tier = "password"
	Concurrency Tier = "concurrency"
	Scale       Tier = "scale"
)

// Tiers lists the tiers in order.
func Tiers() []Tier {
	return []Tier{Describe, Import, Lookup, Export, Values, References, Rename, Delta, Batch, Password, Concurrency, Scale}
}

// Check is one promise of the contract.
type Check struct {
	Tier  Tier
	Name  string // what is true when it passes
	Reads bool   // writes nothing

	ability string // the capability it needs; "" = none
	part    string // the field of Harness that it needs; "" = none
	run     func(*trial, Harness)
}

// Checks lists every check.
func Checks() []Check {
	var all []Check
	for _, tier := range [][]Check{describing(), importing(), lookingUp(), exporting(), keeping(), linking(), renaming(), following(), batching(), setting(), together(), growing()} {
		all = append(all, tier...)
	}
	return all
}

func describing() []Check {
	return []Check{
		{Tier: Describe, Name: "WhatIsMissingIsExcused", Reads: true, run: excused},
		{Tier: Describe, Name: "SchemaIsSound", Reads: true, run: sound},
		{Tier: Describe, Name: "SchemaDescribesWhatIsWritten", run: schema, ability: "export"},
		{Tier: Describe, Name: "TestSucceeds", Reads: true, run: tests, ability: "test"},
		{Tier: Describe, Name: "PartitionsAreTold", Reads: true, run: partitions, ability: "partitions"},
		{Tier: Describe, Name: "ContainersAreTold", Reads: true, run: containers, ability: "hierarchy"},
	}
}

func importing() []Check {
	return []Check{
		{Tier: Import, Name: "ImportFitsTheSchema", Reads: true, run: fitting},
		{Tier: Import, Name: "ImportTwiceIsTheSame", Reads: true, run: twice},
		{Tier: Import, Name: "ImportOfAnUnknownTypeFails", Reads: true, run: unknownType},
		{Tier: Import, Name: "ImportCanBeLeft", Reads: true, run: left},
		{Tier: Import, Name: "ImportYieldsEveryObject", run: imports, ability: "export"},
		{Tier: Import, Name: "ImportCanBeLeftEarly", run: leavesEarly, ability: "export"},
		{Tier: Import, Name: "CountCounts", run: counts, ability: "count"},
	}
}

func lookingUp() []Check {
	return []Check{
		{Tier: Lookup, Name: "ImportedObjectsAreFoundByAnchor", Reads: true, run: foundByAnchor, ability: "lookup"},
		{Tier: Lookup, Name: "LookupFindsByEachAttribute", run: looksUp, ability: "lookup"},
		{Tier: Lookup, Name: "LookupOfWhatIsAbsentIsEmpty", run: looksUpAbsent, ability: "lookup"},
		{Tier: Lookup, Name: "LookupAgreesWithMemory", run: agrees, ability: "lookup", part: "Text"},
		{Tier: Lookup, Name: "HostileNamesAreRefused", run: hostileNames, ability: "export"},
	}
}

func exporting() []Check {
	return []Check{
		{Tier: Export, Name: "CreateReturnsWhatTheTargetHolds", run: creates, ability: "export"},
		{Tier: Export, Name: "UpdateReplacesAndClears", run: updates, ability: "export"},
		{Tier: Export, Name: "UpdateTouchesNothingElse", run: updatesOnly, ability: "export"},
		{Tier: Export, Name: "UpdateWithoutEditsChangesNothing", run: updatesNothing, ability: "export"},
		{Tier: Export, Name: "DeleteDeletes", run: deletes, ability: "export"},
		{Tier: Export, Name: "NotFoundIsSaid", run: notFound, ability: "export"},
		{Tier: Export, Name: "ExistsIsSaid", run: exists, ability: "export", part: "Unique"},
		{Tier: Export, Name: "InvalidIsSaid", run: invalid, ability: "export"},
		{Tier: Export, Name: "ObjectsFollowTheModel", run: follows, ability: "export"},
	}
}

func keeping() []Check {
	return []Check{
		{Tier: Values, Name: "ValuesOfEveryTypeComeBack", run: types, ability: "export"},
		{Tier: Values, Name: "TextComesBackByteForByte", run: unicode, ability: "export", part: "Text"},
		{Tier: Values, Name: "PoisonFailsAlone", run: poison, ability: "export", part: "Text"},
		{Tier: Values, Name: "ManyValuesAreAddedAndRemoved", run: many, ability: "export", part: "Many"},
		{Tier: Values, Name: "LastOfManyValuesIsDeleted", run: lastOfMany, ability: "export", part: "Many"},
		{Tier: Values, Name: "DocumentsAreAddedAndRemoved", run: documents, ability: "export", part: "Document"},
	}
}

func linking() []Check {
	return []Check{
		{Tier: References, Name: "ReferencesPointToAnchors", run: references, ability: "export", part: "Manager"},
		{Tier: References, Name: "MembersAreAddedAndRemovedOneByOne", run: members, ability: "export", part: "Group"},
		{Tier: References, Name: "GroupOfThousandsImports", run: largeGroup, ability: "export", part: "Group"},
	}
}

func renaming() []Check {
	return []Check{
		{Tier: Rename, Name: "RenameGivesTheNewAnchor", run: renames, ability: "rename", part: "Anchor"},
		{Tier: Rename, Name: "MovedObjectsKeepTheirValues", run: moves, ability: "rename", part: "DNSample"},
	}
}

func following() []Check {
	return []Check{
		{Tier: Delta, Name: "NothingNewIsNoChange", Reads: true, run: quiet, ability: "delta"},
		{Tier: Delta, Name: "ForgottenWatermarkIsAConflict", Reads: true, run: forgotten, ability: "delta"},
		{Tier: Delta, Name: "ChangesAreTold", run: told, ability: "delta"},
		{Tier: Delta, Name: "ChangesOfMembersAreTold", run: toldOfMembers, ability: "delta", part: "Group"},
		{Tier: Delta, Name: "DeletionsAreTold", run: toldOfDeletions, ability: "deletions"},
		{Tier: Delta, Name: "RenamesAreTold", run: toldOfRenames, ability: "rename", part: "Anchor"},
		{Tier: Delta, Name: "ChangesCanBeReadAgain", run: readAgain, ability: "delta"},
		{Tier: Delta, Name: "PushReportsAChange", run: pushes, ability: "push"},
		{Tier: Delta, Name: "PushEndsWithItsContext", Reads: true, run: pushEnds, ability: "push"},
	}
}

func batching() []Check {
	return []Check{
		{Tier: Batch, Name: "BatchAnswersEachInOrder", run: batches, ability: "batch"},
		{Tier: Batch, Name: "OneFailureLeavesTheOthers", run: batchFails, ability: "batch"},
		{Tier: Batch, Name: "BatchIsWhatSingleWritesAre", run: batchEquals, ability: "batch"},
	}
}

func setting() []Check {
	return []Check{
		{Tier: Password, Name: "PasswordIsSetAndNeverRead", run: setsPassword, ability: "password"},
		{Tier: Password, Name: "PasswordOfNobodyIsNotFound", run: passwordOfNobody, ability: "password"},
		{Tier: Password, Name: "OldPasswordMustBeRight", run: changesPassword, ability: "oldPassword"},
	}
}

func together() []Check {
	return []Check{
		{Tier: Concurrency, Name: "SessionsWorkInParallel", run: parallel, ability: "export"},
		{Tier: Concurrency, Name: "OneNameIsCreatedOnceInARace", run: race, ability: "export", part: "Unique"},
		{Tier: Concurrency, Name: "CancelledContextWritesNothing", run: cancelled, ability: "export"},
	}
}

func growing() []Check {
	return []Check{
		{Tier: Scale, Name: "ThousandsAreWrittenAndImported", run: thousands, ability: "export"},
	}
}
