-- Plans that wait for approval, and one row for each object they are about.

-- +goose Up
CREATE TABLE review_plan (
  tenant TEXT NOT NULL,
  app    TEXT NOT NULL,
  n      BIGINT NOT NULL,             -- counts the application's plans
  status TEXT NOT NULL,
  made   BIGINT NOT NULL,
  version BIGINT NOT NULL,            -- counts changes of the head
  doc    BYTEA NOT NULL,
  PRIMARY KEY (tenant, app, n)
);
CREATE INDEX review_plan_made ON review_plan (tenant, made);

CREATE TABLE review_row (
  tenant  TEXT NOT NULL,
  app     TEXT NOT NULL,
  n       BIGINT NOT NULL,
  seq     BIGINT NOT NULL,
  verb    TEXT NOT NULL,
  outcome TEXT NOT NULL,
  type    TEXT NOT NULL,              -- of the source object
  source  TEXT NOT NULL,
  target  TEXT NOT NULL,
  name    TEXT NOT NULL,              -- of the source object, folded
  detail  TEXT NOT NULL,
  done    BIGINT NOT NULL,
  doc     BYTEA NOT NULL,
  image   BYTEA,                      -- the write spelt out, see review.Write
  PRIMARY KEY (tenant, app, n, seq)
);
CREATE INDEX review_row_verb ON review_row (tenant, app, n, verb, seq, outcome);
CREATE INDEX review_row_outcome ON review_row (tenant, app, n, outcome, seq, verb);
CREATE INDEX review_row_object ON review_row (tenant, app, n, type, source, target, seq);
CREATE INDEX review_row_source ON review_row (tenant, app, n, source, seq);
CREATE INDEX review_row_name ON review_row (tenant, app, n, name, seq);

-- +goose Down
DROP TABLE review_row;
DROP TABLE review_plan;
