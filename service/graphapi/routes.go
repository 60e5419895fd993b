package graphapi

import (
	"slices"

	"github.com/sallyport-id/sallyport/service/access"
)

// Routes lists every route; the authorization test walks it, and docs/api.md is made of it.
func (a *API) Routes() []Route {
	return slices.Concat(a.userRoutes(), a.groupRoutes(), a.deletedRoutes(), a.navigationRoutes(), a.membershipRoutes(), a.publishingRoutes(), a.applicationRoutes(), a.jobRoutes(), a.logRoutes(),
		a.batchRoutes(), a.serviceRoutes(), a.ownRoutes(), a.heldRoutes(), a.reviewRoutes(), a.driftRoutes(), a.provenanceRoutes(), a.notifyRoutes(), a.accessRoutes(), a.hostRoutes(), a.auditRoutes(), a.openAPIRoutes())
}

func (a *API) userRoutes() []Route {
	const users = "/v1.0/users"
	c := a.people()
	return []Route{
		{"GET " + users, access.ReadDirectory, c.list},
		{"POST " + users, access.WriteDirectory, c.create},
		{"GET " + users + "/$count", access.ReadDirectory, c.countAll},
		{"GET " + users + "/delta", access.ReadDirectory, c.delta},
		{"GET " + users + "/{id}", access.ReadDirectory, c.get},
		{"PATCH " + users + "/{id}", access.WriteDirectory, c.patch},
		{"DELETE " + users + "/{id}", access.WriteDirectory, c.delete},
		{"GET " + users + "/{id}/manager", access.ReadDirectory, a.getManager},
		{"PUT " + users + "/{id}/manager/$ref", access.WriteDirectory, a.putManager},
		{"DELETE " + users + "/{id}/manager/$ref", access.WriteDirectory, a.deleteManager},
		{"GET " + users + "/{id}/directReports", access.ReadDirectory, a.listReports},
		{"GET " + users + "/{id}/memberOf", access.ReadDirectory, c.memberOf(true)},
		{"GET " + users + "/{id}/transitiveMemberOf", access.ReadDirectory, c.memberOf(false)},
	}
}

func (a *API) groupRoutes() []Route {
	const groups = "/v1.0/groups"
	c := a.teams()
	return []Route{
		{"GET " + groups, access.ReadDirectory, c.list},
		{"POST " + groups, access.WriteDirectory, c.create},
		{"GET " + groups + "/$count", access.ReadDirectory, c.countAll},
		{"GET " + groups + "/delta", access.ReadDirectory, c.delta},
		{"GET " + groups + "/{id}", access.ReadDirectory, c.get},
		{"PATCH " + groups + "/{id}", access.WriteDirectory, c.patch},
		{"DELETE " + groups + "/{id}", access.WriteDirectory, c.delete},
		{"GET " + groups + "/{id}/members", access.ReadDirectory, a.listMembers},
		{"POST " + groups + "/{id}/members/$ref", access.WriteDirectory, a.addMember},
		{"DELETE " + groups + "/{id}/members/{member}/$ref", access.WriteDirectory, a.removeMember},
		{"GET " + groups + "/{id}/transitiveMembers", access.ReadDirectory, a.listTransitive},
		{"GET " + groups + "/{id}/memberOf", access.ReadDirectory, c.memberOf(true)},
		{"GET " + groups + "/{id}/transitiveMemberOf", access.ReadDirectory, c.memberOf(false)},
		{"GET " + groups + "/{id}/owners", access.ReadDirectory, a.listOwners},
		{"POST " + groups + "/{id}/owners/$ref", access.WriteDirectory, a.addOwner},
		{"DELETE " + groups + "/{id}/owners/{owner}/$ref", access.WriteDirectory, a.removeOwner},
	}
}

func (a *API) deletedRoutes() []Route {
	const deleted = "/v1.0/directory/deletedItems"
	return []Route{
		{"GET " + deleted + "/microsoft.graph.user", access.ReadDirectory, a.people().listDeleted},
		{"GET " + deleted + "/microsoft.graph.group", access.ReadDirectory, a.teams().listDeleted},
		{"GET " + deleted + "/{id}", access.ReadDirectory, a.getDeleted},
		{"POST " + deleted + "/{id}/restore", access.WriteDirectory, a.restore},
		{"DELETE " + deleted + "/{id}", access.WriteDirectory, a.purge},
		{"GET /v1.0/directoryObjects/{id}", access.ReadDirectory, a.getObject},
		{"POST /v1.0/directoryObjects/getByIds", access.ReadDirectory, a.getByIDs},
	}
}

// ownRoutes are what Graph lacks.
func (a *API) ownRoutes() []Route {
	return []Route{
		{"GET " + ownRoot + "/whoami", access.SignedIn, a.whoami},
		{"POST " + ownRoot + "/import", access.WriteDirectory, a.importPeople},
		{"GET " + ownRoot + "/apps", access.ReadApps, a.listApps},
		{"GET " + ownRoot + "/apps/{app}", access.ReadApps, a.getApp},
		{"PUT " + ownRoot + "/apps/{app}", access.WriteApps, a.putApp},
		{"DELETE " + ownRoot + "/apps/{app}", access.WriteApps, a.deleteApp},
		{"GET " + ownRoot + "/apps/{app}/status", access.ReadApps, a.jobStatus},
		{"GET " + ownRoot + "/apps/{app}/escrows", access.ReadApps, a.listEscrows},
		{"GET " + ownRoot + "/apps/{app}/explain/{id}", access.ReadApps, a.explain},
		{"GET " + ownRoot + "/journal", access.ReadLogs, a.readJournal},
		{"GET " + ownRoot + "/agents", access.ReadAgents, a.listAgents},
		{"POST " + ownRoot + "/agents/tokens", access.WriteAgents, a.makeJoinToken},
		{"DELETE " + ownRoot + "/agents/{id}", access.WriteAgents, a.revokeAgent},
		{"GET " + ownRoot + "/sources", access.ReadAccess, a.listSources},
		{"POST " + ownRoot + "/sources", access.WriteAccess, a.addSource},
		{"DELETE " + ownRoot + "/sources/{name}", access.WriteAccess, a.revokeSource},
	}
}
