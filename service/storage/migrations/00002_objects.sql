-- Clients of the SCIM door hold versions, times and their own ids of objects. Groups are unique by name without regard to case,
-- as users are; names that differ in case alone stay as they were.

-- +goose Up
ALTER TABLE directory_object ADD COLUMN external_id TEXT;                -- as its source sent it; NULL unless live
ALTER TABLE directory_object ADD COLUMN created BIGINT NOT NULL DEFAULT 0;  -- 0: before this migration
ALTER TABLE directory_object ADD COLUMN modified BIGINT NOT NULL DEFAULT 0; -- likewise
CREATE INDEX directory_object_external ON directory_object (tenant, type, external_id, id) WHERE external_id IS NOT NULL;
UPDATE directory_object SET unique_key = LOWER(unique_key)
  WHERE type = 'Group' AND unique_key IS NOT NULL AND (tenant, LOWER(unique_key)) IN (
    SELECT tenant, LOWER(unique_key) FROM directory_object
    WHERE type = 'Group' AND unique_key IS NOT NULL GROUP BY tenant, LOWER(unique_key) HAVING COUNT(*) = 1);

-- +goose Down
DROP INDEX directory_object_external;
ALTER TABLE directory_object DROP COLUMN modified;
ALTER TABLE directory_object DROP COLUMN created;
ALTER TABLE directory_object DROP COLUMN external_id;
