package graphapi

import (
	"strings"
	"sync"
)

// summaryText says in one line each what a route does. {S}, {J}, {P}, {O} and {A} stand for the beginnings below.
const summaryText = `
GET / = the collections there are
POST /$batch = up to 20 requests in one, some of them waiting for others
GET /$metadata = the types that are served, as CSDL
GET /me = refused: a client is no user
GET /organization = the tenant
GET /domains = the tenant's domain
GET /users = list users
POST /users = make a user
GET /users/delta = users that changed since a token
GET /users/{id} = one user, by id or userPrincipalName
PATCH /users/{id} = change properties of a user
DELETE /users/{id} = delete a user; it can be restored for 30 days
GET /users/{id}/manager = a user's manager
PUT /users/{id}/manager/$ref = set a user's manager
DELETE /users/{id}/manager/$ref = take a user's manager away
GET /users/{id}/directReports = whose manager the user is
GET /groups = list groups
POST /groups = make a group
GET /groups/delta = groups, and memberships, that changed since a token
GET /groups/{id} = one group
PATCH /groups/{id} = change properties of a group; up to 20 members come with members@odata.bind
DELETE /groups/{id} = delete a group; it can be restored for 30 days
GET /groups/{id}/members = the members of a group
POST /groups/{id}/members/$ref = add a member
DELETE /groups/{id}/members/{member}/$ref = remove a member
GET /groups/{id}/transitiveMembers = members at any depth, each once
GET /groups/{id}/owners = who looks after a group
POST /groups/{id}/owners/$ref = add an owner
DELETE /groups/{id}/owners/{owner}/$ref = remove an owner
GET /directory/deletedItems/microsoft.graph.user = users that can be restored
GET /directory/deletedItems/microsoft.graph.group = groups that can be restored
GET /directory/deletedItems/{id} = one deleted object
POST /directory/deletedItems/{id}/restore = bring a deleted object back
DELETE /directory/deletedItems/{id} = delete it for good
GET /directoryObjects/{id} = a user or group by id
POST /directoryObjects/getByIds = several users and groups by their ids
GET {P0} = the publishing profiles; there is one, provisioning
GET {P} = the profile, with $expand=agents,agentGroups,publishedResources
PATCH {P} = change the profile's updater configuration
GET {P}/hybridAgentUpdaterConfiguration = when agents update themselves
PATCH {P}/hybridAgentUpdaterConfiguration = set when agents update themselves
GET {P}/agents = list agents
GET {P}/agents/{agent} = one agent
DELETE {P}/agents/{agent} = remove an agent that is not connected
GET {P}/agents/{agent}/agentGroups = the groups an agent is in
POST {P}/agents/{agent}/agentGroups/$ref = put an agent into a group
DELETE {P}/agents/{agent}/agentGroups/{group}/$ref = take an agent out of a group
GET {P}/agentGroups = list agent groups, with $expand=agents,publishedResources
POST {P}/agentGroups = make an agent group
GET {P}/agentGroups/{group} = one agent group
PATCH {P}/agentGroups/{group} = rename an agent group
DELETE {P}/agentGroups/{group} = delete an agent group that is neither the default nor in use
GET {P}/agentGroups/{group}/agents = the agents of a group
POST {P}/agentGroups/{group}/agents = refused with the path that is meant: POST …/agentGroups
GET {P}/agentGroups/{group}/publishedResources = the resources of a group
GET {P}/publishedResources = list published resources, one for each application behind agents
POST {P}/publishedResources = make a published resource
GET {P}/publishedResources/{resource} = one published resource
PATCH {P}/publishedResources/{resource} = rename a published resource
DELETE {P}/publishedResources/{resource} = delete a published resource that belongs to no application
GET {P}/publishedResources/{resource}/agentGroups = the group a resource is assigned to
POST {P}/publishedResources/{resource}/agentGroups/$ref = assign a resource to another group: it moves there
DELETE {P}/publishedResources/{resource}/agentGroups/{group}/$ref = put a resource back into the default group
GET /applicationTemplates = list what applications can be made of
GET /applicationTemplates/{template} = one application template
POST /applicationTemplates/{template}/instantiate = make an application with its service principal
GET /applications = list applications
POST /applications = make an application
GET /applications/{app} = one application
PATCH /applications/{app} = change an application
DELETE /applications/{app} = delete an application with its job; accounts in the target stay
GET /applications/{app}/owners = owners of an application; there are none
GET /servicePrincipals = list service principals
POST /servicePrincipals = the service principal of an application that exists
GET /servicePrincipals/{app} = one service principal, by id or (appId='…')
PATCH /servicePrincipals/{app} = change a service principal
DELETE /servicePrincipals/{app} = delete an application with its job; accounts in the target stay
GET /servicePrincipals/{app}/owners = owners of a service principal; there are none
GET /servicePrincipals/{app}/appRoleAssignedTo = who is assigned to an application
POST /servicePrincipals/{app}/appRoleAssignedTo = assign a user or group
GET /servicePrincipals/{app}/appRoleAssignedTo/{assignment} = one assignment
DELETE /servicePrincipals/{app}/appRoleAssignedTo/{assignment} = take an assignment back
GET {S} = the synchronization of an application, with its secrets masked
POST {S}/acquireAccessToken = check credentials by asking for a token
GET {S}/secrets = the settings of the connection; secret ones are masked
PUT {S}/secrets = replace all settings; "" removes one, the mask keeps one
GET {S}/jobs = the application's job
POST {S}/jobs = make the job
POST {S}/jobs/validateCredentials = test the connection
GET {J} = the job with schedule and status
PATCH {J} = set interval and settings
DELETE {J} = forget the job and its state; accounts in the target stay
POST {J}/start = start, or go on from where it was paused
POST {J}/pause = pause; progress is kept
POST {J}/restart = forget what resetScope names, and start
POST {J}/validateCredentials = test the connection
POST {J}/provisionOnDemand = provision one object now, and say what was done
POST {J}/bulkUpload = fill the directory from a source: up to 50 SCIM users
POST {J}/bulkUpload/$value = the same, under the SDKs' path
GET {J}/schema = mappings, scoping filters and both directories
PUT {J}/schema = replace the schema
PATCH {J}/schema = replace the schema, as SDKs do it
DELETE {J}/schema = back to the template's schema
GET {J}/schema/directories = the two sides of the schema
GET {J}/schema/directories/{directory} = one side
PATCH {J}/schema/directories/{directory} = change what is said of one side
POST {J}/schema/directories/{directory}/discover = read the target's object types anew, through agent and host
GET {J}/schema/filterOperators = the operators of scoping filters
GET {J}/schema/functions = the functions of mapping expressions
POST {J}/schema/parseExpression = check an expression, and try it on an object
GET {J}/objectConnections/{connection} = the account a person is linked to
DELETE {J}/objectConnections/{connection} = forget that link, while the job is paused
GET /auditLogs/provisioning = the provisioning log
GET /auditLogs/provisioning/{record} = one record of the provisioning log
GET /openapi.json = this API as OpenAPI 3.1
GET {O}/openapi.json = this API as OpenAPI 3.1
GET {O}/whoami = who calls, and what it may do
POST {O}/signout = end the session of the token
POST {O}/import = import people from CSV
GET {O}/apps = list applications as files
GET {A} = an application as file
PUT {A} = apply an application file
DELETE {A} = delete an application
GET {A}/status = the job's state in full
GET {A}/escrows = entries that failed, with their next try
GET {A}/explain/{id} = what would be done for one person, and why
GET {A}/held = disables and deletes that wait for a release
POST {A}/held/release = release some of them, or all
GET {A}/host = what the connector host says of its target
GET {A}/plans = the plans of an application
POST {A}/plans = make a plan of what the job would do
GET {A}/plans/{plan} = a plan with its counts
GET {A}/plans/{plan}/rows = the rows of a plan
GET {A}/plans/{plan}/diff/{other} = how two plans differ
POST {A}/plans/{plan}/apply = carry out exactly this plan
POST {A}/plans/{plan}/discard = drop a plan
POST {A}/undo = make the plan that takes a run of this application back
POST {A}/replay = take past changes through another application file
GET {A}/provenance = which rule wrote what an account holds
POST {A}/discover = what the target holds that nobody is linked to
GET {A}/drift = the last look at what was changed in the target by hand
POST {A}/drift/check = look now
GET {A}/drift/findings = what was found
POST {A}/drift/repair = write back what the directory says
POST {A}/drift/accept = let it be
GET {O}/plans = all plans that wait
POST {O}/undo = make the plan that takes a run back
GET {O}/journal = the provisioning log as it is kept, to follow it, too
GET {O}/agents = agents with version and state
POST {O}/agents/tokens = a join token for one agent
DELETE {O}/agents/{id} = revoke an agent for good
GET {O}/sources = systems that fill the directory over SCIM
POST {O}/sources = let a system fill the directory
DELETE {O}/sources/{name} = revoke a source
GET {O}/notify/messages = the messages that were sent
POST {O}/notify/test = send a test message
GET {O}/access/roles = the roles there are
GET {O}/access/grants = who has which role
POST {O}/access/grants = grant a role
DELETE {O}/access/grants/{subject}/{role} = take a role back
GET {O}/access/clients = list clients
POST {O}/access/clients = make a client with a secret
GET {O}/access/clients/{client} = one client
DELETE {O}/access/clients/{client} = delete a client
POST {O}/access/clients/{client}/secrets = a further secret
DELETE {O}/access/clients/{client}/secrets/{secret} = delete a secret
POST {O}/access/clients/{client}/certificates = let a client sign in with a certificate
DELETE {O}/access/clients/{client}/certificates/{thumbprint} = delete a certificate
GET {O}/access/tokens = list bearer secrets
POST {O}/access/tokens = make a bearer secret
DELETE {O}/access/tokens/{token} = revoke a bearer secret
POST {O}/access/tokens/{token}/rotate = replace a bearer secret
GET {O}/audit = the log of administrative acts
GET {O}/audit/export = the log as lines that 'sallyport audit verify' checks
GET {O}/audit/key = the key that signs the log's checkpoints
`

// bySuffix describes what may stand behind several paths.
var bySuffix = []struct{ method, end, text string }{
	{"GET", "/$count", "how many there are, as plain text"},
	{"GET", "/$ref", "the same as references"},
	{"GET", "/microsoft.graph.user", "the users among them"},
	{"GET", "/microsoft.graph.group", "the groups among them"},
	{"GET", "/memberOf", "the groups it is a direct member of"},
	{"GET", "/transitiveMemberOf", "the groups it is in, at any depth"},
	{"POST", "/getMemberGroups", "ids of the groups it is in, at any depth"},
	{"POST", "/getMemberObjects", "ids of the groups it is in, at any depth"},
	{"POST", "/checkMemberGroups", "which of these groups it is in"},
	{"POST", "/checkMemberObjects", "which of these groups it is in"},
	{"GET", "/appRoleAssignments", "the applications it is assigned to"},
	{"POST", "/appRoleAssignments", "assign it to an application"},
	{"GET", "/appRoleAssignments/{assignment}", "one assignment"},
	{"DELETE", "/appRoleAssignments/{assignment}", "take an assignment back"},
	{"GET", "/synchronization/templates", "what a job can be made of"},
	{"GET", "/synchronization/templates/{template}", "one job template"},
	{"GET", "/synchronization/templates/{template}/schema", "the schema a new job begins with"},
}

var summaries = sync.OnceValue(func() map[string]string {
	short := strings.NewReplacer("{P0}", "/v1.0/onPremisesPublishingProfiles", "{P}", "/v1.0/onPremisesPublishingProfiles/{type}",
		"{S}", "/v1.0/servicePrincipals/{app}/synchronization", "{J}", "/v1.0/servicePrincipals/{app}/synchronization/jobs/{job}", "{O}", ownRoot, "{A}", ownRoot+"/apps/{app}")
	out := map[string]string{}
	for line := range strings.Lines(summaryText) {
		route, text, ok := strings.Cut(strings.TrimSpace(line), " = ")
		method, path, _ := strings.Cut(route, " ")
		if !ok {
			continue
		}
		if strings.HasPrefix(path, "/") && path != "/openapi.json" {
			path = "/v1.0" + path
		}
		out[method+" "+short.Replace(path)] = text
	}
	return out
})

// Summary says in a few words what the route does; "" when nobody wrote it down.
func (r Route) Summary() string {
	if text, ok := summaries()[r.Pattern]; ok {
		return text
	}
	method, path, _ := strings.Cut(r.Pattern, " ")
	for _, s := range bySuffix {
		if method == s.method && strings.HasSuffix(path, s.end) {
			return s.text
		}
	}
	return ""
}
