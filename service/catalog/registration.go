package catalog

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport-id/sallyport/service/app"
)

// Registration is an application as Graph's clients know it: an application object and a service principal.
type Registration struct {
	ID        app.ID    `json:"id"`
	Name      string    `json:"name"`
	Principal string    `json:"principal"` // id of the service principal
	Client    string    `json:"client"`    // appId
	Object    string    `json:"object"`    // id of the application object
	Template  string    `json:"template"`  // Template.ID; "" when it was registered without one
	Created   time.Time `json:"created"`
	Job       *Job      `json:"job,omitempty"`   // nil until one was made
	Draft     *app.App  `json:"draft,omitempty"` // its rules while it has no target yet; nil: they are in the store of applications
	Keys      []string  `json:"keys,omitempty"`  // names of the secrets a client put, in order
	Roles     []AppRole `json:"roles,omitempty"`
	// Extra are properties that clients set and read and that mean nothing here: notes, tags, homepage.
	Extra map[string]json.RawMessage `json:"extra,omitempty"`
}

// Job is a synchronization job as a client made it.
type Job struct {
	ID       string            `json:"id"`
	Template string            `json:"template"` // Template.Job
	Created  time.Time         `json:"created"`
	Settings map[string]string `json:"settings,omitempty"` // as given; those that mean something are in the application's rules, too
	Interval time.Duration     `json:"interval,omitempty"`
}

// AppRole is a role that users and groups may be assigned in.
type AppRole struct {
	ID          string   `json:"id"`
	Value       string   `json:"value"`
	DisplayName string   `json:"displayName"`
	Description string   `json:"description"`
	IsEnabled   bool     `json:"isEnabled"`
	MemberTypes []string `json:"allowedMemberTypes"`
}

// space is where ids of applications that were not registered by a client come from; changing it changes their ids.
var space = uuid.MustParse("6f1c9a52-7f0e-4b61-9a0b-5d1f7c2e8a10")

// Derive returns the registration of an application that was applied as a file. Its ids follow from tenant and id.
func Derive(tenant string, a app.App, now time.Time) Registration {
	id := func(what string) string {
		return uuid.NewSHA1(space, []byte(tenant+"/"+what+"/"+string(a.ID))).String()
	}
	r := Registration{ID: a.ID, Name: a.Name, Principal: id("servicePrincipal"), Client: id("client"), Object: id("application"), Template: Generic, Created: now}
	r.Job = &Job{ID: JobID("scim", tenant, r.Principal), Template: "scim", Created: now}
	return r
}

// New returns a registration with fresh ids.
func New(id app.ID, name, template string, now time.Time) Registration {
	return Registration{ID: id, Name: name, Template: template, Principal: uuid.NewString(), Client: uuid.NewString(), Object: uuid.NewString(), Created: now}
}

// JobID makes the id of a job: <template>.<tenant without dashes>.<service principal> (graph-api P15).
func JobID(template, tenant, principal string) string {
	return template + "." + strings.ReplaceAll(tenant, "-", "") + "." + principal
}

// Slug makes an application's id of a display name; the suffix keeps it from being another's.
func Slug(name, suffix string) app.ID {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 40 {
			break
		}
	}
	s := strings.Trim(b.String(), "-")
	if s == "" {
		s = "app"
	}
	if suffix != "" {
		s += "-" + suffix
	}
	return app.ID(s)
}

// Store keeps registrations of the tenant in the context.
type Store interface {
	// Registration returns the one of an application by its id, or by one of its three GUIDs; fault.NotFound when there is none.
	Registration(ctx context.Context, id string) (Registration, error)
	// Registrations returns all, in the order of ID.
	Registrations(ctx context.Context) ([]Registration, error)
	// Register stores a new one; fault.Exists when the id is taken.
	Register(ctx context.Context, r Registration) error
	// Amend applies fn to one in one transaction; fn may run twice and must not change ids. fault.NotFound when there is none.
	Amend(ctx context.Context, id app.ID, fn func(Registration) (Registration, error)) (Registration, error)
	// Unregister removes one; one that is not there is no error.
	Unregister(ctx context.Context, id app.ID) error
}
