package gsql

import (
	"strings"

	"github.com/sallyport-id/sallyport/host/connector"
)

// Capabilities says what sessions can do when everything is configured for it.
func (Driver) Capabilities() connector.Capabilities {
	return connector.Capabilities{
		Export: true, Shape: connector.AttributeUpdate, Batch: batchSize, Delta: true, Deletions: true, Push: true, Lookup: true, Password: true,
		OldPassword: true, Rename: true, Count: true, Test: true, Writers: 16,
		Excuses: map[string]string{"partitions": "each object type is a table of its own; list those to be read in the setting types", "hierarchy": "rows of a table form no tree"},
	}
}

// Samples are configurations for the databases that the tests start, and one for SQL Server that is only read.
func (Driver) Samples() []connector.Sample {
	return []connector.Sample{
		{Name: "postgres", For: "people and teams in PostgreSQL, with changes pushed from history tables", Config: sampleConfig("postgres://sallyport@db.example.org:5432/hr", "history"),
			Setup: postgresSetup, Privileges: postgresPrivileges},
		{Name: "mariadb", For: "the same tables in MariaDB or MySQL", Config: sampleConfig("mariadb://sallyport@db.example.org:3306/hr", "history"),
			Setup: mariadbSetup, Privileges: mariadbPrivileges},
		{Name: "sqlite", For: "the same tables in a SQLite file beside the host", Config: strings.Replace(sampleConfig("sqlite:/var/lib/hr/hr.db", "history"), "      passwordFile: hr.password\n", "", 1),
			Setup: sqliteSetup, Privileges: sqlitePrivileges},
		{Name: "statements", For: "people in PostgreSQL who are made, changed and deleted by stored procedures", Config: statementsConfig,
			Setup: statementsSetup, Privileges: statementsPrivileges},
		{Name: "sqlserver", For: "the same tables in SQL Server, with change tracking (not run by our tests: no server was at hand)",
			Config: sampleConfig("sqlserver://sallyport@db.example.org:1433?database=hr&encrypt=true", "changeTracking"), Setup: sqlserverSetup, Privileges: sqlserverPrivileges},
	}
}

func sampleConfig(url, delta string) string {
	return `listen: 127.0.0.1:8585
data: host-data
connectors:
  - name: HR
    kind: gsql
    settings:
      url: ` + url + `
      passwordFile: hr.password
      types: [User=people, Group=teams]
      multiValued:
        - User.phones=phones(person -> phone)
        - Group.members=team_members(team -> person) ref User
      delta: ` + delta + `
    objects:
      User: {match: [login]}
      Group: {match: [title]}
    deprovision: {disable: set, attribute: enabled, value: false, delete: delete}
`
}

const postgresSetup = `-- run by the owner of the tables; then: sallyport connector sql-delta HR --config host.yaml, as the owner too
CREATE TABLE people (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	login text NOT NULL UNIQUE,
	name text NOT NULL,
	mail text,
	enabled boolean DEFAULT true,
	hired timestamptz,
	boss bigint REFERENCES people (id) ON DELETE SET NULL
);
CREATE TABLE phones (person bigint NOT NULL REFERENCES people (id) ON DELETE CASCADE, phone text NOT NULL);
CREATE TABLE teams (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL UNIQUE);
CREATE TABLE team_members (
	team bigint NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
	person bigint NOT NULL REFERENCES people (id) ON DELETE CASCADE,
	PRIMARY KEY (team, person)
);
`

const postgresPrivileges = `CREATE ROLE sallyport LOGIN PASSWORD 'change me';
GRANT SELECT, INSERT, UPDATE, DELETE ON people, phones, teams, team_members TO sallyport;
-- once 'sallyport connector sql-delta' has made them:
GRANT SELECT ON "sallyport_User", "sallyport_Group" TO sallyport;
`

const mariadbSetup = "-- run by the owner of the tables; then: sallyport connector sql-delta HR --config host.yaml, as the owner too\n" + `CREATE TABLE people (
	id bigint AUTO_INCREMENT PRIMARY KEY,
	login varchar(200) NOT NULL UNIQUE,
	name varchar(200) NOT NULL,
	mail varchar(200),
	enabled boolean DEFAULT true,
	hired datetime(6),
	boss bigint,
	FOREIGN KEY (boss) REFERENCES people (id) ON DELETE SET NULL
);
CREATE TABLE phones (person bigint NOT NULL, phone varchar(100) NOT NULL, FOREIGN KEY (person) REFERENCES people (id) ON DELETE CASCADE);
CREATE TABLE teams (id bigint AUTO_INCREMENT PRIMARY KEY, title varchar(200) NOT NULL UNIQUE);
CREATE TABLE team_members (
	team bigint NOT NULL,
	person bigint NOT NULL,
	PRIMARY KEY (team, person),
	FOREIGN KEY (team) REFERENCES teams (id) ON DELETE CASCADE,
	FOREIGN KEY (person) REFERENCES people (id) ON DELETE CASCADE
);
`

const mariadbPrivileges = `CREATE USER sallyport IDENTIFIED BY 'change me';
GRANT SELECT, INSERT, UPDATE, DELETE ON people TO sallyport;
GRANT SELECT, INSERT, UPDATE, DELETE ON phones TO sallyport;
GRANT SELECT, INSERT, UPDATE, DELETE ON teams TO sallyport;
GRANT SELECT, INSERT, UPDATE, DELETE ON team_members TO sallyport;
-- once 'sallyport connector sql-delta' has made them:
GRANT SELECT ON sallyport_User TO sallyport;
GRANT SELECT ON sallyport_Group TO sallyport;
`

const sqliteSetup = `-- run with: sqlite3 /var/lib/hr/hr.db; then: sallyport connector sql-delta HR --config host.yaml --apply
CREATE TABLE people (
	id integer PRIMARY KEY AUTOINCREMENT, -- without it the number of a deleted row is given to the next
	login text NOT NULL UNIQUE,
	name text NOT NULL,
	mail text,
	enabled boolean DEFAULT true,
	hired datetime,
	boss integer REFERENCES people (id) ON DELETE SET NULL
);
CREATE TABLE phones (person integer NOT NULL REFERENCES people (id) ON DELETE CASCADE, phone text NOT NULL);
CREATE TABLE teams (id integer PRIMARY KEY AUTOINCREMENT, title text NOT NULL UNIQUE);
CREATE TABLE team_members (
	team integer NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
	person integer NOT NULL REFERENCES people (id) ON DELETE CASCADE,
	PRIMARY KEY (team, person)
);
`

const sqlitePrivileges = `# run by root, for the account sallyport that the host runs as: SQLite has no accounts, so what counts is who may write the file and
# make files beside it
chown sallyport /var/lib/hr /var/lib/hr/hr.db
chmod 700 /var/lib/hr
chmod 600 /var/lib/hr/hr.db
`

const statementsConfig = `listen: 127.0.0.1:8585
data: host-data
connectors:
  - name: HR
    kind: gsql
    settings:
      url: postgres://sallyport@db.example.org:5432/hr
      passwordFile: hr.password
      types: ["User=(query)"]
      anchors: [User=id]
      statements: |
        [User import]
        SELECT id, login, name FROM all_people WHERE id > 0 ORDER BY id LIMIT @PageSize::bigint OFFSET @StartIndex::bigint - 1
        [User lookup id]
        SELECT id, login, name FROM all_people WHERE id = @Value::bigint
        [User lookup login]
        SELECT id, login, name FROM all_people WHERE login = @Value
        [User create procedure add_person]
        @new_login:INPUT:login
        @new_name:INPUT:name
        @new_id:INOUT:id
        [User update procedure change_person]
        @which:INPUT:Anchor_id
        @new_login:INPUT:login
        @new_name:INPUT:name
        [User delete procedure remove_person]
        @which:INPUT:id
    objects:
      User: {match: [login]}
    deprovision: {delete: delete}
`

const statementsSetup = `CREATE TABLE persons (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, login text NOT NULL UNIQUE, name text NOT NULL);
CREATE VIEW all_people AS SELECT id, login, name FROM persons;
CREATE PROCEDURE add_person(IN new_login text, IN new_name text, INOUT new_id bigint) LANGUAGE plpgsql SECURITY DEFINER AS
$$ BEGIN INSERT INTO persons (login, name) VALUES (new_login, new_name) RETURNING id INTO new_id; END $$;
CREATE PROCEDURE change_person(which bigint, new_login text, new_name text) LANGUAGE sql SECURITY DEFINER AS
$$ UPDATE persons SET login = new_login, name = new_name WHERE id = which $$;
CREATE PROCEDURE remove_person(which bigint) LANGUAGE sql SECURITY DEFINER AS $$ DELETE FROM persons WHERE id = which $$;
REVOKE EXECUTE ON ALL PROCEDURES IN SCHEMA public FROM PUBLIC;
`

const statementsPrivileges = `CREATE ROLE sallyport LOGIN PASSWORD 'change me';
GRANT SELECT ON all_people TO sallyport;
GRANT EXECUTE ON PROCEDURE add_person, change_person, remove_person TO sallyport;
`

const sqlserverSetup = `CREATE TABLE people (
	id bigint IDENTITY PRIMARY KEY,
	login nvarchar(200) NOT NULL UNIQUE,
	name nvarchar(200) NOT NULL,
	mail nvarchar(200),
	enabled bit DEFAULT 1,
	hired datetime2,
	boss bigint REFERENCES people (id)
);
CREATE TABLE phones (person bigint NOT NULL REFERENCES people (id) ON DELETE CASCADE, phone nvarchar(100) NOT NULL, PRIMARY KEY (person, phone));
CREATE TABLE teams (id bigint IDENTITY PRIMARY KEY, title nvarchar(200) NOT NULL UNIQUE);
CREATE TABLE team_members (
	team bigint NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
	person bigint NOT NULL REFERENCES people (id) ON DELETE CASCADE,
	PRIMARY KEY (team, person)
);
ALTER DATABASE CURRENT SET CHANGE_TRACKING = ON (CHANGE_RETENTION = 7 DAYS, AUTO_CLEANUP = ON);
ALTER TABLE people ENABLE CHANGE_TRACKING;
ALTER TABLE phones ENABLE CHANGE_TRACKING;
ALTER TABLE teams ENABLE CHANGE_TRACKING;
ALTER TABLE team_members ENABLE CHANGE_TRACKING;
`

const sqlserverPrivileges = `CREATE LOGIN sallyport WITH PASSWORD = 'change me';
CREATE USER sallyport FOR LOGIN sallyport;
GRANT SELECT, INSERT, UPDATE, DELETE, VIEW CHANGE TRACKING, VIEW DEFINITION ON people TO sallyport;
GRANT SELECT, INSERT, UPDATE, DELETE, VIEW CHANGE TRACKING, VIEW DEFINITION ON phones TO sallyport;
GRANT SELECT, INSERT, UPDATE, DELETE, VIEW CHANGE TRACKING, VIEW DEFINITION ON teams TO sallyport;
GRANT SELECT, INSERT, UPDATE, DELETE, VIEW CHANGE TRACKING, VIEW DEFINITION ON team_members TO sallyport;
`
