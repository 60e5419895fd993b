package graphapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/catalog"
	"github.com/sallyport-id/sallyport/service/plan"
)

// registrations returns every application, those that were applied as files among them: they are registered when they are first seen.
func (a *API) registrations(ctx context.Context) ([]catalog.Registration, error) {
	all, err := a.Catalog.Registrations(ctx)
	if err != nil {
		return nil, err
	}
	apps, err := a.Apps.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, ap := range apps {
		if slices.ContainsFunc(all, func(r catalog.Registration) bool { return r.ID == ap.ID }) {
			continue
		}
		r := catalog.Derive(string(tenant.From(ctx)), ap, time.Now().UTC())
		if err := a.Catalog.Register(ctx, r); err != nil && !fault.Is(err, fault.Exists) {
			return nil, err
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(x, y catalog.Registration) int { return cmp.Compare(x.ID, y.ID) })
	return all, nil
}

// registration finds an application by its id, one of its GUIDs, or appId=GUID.
func (a *API) registration(ctx context.Context, key string) (catalog.Registration, error) {
	id := key
	if client, ok := cutFold(key, "appId="); ok {
		id = client
	}
	id = lowerGUID(id)
	r, err := a.Catalog.Registration(ctx, id)
	if !fault.Is(err, fault.NotFound) {
		return r, err
	}
	all, err := a.registrations(ctx)
	if err != nil {
		return r, err
	}
	for _, r := range all {
		if slices.Contains([]string{string(r.ID), r.Principal, r.Client, r.Object}, id) {
			return r, nil
		}
	}
	return r, fault.New(fault.NotFound, "", "there is no application %q", clip(key)).WithHint("list servicePrincipals, or 'sallyport app list'")
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// nameApp turns whatever names the application in the path into its id, so that what follows, the owner's rights first, sees one name.
func (a *API) nameApp(r *http.Request) error {
	key := r.PathValue("app")
	if key == "" || visitOf(r).version == "" || a.Catalog == nil {
		return nil
	}
	reg, err := a.registration(r.Context(), key)
	if fault.Is(err, fault.NotFound) {
		return nil // the handler says so, to those who may know
	}
	if err == nil {
		r.SetPathValue("app", string(reg.ID))
	}
	return err
}

// application returns the registration of the path.
func (a *API) application(r *http.Request) (catalog.Registration, error) {
	return a.registration(r.Context(), r.PathValue("app"))
}

// rules returns an application's rules; live is false while it has no target and so is no application of the engine yet.
func (a *API) rules(ctx context.Context, r catalog.Registration) (ap app.App, live bool, err error) {
	ap, err = a.Apps.Get(ctx, r.ID)
	if err == nil || !fault.Is(err, fault.NotFound) {
		return ap, err == nil, err
	}
	if r.Draft != nil {
		return *r.Draft, false, nil
	}
	return defaultRules(r), false, nil
}

// store keeps an application of the engine and takes its job up with it.
func (a *API) store(ctx context.Context, ap app.App) error {
	if err := ap.Validate(); err != nil {
		return err
	}
	if _, err := plan.Compile(ap); err != nil {
		return err
	}
	ap, err := a.Apps.Put(ctx, ap)
	if err != nil {
		return err
	}
	return a.Jobs.Put(ctx, ap)
}

// save keeps rules where they belong: with the engine when the application has a target, with the registration until then.
func (a *API) save(ctx context.Context, r catalog.Registration, ap app.App, live bool) error {
	if live {
		return a.store(ctx, ap)
	}
	if _, err := plan.Compile(ap); err != nil {
		return err
	}
	_, err := a.Catalog.Amend(ctx, r.ID, func(r catalog.Registration) (catalog.Registration, error) {
		r.Draft = &ap
		return r, nil
	})
	return err
}

// remove forgets an application with everything that belongs to it; accounts in the target stay.
func (a *API) remove(ctx context.Context, r catalog.Registration) error {
	a.Jobs.Remove(ctx, r.ID)
	if err := a.Apps.Delete(ctx, r.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err := a.Secrets.Delete(ctx, string(r.ID)); err != nil {
		return err
	}
	if err := a.dropAssignments(ctx, r.ID); err != nil {
		return err
	}
	return a.Catalog.Unregister(ctx, r.ID)
}
