-- The engine to full depth: before-images and cycles in the journal, held deletions row by row, work that somebody ordered,
-- assignments, and the memory of memberships.

-- +goose Up
ALTER TABLE journal_record ADD COLUMN cycle TEXT NOT NULL DEFAULT '';
ALTER TABLE journal_record ADD COLUMN image BYTEA;           -- what the write changed, typed; NULL for a record without a write
CREATE INDEX journal_record_cycle ON journal_record (tenant, cycle, id) WHERE image IS NOT NULL;

CREATE INDEX ledger_escrow_due ON ledger_escrow (tenant, job, due, source);

CREATE TABLE ledger_held (
  tenant   TEXT NOT NULL,
  job      TEXT NOT NULL,
  source   TEXT NOT NULL,
  type     TEXT NOT NULL,
  verb     TEXT NOT NULL,
  name     TEXT NOT NULL,
  since    BIGINT NOT NULL,
  released BIGINT NOT NULL,           -- 1: somebody released it
  told     BIGINT NOT NULL,           -- 1: the journal says that it is held
  PRIMARY KEY (tenant, job, source)
);
CREATE INDEX ledger_held_released ON ledger_held (tenant, job, released, source);
CREATE INDEX ledger_held_told ON ledger_held (tenant, job, source) WHERE told = 0;

CREATE TABLE ledger_due (
  tenant TEXT NOT NULL,
  job    TEXT NOT NULL,
  seq    BIGINT NOT NULL,             -- order of ordering
  source TEXT NOT NULL,
  type   TEXT NOT NULL,
  reach  BIGINT NOT NULL,             -- 1: the members of this group too
  PRIMARY KEY (tenant, job, seq)
);
CREATE INDEX ledger_due_source ON ledger_due (tenant, job, source);

CREATE TABLE ledger_roster (
  tenant TEXT NOT NULL,
  job    TEXT NOT NULL,
  source TEXT NOT NULL,               -- group
  mark   BIGINT NOT NULL,             -- its memberships are in the target up to here
  PRIMARY KEY (tenant, job, source)
);

CREATE TABLE assignment (
  tenant         TEXT NOT NULL,
  id             TEXT NOT NULL,
  app            TEXT NOT NULL,
  principal      TEXT NOT NULL,
  principal_type TEXT NOT NULL,
  role           TEXT NOT NULL,
  at             BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX assignment_once ON assignment (tenant, app, principal, role);
CREATE INDEX assignment_principal ON assignment (tenant, principal, id);
CREATE INDEX assignment_app ON assignment (tenant, app, id);

-- Memberships that ended, so that what changed in a group since a position can be told without reading the group.
CREATE TABLE directory_left (
  tenant   TEXT NOT NULL,
  type     TEXT NOT NULL,
  id       TEXT NOT NULL,             -- group
  ref_id   TEXT NOT NULL,
  ref_type TEXT NOT NULL,
  edge     BIGINT NOT NULL,           -- counts with directory_ref.edge
  PRIMARY KEY (tenant, type, id, ref_id)
);
CREATE INDEX directory_left_edge ON directory_left (tenant, type, id, edge);
CREATE INDEX directory_ref_edge ON directory_ref (tenant, type, id, edge) WHERE attr = 'members';

-- +goose Down
DROP INDEX directory_ref_edge;
DROP TABLE directory_left;
DROP TABLE assignment;
DROP TABLE ledger_roster;
DROP TABLE ledger_due;
DROP TABLE ledger_held;
DROP INDEX ledger_escrow_due;
DROP INDEX journal_record_cycle;
ALTER TABLE journal_record DROP COLUMN image;
ALTER TABLE journal_record DROP COLUMN cycle;
