package journeys

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/graphapi"
	"github.com/sallyport-id/sallyport/service/journal"
)

// api speaks to the service as the commands do.
type api struct {
	base, token string
	http        *http.Client
}

func (a *api) do(method, path string, in any) ([]byte, error) {
	var body io.Reader
	switch v := in.(type) {
	case nil:
	case io.Reader:
		body = v
	default:
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, a.base+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	return text, err
}

func (a *api) call(method, path string, in, out any) error {
	text, err := a.do(method, path, in)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(text, out)
}

const (
	own     = "/sallyport/v1"
	theApp  = own + "/apps/" + wire.AppID
	jobPath = "/v1.0/servicePrincipals/" + wire.AppID + "/synchronization/jobs/" + wire.AppID
)

func userPath(name string) string  { return "/v1.0/users/" + url.PathEscape(name) }
func groupPath(name string) string { return "/v1.0/groups/" + url.PathEscape(name) }

func deletedPath(name string) string { return "/v1.0/directory/deletedItems/" + url.PathEscape(name) }

// importPeople imports a people file and returns the report.
func (a *api) importPeople(r io.Reader) (directory.Report, error) {
	text, err := a.do("POST", own+"/import", r)
	if err != nil {
		return directory.Report{}, err
	}
	var last struct {
		Report *directory.Report
		Error  string
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		return directory.Report{}, err
	}
	if last.Error != "" || last.Report == nil {
		return directory.Report{}, fmt.Errorf("import: %s", lines[len(lines)-1])
	}
	return *last.Report, nil
}

func (a *api) status() (st cycle.State, err error) {
	err = a.call("GET", theApp+"/status", nil, &st)
	return st, err
}

func (a *api) idOf(path string) (string, error) {
	var o struct{ ID string }
	err := a.call("GET", path, nil, &o)
	return o.ID, err
}

// cycle makes the job run and waits until all that is in the directory now has been looked at. reset names what a restart forgets
// first; "" forgets nothing.
func (a *api) cycle(reset string, limit time.Duration) error {
	began := time.Now()
	if err := a.touch(began); err != nil {
		return err
	}
	ordered := time.Now()
	if err := a.order(reset); err != nil {
		return err
	}
	var st cycle.State
	why := soon(limit, func() string {
		var err error
		if st, err = a.status(); err != nil {
			return err.Error()
		}
		switch {
		case st.Running != nil:
			return fmt.Sprintf("a cycle is still running: %+v", *st.Running)
		case st.Last == nil || st.Last.Ended.IsZero():
			return fmt.Sprintf("no cycle has ended: %+v", st.Quarantine)
		case reset == "Watermark" || reset == "Full":
			if st.Initial && !st.Last.Began.Before(ordered) {
				return ""
			}
			return fmt.Sprintf("not begun anew: %+v", *st.Last)
		}
		return a.passed(began, *st.Last)
	})
	if why != "" {
		return fmt.Errorf("cycle %s: %s; quarantine %+v", reset, why, st.Quarantine)
	}
	return nil
}

// tracer is a person no application ever sees: disabled, so nobody provisions it. A change of it comes after all changes before, and
// its record in the journal tells when a cycle has come to it.
const tracer = "tracer@journeys.example"

func (a *api) touch(at time.Time) error {
	title := map[string]any{"jobTitle": at.Format(time.RFC3339Nano)}
	if a.call("PATCH", userPath(tracer), title, nil) == nil {
		return nil
	}
	return a.call("POST", "/v1.0/users", map[string]any{
		"userPrincipalName": tracer, "displayName": "tracer", "mailNickname": "tracer", "accountEnabled": false,
	}, nil)
}

// passed says "" when the cycle that ended last, or one before it, has come to the tracer.
func (a *api) passed(since time.Time, last cycle.Progress) string {
	records, err := a.records("newest=true&limit=1&user=" + url.QueryEscape(tracer))
	switch {
	case err != nil:
		return err.Error()
	case len(records) == 0 || records[0].At.Before(since):
		return "the newest change has not been looked at"
	case records[0].Cycle != last.Cycle && !records[0].At.Before(last.Began):
		return "the cycle that looked at the newest change did not end: " + records[0].Cycle
	}
	return ""
}

func (a *api) order(reset string) error {
	if reset == "" {
		return a.call("POST", jobPath+"/start", nil, nil)
	}
	return a.call("POST", jobPath+"/restart", map[string]any{"criteria": map[string]string{"resetScope": reset}}, nil)
}

// journal returns the records of a person, newest first; of everybody when user is "".
func (a *api) journal(user string) ([]journal.Record, error) {
	return a.records("newest=true&limit=1000&user=" + url.QueryEscape(user))
}

func (a *api) records(query string) ([]journal.Record, error) {
	text, err := a.do("GET", own+"/journal?"+query, nil)
	if err != nil {
		return nil, err
	}
	var all []journal.Record
	for dec := json.NewDecoder(bytes.NewReader(text)); ; {
		var r journal.Record
		if err := dec.Decode(&r); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
}

// wholeJournal returns every record, oldest first.
func (a *api) wholeJournal() ([]journal.Record, error) {
	var all []journal.Record
	after := ""
	for {
		page, err := a.records("limit=5000&after=" + url.QueryEscape(after))
		if err != nil || len(page) == 0 {
			return all, err
		}
		all = append(all, page...)
		after = page[len(page)-1].ID
	}
}

func (a *api) explain(user string) (x graphapi.Explanation, err error) {
	err = a.call("GET", theApp+"/explain/"+url.PathEscape(user), nil, &x)
	return x, err
}
