package plan

import (
	"fmt"
	"strconv"

	"github.com/sallyport-id/sallyport/service/scope"
)

// scope decides by assignment and by filter, and tells both in one step.
func (m *maker) scope() (in bool, why string, err error) {
	verdict := m.o.scope.EvaluateEntry(m.in.Change.Entry)
	if verdict.Err != nil {
		return false, "", verdict.Err // a filter that could not be evaluated says neither in nor out
	}
	in, why = verdict.In, verdict.Why
	assigned, because := m.assigned()
	if !assigned {
		in, why = false, because
	}
	status := Success
	if !in {
		status = Skipped
	}
	m.step(Step{Name: "EntrySynchronizationScoping", Type: Scoping, Status: status, Detail: why, Facts: m.scopeFacts(assigned, because, in, verdict)})
	return in, why, nil
}

// assigned tells whether the object may be in scope by assignment, and why.
func (m *maker) assigned() (bool, string) {
	switch {
	case !m.app.App.Assignments.Only:
		return true, "everybody is in scope, assigned or not"
	case !m.in.Assigned && m.in.AssignedWhy != "":
		return false, m.in.AssignedWhy
	case !m.in.Assigned:
		return false, "is not assigned to the application"
	case m.in.AssignedWhy != "":
		return true, m.in.AssignedWhy
	}
	return true, "is assigned to the application"
}

// scopeFacts are the answers to the questions that lead to the verdict.
func (m *maker) scopeFacts(assigned bool, because string, in bool, v scope.Verdict) map[string]string {
	_, gone := m.softDeleted()
	active := gone == "" && !m.accountDisabled()
	facts := map[string]string{
		"IsActive":                             truth(active),
		"Assigned":                             truth(assigned) + ": " + because,
		"IsEffectivelyEntitledForProvisioning": truth(active && assigned),
		"IsInProvisioningScope":                truth(in),
	}
	for i, c := range v.Clauses {
		facts["ScopeEvaluationResult."+strconv.Itoa(i+1)] = fmt.Sprintf("%s: %v", c.Group, c)
	}
	return facts
}

func truth(b bool) string {
	if b {
		return "True"
	}
	return "False"
}
