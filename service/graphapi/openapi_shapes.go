package graphapi

import (
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/audit"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/drift"
	"github.com/sallyport-id/sallyport/service/journal"
	notices "github.com/sallyport-id/sallyport/service/notify"
	"github.com/sallyport-id/sallyport/service/review"
)

// shapes are the bodies of our own routes: what is sent, and what is answered, as one object or as lines of them. A route that is not
// here takes nothing and gives a JSON object.
var shapes = map[string]struct {
	in, out any
	lines   bool
}{
	"GET /whoami":                                      {out: whoAmI{}},
	"GET /access/roles":                                {out: listOf[roleJSON]{}},
	"GET /access/grants":                               {out: listOf[access.Grant]{}},
	"POST /access/grants":                              {in: access.Grant{}, out: access.Grant{}},
	"GET /access/clients":                              {out: listOf[clientJSON]{}},
	"POST /access/clients":                             {in: addClientBody{}, out: newSecretJSON{}},
	"GET /access/clients/{client}":                     {out: clientJSON{}},
	"POST /access/clients/{client}/secrets":            {in: daysBody{}, out: newSecretJSON{}},
	"DELETE /access/clients/{client}/secrets/{secret}": {out: clientJSON{}},
	"POST /access/clients/{client}/certificates":       {in: certificateBody{}, out: clientJSON{}},
	"GET /access/tokens":                               {out: listOf[tokenJSON]{}},
	"POST /access/tokens":                              {in: addTokenBody{}, out: tokenJSON{}},
	"POST /access/tokens/{token}/rotate":               {in: daysBody{}, out: tokenJSON{}},
	"GET /audit":                                       {out: listOf[audit.Entry]{}},
	"GET /audit/export":                                {out: audit.Entry{}, lines: true},
	"GET /agents":                                      {out: listOf[agentJSON]{}},
	"POST /agents/tokens":                              {in: tokenBody{}, out: joinTokenJSON{}},
	"GET /sources":                                     {out: listOf[sourceJSON]{}},
	"POST /sources":                                    {in: addSourceBody{}, out: newSourceJSON{}},
	"GET /journal":                                     {out: journal.Record{}, lines: true},
	"PUT /apps/{app}":                                  {in: putApp{}, out: appVersionJSON{}},
	"GET /apps/{app}/status":                           {out: cycle.State{}},
	"GET /apps/{app}/explain/{id}":                     {out: Explanation{}},
	"GET /apps/{app}/held":                             {out: listOf[cycle.HeldEntry]{}},
	"POST /apps/{app}/held/release":                    {in: releaseBody{}},
	"GET /plans":                                       {out: listOf[review.Plan]{}},
	"GET /apps/{app}/plans":                            {out: listOf[review.Plan]{}},
	"POST /apps/{app}/plans":                           {in: planBody{}, out: review.Plan{}},
	"GET /apps/{app}/plans/{plan}":                     {out: review.Summary{}},
	"GET /apps/{app}/plans/{plan}/rows":                {out: listOf[review.Row]{}},
	"GET /apps/{app}/plans/{plan}/diff/{other}":        {out: review.Difference{}, lines: true},
	"POST /apps/{app}/plans/{plan}/apply":              {out: review.Plan{}},
	"POST /apps/{app}/plans/{plan}/discard":            {out: review.Plan{}},
	"POST /undo":                                       {in: undoBody{}, out: review.Plan{}},
	"POST /apps/{app}/undo":                            {in: undoBody{}, out: review.Plan{}},
	"POST /apps/{app}/replay":                          {in: replayBody{}, out: review.Replayed{}, lines: true},
	"GET /apps/{app}/drift":                            {out: drift.Report{}},
	"GET /apps/{app}/drift/findings":                   {out: listOf[drift.Finding]{}},
	"POST /apps/{app}/drift/check":                     {out: drift.Report{}},
	"POST /apps/{app}/drift/repair":                    {in: decision{}, out: review.Plan{}},
	"POST /apps/{app}/drift/accept":                    {in: decision{}},
	"POST /apps/{app}/discover":                        {in: discoverBody{}, out: drift.Discovered{}, lines: true},
	"POST /notify/test":                                {in: testBody{}, out: listOf[notices.Trial]{}},
	"GET /notify/messages":                             {out: listOf[notices.Message]{}},
}
