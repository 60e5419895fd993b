package gsql

import (
	"maps"
	"os"
	"slices"

	"github.com/sallyport-id/sallyport/host/connector/connectortest"
)

// fullEnv names the environment variable whose value full asks for the whole kit on every database.
const fullEnv = "SALLYPORT_CONNECTORS"

func full() bool { return os.Getenv(fullEnv) == "full" }

// quick leaves out what takes long, unless all is asked for. SQLite always gets the whole kit.
func quick(h connectortest.Harness) connectortest.Harness {
	return leaving(h, "ImportYieldsEveryObject", "ImportCanBeLeftEarly", "GroupOfThousandsImports", "SessionsWorkInParallel", "OneNameIsCreatedOnceInARace",
		"CancelledContextWritesNothing", "ThousandsAreWrittenAndImported", "TextComesBackByteForByte", "LookupAgreesWithMemory", "BatchAnswersEachInOrder",
		"ValuesOfEveryTypeComeBack", "ObjectsFollowTheModel", "WhatIsMissingIsExcused", "BatchIsWhatSingleWritesAre", "MembersAreAddedAndRemovedOneByOne")
}

// brief keeps one check of each kind of work, unless all is asked for.
func brief(h connectortest.Harness) connectortest.Harness {
	keep := []string{"SchemaDescribesWhatIsWritten", "TestSucceeds", "ImportFitsTheSchema", "LookupFindsByEachAttribute", "CreateReturnsWhatTheTargetHolds", "UpdateReplacesAndClears",
		"DeleteDeletes", "ManyValuesAreAddedAndRemoved", "ReferencesPointToAnchors", "ChangesAreTold", "DeletionsAreTold", "OneFailureLeavesTheOthers"}
	var leave []string
	for _, c := range connectortest.Checks() {
		if !slices.Contains(keep, c.Name) {
			leave = append(leave, c.Name)
		}
	}
	return leaving(h, leave...)
}

func leaving(h connectortest.Harness, names ...string) connectortest.Harness {
	if full() {
		return h
	}
	long := map[string]string{}
	for _, name := range names {
		long[name] = "made with " + fullEnv + "=full (make test-connectors)"
	}
	maps.Copy(long, h.Excuses)
	h.Excuses = long
	return h
}
