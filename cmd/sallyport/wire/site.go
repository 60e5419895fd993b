package wire

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

// Site is a folder with everything one small installation needs: the host's configuration, the application's file and their
// secret. Files that are there already are left as they are, so that people may edit them.
type Site struct {
	Dir    string
	Target string // postgres://… or sqlite:…; "" = a SQLite file in Dir
	Listen string // the host's address
	Group  string // agent group the application goes through; "" = directly
	URL    string // the host's base URL, when Group is ""
	CA     string // certificate file to trust, when Group is ""
	// Workers is how many people a cycle works on at once; 0 = the default.
	Workers int
}

// Names of the files in a site's folder.
const (
	HostFile   = "host.yaml"
	AppFile    = "contoso.yaml"
	secretFile = "contoso.secret"
	tokenFile  = "host/contoso.token" //nolint:gosec // a name, not a credential
	// AppID is the sample application's id, connectorName the host's name for it.
	AppID         = "contoso"
	connectorName = "CONTOSO"
	// ConnectorPath is the sample connector's path at the host.
	ConnectorPath = "/ecma2host_" + connectorName + "/scim"
)

// Prepare makes the folder, the target's tables when the target is the site's own file, and the files.
func (s *Site) Prepare(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Join(s.Dir, "host"), 0o700); err != nil {
		return fault.New(fault.Invalid, "make the folder", "%w", err).WithHint("choose a folder this account may write")
	}
	password, err := s.target(ctx)
	if err != nil {
		return err
	}
	secret := randomSecret()
	for _, f := range []struct{ name, text string }{
		{"target.password", password}, {tokenFile, secret + "\n"}, {HostFile, s.hostYAML(password != "")},
	} {
		if f.text != "" {
			if err := s.keep(f.name, f.text); err != nil {
				return err
			}
		}
	}
	kept, err := os.ReadFile(filepath.Join(s.Dir, tokenFile))
	if err != nil {
		return fault.Wrap(fault.Internal, "read the host's token", err)
	}
	if err := s.keep(secretFile, string(kept)); err != nil {
		return err
	}
	return s.keep(AppFile, s.appYAML())
}

// target makes the sample tables in the site's own SQLite file, or takes the password out of the URL of another database.
func (s *Site) target(ctx context.Context) (password string, err error) {
	if s.Target == "" {
		file := filepath.Join(s.Dir, "target.db")
		s.Target = "sqlite:" + file
		if _, err := os.Stat(file); err == nil {
			return "", nil
		}
		return "", gsql.Contoso(gsql.SQLite).Create(ctx, s.Target, connector.Secret{})
	}
	if gsql.DialectOf(s.Target) != gsql.PostgreSQL {
		return "", nil
	}
	u, err := url.Parse(s.Target)
	if err != nil {
		return "", fault.New(fault.Invalid, "read the target's URL", "it is not a URL like postgres://user@host:5432/database")
	}
	if u.User != nil {
		password, _ = u.User.Password()
		u.User = url.User(u.User.Username())
	}
	s.Target = u.String()
	return password, nil
}

// randomSecret is a bearer secret no one can guess.
func randomSecret() string { return rand.Text() + rand.Text() }

func (s *Site) keep(name, text string) error {
	path := filepath.Join(s.Dir, name)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.Internal, "look for a file", err)
	}
	return fault.Wrap(fault.Internal, "write a file", atomicfile.Write(path, []byte(text), 0o600))
}

func (s *Site) hostYAML(password bool) string {
	settings := gsql.Contoso(gsql.DialectOf(s.Target)).Settings
	var b strings.Builder
	fmt.Fprintf(&b, `# The connector host: which targets it opens, and how they look as SCIM.
listen: %q
data: host
connectors:
  - name: %s
    kind: gsql
    secretTokenFile: %s
    autosync: 120m
    settings:
      url: %q
`, s.Listen, connectorName, tokenFile, s.Target)
	if password {
		b.WriteString("      passwordFile: target.password\n")
	}
	for _, name := range []string{"types", "anchors", "multiValued"} {
		fmt.Fprintf(&b, "      %s: %q\n", name, settings[name])
	}
	b.WriteString(`    objects:
      User: {match: [ContosoLogin, AzureID]}
      Group: {match: [GroupName]}
    deprovision: {disable: none, delete: delete}
    deleteBudget: {count: 500, window: 1h}
`)
	return b.String()
}

func (s *Site) appYAML() string {
	target := fmt.Sprintf("{group: %s, resource: %s, secretFile: %s}", s.Group, AppID, secretFile)
	if s.Group == "" {
		target = fmt.Sprintf("{url: %q, secretFile: %s, caFile: %q}", s.URL, secretFile, s.CA)
	}
	schedule := "{interval: 40m}"
	if s.Workers > 0 {
		schedule = fmt.Sprintf("{interval: 40m, workers: %d}", s.Workers)
	}
	return fmt.Sprintf(appTemplate, target, schedule)
}

const appTemplate = `# The sample application: people into the table Employees, groups into Groups.
id: contoso
name: CONTOSO Employees
target: %s
schedule: %s
objects:
  - source: User
    match:
      - {precedence: 1, target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:ContosoLogin"}
      - {precedence: 2, target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:AzureID"}
    mappings:
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:ContosoLogin", source: userPrincipalName}
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:FirstName", source: givenName}
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:LastName", source: surname}
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:Email", expression: 'IgnoreFlowIfNullOrEmpty(ToLower([mail], ))'}
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:AzureID", source: objectId}
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:textID", expression: 'ToLower(NormalizeDiacritics(Coalesce([mailNickname], Word([userPrincipalName], 1, "@"))), )'}
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:DisplayName", expression: 'IIF(IsPresent([displayName]), Trim([displayName]), Join(" ", [givenName], [surname]))'}
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:JobTitle", expression: 'Left([jobTitle], 128)'}
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:Department", expression: 'Switch([department], [department], "Human Resources", "HR")'}
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:EmployeeNumber", expression: 'ToUpper([employeeId], )'}
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:Phone", expression: 'Replace(StripSpaces([mobilePhone]), "-", , , "", , )'}
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:Enabled", expression: 'Not([IsSoftDeleted])'}
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:Manager", source: manager}
  - source: Group
    match:
      - {precedence: 1, target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:Group:GroupName"}
    mappings:
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:Group:GroupName", source: displayName}
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:Group:Description", expression: 'Coalesce([description], Append([displayName], " (from the directory)"))'}
      - {target: "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:Group:AzureID", source: objectId}
      - {target: members, source: members}
`
