package graphapi

import (
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/catalog"
)

// defaultRules are what an application made from a template begins with: users matched by their name, disabled when they leave, and groups
// matched by theirs.
func defaultRules(r catalog.Registration) app.App {
	direct := func(target, source string) app.Mapping { return app.Mapping{Target: target, Source: source} }
	a := app.App{ID: r.ID, Name: r.Name, Objects: []app.Object{
		{
			Source: entry.User, Match: []app.Rule{{Precedence: 1, Target: "userName"}},
			Mappings: []app.Mapping{
				direct("userName", "userPrincipalName"),
				{Target: "active", Expression: `Switch([IsSoftDeleted], , "False", "True", "True", "False")`},
				direct("displayName", "displayName"), direct("title", "jobTitle"),
				direct(`emails[type eq "work"].value`, "mail"), direct("preferredLanguage", "preferredLanguage"),
				direct("name.givenName", "givenName"), direct("name.familyName", "surname"),
				direct("externalId", "mailNickname"),
			},
		},
		{
			Source: entry.Group, Match: []app.Rule{{Precedence: 1, Target: "displayName"}},
			Mappings: []app.Mapping{direct("displayName", "displayName"), direct("externalId", "objectId"), direct("members", "members")},
		},
	}}
	return a.WithDefaults()
}
