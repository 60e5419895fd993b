package graphapi

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/internal/nearest"
	"github.com/sallyport-id/sallyport/service/app/graphschema"
)

// others are properties of Graph that are kept as they come and shown to who selects them; nothing here reads them.
var others = map[entry.Type][]string{
	entry.User: strings.Fields(`aboutMe birthday hireDate interests mySite pastProjects preferredName responsibilities schools skills isResourceAccount
		legalAgeGroupClassification`),
	entry.Group: strings.Fields(`resourceBehaviorOptions resourceProvisioningOptions preferredLanguage preferredDataLocation theme uniqueName
		hideFromAddressLists hideFromOutlookClients autoSubscribeNewMembers allowExternalSenders isSubscribedByMail`),
}

// extends reports whether the name is one that everybody may use: an extension, an extension attribute, or one kept as it comes.
func (s *shape) extends(name string) bool {
	within := func(list []string) bool {
		return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, name) })
	}
	return strings.HasPrefix(strings.ToLower(name), "extension_") || within(others[s.typ]) ||
		slices.ContainsFunc(s.properties, func(p property) bool { return within(p.inner) })
}

// strange returns the names that the type does not have.
func (s *shape) strange(names []string) (out []string) {
	for _, name := range names {
		if s.index[strings.ToLower(name)] == nil && !s.extends(name) && !isNavigation(name) && name != "id" && name != "*" {
			out = append(out, name)
		}
	}
	return out
}

// resembling returns the property whose name the name looks like; "" when there is none.
func (s *shape) resembling(name string) string {
	best, least := "", min(2, len(name)/3)+1
	for _, p := range s.properties {
		if d := nearest.Distance(name, p.name); d < least {
			best, least = p.name, d
		}
	}
	return best
}

// readSelect refuses what looks like a property that is misspelt; a name that is like none may be one that an import brought.
func (s *shape) readSelect(selected []string) error {
	for _, name := range s.strange(selected) {
		if like := s.resembling(name); like != "" {
			return noProperty("$select", name, s.typ).WithHint("did you mean %s?", like)
		}
	}
	return nil
}

// own refuses to write attributes that neither the type has, nor the object so far, nor any application's rules read: they are spelling
// mistakes, and would be kept without anybody to notice.
func (c collection) own(ctx context.Context, written, have entry.Attrs) error {
	var names []string
	for name := range written {
		if len(have[name]) == 0 {
			names = append(names, name)
		}
	}
	if names = c.strange(names); len(names) == 0 {
		return nil
	}
	used, err := c.readByRules(ctx)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if used[name] {
			continue
		}
		err := badProperty(name, "a %s has no property %q", strings.ToLower(string(c.typ)), clip(name))
		if like := c.resembling(name); like != "" {
			return err.WithHint("did you mean %s?", like)
		}
		return err.WithHint("call an attribute of your own extension_%s, or let a mapping or a scoping filter read it first", clip(name))
	}
	return nil
}

// readByRules returns the attributes that the rules of any application read.
func (a *API) readByRules(ctx context.Context) (map[string]bool, error) {
	apps, err := a.Apps.List(ctx)
	used := map[string]bool{}
	for _, ap := range apps {
		schema := graphschema.ToGraph(ap)
		for _, d := range schema.Directories {
			if d.Name != schema.Rules[0].SourceDirectory {
				continue
			}
			for _, o := range d.Objects {
				for _, x := range o.Attributes {
					used[x.Name] = true
				}
			}
		}
	}
	return used, err
}
