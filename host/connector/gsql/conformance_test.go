package gsql

import (
	"testing"

	"github.com/sallyport-id/sallyport/host/connector/connectortest"
)

// odd is a layout whose every name is an attack or a nuisance.
func odd(dialect string) Demo {
	statements := fill(dialect, `CREATE TABLE "we""ird; DROP TABLE Person; --" (
	"lo'gin" varchar(200) PRIMARY KEY NOT NULL,
	"sur name" text NOT NULL,
	"badge$1" {short} UNIQUE,
	"no""te; DROP" {long},
	"enabled" boolean,
	"floor?" bigint,
	"hired.at" {when},
	"photo[0]" {bytes},
	"mails" {json},
	"SELECT" varchar(200) REFERENCES "we""ird; DROP TABLE Person; --" ("lo'gin") ON UPDATE CASCADE
)`, `CREATE TABLE "phönes" ("öwner" varchar(200) NOT NULL, "nummer'" {long} NOT NULL)`,
		`CREATE TABLE "teams" ("id" {guid} DEFAULT {newGUID} PRIMARY KEY NOT NULL, "title" text NOT NULL)`,
		`CREATE TABLE "team members" ("team" {guid} NOT NULL REFERENCES "teams" ("id") ON DELETE CASCADE, "person" varchar(200) NOT NULL, PRIMARY KEY ("team", "person"))`)
	return Demo{DDL: statements, Settings: map[string]string{
		"types":       "Person=\"we\"\"ird; DROP TABLE Person; --\"\nTeam=teams",
		"multiValued": "Person.phones=[phönes](öwner -> nummer')\nTeam.members=\"team members\"(team -> person) ref Person",
		"json":        "Person.mails[]",
	}}
}

func TestConformance(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		h := kit(d, install) // with history tables, so that every tier is checked
		switch d.name {
		case PostgreSQL:
			h = quick(h)
		case MariaDB:
			h = brief(h)
		}
		connectortest.Run(t, h)
	})
}
