package connectortest

import (
	"context"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Harness says how to reach targets and which attribute of theirs plays which part. A part left empty is not tested.
type Harness struct {
	// New makes an empty target and returns how to open a session on it; it may be opened several times.
	New func(t testing.TB) func(ctx context.Context) (connector.Session, error)
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
}

// plain is a String that several objects may have alike.
func (h Harness) plain() string {
	if h.Text != "" {
		return h.Text
	}
	return h.Required
}

// Run checks every promise as a subtest of its own, each on an empty target.
func Run(t *testing.T, h Harness) {
	for _, c := range []struct {
		name string
		need bool
		run  func(*testing.T, Harness)
	}{
		{"SchemaDescribesWhatIsWritten", true, schema},
		{"CreateReturnsWhatTheTargetHolds", true, creates},
		{"ImportYieldsEveryObject", true, imports},
		{"ImportCanBeLeftEarly", true, leavesEarly},
		{"ImportOfAnUnknownTypeFails", true, unknownType},
		{"LookupFindsByEachAttribute", true, looksUp},
		{"LookupOfWhatIsAbsentIsEmpty", true, looksUpAbsent},
		{"UpdateReplacesAndClears", true, updates},
		{"UpdateTouchesNothingElse", true, updatesOnly},
		{"UpdateWithoutEditsChangesNothing", true, updatesNothing},
		{"DeleteDeletes", true, deletes},
		{"NotFoundIsSaid", true, notFound},
		{"ValuesOfEveryTypeComeBack", true, types},
		{"TextComesBackByteForByte", h.Text != "", unicode},
		{"PoisonFailsAlone", h.Text != "", poison},
		{"RenameGivesTheNewAnchor", h.Anchor != "", renames},
		{"ExistsIsSaid", h.Unique != "", exists},
		{"InvalidIsSaid", true, invalid},
		{"ManyValuesAreAddedAndRemoved", h.Many != "", many},
		{"LastOfManyValuesIsDeleted", h.Many != "", lastOfMany},
		{"DocumentsAreAddedAndRemoved", h.Document != "", documents},
		{"ReferencesPointToAnchors", h.Manager != "", references},
		{"MembersAreAddedAndRemovedOneByOne", h.Group != "", members},
		{"GroupOfThousandsImports", h.Group != "", largeGroup},
		{"SessionsWorkInParallel", true, parallel},
		{"OneNameIsCreatedOnceInARace", h.Unique != "", race},
		{"CancelledContextWritesNothing", true, cancelled},
		{"CountCounts", true, counts},
		{"TestSucceeds", true, tests},
	} {
		if c.need {
			t.Run(c.name, func(t *testing.T) { c.run(t, h) })
		}
	}
}
