package graphapi

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/catalog"
	"github.com/sallyport-id/sallyport/service/cycle"
)

// work is a job with everything that is known of it.
type work struct {
	reg   catalog.Registration
	app   app.App
	live  bool // the engine runs it; false while it has no target
	state cycle.State
}

// work reads the job of the path; fault.NotFound when there is none. The application's id names its job, too.
func (a *API) work(r *http.Request) (x work, err error) {
	if x.reg, err = a.application(r); err != nil {
		return x, err
	}
	id := r.PathValue("job")
	if x.reg.Job == nil || id != "" && !strings.EqualFold(id, x.reg.Job.ID) && id != string(x.reg.ID) {
		return x, fault.New(fault.NotFound, "", "the application %s has no job %q", x.reg.Name, clip(id)).WithHint("list …/synchronization/jobs")
	}
	return a.state(r.Context(), x)
}

func (a *API) state(ctx context.Context, x work) (work, error) {
	var err error
	if x.app, x.live, err = a.rules(ctx, x.reg); err != nil || !x.live {
		return x, err
	}
	x.state, err = a.Jobs.Status(ctx, x.reg.ID)
	if fault.Is(err, fault.NotFound) { // the engine could not take it up; its state is that of a job that never ran
		err = nil
	}
	return x, err
}

// running is work that the engine can do something about; fault.Invalid says what is missing.
func (a *API) running(r *http.Request) (work, error) {
	x, err := a.work(r)
	if err == nil && !x.live {
		err = fault.New(fault.Invalid, "", "the job is not configured: its application has no %s", baseAddress).
			WithHint("PUT it with the credentials to …/synchronization/secrets first")
	}
	return x, err
}

type jobJSON struct {
	Context  string       `json:"@odata.context,omitempty"`
	ID       string       `json:"id"`
	Template string       `json:"templateId"`
	Schedule scheduleJSON `json:"schedule"`
	Status   statusJSON   `json:"status"`
	Settings []nameValue  `json:"synchronizationJobSettings"`
}

type scheduleJSON struct {
	Expiration *string `json:"expiration"`
	Interval   string  `json:"interval"`
	State      string  `json:"state"`
}

type nameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// deleteThreshold is the setting that holds deletions back.
const deleteThreshold = "QuarantineTooManyDeletesThreshold"

func (x work) json() jobJSON {
	j := jobJSON{
		ID: x.reg.Job.ID, Template: x.reg.Job.Template, Status: x.status(),
		Schedule: scheduleJSON{Interval: isoDuration(cmp.Or(x.app.Schedule.Interval, app.DefaultInterval)), State: x.scheduleState()},
		Settings: []nameValue{{deleteThreshold, strconv.Itoa(cmp.Or(x.app.Deprovision.DeleteLimit, app.DefaultDeleteLimit))}},
	}
	return j
}

func (x work) scheduleState() string {
	switch x.state.Mode {
	case cycle.Running:
		return "Active"
	case cycle.Paused:
		return "Paused"
	}
	return "Disabled"
}

// isoDuration writes a duration as ISO 8601, seconds at the finest.
func isoDuration(d app.Duration) string {
	s := int64(time.Duration(d).Seconds())
	if s%60 == 0 && s > 0 {
		return "PT" + strconv.FormatInt(s/60, 10) + "M"
	}
	return "PT" + strconv.FormatInt(s, 10) + "S"
}

// parseISO reads PT40M, PT1H30M, P1D, PT90S.
func parseISO(s string) (time.Duration, bool) {
	date, clock, _ := strings.Cut(strings.TrimPrefix(strings.ToUpper(s), "P"), "T")
	var d time.Duration
	if days, ok := strings.CutSuffix(date, "D"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n > 366 {
			return 0, false
		}
		d = time.Duration(n) * 24 * time.Hour
	} else if date != "" {
		return 0, false
	}
	if clock != "" {
		c, err := time.ParseDuration(strings.ToLower(clock))
		if err != nil {
			return 0, false
		}
		d += c
	}
	return d, strings.HasPrefix(strings.ToUpper(s), "P") && d >= time.Second && d <= 366*24*time.Hour
}

func jobsContext(r catalog.Registration) string {
	return "servicePrincipals('" + r.Principal + "')/synchronization/jobs"
}

func (a *API) listJobs(w http.ResponseWriter, r *http.Request) error {
	reg, err := a.application(r)
	if err != nil {
		return err
	}
	out := []jobJSON{}
	if reg.Job != nil {
		x, err := a.state(r.Context(), work{reg: reg})
		if err != nil {
			return err
		}
		out = append(out, x.json())
	}
	return filtered(w, r, jobsContext(reg), out)
}

func (a *API) getJob(w http.ResponseWriter, r *http.Request) error {
	x, err := a.work(r)
	if err != nil {
		return err
	}
	j := x.json()
	j.Context = contextURL(r, jobsContext(x.reg)+"/$entity")
	return writeSelected(w, r, j)
}

// createJob makes the job of an application. A second one is refused: an application has one.
func (a *API) createJob(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Template string `json:"templateId"`
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	t, ok := catalog.FindJobTemplate(b.Template)
	if !ok {
		return fault.New(fault.Invalid, "", "there is no synchronization template %q", clip(b.Template)).About("templateId").
			WithHint("list …/synchronization/templates")
	}
	reg, err := a.application(r)
	if err != nil {
		return err
	}
	if reg.Job != nil {
		return fault.New(fault.Invalid, "", "the application %s has a job already: %s", reg.Name, reg.Job.ID)
	}
	id := catalog.JobID(t.Job, string(tenant.From(r.Context())), reg.Principal)
	reg, err = a.Catalog.Amend(r.Context(), reg.ID, func(reg catalog.Registration) (catalog.Registration, error) {
		reg.Job = &catalog.Job{ID: id, Template: t.Job, Created: time.Now().UTC()}
		if reg.Template == "" || t.Agents {
			reg.Template = t.ID
		}
		return reg, nil
	})
	if err != nil {
		return err
	}
	if t.Agents {
		if err := a.publishApp(r, reg); err != nil {
			return err
		}
	}
	x, err := a.begin(r, reg)
	if err != nil {
		return err
	}
	j := x.json()
	j.Context = contextURL(r, jobsContext(reg)+"/$entity")
	return created(w, root(r)+"/servicePrincipals/"+reg.Principal+"/synchronization/jobs/"+j.ID, j)
}

// begin gives a new job its rules, and hands it to the engine when its secrets came before it.
func (a *API) begin(r *http.Request, reg catalog.Registration) (work, error) {
	ap, live, err := a.rules(r.Context(), reg)
	if err != nil {
		return work{}, err
	}
	ps, err := a.pairs(r.Context(), reg, ap, live)
	if err == nil && !live {
		err = a.bringUp(r.Context(), reg, ap, false, ps)
	}
	if err != nil {
		return work{}, err
	}
	return a.state(r.Context(), work{reg: reg})
}

// deleteJob forgets the job with its state; the accounts in the target stay, and so do the application's rules and secrets.
func (a *API) deleteJob(w http.ResponseWriter, r *http.Request) error {
	x, err := a.work(r)
	if err != nil {
		return err
	}
	if x.live {
		a.Jobs.Remove(r.Context(), x.reg.ID)
		if err := a.Apps.Delete(r.Context(), x.reg.ID); err != nil {
			return err
		}
	}
	_, err = a.Catalog.Amend(r.Context(), x.reg.ID, func(reg catalog.Registration) (catalog.Registration, error) {
		draft := x.app
		reg.Job, reg.Draft = nil, &draft
		return reg, nil
	})
	return orNoContent(w, err)
}

// patchJob sets the schedule and the settings.
func (a *API) patchJob(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Schedule *struct {
			Interval string `json:"interval"`
			State    string `json:"state"`
		} `json:"schedule"`
		Settings []nameValue `json:"synchronizationJobSettings"`
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	x, err := a.work(r)
	if err != nil {
		return err
	}
	for _, s := range b.Settings {
		if !strings.EqualFold(s.Name, deleteThreshold) {
			continue // a setting of the hosted system that means nothing here
		}
		n, err := strconv.Atoi(s.Value)
		if err != nil || n < 1 {
			return fault.New(fault.Invalid, "", "%q is not a number of deletions from 1 on", clip(s.Value)).About(deleteThreshold)
		}
		x.app.Deprovision.DeleteLimit = n
	}
	state := ""
	if b.Schedule != nil {
		if state = strings.ToLower(b.Schedule.State); b.Schedule.Interval != "" {
			d, ok := parseISO(b.Schedule.Interval)
			if !ok {
				return fault.New(fault.Invalid, "", "%q is not a duration like PT40M", clip(b.Schedule.Interval)).About("schedule.interval")
			}
			x.app.Schedule.Interval = app.Duration(d)
		}
	}
	if err := a.save(r.Context(), x.reg, x.app, x.live); err != nil {
		return err
	}
	switch state {
	case "active":
		return a.startJob(w, r)
	case "paused", "disabled":
		return a.pauseJob(w, r)
	case "":
		return noContent(w)
	}
	return fault.New(fault.Invalid, "", "%q is not Active, Paused or Disabled", clip(state)).About("schedule.state")
}

func (a *API) startJob(w http.ResponseWriter, r *http.Request) error {
	x, err := a.running(r)
	if err == nil {
		_, err = a.Jobs.Run(r.Context(), x.reg.ID)
	}
	return orNoContent(w, err)
}

func (a *API) pauseJob(w http.ResponseWriter, r *http.Request) error {
	x, err := a.work(r)
	if err == nil && x.live {
		_, err = a.Jobs.Pause(r.Context(), x.reg.ID)
	}
	return orNoContent(w, err)
}

func (a *API) restartJob(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Criteria *struct {
			Scope string `json:"resetScope"`
		} `json:"criteria"`
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	scope := ""
	if b.Criteria != nil {
		scope = b.Criteria.Scope
	}
	reset, release, err := resetScope(scope)
	if err != nil {
		return err
	}
	x, err := a.running(r)
	if err == nil {
		_, err = a.Jobs.Restart(r.Context(), x.reg.ID, reset, release)
	}
	return orNoContent(w, err)
}

// resetScope reads the comma list of graph-api §3.3.
func resetScope(text string) (r cycle.Reset, release bool, err error) {
	if strings.TrimSpace(text) == "" {
		return cycle.Reset{Watermark: true, Escrows: true, Quarantine: true}, false, nil
	}
	for word := range strings.SplitSeq(text, ",") {
		switch strings.ToLower(strings.TrimSpace(word)) {
		case "none":
		case "watermark":
			r.Watermark = true
		case "escrows":
			r.Escrows = true
		case "quarantinestate":
			r.Quarantine = true
		case "connectordatastore":
			r.Links = true
		case "full":
			r = cycle.Reset{Watermark: true, Escrows: true, Quarantine: true, Links: true}
		case "forcedeletes":
			release = true
		default:
			return r, false, fault.New(fault.Invalid, "restart", "resetScope %q is not known", clip(strings.TrimSpace(word))).
				WithHint("use Watermark, Escrows, QuarantineState, ConnectorDataStore, Full, ForceDeletes or None")
		}
	}
	return r, release, nil
}

// jobRoutes are the synchronization paths; applications/{id} has the templates alone.
func (a *API) jobRoutes() []Route {
	const (
		sync   = "/v1.0/servicePrincipals/{app}/synchronization"
		jobs   = sync + "/jobs"
		job    = jobs + "/{job}"
		schema = job + "/schema"
	)
	limited := a.onDemand.throttled(func(r *http.Request) string { return r.PathValue("app") }, a.provisionOnDemand)
	bulk := a.bulk.throttled(func(r *http.Request) string { return r.PathValue("app") }, a.bulkUpload)
	routes := []Route{
		{"GET " + jobs, access.ReadApps, a.listJobs},
		{"POST " + jobs, access.WriteApps, a.createJob},
		{"POST " + jobs + "/validateCredentials", access.WriteApps, a.validateCredentials},
		{"GET " + job, access.ReadApps, a.getJob},
		{"PATCH " + job, access.WriteApps, a.patchJob},
		{"DELETE " + job, access.WriteApps, a.deleteJob},
		{"POST " + job + "/start", access.RunJobs, a.startJob},
		{"POST " + job + "/pause", access.RunJobs, a.pauseJob},
		{"POST " + job + "/restart", access.RunJobs, a.restartJob},
		{"POST " + job + "/validateCredentials", access.WriteApps, a.validateCredentials},
		{"POST " + job + "/provisionOnDemand", access.RunJobs, limited},
		{"POST " + job + "/bulkUpload", access.WriteDirectory, bulk},
		{"POST " + job + "/bulkUpload/$value", access.WriteDirectory, bulk},
		{"GET " + schema, access.ReadApps, a.getSchema},
		{"PUT " + schema, access.WriteApps, a.putSchema},
		{"PATCH " + schema, access.WriteApps, a.putSchema},
		{"DELETE " + schema, access.WriteApps, a.deleteSchema},
		{"GET " + schema + "/directories", access.ReadApps, a.listDirectories},
		{"GET " + schema + "/directories/{directory}", access.ReadApps, a.getDirectory},
		{"PATCH " + schema + "/directories/{directory}", access.WriteApps, a.patchDirectory},
		{"POST " + schema + "/directories/{directory}/discover", access.WriteApps, a.discover},
		{"GET " + schema + "/filterOperators", access.ReadApps, a.filterOperators},
		{"GET " + schema + "/functions", access.ReadApps, a.functions},
		{"POST " + schema + "/parseExpression", access.ReadApps, a.parseExpression},
		{"GET " + sync, access.ReadApps, a.getSynchronization},
		{"GET " + sync + "/secrets", access.ReadApps, a.getSecrets},
		{"PUT " + sync + "/secrets", access.WriteApps, a.putSecrets},
		{"POST " + sync + "/acquireAccessToken", access.WriteApps, a.acquireToken},
		{"GET " + job + "/objectConnections/{connection}", access.ReadApps, a.getConnection},
		{"DELETE " + job + "/objectConnections/{connection}", access.WriteApps, a.deleteConnection},
	}
	for _, at := range []string{sync, "/v1.0/applications/{app}/synchronization"} {
		routes = append(routes,
			Route{"GET " + at + "/templates", access.ReadApps, a.listJobTemplates},
			Route{"GET " + at + "/templates/{template}", access.ReadApps, a.getJobTemplate},
			Route{"GET " + at + "/templates/{template}/schema", access.ReadApps, a.getTemplateSchema},
		)
	}
	return routes
}
