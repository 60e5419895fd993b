package graphapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimclient"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/app/graphschema"
)

// discover asks the target, through the agent when there is one, what its objects look like, and keeps that with the schema.
func (a *API) discover(w http.ResponseWriter, r *http.Request) error {
	x, err := a.running(r)
	if err != nil {
		return err
	}
	old, err := directoryOf(r, x.app)
	if err != nil {
		return err
	}
	if old.ReadOnly { // the directory of people knows itself
		return writeDirectory(w, r, old)
	}
	t, err := a.dial(r.Context(), x.app, nil)
	if err != nil {
		return err
	}
	if err := firstFailure(t.TestConnection(r.Context())); err != nil {
		return err
	}
	next := discovered(old, t.Abilities(r.Context()))
	if err := a.keepDirectory(r, x, next); err != nil {
		return err
	}
	return writeDirectory(w, r, next)
}

func (a *API) dial(ctx context.Context, ap app.App, bearer []byte) (Target, error) {
	if a.Dial == nil {
		return nil, fault.New(fault.Unsupported, "", "this service cannot look at targets")
	}
	return a.Dial(ctx, ap, bearer)
}

// firstFailure is why a connection test failed; nil when it did not. What the target says is the client's mistake to correct, never a
// 403 or 409, which clients take for "not replicated yet" (graph-api §1.1).
func firstFailure(stages []scimclient.Stage) error {
	for _, s := range stages {
		if s.Status == scimclient.Failed {
			detail := s.Detail
			if s.Err != nil {
				detail = s.Err.Error()
			}
			f := fault.New(fault.Invalid, "connect to the application", "%s: %s", s.Name, detail)
			if s.Hint != "" && !strings.Contains(detail, s.Hint) {
				f = f.WithHint("%s", s.Hint)
			}
			return f
		}
	}
	return nil
}

// discovered is the directory as the target publishes it. Attributes that rules name and the target does not know stay.
func discovered(old graphschema.Directory, can *scimclient.Abilities) graphschema.Directory {
	now := time.Now().UTC().Truncate(time.Millisecond)
	next := old
	next.Version, next.Discovered, next.Objects = now.Format("20060102150405.000"), &now, nil
	for _, t := range []entry.Type{entry.User, entry.Group} {
		i := slices.IndexFunc(old.Objects, func(o graphschema.Object) bool { return o.Name == string(t) })
		rt := can.Types[t]
		switch {
		case rt != nil:
			o := objectOf(t, rt)
			if i >= 0 {
				o.Attributes = keep(o.Attributes, old.Objects[i].Attributes)
			}
			next.Objects = append(next.Objects, o)
		case i >= 0:
			next.Objects = append(next.Objects, old.Objects[i])
		}
	}
	return next
}

// keep adds the attributes that are only known from the rules. Exactly one is the anchor.
func keep(fresh, old []graphschema.Attribute) []graphschema.Attribute {
	for _, x := range old {
		if !slices.ContainsFunc(fresh, func(y graphschema.Attribute) bool { return strings.EqualFold(x.Name, y.Name) }) {
			x.Anchor = false
			fresh = append(fresh, x)
		}
	}
	return fresh
}

func objectOf(t entry.Type, rt *scim.ResourceType) graphschema.Object {
	id := attribute("id", scim.Attribute{Required: true, CaseExact: true, Mutability: scim.ReadOnly})
	id.Anchor = true
	o := graphschema.Object{Name: string(t), Attributes: []graphschema.Attribute{id}, Metadata: []graphschema.Pair{}, APIs: []string{}}
	for _, s := range slices.Concat([]scim.Schema{rt.Core}, rt.Extensions) {
		prefix := ""
		if s.ID != rt.Core.ID {
			prefix = s.ID + ":"
		}
		for _, at := range s.Attributes {
			if len(at.Sub) == 0 || at.Detached || at.MultiValued {
				if at.Name != "id" && at.Name != "meta" && at.Name != "schemas" {
					o.Attributes = append(o.Attributes, attribute(prefix+at.Name, at))
				}
				continue
			}
			for _, sub := range at.Sub {
				o.Attributes = append(o.Attributes, attribute(prefix+at.Name+"."+sub.Name, sub))
			}
		}
	}
	return o
}

func attribute(name string, at scim.Attribute) graphschema.Attribute {
	d := graphschema.Attribute{
		Name: name, Type: "String", Required: at.Required, MultiValued: at.MultiValued, CaseExact: at.CaseExact, Mutability: "ReadWrite",
		References: []graphschema.ReferenceTarget{}, APIExpressions: []graphschema.Pair{}, Metadata: []graphschema.Pair{},
	}
	switch at.Type {
	case scim.Boolean:
		d.Type = "Boolean"
	case scim.Integer:
		d.Type = "Integer"
	case scim.DateTime:
		d.Type = "DateTime"
	case scim.Binary:
		d.Type = "Binary"
	case scim.Complex:
		if at.Detached || at.Name == "members" {
			d.Type = "Reference"
			d.References = []graphschema.ReferenceTarget{{Object: "User", Property: "id"}, {Object: "Group", Property: "id"}}
		}
	}
	switch at.Mutability {
	case scim.ReadOnly:
		d.Mutability = "ReadOnly"
	case scim.Immutable:
		d.Mutability = "Immutable"
	case scim.WriteOnly:
		d.Mutability = "WriteOnly"
	}
	return d
}
