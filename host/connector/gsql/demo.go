package gsql

import (
	"context"
	"os"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Demo is a ready-made layout: tables to create, and the settings that lay object types over them.
type Demo struct {
	DDL      []string          // one statement each, for an empty database
	Settings map[string]string // every setting but url, user and password
}

// Dialects that Contoso and FullSCIM know.
const (
	PostgreSQL = "postgres"
	SQLite     = "sqlite"
	MariaDB    = "mariadb" // and MySQL
	SQLServer  = "sqlserver"
	Oracle     = "oracle"
)

// DialectOf returns the dialect by the URL's scheme, "" for an unknown one.
func DialectOf(url string) string {
	scheme, _, _ := strings.Cut(url, ":")
	switch scheme {
	case "postgres", "postgresql":
		return PostgreSQL
	case "sqlite", "file":
		return SQLite
	case "mariadb", "mysql":
		return MariaDB
	case "sqlserver", "mssql":
		return SQLServer
	case "oracle":
		return Oracle
	}
	return ""
}

// Config returns the connector's configuration for the layout in the database at url.
func (d Demo) Config(name, url string, password connector.Secret) connector.Config {
	values := map[string]string{"url": url}
	for k, v := range d.Settings {
		values[k] = v
	}
	c := connector.Config{Name: name, Values: values}
	if !password.IsZero() {
		c.Secrets = map[string]connector.Secret{"password": password}
	}
	return c
}

// Create makes the tables in the database at url; a SQLite file is created when it is not there. It fails with
// fault.Exists or fault.Invalid, in the database's words, when the tables are there already.
func (d Demo) Create(ctx context.Context, url string, password connector.Secret) error {
	const op = "create the demo tables"
	t, err := parseTarget(d.Config("demo", url, password))
	if err != nil {
		return err
	}
	if _, ok := t.dialect.(sqlite); ok {
		if err := touch(t.url); err != nil {
			return fault.Wrap(fault.Unavailable, op, err)
		}
	}
	k, _ := newClock("", "")
	s := &session{layout: layout{target: t, clock: k, timeout: connectTimeout}}
	defer s.Close()
	return s.write(ctx, op, func(ctx context.Context, c conn) error {
		return c.transact(ctx, func() error {
			for _, statement := range d.DDL {
				if _, err := c.exec(ctx, query{text: statement}); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// touch makes an empty file unless there is one.
func touch(name string) error {
	name, _, _ = strings.Cut(name, "?")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// types are the words of a dialect that the layouts need; the placeholders in their SQL text are the field names in braces.
type words struct{ guid, newGUID, flag, yes, json, folded, when, short, long, bytes string }

var dialectWords = map[string]words{
	PostgreSQL: {"uuid", "gen_random_uuid()", "boolean", "true", "jsonb", `text COLLATE "sallyport_fold"`, "timestamptz", "text", "text", "bytea"},
	MariaDB:    {"uuid", "uuid()", "boolean", "1", "json", "varchar(255)", "datetime(6)", "varchar(255)", "longtext COLLATE utf8mb4_nopad_bin", "longblob"},
	SQLite: {"uniqueidentifier", "(lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (abs(random()) % 4), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))",
		"boolean", "1", "text", "text COLLATE NOCASE", "datetime", "text", "text", "blob"},
}

// fold is a collation that ignores case.
const fold = `CREATE COLLATION IF NOT EXISTS "sallyport_fold" (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`

// fill writes the statements in a dialect's words.
func fill(dialect string, statements ...string) []string {
	w := dialectWords[dialect]
	r := strings.NewReplacer("{guid}", w.guid, "{newGUID}", w.newGUID, "{flag}", w.flag, "{yes}", w.yes, "{json}", w.json, "{folded}", w.folded, "{when}", w.when,
		"{short}", w.short, "{long}", w.long, "{bytes}", w.bytes)
	for i, s := range statements {
		statements[i] = r.Replace(s)
		if dialect == MariaDB {
			statements[i] = requote(statements[i], mysql{}.quote)
		}
	}
	if dialect == PostgreSQL {
		return append([]string{fold}, statements...)
	}
	return statements
}

// requote writes "names" as another dialect does.
func requote(text string, quote func(string) string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		end := i + 1
		switch text[i] {
		case '"':
			s := &scanner{rest: text[i:]}
			name, err := s.quoted('"')
			if err == nil {
				b.WriteString(quote(name))
				i = len(text) - len(s.rest)
				continue
			}
		case '\'':
			end = quotedEnd(text, i)
		}
		b.WriteString(text[i:end])
		i = end
	}
	return b.String()
}

// Contoso is the documented sample database CONTOSO: the table Employees of the original guides, with what the
// demonstration needs beside it, and groups. The anchor of a user is InternalGUID, of a group GroupGUID, both made by the
// database. FirstName and LastName are NOT NULL: a person without one is the built-in refusal. dialect is PostgreSQL or SQLite.
func Contoso(dialect string) Demo {
	return Demo{
		DDL: fill(dialect, `CREATE TABLE "Employees" (
	"ContosoLogin" varchar(128) UNIQUE,
	"FirstName" varchar(50) NOT NULL,
	"LastName" varchar(50) NOT NULL,
	"Email" varchar(128),
	"InternalGUID" {guid} DEFAULT {newGUID} UNIQUE,
	"AzureID" {guid},
	"textID" varchar(128),
	"DisplayName" varchar(256),
	"JobTitle" varchar(128),
	"Department" varchar(128),
	"EmployeeNumber" varchar(64),
	"Phone" varchar(64),
	"Enabled" {flag} NOT NULL DEFAULT {yes},
	"Manager" {guid} REFERENCES "Employees" ("InternalGUID") ON DELETE SET NULL
)`, `CREATE INDEX "EmployeesByManager" ON "Employees" ("Manager")`, `CREATE INDEX "EmployeesByAzureID" ON "Employees" ("AzureID")`, `CREATE TABLE "Groups" (
	"GroupGUID" {guid} DEFAULT {newGUID} PRIMARY KEY,
	"GroupName" varchar(256) NOT NULL,
	"Description" varchar(1024),
	"AzureID" {guid}
)`, `CREATE TABLE "GroupMembers" (
	"GroupID" {guid} NOT NULL REFERENCES "Groups" ("GroupGUID") ON DELETE CASCADE,
	"MemberID" {guid} NOT NULL REFERENCES "Employees" ("InternalGUID") ON DELETE CASCADE,
	PRIMARY KEY ("GroupID", "MemberID")
)`, `CREATE INDEX "GroupMembersByMember" ON "GroupMembers" ("MemberID")`),
		Settings: map[string]string{
			"types":       "User=Employees\nGroup=Groups",
			"anchors":     "User=InternalGUID\nGroup=GroupGUID",
			"multiValued": "Group.members=GroupMembers(GroupID -> MemberID) ref User",
		},
	}
}

// FullSCIM can hold every attribute of SCIM's core User and Group and of the enterprise user. Columns are named as the
// attributes, those of the extension by the last part of their name; name and the multi-valued complex attributes are
// JSON, manager is a reference, members a table that takes users and groups. The anchor is id, made by the database.
// It has no foreign keys on members, since those point to two tables. dialect is PostgreSQL or SQLite.
func FullSCIM(dialect string) Demo {
	return Demo{
		DDL: fill(dialect, `CREATE TABLE "ScimUsers" (
	"id" {guid} DEFAULT {newGUID} PRIMARY KEY NOT NULL,
	"userName" {folded} NOT NULL UNIQUE,
	"externalId" {short}, "displayName" text, "nickName" text, "profileUrl" text, "title" text, "userType" text,
	"preferredLanguage" text, "locale" text, "timezone" text,
	"active" {flag}, "password" text,
	"name" {json}, "emails" {json}, "phoneNumbers" {json}, "ims" {json}, "photos" {json}, "addresses" {json},
	"entitlements" {json}, "roles" {json}, "x509Certificates" {json},
	"employeeNumber" text, "costCenter" text, "organization" text, "division" text, "department" text,
	"manager" {guid} REFERENCES "ScimUsers" ("id") ON DELETE SET NULL
)`, `CREATE INDEX "ScimUsersByExternalId" ON "ScimUsers" ("externalId")`, `CREATE INDEX "ScimUsersByManager" ON "ScimUsers" ("manager")`,
			`CREATE TABLE "ScimGroups" ("id" {guid} DEFAULT {newGUID} PRIMARY KEY NOT NULL, "displayName" {folded} NOT NULL, "externalId" {short})`,
			`CREATE INDEX "ScimGroupsByName" ON "ScimGroups" ("displayName")`,
			`CREATE TABLE "ScimMembers" ("group" {guid} NOT NULL, "member" {guid} NOT NULL, PRIMARY KEY ("group", "member"))`,
			`CREATE INDEX "ScimMembersByMember" ON "ScimMembers" ("member")`),
		Settings: map[string]string{
			"types":       "User=ScimUsers\nGroup=ScimGroups",
			"multiValued": "Group.members=ScimMembers(group -> member) ref User,Group",
			"json": "User.name\nUser.emails[]\nUser.phoneNumbers[]\nUser.ims[]\nUser.photos[]\nUser.addresses[]\n" +
				"User.entitlements[]\nUser.roles[]\nUser.x509Certificates[]",
			"writeOnly": "User.password",
		},
	}
}
