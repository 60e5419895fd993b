package graphapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/catalog"
	"github.com/sallyport-id/sallyport/service/graphapi/odata"
	"github.com/sallyport-id/sallyport/service/journal"
)

// summaryJSON is provisioningObjectSummary (graph-api §4).
type summaryJSON struct {
	Context   string         `json:"@odata.context,omitempty"`
	ID        string         `json:"id"`
	At        string         `json:"activityDateTime"`
	Tenant    string         `json:"tenantId"`
	Job       string         `json:"jobId"`
	Cycle     string         `json:"cycleId"`
	Change    string         `json:"changeId"`
	Millis    int32          `json:"durationInMilliseconds"`
	Action    string         `json:"provisioningAction"`
	Status    statusInfoJSON `json:"provisioningStatusInfo"`
	Steps     []stepJSON     `json:"provisioningSteps"`
	Modified  []modifiedJSON `json:"modifiedProperties"`
	Principal identityPair   `json:"servicePrincipal"`
	Source    identityJSON   `json:"sourceIdentity"`
	Target    identityJSON   `json:"targetIdentity"`
	From      systemJSON     `json:"sourceSystem"`
	To        systemJSON     `json:"targetSystem"`
	Initiator initiatorJSON  `json:"initiatedBy"`
}

type statusInfoJSON struct {
	Status string         `json:"status"`
	Error  *errorInfoJSON `json:"errorInformation"`
}

type errorInfoJSON struct {
	Code       string  `json:"errorCode"`
	Category   string  `json:"errorCategory"`
	Reason     string  `json:"reason"`
	Additional *string `json:"additionalDetails"`
	Action     string  `json:"recommendedAction"`
}

type stepJSON struct {
	Name        string            `json:"name"`
	Type        string            `json:"provisioningStepType"`
	Status      string            `json:"status"`
	Description string            `json:"description"`
	Details     map[string]string `json:"details"`
}

type modifiedJSON struct {
	Name string `json:"displayName"`
	Old  string `json:"oldValue"`
	New  string `json:"newValue"`
}

type identityPair struct {
	ID   string `json:"id"`
	Name string `json:"displayName"`
}

type identityJSON struct {
	ID      string            `json:"id"`
	Name    string            `json:"displayName"`
	Type    string            `json:"identityType"`
	Details map[string]string `json:"details"`
}

type systemJSON struct {
	ID      string            `json:"id"`
	Name    string            `json:"displayName"`
	Details map[string]string `json:"details"`
}

type initiatorJSON struct {
	ID   string `json:"id"`
	Name string `json:"displayName"`
	Type string `json:"initiatorType"` // user, application, system
}

// Words of the log as the metadata spells them; a step type of ours that Graph lacks is processing.
var stepTypes = []string{"import", "scoping", "matching", "processing", "referenceResolution", "export"}

func oneOf(word string, words []string, other string) string {
	for _, w := range words {
		if strings.EqualFold(w, word) {
			return w
		}
	}
	return other
}

func facts(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func modified(rec journal.Record) []modifiedJSON {
	out := []modifiedJSON{}
	for _, c := range rec.Changes {
		out = append(out, modifiedJSON{c.Name, c.Old, c.New})
	}
	return out
}

// category says whose mistake a failure is: the target's refusal of an entry is nobody's here.
func category(rec journal.Record) string {
	switch {
	case rec.Status != "failure":
		return "success"
	case rec.Code == "InternalError":
		return "failure"
	}
	return "nonServiceFailure"
}

// additional is what the target answered; null when it answered nothing.
func additional(rec journal.Record) *string {
	if rec.Details == "" {
		return nil
	}
	return &rec.Details
}

// advised is what to try next about a failure that was written down without a hint.
func advised(rec journal.Record) string {
	if rec.Status != "failure" {
		return ""
	}
	return fault.Advice(rec.Code)
}

func sourceSystem(reg catalog.Registration, t tenant.ID) systemJSON {
	return systemJSON{tenantGUID(t), "Azure Active Directory", map[string]string{}}
}

func targetSystem(reg catalog.Registration) systemJSON {
	return systemJSON{reg.Principal, reg.Name, map[string]string{
		"ApplicationId": reg.Client, "ServicePrincipalId": reg.Principal, "ServicePrincipalDisplayName": reg.Name,
	}}
}

func summary(rec journal.Record, reg catalog.Registration, t tenant.ID) summaryJSON {
	j := summaryJSON{
		ID: rec.ID, At: instantText(rec.At), Tenant: tenantGUID(t), Job: rec.Job, Cycle: rec.Cycle, Change: rec.ID, Millis: int32(min(rec.Millis, 1<<31-1)), //nolint:gosec // bounded
		Action: oneOf(rec.Action, []string{"create", "delete", "disable", "update", "stagedDelete"}, "other"),
		Status: statusInfoJSON{Status: oneOf(rec.Status, []string{"success", "failure", "skipped", "warning"}, "skipped")},
		Steps:  []stepJSON{}, Modified: modified(rec), Principal: identityPair{reg.Principal, reg.Name},
		Source: identityJSON{rec.Source.ID, rec.Source.Name, rec.Source.Type, map[string]string{}},
		Target: identityJSON{rec.Target.ID, rec.Target.Name, rec.Target.Type, map[string]string{}},
		From:   sourceSystem(reg, t), To: targetSystem(reg),
		Initiator: initiatorJSON{"", "Sallyport", oneOf(rec.Initiator, []string{"user", "application"}, "system")},
	}
	if reg.Job != nil {
		j.Job = reg.Job.ID
	}
	if rec.Status == "failure" || rec.Code != "" {
		j.Status.Error = &errorInfoJSON{Code: rec.Code, Category: category(rec), Reason: rec.Reason, Additional: additional(rec), Action: cmp.Or(rec.Hint, advised(rec))}
	}
	for _, s := range rec.Steps {
		j.Steps = append(j.Steps, stepJSON{s.Name, oneOf(s.Type, stepTypes, "processing"), oneOf(s.Status, []string{"success", "failure", "skipped", "warning"}, "skipped"), s.Detail, facts(s.Facts)})
	}
	return j
}

// logPaths are the properties the log can be asked for; the deprecated names of beta are understood.
var logPaths = []string{
	"id", "activityDateTime", "tenantId", "jobId", "cycleId", "changeId", "durationInMilliseconds", "provisioningAction", "action",
	"provisioningStatusInfo/status", "statusInfo/status", "provisioningStatusInfo/errorInformation/errorCode", "servicePrincipal/id",
	"servicePrincipal/displayName", "sourceIdentity/id", "sourceIdentity/displayName", "sourceIdentity/identityType", "targetIdentity/id",
	"targetIdentity/displayName", "targetIdentity/identityType", "sourceSystem/id", "sourceSystem/displayName", "targetSystem/id",
	"targetSystem/displayName", "initiatedBy/id", "initiatedBy/displayName", "initiatedBy/initiatorType",
}

// asked gives a filter the values of a record; a job goes by its own id and by its application's.
func asked(rec journal.Record, reg catalog.Registration, t tenant.ID) odata.Object {
	var values odata.Object
	return func(path string) []any {
		switch strings.ToLower(path) {
		case "jobid":
			out := []any{rec.Job}
			if reg.Job != nil {
				out = append(out, reg.Job.ID)
			}
			return out
		case "activitydatetime":
			return []any{rec.At}
		case "action":
			path = "provisioningAction"
		case "statusinfo/status":
			path = "provisioningStatusInfo/status"
		}
		if values == nil {
			j, err := plainJSON(summary(rec, reg, t))
			if err != nil {
				return nil
			}
			values = lookup(j)
		}
		return values(path)
	}
}

// logReader walks over the log.
type logReader struct {
	*API
	tenant tenant.ID
	regs   map[string]catalog.Registration
}

func (a *API) logReader(ctx context.Context) (*logReader, error) {
	l := &logReader{API: a, tenant: tenant.From(ctx), regs: map[string]catalog.Registration{}}
	all, err := a.registrations(ctx)
	for _, reg := range all {
		l.regs[string(reg.ID)] = reg
	}
	return l, err
}

// of returns the registration of a record's job; one that is gone has its id as name.
func (l *logReader) of(rec journal.Record) catalog.Registration {
	if reg, ok := l.regs[rec.Job]; ok {
		return reg
	}
	return catalog.Registration{Name: rec.Job}
}

// query turns what the filter demands into the journal's own question.
func (l *logReader) query(o *options) journal.Query {
	q := journal.Query{Limit: scanBatch, Newest: true}
	if len(o.order) > 0 {
		q.Newest = o.order[0].Desc
	}
	if ids, ok := o.filter.Equal("jobId"); ok && len(ids) == 1 {
		q.Job = ids[0]
		for slug, reg := range l.regs {
			if reg.Job != nil && reg.Job.ID == ids[0] {
				q.Job = slug
			}
		}
	}
	if ids, ok := o.filter.Equal("sourceIdentity/id"); ok && len(ids) == 1 {
		q.User = ids[0]
	}
	for _, name := range []string{"provisioningStatusInfo/status", "statusInfo/status"} {
		if ss, ok := o.filter.Equal(name); ok && len(ss) == 1 {
			q.Status = ss[0]
		}
	}
	for _, name := range []string{"id", "changeId"} {
		if ids, ok := o.filter.Equal(name); ok && len(ids) == 1 {
			q.ID = ids[0]
		}
	}
	if low, _ := o.filter.Bounds("activityDateTime"); low != nil {
		if t, ok := low.(time.Time); ok {
			q.Since = t
		}
	}
	return q
}

func (a *API) listProvisioning(w http.ResponseWriter, r *http.Request) error {
	o, err := readOptions(r)
	if err == nil {
		err = logOptions(o)
	}
	if err != nil {
		return err
	}
	l, err := a.logReader(r.Context())
	if err != nil {
		return err
	}
	q := l.query(o)
	count, err := l.countIf(r.Context(), o, q)
	if err != nil {
		return err
	}
	if err := openCursor(o.skip, &q.After); err != nil {
		return err
	}
	if !isRecordID(q.ID) || !isRecordID(q.After) {
		return writePage(w, r, "auditLogs/provisioning", []object{}, "", count)
	}
	items, next, err := l.page(r, o, q)
	if err != nil {
		return err
	}
	return writePage(w, r, "auditLogs/provisioning", items, next, count)
}

func logOptions(o *options) error {
	if o.search != nil {
		return unserved("$search")
	}
	if o.filter != nil {
		for _, p := range o.filter.Paths() {
			if !slices.ContainsFunc(logPaths, func(k string) bool { return strings.EqualFold(k, p) }) {
				return fault.New(fault.Invalid, "read $filter", "the provisioning log has no property %q that can be asked for", clip(p))
			}
		}
	}
	for _, k := range o.order {
		if !strings.EqualFold(k.Path, "activityDateTime") {
			return fault.New(fault.Invalid, "read $orderby", "the provisioning log is ordered by activityDateTime alone")
		}
	}
	return nil
}

// isRecordID reports whether the text can be the id of a record, or is empty.
func isRecordID(s string) bool {
	if s == "" {
		return true
	}
	n, err := strconv.ParseInt(s, 32, 64)
	return err == nil && n >= 0
}

func (l *logReader) page(r *http.Request, o *options, q journal.Query) (items []object, next string, err error) {
	for seen := 0; ; {
		rs, err := l.Journal.Find(r.Context(), q)
		if err != nil {
			return nil, "", err
		}
		for _, rec := range rs {
			if len(items) == o.top || seen > scanned && len(items) > 0 {
				return items, o.next(r, q.After), nil
			}
			seen, q.After = seen+1, rec.ID
			if reg := l.of(rec); o.filter.Match(asked(rec, reg, l.tenant), false) {
				j, err := plainJSON(summary(rec, reg, l.tenant))
				if err != nil {
					return nil, "", err
				}
				items = append(items, pick(j, o.selected))
			}
		}
		if len(rs) < q.Limit {
			return items, "", nil
		}
	}
}

// countIf counts the records that pass, for the first page of a request that asked for it.
func (l *logReader) countIf(ctx context.Context, o *options, q journal.Query) (*int, error) {
	if !o.count || o.skip != "" {
		return nil, nil //nolint:nilnil // nil is: not asked
	}
	n := 0
	for isRecordID(q.ID) {
		rs, err := l.Journal.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, rec := range rs {
			if q.After = rec.ID; o.filter.Match(asked(rec, l.of(rec), l.tenant), false) {
				n++
			}
		}
		if len(rs) < q.Limit {
			break
		}
	}
	return &n, nil
}

func (a *API) getProvisioning(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("record")
	gone := refuse(http.StatusNotFound, "ResourceNotFound", fault.New(fault.NotFound, "", "there is no record %q", clip(id)))
	if !isRecordID(id) {
		return gone
	}
	l, err := a.logReader(r.Context())
	if err != nil {
		return err
	}
	rs, err := a.Journal.Find(r.Context(), journal.Query{ID: id, Limit: 1})
	if fault.Is(err, fault.Invalid) || err == nil && len(rs) == 0 {
		return gone
	}
	if err != nil {
		return err
	}
	j := summary(rs[0], l.of(rs[0]), l.tenant)
	j.Context = contextURL(r, "auditLogs/provisioning/$entity")
	return writeSelected(w, r, j)
}

func (a *API) logRoutes() []Route {
	const at = "/v1.0/auditLogs/provisioning"
	return []Route{
		{"GET " + at, access.ReadLogs, a.listProvisioning},
		{"GET " + at + "/{record}", access.ReadLogs, a.getProvisioning},
	}
}
