package graphapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// served is the table of served types, written by hand from graph-api §2 to §5: one property a line's word, "name:kind". A '!' after the
// kind means that it is never null; '?' that it may be absent (a navigation, or an option). Kinds: s text, b boolean, n number, t time, s*
// list of texts, an enum in parentheses, the name of a type, a type with * for a list, 'any' for open objects.
var served = map[string]string{
	"user": `id:s! accountEnabled:b displayName:s givenName:s surname:s userPrincipalName:s! mail:s mailNickname:s otherMails:s* proxyAddresses:s*
		imAddresses:s* businessPhones:s* mobilePhone:s faxNumber:s jobTitle:s department:s companyName:s officeLocation:s streetAddress:s city:s state:s postalCode:s
		country:s usageLocation:s preferredLanguage:s employeeId:s employeeType:s employeeHireDate:t employeeLeaveDateTime:t employeeOrgData:orgData
		userType:s ageGroup:s consentProvidedForMinor:s createdDateTime:t deletedDateTime:t onPremisesDistinguishedName:s onPremisesDomainName:s
		onPremisesExtensionAttributes:any onPremisesImmutableId:s onPremisesSamAccountName:s onPremisesSecurityIdentifier:s onPremisesSyncEnabled:b
		onPremisesUserPrincipalName:s onPremisesLastSyncDateTime:t passwordPolicies:s showInAddressList:b externalId:s preferredDataLocation:s
		manager:directoryObject memberOf:directoryObject*`,
	"orgData": "division:s costCenter:s",
	"group": `id:s! displayName:s! description:s mail:s mailEnabled:b mailNickname:s securityEnabled:b groupTypes:s*! membershipRule:s
		membershipRuleProcessingState:s visibility:s classification:s proxyAddresses:s*! isAssignableToRole:b createdDateTime:t deletedDateTime:t renewedDateTime:t
		expirationDateTime:t onPremisesDomainName:s onPremisesLastSyncDateTime:t onPremisesSamAccountName:s onPremisesSecurityIdentifier:s
		onPremisesSyncEnabled:b externalId:s members:directoryObject* memberOf:directoryObject*`,
	"onPremisesPublishingProfile": `id:s! isEnabled:b isDefaultAccessEnabled:b hybridAgentUpdaterConfiguration:updater! agents:onPremisesAgent*?
		agentGroups:onPremisesAgentGroup*? publishedResources:publishedResource*?`,
	"updater":                     "allowUpdateConfigurationOverride:b! deferUpdateDateTime:t updateWindow:updateWindow",
	"updateWindow":                "updateWindowStartTime:s! updateWindowEndTime:s!",
	"onPremisesAgent":             `id:s! machineName:s! externalIp:s! status:(active|inactive)! supportedPublishingTypes:s*! agentGroups:onPremisesAgentGroup*?`,
	"onPremisesAgentGroup":        `id:s! displayName:s! isDefault:b! publishingType:(provisioning)! agents:onPremisesAgent*? publishedResources:publishedResource*?`,
	"publishedResource":           `id:s! displayName:s resourceName:s publishingType:(provisioning)! agentGroups:onPremisesAgentGroup*?`,
	"applicationServicePrincipal": "application:application! servicePrincipal:servicePrincipal!",
	"application": `id:s! appId:s! displayName:s! applicationTemplateId:s createdDateTime:t! appRoles:appRole*! identifierUris:s*! tags:s*! notes:s
		signInAudience:s! publisherDomain:s`,
	"servicePrincipal": `id:s! appId:s! displayName:s! appDisplayName:s! applicationTemplateId:s accountEnabled:b! appRoleAssignmentRequired:b!
		createdDateTime:t! appRoles:appRole*! servicePrincipalNames:s*! servicePrincipalType:s! tags:s*! notes:s homepage:s appOwnerOrganizationId:s!`,
	"appRole": "id:s! value:s displayName:s description:s isEnabled:b! allowedMemberTypes:s*!",
	"applicationTemplate": `id:s! displayName:s! description:s! publisher:s! categories:s*! supportedSingleSignOnModes:s*! supportedProvisioningTypes:s*!
		homePageUrl:s logoUrl:s`,
	"appRoleAssignment": `id:s! appRoleId:s! principalId:s! principalType:(User|Group|ServicePrincipal)! principalDisplayName:s! resourceId:s!
		resourceDisplayName:s! createdDateTime:t!`,
	"synchronizationTemplate": `id:s! applicationId:s! default:b! description:s! discoverable:b! factoryTag:s! metadata:pair*! schema:synchronizationSchema?`,
	"synchronizationJob":      "id:s! templateId:s! schedule:schedule! status:status! synchronizationJobSettings:nameValue*!",
	"schedule":                "expiration:t interval:s! state:(Active|Disabled|Paused)!",
	"nameValue":               "name:s! value:s!",
	"pair":                    "key:s! value:s!",
	"status": `code:(NotConfigured|NotRun|Active|Paused|Quarantine)! countSuccessiveCompleteFailures:n! escrowsPruned:b! lastExecution:execution
		lastSuccessfulExecution:execution lastSuccessfulExecutionWithExports:execution progress:progress*! quarantine:quarantine
		steadyStateFirstAchievedTime:t! steadyStateLastAchievedTime:t! synchronizedEntryCountByType:count*! troubleshootingUrl:s`,
	"execution": `activityIdentifier:s! state:(Succeeded|Failed|EntryLevelErrors)! timeBegan:t! timeEnded:t! error:syncError countEntitled:n!
		countEntitledForProvisioning:n! countEscrowed:n! countEscrowedRaw:n! countExported:n! countExports:n! countImported:n! countImportedDeltas:n!
		countImportedReferenceDeltas:n!`,
	"progress":              "completedUnits:n! totalUnits:n! units:s! progressObservationDateTime:t!",
	"count":                 "key:s! value:n!",
	"quarantine":            `currentBegan:t! nextAttempt:t! seriesBegan:t! seriesCount:n! error:syncError reason:(EncounteredBaseEscrowThreshold|EncounteredTotalEscrowThreshold|EncounteredEscrowProportionThreshold|EncounteredQuarantineException|Unknown|QuarantinedOnDemand|TooManyDeletes|IngestionInterrupted)!`,
	"syncError":             "code:s! message:s! tenantActionable:b!",
	"synchronization":       "id:s! secrets:pair*!",
	"synchronizationSchema": "id:s! version:s! synchronizationRules:rule*! directories:directoryDefinition*!",
	"rule": `id:s! name:s! priority:n! editable:b! sourceDirectoryName:s! targetDirectoryName:s! objectMappings:objectMapping*! metadata:pair*!
		containerFilter:any groupFilter:any`,
	"objectMapping": `name:s! enabled:b! flowTypes:s! sourceObjectName:s! targetObjectName:s! scope:any attributeMappings:attributeMapping*! metadata:pair*!`,
	"attributeMapping": `targetAttributeName:s! source:any defaultValue:s matchingPriority:n! flowType:(Always|ObjectAddOnly|MultiValueAddOnly|ValueAddOnly|AttributeAddOnly)!
		flowBehavior:(FlowWhenChanged|FlowAlways)! exportMissingReferences:b! flowNullValues:b?`,
	"directoryDefinition": "id:s! name:s! version:s! readOnly:b! discoverabilities:s! discoveryDateTime:t objects:objectDefinition*!",
	"objectDefinition":    "name:s! attributes:attributeDefinition*! metadata:pair*! supportedApis:s*!",
	"attributeDefinition": `name:s! type:(String|Integer|Reference|Binary|Boolean|DateTime)! anchor:b! required:b! multivalued:b! caseExact:b!
		mutability:(ReadWrite|ReadOnly|Immutable|WriteOnly)! flowNullValues:b! defaultValue:s referencedObjects:any*! apiExpressions:any*! metadata:pair*!`,
	"filterOperatorSchema":    "id:s! name:s! arity:(Binary|Unary)! multivaluedComparisonType:(All|Any)! supportedAttributeTypes:s*!",
	"functionSchema":          "name:s! parameters:parameter*!",
	"parameter":               "name:s! required:b! type:s! allowMultipleOccurrences:b!",
	"parseExpressionResponse": "parsingSucceeded:b! evaluationSucceeded:b! evaluationResult:s*! parsedExpression:any error:any",
	"provisioningObjectSummary": `id:s! activityDateTime:t! tenantId:s! jobId:s! cycleId:s! changeId:s! durationInMilliseconds:n!
		provisioningAction:(other|create|delete|disable|update|stagedDelete)! provisioningStatusInfo:statusInfo! provisioningSteps:step*!
		modifiedProperties:modifiedProperty*! servicePrincipal:identityPair! sourceIdentity:provisionedIdentity! targetIdentity:provisionedIdentity!
		sourceSystem:system! targetSystem:system! initiatedBy:initiator!`,
	"statusInfo":          "status:(success|failure|skipped|warning)! errorInformation:errorInformation",
	"errorInformation":    "errorCode:s! errorCategory:(failure|nonServiceFailure|success)! reason:s! additionalDetails:s recommendedAction:s!",
	"step":                `name:s! provisioningStepType:(import|scoping|matching|processing|referenceResolution|export)! status:(success|failure|skipped|warning)! description:s! details:any!`,
	"modifiedProperty":    "displayName:s! oldValue:s! newValue:s!",
	"identityPair":        "id:s! displayName:s!",
	"provisionedIdentity": "id:s! displayName:s! identityType:s! details:any!",
	"system":              "id:s! displayName:s! details:any!",
	"initiator":           "id:s! displayName:s! initiatorType:(user|application|system)!",
	"batch":               "responses:batchResponse*!",
	"batchResponse":       "id:s! status:n! headers:any! body:any?",
	"organization":        "id:s! displayName:s! createdDateTime:t verifiedDomains:any*!",
	"domain":              "id:s! authenticationType:s! isDefault:b! isInitial:b! isVerified:b! supportedServices:s*!",
	"reference":           "@odata.id:s!",
	"entitySet":           "name:s! kind:s! url:s!",
	"objectConnection":    "id:s! sourceObjectId:s! targetObjectId:s! objectTypeName:s!",
}

// checkShape holds an answer against the table. "user[]" is a collection; "user?" one cut down by $select.
func checkShape(t *testing.T, where, shape string, body map[string]any) {
	t.Helper()
	for _, p := range shapeProblems(shape, body) {
		t.Errorf("%s: %s", where, p)
	}
}

func shapeProblems(shape string, body map[string]any) []string {
	c := &shapeCheck{}
	partial := strings.Contains(shape, "?")
	shape = strings.Replace(shape, "?", "", 1)
	if name, many := strings.CutSuffix(shape, "[]"); many {
		if _, ok := body["@odata.context"].(string); !ok {
			c.bad("@odata.context", "is missing")
		}
		vs, ok := body["value"].([]any)
		if !ok {
			c.bad("value", "is no list")
		}
		for k := range body {
			if !slices.Contains([]string{"@odata.context", "@odata.count", "@odata.nextLink", "@odata.deltaLink", "value"}, k) {
				c.bad(k, "does not belong into a collection")
			}
		}
		for i, v := range vs {
			c.object(fmt.Sprintf("value[%d]", i), name, v, partial)
		}
		return c.found
	}
	c.object("", shape, body, partial)
	return c.found
}

type shapeCheck struct{ found []string }

func (c *shapeCheck) bad(at, format string, args ...any) {
	c.found = append(c.found, strings.TrimPrefix(at+" ", " ")+fmt.Sprintf(format, args...))
}

func (c *shapeCheck) object(at, name string, v any, partial bool) {
	o, ok := v.(map[string]any)
	if !ok {
		c.bad(at, "is %T, no object", v)
		return
	}
	if name == "directoryObject" {
		switch o["@odata.type"] {
		case "#microsoft.graph.user":
			name, partial = "user", true
		case "#microsoft.graph.group":
			name, partial = "group", true
		default:
			c.bad(at, "has the type %v", o["@odata.type"])
			return
		}
	}
	if o["@removed"] != nil {
		c.removed(at, o)
		return
	}
	kinds := propertiesOf(name)
	if kinds == nil {
		c.bad(at, "the table has no type %q", name)
	}
	for prop, value := range o {
		if strings.Contains(prop, "@") {
			continue
		}
		kind, known := kinds[prop]
		if !known {
			c.bad(at+"."+prop, "is no property of %s", name)
			continue
		}
		c.value(at+"."+prop, kind, value)
	}
	for prop, kind := range kinds {
		_, there := o[prop]
		if !there && !partial && strings.HasSuffix(kind, "!") {
			c.bad(at+"."+prop, "is missing")
		}
	}
}

// removed holds what a delta tells of an object that went: its id and why (graph-api §5.3).
func (c *shapeCheck) removed(at string, o map[string]any) {
	why, _ := o["@removed"].(map[string]any)
	if r := why["reason"]; o["id"] == nil || len(why) != 1 || r != "changed" && r != "deleted" {
		c.bad(at, "is removed as %v", o)
	}
	for k := range o {
		if k != "id" && !strings.HasPrefix(k, "@") {
			c.bad(at+"."+k, "is told of an object that was removed")
		}
	}
}

func propertiesOf(name string) map[string]string {
	line, ok := served[name]
	if !ok {
		return nil
	}
	out := map[string]string{}
	for _, word := range strings.Fields(line) {
		prop, kind, _ := strings.Cut(word, ":")
		out[prop] = kind
	}
	return out
}

func (c *shapeCheck) value(at, kind string, v any) {
	kind = strings.TrimSuffix(kind, "?")
	kind, never := strings.CutSuffix(kind, "!")
	if v == nil {
		if never {
			c.bad(at, "is null")
		}
		return
	}
	if one, many := strings.CutSuffix(kind, "*"); many {
		vs, ok := v.([]any)
		if !ok {
			c.bad(at, "is %T, no list", v)
		}
		for i, x := range vs {
			c.value(fmt.Sprintf("%s[%d]", at, i), one+"!", x)
		}
		return
	}
	ok := true
	switch kind {
	case "any":
	case "s":
		_, ok = v.(string)
	case "b":
		_, ok = v.(bool)
	case "n":
		_, ok = v.(float64)
	case "t":
		s, _ := v.(string)
		at, err := time.Parse(time.RFC3339Nano, s)
		ok = err == nil && strings.HasSuffix(s, "Z") && !at.IsZero() || s == "0001-01-01T00:00:00Z"
	default:
		if strings.HasPrefix(kind, "(") {
			ok = slices.Contains(strings.Split(strings.Trim(kind, "()"), "|"), fmt.Sprint(v))
			break
		}
		c.object(at, kind, v, false)
	}
	if !ok {
		c.bad(at, "is %v, no %s", v, kind)
	}
}

// TestTheTableSeesMistakes makes sure that the table cannot pass what it should not.
func TestTheTableSeesMistakes(t *testing.T) {
	good := func() map[string]any {
		return map[string]any{"id": "x", "displayName": "d", "isDefault": true, "publishingType": "provisioning"}
	}
	if ps := shapeProblems("onPremisesAgentGroup", good()); len(ps) > 0 {
		t.Fatal(ps)
	}
	for name, change := range map[string]func(map[string]any){
		"unknown property": func(m map[string]any) { m["displayname"] = "d" },
		"missing":          func(m map[string]any) { delete(m, "isDefault") },
		"null":             func(m map[string]any) { m["id"] = nil },
		"wrong kind":       func(m map[string]any) { m["isDefault"] = "true" },
		"enum's case":      func(m map[string]any) { m["publishingType"] = "Provisioning" },
		"inner":            func(m map[string]any) { m["agents"] = []any{map[string]any{"id": "a"}} },
	} {
		m := good()
		if change(m); len(shapeProblems("onPremisesAgentGroup", m)) == 0 {
			t.Errorf("%s was not seen", name)
		}
	}
}
