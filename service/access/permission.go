package access

import "slices"

// Permission is what a route asks of its caller.
type Permission string

// The permissions. Those that end in .read change nothing.
const (
	SignedIn       Permission = "signedIn"        // any caller that is known
	ReadDirectory  Permission = "directory.read"  // users, groups, members
	WriteDirectory Permission = "directory.write" // change, import, delete and restore them
	ReadApps       Permission = "apps.read"       // applications, jobs, schemas, escrows, plans
	WriteApps      Permission = "apps.write"      // change what is provisioned, how and where to; their secrets
	RunJobs        Permission = "jobs.run"        // start, pause, restart, provision on demand
	ReadLogs       Permission = "logs.read"       // the provisioning log
	ReadAgents     Permission = "agents.read"     // agents, agent groups, published resources
	WriteAgents    Permission = "agents.write"    // change them; join tokens
	ReadAccess     Permission = "access.read"     // clients, tokens, grants and sources, never their secrets
	WriteAccess    Permission = "access.write"    // change them
	ReadAudit      Permission = "audit.read"      // the log of administrative acts
)

// Permissions returns every permission.
func Permissions() []Permission {
	return []Permission{SignedIn, ReadDirectory, WriteDirectory, ReadApps, WriteApps, RunJobs, ReadLogs, ReadAgents, WriteAgents, ReadAccess, WriteAccess, ReadAudit}
}

// Changes reports whether acts under the permission change something, and so belong in the audit log.
func (p Permission) Changes() bool {
	return slices.Contains([]Permission{WriteDirectory, WriteApps, RunJobs, WriteAgents, WriteAccess}, p)
}

// Owned reports whether the owner of an application holds the permission for that application.
func (p Permission) Owned() bool {
	return slices.Contains([]Permission{ReadApps, WriteApps, RunJobs, ReadLogs}, p)
}

var reads = []Permission{ReadDirectory, ReadApps, ReadLogs, ReadAgents}

// roles says what each role may do everywhere in its tenant. Names with dots are Graph's permissions, as clients are granted them.
var roles = map[Role][]Permission{
	Admin:    Permissions(),
	Operator: append([]Permission{RunJobs, ReadAudit}, reads...),
	Reader:   reads,
	Owner:    {}, // what it may do depends on the application

	"Directory.Read.All":                         {ReadDirectory, ReadApps}, // applications are objects of the directory
	"Directory.ReadWrite.All":                    {ReadDirectory, WriteDirectory, ReadApps, ReadAgents, WriteAgents},
	"User.Read.All":                              {ReadDirectory},
	"User.ReadWrite.All":                         {ReadDirectory, WriteDirectory},
	"Group.Read.All":                             {ReadDirectory},
	"Group.ReadWrite.All":                        {ReadDirectory, WriteDirectory},
	"GroupMember.ReadWrite.All":                  {ReadDirectory, WriteDirectory},
	"Application.Read.All":                       {ReadApps},
	"Application.ReadWrite.All":                  {ReadApps, WriteApps},
	"AppRoleAssignment.ReadWrite.All":            {ReadApps, WriteApps},
	"Synchronization.Read.All":                   {ReadApps},
	"Synchronization.ReadWrite.All":              {ReadApps, WriteApps, RunJobs},
	"OnPremisesPublishingProfiles.ReadWrite.All": {ReadAgents, WriteAgents},
	"AuditLog.Read.All":                          {ReadLogs, ReadAudit},
	"ProvisioningLog.Read.All":                   {ReadLogs},
}
