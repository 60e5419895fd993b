package graphapi

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/service/cycle"
)

// statusJSON is synchronizationStatus (graph-api §3.2).
type statusJSON struct {
	Code            string          `json:"code"` // NotConfigured, NotRun, Active, Paused, Quarantine
	Failures        int64           `json:"countSuccessiveCompleteFailures"`
	Pruned          bool            `json:"escrowsPruned"`
	Last            *executionJSON  `json:"lastExecution"`
	LastSuccess     *executionJSON  `json:"lastSuccessfulExecution"`
	LastExport      *executionJSON  `json:"lastSuccessfulExecutionWithExports"`
	Progress        []progressJSON  `json:"progress"`
	Quarantine      *quarantineJSON `json:"quarantine"`
	SteadyFirst     string          `json:"steadyStateFirstAchievedTime"`
	SteadyLast      string          `json:"steadyStateLastAchievedTime"`
	Counts          []countJSON     `json:"synchronizedEntryCountByType"`
	Troubleshooting *string         `json:"troubleshootingUrl"`
}

type executionJSON struct {
	Activity        string     `json:"activityIdentifier"`
	State           string     `json:"state"` // Succeeded, Failed, EntryLevelErrors
	Began           string     `json:"timeBegan"`
	Ended           string     `json:"timeEnded"`
	Error           *errorInfo `json:"error"`
	Entitled        int64      `json:"countEntitled"`
	ForProvisioning int64      `json:"countEntitledForProvisioning"`
	Escrowed        int64      `json:"countEscrowed"`
	EscrowedRaw     int64      `json:"countEscrowedRaw"`
	Exported        int64      `json:"countExported"`
	Exports         int64      `json:"countExports"`
	Imported        int64      `json:"countImported"`
	Deltas          int64      `json:"countImportedDeltas"`
	References      int64      `json:"countImportedReferenceDeltas"`
}

type errorInfo struct {
	Code       string `json:"code"`
	Message    string `json:"message"`
	Actionable bool   `json:"tenantActionable"`
}

type progressJSON struct {
	Done  int64  `json:"completedUnits"`
	Total int64  `json:"totalUnits"`
	Units string `json:"units"`
	At    string `json:"progressObservationDateTime"`
}

type quarantineJSON struct {
	Began  string     `json:"currentBegan"`
	Next   string     `json:"nextAttempt"`
	Series string     `json:"seriesBegan"`
	Count  int64      `json:"seriesCount"`
	Reason string     `json:"reason"`
	Error  *errorInfo `json:"error"`
}

type countJSON struct {
	Key   string `json:"key"`
	Value int64  `json:"value"`
}

func (x work) status() statusJSON {
	st := x.state
	j := statusJSON{
		Code: x.code(), Progress: []progressJSON{}, Counts: []countJSON{}, SteadyFirst: instantText(st.SteadyFirst), SteadyLast: instantText(st.SteadyLast),
		Failures: int64(st.Failures), Pruned: st.Pruned, Last: executionOf(st.Last), LastSuccess: executionOf(st.Success), LastExport: executionOf(st.Exported),
	}
	if p := st.Running; p != nil {
		j.Progress = append(j.Progress, progressJSON{int64(p.Done), int64(max(0, p.Total)), "objects", instantText(time.Now().Truncate(time.Second))})
	}
	for _, t := range slices.Sorted(maps.Keys(st.Links)) {
		j.Counts = append(j.Counts, countJSON{string(t), int64(st.Links[t])})
	}
	if q := st.Quarantine; q != nil {
		j.Quarantine = &quarantineJSON{
			Began: instantText(cmp.Or(q.Began, q.Since)), Series: instantText(q.Since), Count: int64(q.Series), Next: instantText(q.Next), Reason: cmp.Or(q.Reason, "Unknown"),
			Error: &errorInfo{cmp.Or(q.Reason, "Unknown"), strings.TrimSpace(q.Detail + " " + q.Hint), true},
		}
	}
	return j
}

// code is the job in one word. A job that was never started, but could be, is Paused (graph-api §11).
func (x work) code() string {
	switch {
	case !x.live:
		return "NotConfigured"
	case x.state.Mode != cycle.Running:
		return "Paused"
	case x.state.Quarantine != nil:
		return "Quarantine"
	}
	return "Active"
}

func executionOf(p *cycle.Progress) *executionJSON {
	if p == nil {
		return nil
	}
	written := int64(p.Created + p.Updated + p.Disabled + p.Deleted)
	j := &executionJSON{
		Activity: p.Cycle, State: "Succeeded", Began: instantText(p.Began), Ended: instantText(p.Ended), Imported: int64(p.Done),
		Exported: written, Exports: written + int64(p.Failed), Escrowed: int64(p.Failed), EscrowedRaw: int64(p.Failed),
		Entitled: int64(p.Done - p.Disabled - p.Deleted), ForProvisioning: int64(p.Done - p.Disabled - p.Deleted),
	}
	if p.Kind == "incremental" {
		j.Deltas = int64(p.Done)
	}
	switch {
	case p.LastError != "" && p.Failed == 0:
		j.State = "Failed"
	case p.Failed > 0:
		j.State = "EntryLevelErrors"
	}
	if p.LastError != "" {
		j.Error = &errorInfo{j.State, p.LastError, true}
	}
	return j
}

// ownCode is the state of a job in our own tree: NotRun until its first cycle was completed.
func ownCode(st cycle.State) string {
	switch {
	case st.Mode != cycle.Running && st.Initial:
		return "Paused"
	case st.Mode == cycle.Running && st.Quarantine != nil:
		return "Quarantine"
	case !st.Initial:
		return "NotRun"
	}
	return "Active"
}
