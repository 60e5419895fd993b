package graphapi

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

// maxBulk is how many operations one bulkUpload holds (graph-api §3.6).
const maxBulk = 50

type bulkOperation struct {
	Method string          `json:"method"`
	ID     string          `json:"bulkId"`
	Path   string          `json:"path"`
	Data   json.RawMessage `json:"data"`
}

// bulkUser is a SCIM user as source systems send it.
type bulkUser struct {
	ExternalID  string `json:"externalId"`
	UserName    string `json:"userName"`
	DisplayName string `json:"displayName"`
	Active      *bool  `json:"active"`
	Title       string `json:"title"`
	Language    string `json:"preferredLanguage"`
	Name        struct {
		Given  string `json:"givenName"`
		Family string `json:"familyName"`
	} `json:"name"`
	Emails []struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	} `json:"emails"`
	Enterprise struct {
		Number       string `json:"employeeNumber"`
		Department   string `json:"department"`
		Organization string `json:"organization"`
		CostCenter   string `json:"costCenter"`
		Division     string `json:"division"`
		Manager      struct {
			Value string `json:"value"`
		} `json:"manager"`
	} `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
}

// bulkUpload fills the directory from a source system: users that are known by their externalId are changed, others are made. All of a
// request is written in one transaction.
func (a *API) bulkUpload(w http.ResponseWriter, r *http.Request) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/scim+json" {
		return refuse(http.StatusBadRequest, "BadRequest", fault.New(fault.Invalid, "", "the content type is not application/scim+json"))
	}
	var b struct {
		Operations []bulkOperation `json:"Operations"`
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	if n := len(b.Operations); n == 0 || n > maxBulk {
		return fault.New(fault.Invalid, "", "there are %d operations, not 1 to %d", n, maxBulk)
	}
	x, err := a.work(r)
	if err != nil {
		return err
	}
	es := make([]entry.Entry, 0, len(b.Operations))
	known := map[string]string{} // id by externalId, of users of this very request
	for i, op := range b.Operations {
		e, err := a.bulkEntry(r, op, known)
		if err != nil {
			return fault.WrapHint(fault.Invalid, "operation "+clip(op.ID), err, "nothing of the request was written; operation %d is wrong", i+1)
		}
		es = append(es, e)
	}
	if err := a.Directory.PutMany(r.Context(), es); err != nil {
		return err
	}
	w.Header().Set("Location", root(r)+"/auditLogs/provisioning/?$filter="+url.PathEscape("jobid eq '"+x.reg.Job.ID+"'"))
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func (a *API) bulkEntry(r *http.Request, op bulkOperation, known map[string]string) (entry.Entry, error) {
	if !strings.EqualFold(op.Method, http.MethodPost) || !strings.EqualFold(strings.Trim(op.Path, "/"), "Users") {
		return entry.Entry{}, fault.New(fault.Invalid, "", "only POST /Users is taken, not %s %s", clip(op.Method), clip(op.Path))
	}
	var u bulkUser
	if err := json.Unmarshal(op.Data, &u); err != nil {
		return entry.Entry{}, fault.New(fault.Invalid, "", "data is no SCIM user: %w", err)
	}
	if u.ExternalID == "" {
		return entry.Entry{}, fault.New(fault.Invalid, "", "externalId is missing")
	}
	e, err := a.byExternalID(r, u.ExternalID, known)
	if err != nil {
		return e, err
	}
	if e.ID == "" {
		e = entry.Entry{Type: entry.User, ID: directory.NewID(), Attrs: entry.Attrs{directory.CreatedDateTime: {time.Now().UTC().Truncate(time.Second)}}}
	}
	known[u.ExternalID] = e.ID
	e = directory.Merge(e, u.attrs())
	if m := u.Enterprise.Manager.Value; m != "" {
		boss, err := a.byExternalID(r, m, known)
		if err != nil {
			return e, err
		}
		if boss.ID != "" {
			e.Attrs.Set(directory.Manager, entry.Ref{Type: entry.User, ID: boss.ID})
		}
	}
	return e, directory.Validate(e)
}

// byExternalID finds a user of this request, or of the directory; one without id when there is none.
func (a *API) byExternalID(r *http.Request, id string, known map[string]string) (entry.Entry, error) {
	if k := known[id]; k != "" {
		return entry.Entry{Type: entry.User, ID: k, Attrs: entry.Attrs{}}, nil
	}
	ids, err := a.Directory.Seek(r.Context(), entry.User, directory.ExternalID, id)
	if err != nil || len(ids) == 0 {
		return entry.Entry{}, err
	}
	os, err := a.Directory.Load(r.Context(), entry.User, ids[:1], false)
	if err != nil || len(os) == 0 {
		return entry.Entry{}, err
	}
	return os[0].Entry, nil
}

func (u bulkUser) attrs() entry.Attrs {
	out := entry.Attrs{}
	for name, v := range map[string]string{
		directory.ExternalID: u.ExternalID, directory.UserPrincipalName: u.UserName, directory.DisplayName: u.DisplayName, "jobTitle": u.Title,
		"preferredLanguage": u.Language, "givenName": u.Name.Given, "surname": u.Name.Family, "employeeId": u.Enterprise.Number,
		"department": u.Enterprise.Department, "companyName": u.Enterprise.Organization, "costCenter": u.Enterprise.CostCenter, "division": u.Enterprise.Division,
	} {
		if v != "" {
			out[name] = []entry.Value{v}
		}
	}
	if u.Active != nil {
		out[directory.AccountEnabled] = []entry.Value{*u.Active}
	}
	for _, m := range u.Emails {
		if m.Value != "" && (m.Type == "work" || m.Type == "" || len(out["mail"]) == 0) {
			out["mail"] = []entry.Value{m.Value}
		}
	}
	return out
}
