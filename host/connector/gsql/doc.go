// Package gsql is the generic SQL connector, table method: each object type is one table or view of a relational database,
// each attribute a column, a table of values, or a JSON document in a column. It speaks to PostgreSQL and SQLite.
//
// Owns: the settings that lay object types over tables, the SQL text, and what a database's errors are called as faults.
// May call: entry, fault, connector, the databases' client libraries.
// Never: puts a value into SQL text (all are bound) or an identifier that the database's own catalogue did not give it;
// reads pages by OFFSET; writes more than what changed.
// Called by: cmd (through connector.Driver), host try, demo, bench (through the ready-made layouts Contoso and FullSCIM).
// Tested by: connectortest on SQLite and PostgreSQL, regressions of the original connector, fault and property tests beside the code.
//
// A dialect is what differs between databases; adding one means implementing dialect, conn and rows.
package gsql
