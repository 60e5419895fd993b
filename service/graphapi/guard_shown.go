package graphapi

import (
	"strings"

	"github.com/sallyport-id/sallyport/service/audit"
)

// shown says of each route what the audit log may keep of the body that is sent to it: the values of these properties, and the names alone
// of all others. A route that is not here shows nothing, so a new one is safe until somebody lists what is no secret.
var shown = func() map[string]audit.Shown {
	const (
		graph, own = "/v1.0", ownRoot
		sync       = graph + "/servicePrincipals/{app}/synchronization"
		job        = sync + "/jobs/{job}"
		profile    = graph + "/onPremisesPublishingProfiles/{type}"
	)
	person, team := audit.Show(append(users.names(), "manager@odata.bind")...), audit.Show(append(groups.names(), "members@odata.bind owners@odata.bind")...)
	ref, named := audit.Show("@odata.id"), audit.Show("displayName resourceName publishingType")
	registered := audit.Show(`displayName appId notes tags homepage loginUrl identifierUris signInAudience accountEnabled appRoleAssignmentRequired
		appRoles/id appRoles/value appRoles/displayName appRoles/description appRoles/isEnabled appRoles/allowedMemberTypes`)
	assigned := audit.Show("principalId resourceId appRoleId")
	const updates = `allowUpdateConfigurationOverride deferUpdateDateTime deferUpdate updateWindow/updateWindowStartTime updateWindow/updateWindowEndTime`
	bulk := audit.Show("Operations/method Operations/bulkId Operations/path schemas failOnErrors")
	file, days := audit.Show("name file since until"), audit.Show("days")
	drifted := audit.Show("sources user all")
	return map[string]audit.Shown{
		"POST " + graph + "/users":                                            person,
		"PATCH " + graph + "/users/{id}":                                      person,
		"PUT " + graph + "/users/{id}/manager/$ref":                           ref,
		"POST " + graph + "/groups":                                           team,
		"PATCH " + graph + "/groups/{id}":                                     team,
		"POST " + graph + "/groups/{id}/members/$ref":                         ref,
		"POST " + graph + "/groups/{id}/owners/$ref":                          ref,
		"POST " + graph + "/applications":                                     registered,
		"PATCH " + graph + "/applications/{app}":                              registered,
		"POST " + graph + "/servicePrincipals":                                registered,
		"PATCH " + graph + "/servicePrincipals/{app}":                         registered,
		"POST " + graph + "/applicationTemplates/{template}/instantiate":      registered,
		"POST " + graph + "/servicePrincipals/{app}/appRoleAssignedTo":        assigned,
		"POST " + graph + "/users/{id}/appRoleAssignments":                    assigned,
		"POST " + graph + "/groups/{id}/appRoleAssignments":                   assigned,
		"POST " + sync + "/jobs":                                              audit.Show("templateId"),
		"PATCH " + job:                                                        audit.Show("schedule/interval schedule/state synchronizationJobSettings/name synchronizationJobSettings/value"),
		"POST " + job + "/restart":                                            audit.Show("criteria/resetScope"),
		"POST " + job + "/provisionOnDemand":                                  audit.Show("parameters/ruleId parameters/subjects/objectId parameters/subjects/objectTypeName"),
		"POST " + job + "/bulkUpload":                                         bulk,
		"POST " + job + "/bulkUpload/$value":                                  bulk,
		"PATCH " + job + "/schema/directories/{directory}":                    audit.Show("name version discoverabilities"),
		"PUT " + sync + "/secrets":                                            audit.Show("value/key value/value"), // masked by the handler, which notes what GET would show
		"PATCH " + profile:                                                    audit.Show(within("hybridAgentUpdaterConfiguration", updates)),
		"PATCH " + profile + "/hybridAgentUpdaterConfiguration":               audit.Show(updates),
		"POST " + profile + "/agents/{agent}/agentGroups/$ref":                ref,
		"POST " + profile + "/agentGroups":                                    named,
		"PATCH " + profile + "/agentGroups/{group}":                           named,
		"POST " + profile + "/publishedResources":                             named,
		"PATCH " + profile + "/publishedResources/{resource}":                 named,
		"POST " + profile + "/publishedResources/{resource}/agentGroups/$ref": ref,
		"POST " + own + "/access/grants":                                      audit.Show("subject role app"),
		"POST " + own + "/access/clients":                                     audit.Show("name roles apps days"),
		"POST " + own + "/access/clients/{client}/secrets":                    days,
		"POST " + own + "/access/tokens":                                      audit.Show("name role days"),
		"POST " + own + "/access/tokens/{token}/rotate":                       days,
		"POST " + own + "/agents/tokens":                                      audit.Show("group minutes"),
		"POST " + own + "/sources":                                            audit.Show("name days"),
		"PUT " + own + "/apps/{app}":                                          file, // noted by the handler, once it is an application's file
		"POST " + own + "/apps/{app}/held/release":                            drifted,
		"POST " + own + "/apps/{app}/drift/repair":                            drifted,
		"POST " + own + "/apps/{app}/drift/accept":                            drifted,
		"POST " + own + "/apps/{app}/plans":                                   audit.Show("name life"),
		"POST " + own + "/apps/{app}/undo":                                    audit.Show("run created force"),
		"POST " + own + "/undo":                                               audit.Show("run created force"),
		"POST " + own + "/notify/test":                                        audit.Show("app"),
	}
}()

// names are the properties that the table has.
func (s *shape) names() (out []string) {
	for _, p := range s.properties {
		if p.sort != nested {
			out = append(out, p.name)
		}
		for _, inner := range p.inner {
			out = append(out, p.name+"/"+inner)
		}
	}
	return out
}

// within puts names into an object.
func within(object, names string) string {
	fields := strings.Fields(names)
	for i := range fields {
		fields[i] = object + "/" + fields[i]
	}
	return strings.Join(fields, " ")
}
