package graphapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/audit"
	"github.com/sallyport-id/sallyport/service/catalog"
	"github.com/sallyport-id/sallyport/service/secrets"
)

// mask stands for a secret that is never shown (graph-api §3.1).
const mask = "••••••••"

// secretsName is where the key-value pairs of an application lie among its secrets.
const secretsName = "graph"

// Keys of secrets that mean something here (graph-api §3.3).
const (
	baseAddress = "BaseAddress"
	secretToken = "SecretToken"
	appKey      = "AppKey"

	syncAll        = "SyncAll"
	skipOutOfScope = "SkipOutOfScopeDeletions"
	hardDeletes    = "HardDeletesEnabled"
)

// readable are the keys whose values are no secrets.
var readable = []string{baseAddress, "UserName", "Domain", syncAll, skipOutOfScope, hardDeletes, "SyncNotificationSettings", "Server"}

// known are the keys that mean something, as they are spelled in answers; others keep the spelling they came with.
var known = append([]string{secretToken, "Password", appKey, "SyncAgentCompatibilityKey", "ConnectionString"}, readable...)

func spelled(key string) string {
	if i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, key) }); i >= 0 {
		return known[i]
	}
	return key
}

type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func valueOf(ps []pair, key string) string {
	for _, p := range ps {
		if strings.EqualFold(p.Key, key) {
			return p.Value
		}
	}
	return ""
}

func (a *API) getSecrets(w http.ResponseWriter, r *http.Request) error {
	reg, out, err := a.masked(r)
	if err != nil {
		return err
	}
	return filtered(w, r, "servicePrincipals('"+reg.Principal+"')/synchronization/secrets", out)
}

// synchronizationJSON is what SDKs read the secrets of; jobs and templates have places of their own.
type synchronizationJSON struct {
	Context string `json:"@odata.context"`
	ID      string `json:"id"`
	Secrets []pair `json:"secrets"`
}

// getSynchronization answers for the whole, which msgraph-sdk-go needs: it has no other way to the secrets.
func (a *API) getSynchronization(w http.ResponseWriter, r *http.Request) error {
	reg, out, err := a.masked(r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, synchronizationJSON{contextURL(r, "servicePrincipals('"+reg.Principal+"')/synchronization/$entity"), reg.Principal, out})
	return nil
}

// masked returns the application's pairs as they may be shown.
func (a *API) masked(r *http.Request) (catalog.Registration, []pair, error) {
	reg, err := a.application(r)
	if err != nil {
		return reg, nil, err
	}
	ap, live, err := a.rules(r.Context(), reg)
	if err != nil {
		return reg, nil, err
	}
	ps, err := a.pairs(r.Context(), reg, ap, live)
	if err != nil {
		return reg, nil, err
	}
	return reg, shownPairs(ps, mask), nil
}

// shownPairs puts something in place of all values but those that are known to be no secrets.
func shownPairs(ps []pair, instead string) []pair {
	out := make([]pair, len(ps))
	for i, p := range ps {
		if out[i] = p; !slices.ContainsFunc(readable, func(k string) bool { return strings.EqualFold(k, p.Key) }) {
			out[i].Value = instead
		}
	}
	return out
}

// putSecrets replaces all of them: keys that are not sent go, so do those with an empty value, and the mask keeps what is there.
func (a *API) putSecrets(w http.ResponseWriter, r *http.Request) error {
	sent, err := sentPairs(w, r)
	if err != nil {
		return err
	}
	reg, err := a.application(r)
	if err != nil {
		return err
	}
	ap, live, err := a.rules(r.Context(), reg)
	if err != nil {
		return err
	}
	have, err := a.pairs(r.Context(), reg, ap, live)
	if err != nil {
		return err
	}
	want, err := merge(have, sent)
	if err != nil {
		return err
	}
	if ap, err = configure(ap, want); err != nil {
		return err
	}
	audit.After(r.Context(), map[string]any{"value": shownPairs(want, audit.Redacted)})
	data, err := json.Marshal(want)
	if err == nil {
		err = a.Secrets.Put(r.Context(), string(reg.ID), secretsName, data)
	}
	if err == nil {
		err = a.Secrets.Put(r.Context(), string(reg.ID), secrets.Bearer, []byte(bearerOf(want)))
	}
	if err != nil {
		return err
	}
	return orNoContent(w, a.bringUp(r.Context(), reg, ap, live, want))
}

// sentPairs reads what is to be there. Only a list says that there is to be nothing: whoever sends none meant something else.
func sentPairs(w http.ResponseWriter, r *http.Request) ([]pair, error) {
	var b struct {
		Value       []pair `json:"value"`
		Credentials []pair `json:"credentials"` // as some pages of the documents have it
	}
	if err := decodeUnseen(w, r, &b); err != nil {
		return nil, err
	}
	if b.Value == nil && b.Credentials == nil {
		return nil, fault.New(fault.Invalid, "read the secrets", "the body has no list named value").
			WithHint(`send {"value":[{"key":"BaseAddress","value":"https://…"},…]}; an empty list takes all of them away`)
	}
	return append(b.Value, b.Credentials...), nil
}

func bearerOf(ps []pair) string {
	if t := valueOf(ps, secretToken); t != "" {
		return t
	}
	return valueOf(ps, appKey)
}

func merge(have, sent []pair) ([]pair, error) {
	out := []pair{}
	for _, p := range sent {
		p.Key = spelled(strings.TrimSpace(p.Key))
		switch {
		case p.Key == "" || len(p.Key) > 128:
			return nil, fault.New(fault.Invalid, "read the secrets", "a key is empty or longer than 128 characters")
		case len(p.Value) > 64<<10:
			return nil, fault.New(fault.Invalid, "read the secrets", "the value is longer than 64 KiB").About(p.Key)
		case slices.ContainsFunc(out, func(x pair) bool { return strings.EqualFold(x.Key, p.Key) }):
			return nil, fault.New(fault.Invalid, "read the secrets", "the key stands there twice").About(p.Key)
		case p.Value == mask:
			if p.Value = valueOf(have, p.Key); p.Value == "" {
				return nil, fault.New(fault.Invalid, "read the secrets", "the mask stands for a secret that is not there").About(p.Key)
			}
		}
		if p.Value != "" {
			out = append(out, p)
		}
	}
	return out, nil
}

// configure applies the pairs that are settings to the rules.
func configure(ap app.App, ps []pair) (app.App, error) {
	if base := valueOf(ps, baseAddress); base != "" {
		u, err := url.Parse(base)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
			return ap, fault.New(fault.Invalid, "read the secrets", "it is not an address like https://app.example.com/scim").About(baseAddress)
		}
		if ap.Target.Group == "" {
			ap.Target.URL = base
		}
	}
	if all := valueOf(ps, syncAll); all != "" {
		ap.Assignments.Only = strings.EqualFold(all, "false")
	}
	if skip := valueOf(ps, skipOutOfScope); skip != "" {
		ap.Deprovision.SkipOutOfScope = strings.EqualFold(skip, "true")
	}
	if hard := valueOf(ps, hardDeletes); hard != "" {
		ap.Deprovision.NoDelete = strings.EqualFold(hard, "false")
	}
	return notify(ap, valueOf(ps, "SyncNotificationSettings"))
}

func notify(ap app.App, text string) (app.App, error) {
	if text == "" {
		return ap, nil
	}
	var n struct {
		Recipients string
		Enabled    bool
		On         *bool `json:"DeleteThresholdEnabled"`
		Limit      int   `json:"DeleteThresholdValue"`
	}
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return ap, fault.New(fault.Invalid, "read the secrets", "it is not JSON").About("SyncNotificationSettings").
			WithHint(`write {"Enabled":true,"Recipients":"a@b","DeleteThresholdEnabled":true,"DeleteThresholdValue":50}`)
	}
	if n.Limit > 0 && (n.On == nil || *n.On) {
		ap.Deprovision.DeleteLimit = n.Limit
	}
	if ap.Notify.Emails = nil; n.Enabled {
		ap.Notify.Emails = strings.FieldsFunc(n.Recipients, func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
	}
	return ap, nil
}

// bringUp hands an application to the engine once it has a job and a target; before that it keeps what is known.
func (a *API) bringUp(ctx context.Context, r catalog.Registration, ap app.App, live bool, ps []pair) error {
	if !live {
		t, _ := catalog.FindTemplate(r.Template)
		if r.Job == nil || valueOf(ps, baseAddress) == "" {
			return a.save(ctx, r, ap, false)
		}
		if t.Agents {
			group, err := a.groupFor(ctx, r)
			if err != nil {
				return err
			}
			ap.Target.URL, ap.Target.Group, ap.Target.Resource = "", group, string(r.ID)
		}
	}
	return a.store(ctx, ap)
}

// groupFor returns the name of the agent group an application is bound to.
func (a *API) groupFor(ctx context.Context, r catalog.Registration) (string, error) {
	p, err := a.Agents.Publishing(ctx)
	if err != nil {
		return "", err
	}
	for _, x := range p.Resources {
		if x.Resource == string(r.ID) {
			g, err := p.Group(x.Group)
			return g.Name, err
		}
	}
	return p.Default().Name, nil
}

// publishApp makes the published resource of an application that is reached through agents, in the default group.
func (a *API) publishApp(r *http.Request, reg catalog.Registration) error {
	_, err := a.Agents.Publish(r.Context(), func(p agents.Publishing) (agents.Publishing, error) {
		if slices.ContainsFunc(p.Resources, func(x agents.Resource) bool { return x.Resource == string(reg.ID) }) {
			return p, nil
		}
		_, err := p.AddResource(string(reg.ID), string(reg.ID))
		return p, err
	})
	return err
}
