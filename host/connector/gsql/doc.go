// Package gsql is the generic SQL connector: each object type is a table or view of a relational database, a query, or a set of stored
// procedures; each attribute a column, a table of values, or a JSON document in a column. It speaks to PostgreSQL, MariaDB, MySQL,
// SQLite, SQL Server and Oracle; of the last two no server was at hand, and their SQL text is compared with golden files.
//
// Owns: the settings that lay object types over tables, the SQL text, and what a database's errors are called as faults.
// May call: entry, fault, connector, the databases' client libraries.
// Never: puts a value into SQL text (all are bound) or an identifier that the database's own catalogue did not give it;
// reads pages by OFFSET; writes more than what changed.
// Called by: cmd (through connector.Driver), host try, demo, bench (through the ready-made layouts Contoso and FullSCIM).
// Tested by: connectortest on SQLite, PostgreSQL and MariaDB; the original's regressions, one test each; servers that are killed, answers
// that are garbage, hostile values and names; golden SQL of five dialects; samples run with exactly their privileges.
//
// A dialect is what differs between databases; adding one means implementing dialect, conn and rows.
package gsql
