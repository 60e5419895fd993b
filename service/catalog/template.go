package catalog

import "strings"

// Generic is Graph's id of the application template that fits any application.
const Generic = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"

// Template is an application template with the one synchronization template it has.
type Template struct {
	ID          string // of the application template
	Name        string
	Description string
	Job         string // id of the synchronization template: the templateId of a job
	Agents      bool   // what it provisions into is reached through agents
}

// Templates returns every template there is.
func Templates() []Template {
	return []Template{
		{Generic, "Custom", "Any application with a SCIM 2.0 endpoint that the service reaches directly", "scim", false},
		{"3a0d7f5e-2f6c-4c53-8a51-0f6b0c9be6f1", "On-premises SCIM app", "A SCIM 2.0 endpoint behind a firewall, reached through Sallyport agents", "OnPremScim", true},
		{"f8b0a0de-6d3b-4b86-9dfd-0c25b1d5cdcd", "On-premises ECMA app", "Databases, LDAP directories and web services behind a connector host, reached through Sallyport agents", "OnPremECMA2", true},
	}
}

// FindTemplate returns the template of an application template's id, in any case.
func FindTemplate(id string) (Template, bool) {
	for _, t := range Templates() {
		if strings.EqualFold(t.ID, id) {
			return t, true
		}
	}
	return Template{}, false
}

// FindJobTemplate returns the template whose synchronization template has the id; "customappsso" is what Graph's documents call scim.
func FindJobTemplate(id string) (Template, bool) {
	if strings.EqualFold(id, "customappsso") {
		id = "scim"
	}
	for _, t := range Templates() {
		if strings.EqualFold(t.Job, id) {
			return t, true
		}
	}
	return Template{}, false
}
