-- Who may call the service: clients, what they and people are granted, and tokens that were ended early.

-- +goose Up
CREATE TABLE identity_client (
  tenant  TEXT NOT NULL,
  id      TEXT NOT NULL,
  name    TEXT NOT NULL,              -- folded: names differ in more than case
  version BIGINT NOT NULL,
  doc     BYTEA NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX identity_client_name ON identity_client (tenant, name);

CREATE TABLE identity_ended (
  tenant  TEXT NOT NULL,
  jti     TEXT NOT NULL,
  expires BIGINT NOT NULL,            -- when the row may go
  PRIMARY KEY (tenant, jti)
);
CREATE INDEX identity_ended_expires ON identity_ended (tenant, expires);

CREATE TABLE access_grant (
  tenant     TEXT NOT NULL,
  subject    TEXT NOT NULL,
  role       TEXT NOT NULL,
  app        TEXT NOT NULL,           -- '' but for owners
  granted    BIGINT NOT NULL,
  granted_by TEXT NOT NULL,
  PRIMARY KEY (tenant, subject, role, app)
);

-- +goose Down
DROP TABLE access_grant;
DROP TABLE identity_ended;
DROP TABLE identity_client;
