-- The log of administrative acts: a chain of texts, each with the hash of the one before.

-- +goose Up
CREATE TABLE audit_head (
  tenant TEXT NOT NULL PRIMARY KEY,
  seq    BIGINT NOT NULL,             -- newest entry
  hash   TEXT NOT NULL
);

CREATE TABLE audit_entry (
  tenant  TEXT NOT NULL,
  seq     BIGINT NOT NULL,
  at      BIGINT NOT NULL,
  subject TEXT NOT NULL,
  hash    TEXT NOT NULL,              -- hex SHA-256 of doc
  doc     BYTEA NOT NULL,             -- the exact text that was hashed
  PRIMARY KEY (tenant, seq)
);
CREATE INDEX audit_entry_subject ON audit_entry (tenant, subject, seq);

CREATE TABLE audit_checkpoint (
  tenant    TEXT NOT NULL,
  seq       BIGINT NOT NULL,
  doc       BYTEA NOT NULL,
  signature BYTEA NOT NULL,
  PRIMARY KEY (tenant, seq)
);

-- +goose Down
DROP TABLE audit_checkpoint;
DROP TABLE audit_entry;
DROP TABLE audit_head;
