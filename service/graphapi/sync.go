package graphapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/journal"
)

// jobID reads the job of the path. An application has one job, with the application's id.
func jobID(r *http.Request) (cycle.JobID, error) {
	id, job := r.PathValue("app"), r.PathValue("job")
	if job != "" && job != id {
		return "", fault.New(fault.NotFound, "", "application %q has no job %q", id, job)
	}
	return cycle.JobID(id), nil
}

func (a *API) listJobs(w http.ResponseWriter, r *http.Request) error {
	out, err := a.jobJSON(r)
	if err != nil {
		return err
	}
	return collection(w, r, "synchronizationJob", []any{out}, "")
}

func (a *API) getJob(w http.ResponseWriter, r *http.Request) error {
	out, err := a.jobJSON(r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) jobJSON(r *http.Request) (map[string]any, error) {
	id, err := jobID(r)
	if err != nil {
		return nil, err
	}
	ap, err := a.Apps.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	st, err := a.Jobs.Status(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"id": string(id), "templateId": "scim",
		"schedule": map[string]any{"interval": isoDuration(ap.Schedule.Interval), "state": scheduleState(st)},
		"status":   status(st),
		"synchronizationJobSettings": []map[string]string{
			{"name": "QuarantineTooManyDeletesThreshold", "value": fmt.Sprint(ap.Deprovision.DeleteLimit)},
		},
	}, nil
}

// isoDuration writes a duration as ISO 8601, seconds at the finest.
func isoDuration(d app.Duration) string {
	s := int64(time.Duration(d).Seconds())
	if s%60 == 0 && s > 0 {
		return fmt.Sprintf("PT%dM", s/60)
	}
	return fmt.Sprintf("PT%dS", s)
}

func scheduleState(st cycle.State) string {
	switch {
	case st.Mode == cycle.Running:
		return "Active"
	case st.Mode == cycle.Paused && (st.Initial || st.Watermark != ""):
		return "Paused"
	}
	return "Disabled"
}

// status is Graph's synchronizationStatus (graph-api §3.2).
func status(st cycle.State) map[string]any {
	code := "Active"
	switch {
	case st.Mode != cycle.Running && !st.Initial:
		code = "NotRun"
	case st.Mode != cycle.Running:
		code = "Paused"
	case st.Quarantine != nil:
		code = "Quarantine"
	case !st.Initial:
		code = "NotRun"
	}
	out := map[string]any{"code": code, "lastExecution": nil, "quarantine": nil, "progress": []any{}}
	if st.Last != nil {
		out["lastExecution"] = execution(*st.Last)
	}
	if p := st.Running; p != nil {
		out["progress"] = []any{map[string]any{
			"completedUnits": p.Done, "totalUnits": max(0, p.Total), "units": "objects",
			"progressObservationDateTime": time.Now().UTC().Format(time.RFC3339),
		}}
	}
	if q := st.Quarantine; q != nil {
		out["quarantine"] = map[string]any{
			"currentBegan": instant(q.Since), "seriesBegan": instant(q.Since), "seriesCount": q.Series,
			"nextAttempt": instant(q.Next), "reason": q.Reason,
			"error": map[string]any{"code": q.Reason, "message": strings.TrimSpace(q.Detail + " " + q.Hint), "tenantActionable": true},
		}
	}
	return out
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func execution(p cycle.Progress) map[string]any {
	state := "Succeeded"
	switch {
	case p.Ended.IsZero() && p.LastError != "":
		state = "Failed"
	case p.Failed > 0:
		state = "EntryLevelErrors"
	}
	out := map[string]any{
		"activityIdentifier": p.Cycle, "state": state, "timeBegan": instant(p.Began), "timeEnded": instant(p.Ended),
		"countImported": p.Done, "countExported": p.Created + p.Updated + p.Disabled + p.Deleted, "countEscrowed": p.Failed,
		"error": nil,
	}
	if p.LastError != "" {
		out["error"] = map[string]any{"code": "EntryLevelErrors", "message": p.LastError, "tenantActionable": true}
	}
	return out
}

func (a *API) startJob(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	if _, err := a.Jobs.Run(r.Context(), id); err != nil {
		return err
	}
	return noContent(w)
}

func (a *API) pauseJob(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	if _, err := a.Jobs.Pause(r.Context(), id); err != nil {
		return err
	}
	return noContent(w)
}

type restartBody struct {
	Criteria struct {
		ResetScope string `json:"resetScope"`
	} `json:"criteria"`
}

func (a *API) restartJob(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	var b restartBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	reset, release, err := resetScope(b.Criteria.ResetScope)
	if err != nil {
		return err
	}
	if _, err := a.Jobs.Restart(r.Context(), id, reset, release); err != nil {
		return err
	}
	return noContent(w)
}

// resetScope reads the comma list of graph-api §3.3.
func resetScope(text string) (r cycle.Reset, release bool, err error) {
	if strings.TrimSpace(text) == "" {
		return cycle.Reset{Watermark: true, Escrows: true, Quarantine: true}, false, nil
	}
	for _, word := range strings.Split(text, ",") {
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
			return r, false, fault.New(fault.Invalid, "restart", "resetScope %q is not known", strings.TrimSpace(word)).
				WithHint("use Watermark, Escrows, QuarantineState, ConnectorDataStore, Full, ForceDeletes or None")
		}
	}
	return r, release, nil
}

type onDemandBody struct {
	Parameters []struct {
		Subjects []struct {
			ObjectID   string `json:"objectId"`
			ObjectType string `json:"objectTypeName"`
		} `json:"subjects"`
	} `json:"parameters"`
}

func (a *API) provisionOnDemand(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	var b onDemandBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	if len(b.Parameters) != 1 || len(b.Parameters[0].Subjects) != 1 {
		return fault.New(fault.Invalid, "provision on demand", "parameters must name exactly one subject")
	}
	s := b.Parameters[0].Subjects[0]
	t := entry.User
	if strings.EqualFold(s.ObjectType, string(entry.Group)) {
		t = entry.Group
	}
	if e, err := a.find(r.Context(), t, s.ObjectID); err == nil {
		s.ObjectID = e.ID
	}
	rec, err := a.Jobs.Provision(r.Context(), id, t, s.ObjectID)
	if err != nil {
		return err
	}
	out, err := onDemandAnswer(rec)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// onDemandAnswer is Graph's pair of JSON texts (graph-api §3.4).
func onDemandAnswer(rec journal.Record) (map[string]any, error) {
	details := map[string]string{}
	if rec.Code != "" && rec.Status != "success" {
		details = map[string]string{"errorCode": rec.Code, "errorMessage": rec.Reason}
	}
	key, err := json.Marshal(map[string]any{"result": title(rec.Status), "details": details})
	if err != nil {
		return nil, err
	}
	value, err := json.Marshal(map[string]any{
		"action": title(rec.Action), "changeId": rec.ID, "startTime": instant(rec.At),
		"statusInfo":     map[string]string{"status": title(rec.Status), "errorCode": rec.Code, "reason": rec.Reason, "recommendedAction": rec.Hint},
		"sourceIdentity": rec.Source, "targetIdentity": rec.Target,
		"modifiedProperties": rec.Changes, "provisioningSteps": rec.Steps,
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"@odata.context": "microsoft.graph.stringKeyStringValuePair", "key": string(key), "value": string(value)}, nil
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
