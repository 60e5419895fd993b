package graphapi

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/catalog"
	"github.com/sallyport-id/sallyport/service/secrets"
)

// pairs reads an application's key-value pairs. One that was applied as a file has those that follow from it.
func (a *API) pairs(ctx context.Context, r catalog.Registration, ap app.App, live bool) ([]pair, error) {
	ps, kept, err := a.keptPairs(ctx, r.ID)
	if err != nil || kept || !live {
		return ps, err
	}
	return a.current(ctx, nil, ap)
}

// keptPairs returns the pairs somebody has set, false when nobody has.
func (a *API) keptPairs(ctx context.Context, id app.ID) (ps []pair, kept bool, err error) {
	data, err := a.Secrets.Get(ctx, string(id), secretsName)
	if err != nil {
		return nil, false, ignoreAbsent(err)
	}
	if err := json.Unmarshal(data, &ps); err != nil {
		return nil, false, fault.Wrap(fault.Internal, "read the secrets of "+string(id), err)
	}
	return ps, true, nil
}

// refreshPairs puts what was applied as a file into the pairs somebody has set, so that whoever sends back what GET shows changes nothing.
func (a *API) refreshPairs(ctx context.Context, ap app.App) error {
	ps, kept, err := a.keptPairs(ctx, ap.ID)
	if err != nil || !kept {
		return err
	}
	if ps, err = a.current(ctx, ps, ap); err != nil {
		return err
	}
	data, err := json.Marshal(ps)
	if err != nil {
		return err
	}
	return a.Secrets.Put(ctx, string(ap.ID), secretsName, data)
}

// current puts what is in force into the pairs. Settings of the rules are shown where somebody set them as pairs.
func (a *API) current(ctx context.Context, ps []pair, ap app.App) ([]pair, error) {
	if ps == nil {
		ps = []pair{}
	}
	bearer, err := a.Secrets.Get(ctx, string(ap.ID), secrets.Bearer)
	if ignoreAbsent(err) != nil {
		return nil, err
	}
	if ap.Target.URL != "" {
		ps = setPair(ps, baseAddress, ap.Target.URL, true)
	}
	if token := string(bearer); token != "" && token != bearerOf(ps) {
		key := secretToken
		if valueOf(ps, secretToken) == "" && valueOf(ps, appKey) != "" {
			key = appKey
		}
		ps = setPair(ps, key, token, true)
	}
	for key, on := range map[string]bool{
		syncAll: !ap.Assignments.Only, skipOutOfScope: ap.Deprovision.SkipOutOfScope, hardDeletes: !ap.Deprovision.NoDelete,
	} {
		if was := valueOf(ps, key); was != "" && strings.EqualFold(was, "true") != on {
			ps = setPair(ps, key, strconv.FormatBool(on), false)
		}
	}
	return ps, nil
}

// setPair gives a key its value; one that is not there is added if the caller says so.
func setPair(ps []pair, key, value string, add bool) []pair {
	i := slices.IndexFunc(ps, func(p pair) bool { return strings.EqualFold(p.Key, key) })
	switch {
	case i >= 0:
		ps[i].Value = value
	case add:
		ps = append(ps, pair{key, value})
	}
	return ps
}

func ignoreAbsent(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
