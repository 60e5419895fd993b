package graphapi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/app/graphschema"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/journal"
)

// subject is who is to be provisioned (graph-api §3.4).
type subject struct {
	ID    string                     `json:"objectId"`
	Type  string                     `json:"objectTypeName"`
	Links map[string]json.RawMessage `json:"links"`
}

func (s subject) kind() (entry.Type, error) {
	switch {
	case s.Type == "" || strings.EqualFold(s.Type, string(entry.User)):
		return entry.User, nil
	case strings.EqualFold(s.Type, string(entry.Group)):
		return entry.Group, nil
	}
	return "", fault.New(fault.Invalid, "provision on demand", "objectTypeName %q is neither User nor Group", clip(s.Type))
}

// maxDemanded is how many members of a group are provisioned with it.
const maxDemanded = 5

func (a *API) provisionOnDemand(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Parameters []struct {
			Rule     string    `json:"ruleId"`
			Subjects []subject `json:"subjects"`
		} `json:"parameters"`
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	if len(b.Parameters) != 1 || len(b.Parameters[0].Subjects) != 1 {
		return fault.New(fault.Invalid, "provision on demand", "parameters must name exactly one subject")
	}
	x, err := a.running(r)
	if err == nil {
		err = ruleOf(x, b.Parameters[0].Rule)
	}
	if err != nil {
		return err
	}
	rec, err := a.provision(r.Context(), x, b.Parameters[0].Subjects[0])
	if err != nil {
		return err
	}
	key, value, err := demandedJSON(rec, x, tenant.From(r.Context()))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		Context string `json:"@odata.context"`
		pair
	}{contextURL(r, graphPrefix+"stringKeyStringValuePair"), pair{key, value}})
	return nil
}

func (a *API) provision(ctx context.Context, x work, s subject) (journal.Record, error) {
	t, err := s.kind()
	if err != nil {
		return journal.Record{}, err
	}
	id, err := a.evenDeleted(ctx, t, s.ID)
	if err != nil {
		return journal.Record{}, err
	}
	members, given, err := s.members()
	for i := 0; err == nil && i < len(members); i++ {
		if members[i].ID, err = a.evenDeleted(ctx, members[i].Type, members[i].ID); fault.Is(err, fault.NotFound) {
			err = fault.New(fault.Invalid, "provision on demand", "%w", err).About("links.members")
		}
	}
	if err != nil {
		return journal.Record{}, err
	}
	if t == entry.Group && given {
		recs, err := a.Jobs.ProvisionGroup(ctx, x.reg.ID, id, members)
		if err != nil || len(recs) == 0 {
			return journal.Record{}, err
		}
		return a.logged(ctx, recs[len(recs)-1])
	}
	rec, err := a.Jobs.Provision(ctx, x.reg.ID, t, id)
	if err != nil {
		return rec, err
	}
	return a.logged(ctx, rec)
}

// ruleOf refuses a rule that the job's schema does not have; none is the one it has.
func ruleOf(x work, id string) error {
	have := graphschema.ToGraph(x.app).Rules[0].ID
	if id == "" || strings.EqualFold(id, have) {
		return nil
	}
	return fault.New(fault.Invalid, "provision on demand", "the job has no synchronization rule %q", clip(id)).About("ruleId").
		WithHint("the rule's id is %q; it stands in the job's schema, and may be left out", have)
}

// evenDeleted returns the id of an object that is live, or soft-deleted: those are deprovisioned on demand.
func (a *API) evenDeleted(ctx context.Context, t entry.Type, id string) (string, error) {
	id = lowerGUID(id)
	e, err := a.find(ctx, t, id)
	if fault.Is(err, fault.NotFound) {
		if gone, again := a.Directory.Get(ctx, t, id); again == nil {
			return gone.ID, nil
		}
	}
	return e.ID, err
}

// logged gives a record the id that it got in the log, under which it is found again.
func (a *API) logged(ctx context.Context, rec journal.Record) (journal.Record, error) {
	rs, err := a.Journal.Find(ctx, journal.Query{Job: rec.Job, User: rec.Source.ID, Newest: true, Limit: 5})
	for _, r := range rs {
		if r.Cycle == rec.Cycle {
			rec.ID = r.ID
			break
		}
	}
	return rec, err
}

func (s subject) members() (out []cycle.Object, given bool, err error) {
	data, given := s.Links["members"]
	if !given {
		return nil, false, nil
	}
	var ms []subject
	if err := json.Unmarshal(data, &ms); err != nil {
		return nil, true, fault.New(fault.Invalid, "provision on demand", "links.members is no list of objects")
	}
	if len(ms) > maxDemanded {
		return nil, true, fault.New(fault.Invalid, "provision on demand", "links.members names %d objects, more than %d", len(ms), maxDemanded)
	}
	for _, m := range ms {
		t, err := m.kind()
		if err != nil {
			return nil, true, err
		}
		out = append(out, cycle.Object{Type: t, ID: lowerGUID(m.ID)})
	}
	return out, true, nil
}

type demandedLog struct {
	Action     string           `json:"action"`
	Change     string           `json:"changeId"`
	Start      string           `json:"startTime"`
	End        string           `json:"endTime"`
	Identifier string           `json:"reportableIdentifier"`
	Status     demandedStatus   `json:"statusInfo"`
	Source     demandedIdentity `json:"sourceIdentity"`
	Target     demandedIdentity `json:"targetIdentity"`
	From       systemJSON       `json:"sourceSystem"`
	To         systemJSON       `json:"targetSystem"`
	Modified   []modifiedJSON   `json:"modifiedProperties"`
	Steps      []demandedStep   `json:"provisioningSteps"`
}

type demandedStatus struct {
	Status     string `json:"status"`
	Code       string `json:"errorCode"`
	Reason     string `json:"reason"`
	Additional string `json:"additionalDetails"`
	Category   string `json:"errorCategory"`
	Action     string `json:"recommendedAction"`
}

type demandedIdentity struct {
	ID      string            `json:"id"`
	Type    string            `json:"type"`
	Name    string            `json:"displayName"`
	Details map[string]string `json:"details"`
}

type demandedStep struct {
	Name        string            `json:"name"`
	Type        string            `json:"type"`
	Status      string            `json:"status"`
	Description string            `json:"description"`
	At          string            `json:"timestamp"`
	Details     map[string]string `json:"details"`
}

// demandedJSON makes the two JSON texts of the answer. Their words differ from the log's: type instead of provisioningStepType, PascalCase.
func demandedJSON(rec journal.Record, x work, t tenant.ID) (key, value string, err error) {
	details := map[string]string{}
	if rec.Code != "" && rec.Status != "success" {
		details = map[string]string{"errorCode": rec.Code, "errorMessage": rec.Reason}
	}
	result := title(rec.Status)
	if result == "Warning" {
		result = "Skipped"
	}
	k, err := json.Marshal(map[string]any{"result": result, "details": details})
	if err != nil {
		return "", "", err
	}
	log := demandedLog{
		Action: title(rec.Action), Change: rec.ID, Start: instantText(rec.At.Add(-time.Duration(rec.Millis) * time.Millisecond)), End: instantText(rec.At),
		Identifier: rec.Source.Name,
		Status:     demandedStatus{Status: title(rec.Status), Code: rec.Code, Reason: rec.Reason, Additional: rec.Details, Category: category(rec), Action: cmp.Or(rec.Hint, advised(rec))},
		Source:     demandedIdentity{rec.Source.ID, rec.Source.Type, rec.Source.Name, map[string]string{}},
		Target:     demandedIdentity{rec.Target.ID, rec.Target.Type, rec.Target.Name, map[string]string{}},
		From:       sourceSystem(x.reg, t), To: targetSystem(x.reg), Modified: modified(rec), Steps: []demandedStep{},
	}
	for _, s := range rec.Steps {
		log.Steps = append(log.Steps, demandedStep{s.Name, title(s.Type), title(s.Status), s.Detail, instantText(rec.At), facts(s.Facts)})
	}
	v, err := json.Marshal(log)
	return string(k), string(v), err
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
