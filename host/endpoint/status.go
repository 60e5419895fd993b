package endpoint

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Status is what a connector knows of itself, as GET …/scim/status answers it to whoever has the endpoint's secret.
type Status struct {
	Connector string `json:"connector"`
	Ready     bool   `json:"ready"` // the cache may be read
	Fresh     bool   `json:"fresh"` // an import has finished since the start

	Importing  string    `json:"importing,omitempty"`  // how far a running import is
	LastImport time.Time `json:"lastImport,omitzero"`  // end of the last good full import
	Failures   int       `json:"failures,omitempty"`   // full imports that failed in a row
	Error      string    `json:"error,omitempty"`      // why the last one failed or is held
	Hint       string    `json:"hint,omitempty"`       // what to do about it
	Held       bool      `json:"held,omitempty"`       // an import that shrank waits for a release
	LastDelta  time.Time `json:"lastDelta,omitzero"`   // end of the last good import of what changed
	Changes    int       `json:"changes,omitempty"`    // objects that such imports altered since the start
	DeltaError string    `json:"deltaError,omitempty"` // why the last of them failed
	Push       bool      `json:"push"`                 // the target tells of changes by itself

	Schema         []string               `json:"schema,omitempty"`         // how the target's schema differs from the one in use, by name
	HeldReferences int                    `json:"heldReferences,omitempty"` // references that wait for their object
	Capabilities   connector.Capabilities `json:"capabilities"`
}

func (l *life) status(name string) Status {
	st := l.sync.State()
	s := Status{
		Connector: name, Ready: st.Ready, Fresh: st.Fresh, Importing: gate(l.sync).Progress, LastImport: st.Last, Failures: st.Failures,
		Held: st.Held != nil, LastDelta: st.LastDelta, Changes: st.Changes, Push: st.Push,
		Schema: l.coordinator.Drift().Problems, HeldReferences: l.coordinator.Held(), Capabilities: l.can,
	}
	if st.Err != nil {
		s.Error, s.Hint = st.Err.Error(), fault.HintOf(st.Err)
	}
	if st.DeltaErr != nil {
		s.DeltaError = st.DeltaErr.Error()
	}
	return s
}

func answerStatus(w http.ResponseWriter, s Status) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(s) // the client may have gone
}
