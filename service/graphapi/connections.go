package graphapi

import (
	"context"
	"net/http"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/plan"
)

// connectionJSON is a remembered pair of a source and a target object.
type connectionJSON struct {
	Context string `json:"@odata.context"`
	ID      string `json:"id"`
	Source  string `json:"sourceObjectId"`
	Target  string `json:"targetObjectId"`
	Type    string `json:"objectTypeName"`
}

// Pairs is what the API reads and forgets of the jobs' memory.
type Pairs interface {
	// Link returns the remembered pair of a source object, the zero Link when there is none.
	Link(ctx context.Context, job cycle.JobID, source string) (plan.Link, error)
	// Settle writes down what came of an object.
	Settle(ctx context.Context, r cycle.Receipt, o cycle.Outcome) error
}

// link returns the pair of the path: the id is that of the source object.
func (a *API) link(r *http.Request) (work, plan.Link, error) {
	x, err := a.running(r)
	if err != nil {
		return x, plan.Link{}, err
	}
	id := lowerGUID(r.PathValue("connection"))
	l, err := a.Pairs.Link(r.Context(), x.reg.ID, id)
	if err == nil && l.Target == "" {
		err = refuse(http.StatusNotFound, "ResourceNotFound", fault.New(fault.NotFound, "", "no object with the id %q is connected", clip(id)))
	}
	return x, l, err
}

func (a *API) getConnection(w http.ResponseWriter, r *http.Request) error {
	_, l, err := a.link(r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, connectionJSON{contextURL(r, "objectConnections/$entity"), l.Source, l.Source, l.Target, string(l.Type)})
	return nil
}

// Forgetter is an engine that forgets a pair itself, and so goes on knowing how many there are; *cycle.Jobs is one.
type Forgetter interface {
	Forget(ctx context.Context, id cycle.JobID, source string) error
}

// deleteConnection forgets a pair, so that the next cycle looks for the counterpart anew. While the job runs it would race with it.
func (a *API) deleteConnection(w http.ResponseWriter, r *http.Request) error {
	x, l, err := a.link(r)
	if err != nil {
		return err
	}
	if x.state.Mode == cycle.Running {
		return refuse(http.StatusConflict, "Conflict", fault.New(fault.Conflict, "", "the job is active").WithHint("pause the job first"))
	}
	if f, ok := a.Jobs.(Forgetter); ok {
		return orNoContent(w, f.Forget(r.Context(), x.reg.ID, l.Source))
	}
	return orNoContent(w, a.Pairs.Settle(r.Context(), cycle.Receipt{Job: x.reg.ID, Intent: cycle.Intent{Source: l.Source}}, cycle.Outcome{Unlink: true}))
}
