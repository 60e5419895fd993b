-- Lists of users by displayName, and how many objects there are, without looking at all of them.

-- +goose Up
ALTER TABLE directory_object ADD COLUMN name_key TEXT; -- a live user's folded displayName, '' when it has none; NULL: another object, or not written since before this migration, see graph_shown.go
CREATE INDEX directory_object_name ON directory_object (tenant, type, name_key, id) WHERE name_key IS NOT NULL;
CREATE INDEX directory_object_unnamed ON directory_object (tenant, type, id) WHERE name_key IS NULL AND state = 0 AND type = 'User';
CREATE INDEX directory_unref_seq ON directory_unref (tenant, type, id, seq, ref_id);
CREATE TABLE directory_count (
  tenant TEXT NOT NULL,
  type   TEXT NOT NULL,
  live   BIGINT NOT NULL,             -- no row: not counted yet
  PRIMARY KEY (tenant, type)
);

-- +goose Down
DROP TABLE directory_count;
DROP INDEX directory_unref_seq;
DROP INDEX directory_object_unnamed;
DROP INDEX directory_object_name;
ALTER TABLE directory_object DROP COLUMN name_key;
