-- What clients with delta tokens ask: which attributes moved when, and which references went.

-- +goose Up
ALTER TABLE directory_object ADD COLUMN moved BYTEA;   -- attribute → position of its newest change, see graph_moved.go; NULL: none since before this migration
CREATE TABLE directory_unref (
  tenant   TEXT NOT NULL,
  type     TEXT NOT NULL,
  id       TEXT NOT NULL,
  attr     TEXT NOT NULL,
  ref_id   TEXT NOT NULL,
  ref_type TEXT NOT NULL,
  seq      BIGINT NOT NULL,          -- position of the change that took it out
  at       BIGINT NOT NULL,
  PRIMARY KEY (tenant, type, id, attr, ref_id)
);
CREATE INDEX directory_unref_at ON directory_unref (tenant, at);

CREATE TABLE agent_publishing (
  tenant  TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  doc     BYTEA NOT NULL
);

CREATE TABLE registration (
  tenant    TEXT NOT NULL,
  id        TEXT NOT NULL,           -- the application's id
  principal TEXT NOT NULL,           -- ids as Graph's clients know it
  client    TEXT NOT NULL,
  object    TEXT NOT NULL,
  version   BIGINT NOT NULL,
  doc       BYTEA NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX registration_principal ON registration (tenant, principal);
CREATE UNIQUE INDEX registration_client ON registration (tenant, client);
CREATE UNIQUE INDEX registration_object ON registration (tenant, object);

-- +goose Down
DROP TABLE registration;
DROP TABLE agent_publishing;
DROP TABLE directory_unref;
ALTER TABLE directory_object DROP COLUMN moved;
