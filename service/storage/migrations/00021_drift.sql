-- What was found changed, removed or added in targets by hand.

-- +goose Up
CREATE TABLE drift_report (
  tenant TEXT NOT NULL,
  app    TEXT NOT NULL,
  doc    BYTEA NOT NULL,
  PRIMARY KEY (tenant, app)
);

CREATE TABLE drift_finding (
  tenant TEXT NOT NULL,
  app    TEXT NOT NULL,
  type   TEXT NOT NULL,               -- of the target object
  target TEXT NOT NULL,
  attr   TEXT NOT NULL,               -- empty: the object as a whole
  what   TEXT NOT NULL,
  state  TEXT NOT NULL,
  print  TEXT NOT NULL,               -- of wanted and found
  since  BIGINT NOT NULL,
  run    BIGINT NOT NULL,             -- the last look that saw it
  source TEXT NOT NULL,
  name   TEXT NOT NULL,               -- of the source object, folded
  taken_by TEXT NOT NULL,             -- who accepted it
  doc    BYTEA NOT NULL,
  PRIMARY KEY (tenant, app, type, target, attr)
);
CREATE INDEX drift_finding_run ON drift_finding (tenant, app, run);
CREATE INDEX drift_finding_what ON drift_finding (tenant, app, what, state);

-- +goose Down
DROP TABLE drift_finding;
DROP TABLE drift_report;
