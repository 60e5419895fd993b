-- One text for SQLite and PostgreSQL: TEXT, BIGINT and BYTEA only (SQLite takes BYTEA as a column without conversion),
-- partial indexes only with constant conditions. Every table begins with the tenant, and so does every key.

-- +goose Up
CREATE TABLE directory_clock (
  tenant TEXT NOT NULL PRIMARY KEY,
  seq    BIGINT NOT NULL,             -- position of the newest change
  edge   BIGINT NOT NULL              -- counts references ever added; gives them their order
);

CREATE TABLE directory_object (
  tenant     TEXT NOT NULL,
  type       TEXT NOT NULL,
  id         TEXT NOT NULL,
  seq        BIGINT NOT NULL,         -- position of its newest change: the change log is this column
  state      BIGINT NOT NULL,         -- 0 live, 1 soft-deleted, 2 gone (only type and id are left)
  unique_key TEXT,                    -- directory.Key; NULL unless live
  doc        BYTEA NOT NULL,          -- attributes but for references, see value.go
  PRIMARY KEY (tenant, type, id)
);
CREATE UNIQUE INDEX directory_object_key ON directory_object (tenant, type, unique_key);
CREATE UNIQUE INDEX directory_object_seq ON directory_object (tenant, seq);
CREATE INDEX directory_object_away ON directory_object (tenant, type, state, id) WHERE state <> 0;

CREATE TABLE directory_ref (
  tenant   TEXT NOT NULL,
  type     TEXT NOT NULL,
  id       TEXT NOT NULL,
  attr     TEXT NOT NULL,
  ref_id   TEXT NOT NULL,
  ref_type TEXT NOT NULL,
  edge     BIGINT NOT NULL,
  PRIMARY KEY (tenant, type, id, attr, ref_id)
);
CREATE INDEX directory_ref_back ON directory_ref (tenant, ref_id);

CREATE TABLE app (
  tenant  TEXT NOT NULL,
  id      TEXT NOT NULL,
  version BIGINT NOT NULL,
  doc     BYTEA NOT NULL,
  PRIMARY KEY (tenant, id)
);

CREATE TABLE agent (
  tenant   TEXT NOT NULL,
  id       TEXT NOT NULL,
  grp      TEXT NOT NULL,
  name     TEXT NOT NULL,
  pubkey   TEXT NOT NULL,
  enrolled BIGINT NOT NULL,
  revoked  BIGINT NOT NULL,
  version  TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);

CREATE TABLE agent_token (
  tenant  TEXT NOT NULL,
  hash    TEXT NOT NULL,
  grp     TEXT NOT NULL,
  expires BIGINT NOT NULL,
  used    BIGINT NOT NULL,
  PRIMARY KEY (tenant, hash)
);

CREATE TABLE access_token (
  tenant  TEXT NOT NULL,
  name    TEXT NOT NULL,
  hash    TEXT NOT NULL,
  role    TEXT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (tenant, name)
);
CREATE UNIQUE INDEX access_token_hash ON access_token (tenant, hash);

CREATE TABLE journal_clock (
  tenant TEXT NOT NULL PRIMARY KEY,
  id     BIGINT NOT NULL              -- newest record
);

CREATE TABLE journal_record (
  tenant      TEXT NOT NULL,
  id          BIGINT NOT NULL,        -- milliseconds since 1970 << 20, plus a counter: order of appending
  at          BIGINT NOT NULL,
  job         TEXT NOT NULL,
  status      TEXT NOT NULL,
  source_id   TEXT NOT NULL,
  source_name TEXT NOT NULL,          -- folded
  doc         BYTEA NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX journal_record_at ON journal_record (tenant, at);
CREATE INDEX journal_record_job ON journal_record (tenant, job, id);
CREATE INDEX journal_record_status ON journal_record (tenant, status, id);
CREATE INDEX journal_record_source ON journal_record (tenant, source_id, id);
CREATE INDEX journal_record_name ON journal_record (tenant, source_name, id);

CREATE TABLE ledger_link (
  tenant TEXT NOT NULL,
  job    TEXT NOT NULL,
  source TEXT NOT NULL,
  type   TEXT NOT NULL,
  target TEXT NOT NULL,
  active BIGINT NOT NULL,
  departed BIGINT NOT NULL,           -- disabled because it left scope
  digest BYTEA,
  PRIMARY KEY (tenant, job, source)
);
CREATE INDEX ledger_link_target ON ledger_link (tenant, job, type, target);

CREATE TABLE ledger_intent (
  tenant TEXT NOT NULL,
  job    TEXT NOT NULL,
  idem   TEXT NOT NULL,               -- idempotency key, sorts by time
  source TEXT NOT NULL,
  type   TEXT NOT NULL,
  verb   TEXT NOT NULL,
  target TEXT NOT NULL,
  PRIMARY KEY (tenant, job, idem)
);

CREATE TABLE ledger_escrow (
  tenant   TEXT NOT NULL,
  job      TEXT NOT NULL,
  source   TEXT NOT NULL,
  type     TEXT NOT NULL,
  code     TEXT NOT NULL,
  reason   TEXT NOT NULL,
  hint     TEXT NOT NULL,
  began    BIGINT NOT NULL,           -- first failure
  due      BIGINT NOT NULL,           -- not before
  attempts BIGINT NOT NULL,
  PRIMARY KEY (tenant, job, source)
);
CREATE INDEX ledger_escrow_began ON ledger_escrow (tenant, job, began, source);

CREATE TABLE ledger_waiting (
  tenant TEXT NOT NULL,
  job    TEXT NOT NULL,
  source TEXT NOT NULL,
  wants  TEXT NOT NULL,               -- source id it refers to
  PRIMARY KEY (tenant, job, source, wants)
);
CREATE INDEX ledger_waiting_wants ON ledger_waiting (tenant, job, wants, source);

CREATE TABLE ledger_state (
  tenant  TEXT NOT NULL,
  job     TEXT NOT NULL,
  version BIGINT NOT NULL,
  doc     BYTEA NOT NULL,
  PRIMARY KEY (tenant, job)
);

-- +goose Down
DROP TABLE ledger_state;
DROP TABLE ledger_waiting;
DROP TABLE ledger_escrow;
DROP TABLE ledger_intent;
DROP TABLE ledger_link;
DROP TABLE journal_record;
DROP TABLE journal_clock;
DROP TABLE access_token;
DROP TABLE agent_token;
DROP TABLE agent;
DROP TABLE app;
DROP TABLE directory_ref;
DROP TABLE directory_object;
DROP TABLE directory_clock;
