-- Messages to people, until they are sent and for a while afterwards.

-- +goose Up
CREATE TABLE notify_message (
  tenant  TEXT NOT NULL,
  id      TEXT NOT NULL,              -- sorts by time
  channel TEXT NOT NULL,
  event   TEXT NOT NULL,              -- key of the event
  state   TEXT NOT NULL,
  due     BIGINT NOT NULL,
  done    BIGINT NOT NULL,
  doc     BYTEA NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX notify_message_event ON notify_message (tenant, channel, event);
CREATE INDEX notify_message_due ON notify_message (tenant, state, due);
CREATE INDEX notify_message_done ON notify_message (tenant, done);

-- +goose Down
DROP TABLE notify_message;
