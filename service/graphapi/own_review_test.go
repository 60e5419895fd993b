package graphapi_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/drift"
	"github.com/sallyport-id/sallyport/service/graphapi"
	"github.com/sallyport-id/sallyport/service/notify"
	"github.com/sallyport-id/sallyport/service/review"
)

// counsel adds plans, drift and messages to a site.
func (s *site) counsel(c graphapi.Config, jobs *cycle.Jobs) graphapi.Config {
	s.t.Helper()
	connect := func(context.Context, app.App) (cycle.Target, error) { return s.target, nil }
	reviews := review.New(review.Parts{
		Store: s.db.Reviews(), Engine: jobs, Apps: s.db.Apps(), Source: s.db.Directory(), Pairs: s.db.Ledger(), Log: s.db.Journal(), Connect: connect,
	})
	ctx, stop := context.WithCancel(tenant.With(context.Background(), tenant.Default))
	if err := reviews.Start(ctx); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		stop()
		reviews.Wait()
	})
	c.Reviews = reviews
	c.Drift = drift.New(drift.Parts{
		Store: s.db.Drift(), Apps: s.db.Apps(), Pairs: s.db.Ledger(), Reviews: reviews, Connect: connect,
		Job: func(ctx context.Context, a app.App) (drift.Engine, error) { return jobs.Candidate(ctx, a) },
	})
	c.Notify = notify.New(notify.Parts{Outbox: s.db.Messages(), Apps: s.db.Apps(), States: s.db.Ledger()})
	return c
}

func (s *site) planned(path string, want review.Status) map[string]any {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; <-time.After(5 * time.Millisecond) {
		p := s.must(200, "GET", path, nil)
		if p["status"] == string(want) && p["working"] == false {
			return p
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s stays %v, want %s", path, p, want)
		}
	}
}

func TestPlanOverTheAPI(t *testing.T) {
	s := newSite(t)
	s.must(200, "PUT", "/sallyport/v1/apps/hr", map[string]any{"name": "hr.yaml", "file": appFile, "bearer": "secret"})
	s.must(201, "POST", "/v1.0/users", map[string]any{"userPrincipalName": "ann@x.example", "displayName": "Ann", "accountEnabled": true, "mailNickname": "ann", "passwordProfile": map[string]any{"password": "x"}})
	const plans = "/sallyport/v1/apps/hr/plans"
	p := s.must(202, "POST", plans, map[string]any{"life": "24h"})
	if p["id"] != "hr-1" || p["madeBy"] != "root" {
		t.Errorf("plan %v", p)
	}
	s.planned(plans+"/hr-1", review.Ready)
	rows := s.must(200, "GET", plans+"/hr-1/rows?verb=create&user=ANN@x.example", nil)["value"].([]any)
	if len(rows) != 1 || rows[0].(map[string]any)["outcome"] != "pending" {
		t.Errorf("rows %v", rows)
	}
	if len(s.target.All(entry.User)) != 0 {
		t.Fatal("making a plan wrote something")
	}
	s.must(404, "GET", plans+"/hr-9", nil)
	s.must(404, "GET", plans+"/hr-9/rows", nil)
	s.must(400, "GET", plans+"/nonsense", nil)
	s.must(404, "GET", "/sallyport/v1/apps/other/plans/hr-1", nil)
	s.must(400, "GET", plans+"/hr-1/rows?limit=0", nil)
	s.must(400, "GET", plans+"/hr-1/rows?after=x", nil)

	if p := s.must(202, "POST", plans+"/hr-1/apply", nil); p["approval"].(map[string]any)["by"] != "root" {
		t.Errorf("approved %v", p)
	}
	s.planned(plans+"/hr-1", review.Applied)
	if len(s.target.All(entry.User)) != 1 {
		t.Error("the plan was not carried out")
	}
	s.must(409, "POST", plans+"/hr-1/apply", nil)
	s.must(409, "POST", plans+"/hr-1/discard", nil)

	const origin = "/sallyport/v1/apps/hr/provenance"
	from := s.must(200, "GET", origin+"?user=ANN@x.example", nil)["attributes"].([]any)
	var named map[string]any
	for _, x := range from {
		if w := x.(map[string]any); w["attribute"] == "userName" {
			named = w
		}
	}
	if named["value"] != "ann@x.example" || named["mapping"] != "[userPrincipalName]" || named["cycleId"] != p["cycle"] || named["activityDateTime"] == nil ||
		fmt.Sprint(named["sources"]) != "map[userPrincipalName:[ann@x.example]]" {
		t.Errorf("userName comes from %v", named)
	}
	s.must(404, "GET", origin+"?user=nobody", nil)
	s.must(400, "GET", origin, nil)
	s.must(404, "GET", "/sallyport/v1/apps/other/provenance?user=ann@x.example", nil)

	s.must(202, "POST", plans, nil)
	s.planned(plans+"/hr-2", review.Ready)
	if got, _ := s.ask(s.admin, "GET", plans+"/hr-1/diff/hr-2", nil); got != 200 {
		t.Errorf("diff: %d", got)
	}
	s.must(404, "GET", plans+"/hr-1/diff/hr-9", nil)
	s.must(200, "POST", plans+"/hr-2/discard", nil)
	if all := s.must(200, "GET", plans, nil)["value"].([]any); len(all) != 2 {
		t.Errorf("%d plans, want 2", len(all))
	}
	s.must(202, "POST", "/sallyport/v1/undo", map[string]any{"run": "hr-1", "created": "delete"})
	s.planned(plans+"/hr-3", review.Ready)
	s.must(202, "POST", plans+"/hr-3/apply", nil)
	s.planned(plans+"/hr-3", review.Applied)
	if len(s.target.All(entry.User)) != 0 {
		t.Error("the plan was not taken back")
	}
}

func TestUndoDriftAndMessagesOverTheAPI(t *testing.T) {
	s := newSite(t)
	s.must(404, "POST", "/sallyport/v1/undo", map[string]any{"run": "nothing"})
	s.must(400, "POST", "/sallyport/v1/undo", map[string]any{})
	s.must(404, "GET", "/sallyport/v1/apps/hr/drift", nil)
	s.must(200, "PUT", "/sallyport/v1/apps/hr", map[string]any{"name": "hr.yaml", "file": appFile, "bearer": "secret"})
	s.must(404, "GET", "/sallyport/v1/apps/hr/drift", nil) // nobody looked yet
	s.target.Put(entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"stranger"}}})
	if r := s.must(200, "POST", "/sallyport/v1/apps/hr/drift/check", nil); r["orphans"] != float64(1) {
		t.Errorf("report %v", r)
	}
	fs := s.must(200, "GET", "/sallyport/v1/apps/hr/drift/findings?what=orphan", nil)["value"].([]any)
	if len(fs) != 1 {
		t.Errorf("findings %v", fs)
	}
	s.must(404, "POST", "/sallyport/v1/apps/hr/drift/repair", nil) // an orphan is nothing to repair
	if r := s.must(200, "POST", "/sallyport/v1/apps/hr/drift/accept", map[string]any{"all": true}); r["accepted"] != float64(1) {
		t.Errorf("accepted %v", r)
	}
	s.must(400, "POST", "/sallyport/v1/apps/hr/replay", nil) // since when?
	s.must(400, "POST", "/sallyport/v1/apps/hr/replay", map[string]any{"file": strings.Replace(appFile, "id: hr", "id: it", 1), "name": "x", "since": time.Now()})
	s.must(409, "POST", "/sallyport/v1/notify/test", nil) // nobody is to be told
	if ms := s.must(200, "GET", "/sallyport/v1/notify/messages", nil)["value"].([]any); len(ms) != 0 {
		t.Errorf("messages %v", ms)
	}
	if got, _ := s.ask(s.admin, http.MethodPost, "/sallyport/v1/apps/hr/discover", nil); got != 200 {
		t.Errorf("discover: %d", got)
	}
}
