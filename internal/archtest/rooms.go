package archtest

import "strings"

// Module is the path every room's import begins with.
const Module = "github.com/sallyport-id/sallyport/"

// rooms names, for each folder with Go code, the rooms of the house it may import. Tests may import more: they put rooms together.
// A word that ends in /... stands for the room and everything below it.
var rooms = map[string]string{
	"entry": "",
	"fault": "",

	"scim":            "entry fault",
	"scim/scimclient": "scim entry fault",
	"scim/scimserver": "scim entry fault",
	"scim/scimtest":   "scim scim/scimserver entry fault",

	"scim/scimtest/mapstore": "scim scim/scimserver entry fault",

	"tunnel":            "fault",
	"tunnel/tunneltest": "tunnel fault",

	"service/directory": "entry fault internal/tenant",
	"service/app":       "entry fault internal/tenant internal/nearest",
	"service/agents":    "fault internal/tenant",
	"service/access":    "fault internal/tenant",
	"service/identity":  "service/access internal/atomicfile internal/tenant fault",
	"service/audit":     "fault internal/tenant internal/atomicfile",
	"service/journal":   "entry fault internal/tenant",
	"service/secrets":   "fault internal/tenant internal/atomicfile",
	"service/expr":      "entry fault internal/nearest",
	"service/scope":     "service/app entry fault",
	"service/match":     "service/app entry fault",
	"service/mapping":   "service/expr service/app entry fault",
	"service/plan":      "service/scope service/match service/mapping service/expr service/app service/directory entry fault",
	"service/assign":    "service/app entry fault",
	"service/cycle":     "service/assign service/plan service/scope service/match service/mapping service/expr service/app service/directory service/journal internal/tenant entry fault",

	"service/review": "service/cycle service/plan service/app service/directory service/journal service/match internal/tenant entry fault",
	"service/drift":  "service/cycle service/review service/plan service/app service/directory service/journal service/match internal/tenant entry fault",
	"service/notify": "service/cycle service/app internal/tenant internal/nearest fault",

	"service/expr/vectors":          "service/expr entry fault",
	"service/app/graphschema":       "service/mapping service/expr service/app entry fault",
	"service/identity/identitytest": "",

	"service/agents/agentstest": "service/agents internal/tenant fault",
	"service/cycle/targettest":  "service/cycle entry fault",
	"service/sim":               "service/cycle service/plan service/app service/directory service/journal service/storage/sqlite internal/tenant entry fault",

	"service/gateway":             "service/agents tunnel fault internal/tenant internal/atomicfile",
	"service/storage":             "service/catalog service/identity service/audit service/assign service/directory service/app service/agents service/access service/journal service/cycle service/plan internal/tenant entry fault service/review service/drift service/notify",
	"service/storage/sqlite":      "service/catalog service/identity service/audit service/assign service/storage service/directory service/app service/agents service/access service/journal service/cycle service/plan internal/tenant entry fault service/review service/drift service/notify",
	"service/storage/storagetest": "service/catalog service/identity service/audit service/assign service/storage service/directory service/app service/agents service/access service/journal service/cycle service/plan internal/tenant entry fault service/review service/drift service/notify",
	"service/inbound":             "service/audit service/directory service/access scim scim/scimserver internal/tenant entry fault",
	"service/catalog":             "service/app fault internal/tenant",
	"service/graphapi/odata":      "fault",
	"service/graphapi":            "internal/forwarded service/identity service/audit service/graphapi/odata service/catalog service/app/graphschema service/assign service/expr scim scim/scimclient service/directory service/app service/agents service/access service/journal service/secrets service/plan service/cycle internal/tenant internal/nearest entry fault service/review service/drift service/notify",

	"agent":       "agent/enrol agent/dial agent/relay tunnel fault internal/atomicfile internal/nearest",
	"agent/enrol": "agent/dial tunnel fault internal/atomicfile",
	"agent/dial":  "tunnel fault",
	"agent/relay": "tunnel fault",

	"host":                         "host/cache host/connector host/binding scim scim/scimserver entry fault internal/atomicfile",
	"host/binding":                 "host/connector scim entry fault",
	"host/endpoint":                "scim scim/scimserver host host/autosync host/binding host/cache host/config host/connector entry fault internal/tlsx internal/atomicfile",
	"host/cache":                   "scim entry fault",
	"host/autosync":                "host/cache host/connector entry fault internal/atomicfile",
	"host/config":                  "host/binding host/connector entry fault internal/atomicfile internal/nearest",
	"host/connector":               "entry fault",
	"host/connector/connectortest": "host/connector entry fault",
	"host/connector/mem":           "host/connector entry fault",
	"host/connector/gsql":          "host/connector entry fault",
	"host/connector/gldap":         "host/connector host/connector/gldap/wire entry fault",
	"host/connector/gldap/wire":    "",
	"host/connector/plugin":        "host/connector host/connector/plugin/pb host/connector/plugin/wire entry fault",
	"host/connector/plugin/pb":     "",
	"host/connector/plugin/serve":  "host/connector host/connector/plugin/pb host/connector/plugin/wire entry fault",
	"host/connector/plugin/wire":   "host/connector host/connector/plugin/pb entry fault",

	"internal/archtest":   "",
	"internal/atomicfile": "",
	"internal/forwarded":  "",
	"internal/nearest":    "",
	"internal/tenant":     "",
	"internal/tlsx":       "internal/atomicfile fault",

	"cmd/sallyport":        "cmd/sallyport/cli",
	"cmd/sallyport/cli":    "...",
	"cmd/sallyport/wire":   "...",
	"cmd/sallyport/people": "",

	"cmd/sallyport-odbc":      "...",
	"cmd/sallyport-odbc/odbc": "",

	"docs/docsgen": "service/app service/expr host/connector",

	"test/journeys": "",
	"test/targets":  "fault",
	"test/wall":     "",
}

// allowed reports whether a room may import another room of the house.
func allowed(room, imported string) bool {
	for _, word := range strings.Fields(rooms[room]) {
		prefix, deep := strings.CutSuffix(word, "...")
		if word == imported || deep && strings.HasPrefix(imported, prefix) {
			return true
		}
	}
	return false
}
