-- import User, result 0 []
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m ORDER BY m."id"
-- import User, result 1 []
SELECT m."id", c."phone" FROM "hr"."Phones" c JOIN "hr"."Users" m ON c."owner" = m."id" ORDER BY m."id"
-- page of User, first true []
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m ORDER BY m."id" LIMIT 1000
-- page of values [upto k1]
SELECT m."id", c."phone" FROM "hr"."Phones" c JOIN "hr"."Users" m ON c."owner" = m."id" WHERE (NOT (m."id" > $1)) ORDER BY m."id"
-- page of User, first false [k1]
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m WHERE (m."id" > $1) ORDER BY m."id" LIMIT 1000
-- page of values [upto k1]
SELECT m."id", c."phone" FROM "hr"."Phones" c JOIN "hr"."Users" m ON c."owner" = m."id" WHERE (NOT (m."id" > $1) AND (m."id" > $2)) ORDER BY m."id"
-- import Badge, result 0 []
SELECT m."site", m."badge", m."holder" FROM "Badges" m
-- page of Badge, first true []
SELECT m."site", m."badge", m."holder" FROM "Badges" m ORDER BY m."site", m."badge" LIMIT 1000
-- page of Badge, first false [k1 k2]
SELECT m."site", m."badge", m."holder" FROM "Badges" m WHERE ((m."site" > $1) OR (m."site" = $1 AND m."badge" > $2)) ORDER BY m."site", m."badge" LIMIT 1000
-- look up by id [7]
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m WHERE m."id" = $1
-- look up by login [o'neill]
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m WHERE m."login" = $1
-- look up by phones [+46]
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m WHERE EXISTS (SELECT 1 FROM "hr"."Phones" x WHERE x."owner" = m."id" AND x."phone" = $1)
-- look up by changed [2026-07-01 12:00:00+00]
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m WHERE m."changed" = $1
-- look up by Anchor [north 7]
SELECT m."site", m."badge", m."holder" FROM "Badges" m WHERE m."site" = $1 AND m."badge" = $2
-- one row []
SELECT 1 LIMIT 1
-- create User of 3 attributes [2026-07-01 12:00:00+00 a x'); DROP TABLE t; --]
INSERT INTO "hr"."Users" ("changed", "login", "odd name]""`") VALUES ($1, $2, $3) RETURNING "id", "login", "odd name]""`", "changed"
-- create User of 0 attributes []
INSERT INTO "hr"."Users" DEFAULT VALUES RETURNING "id", "login", "odd name]""`", "changed"
-- create Badge of 2 attributes [7 north]
INSERT INTO "Badges" ("badge", "site") VALUES ($1, $2) RETURNING "site", "badge", "holder"
-- create Badge of 1 attributes [north]
INSERT INTO "Badges" ("site") VALUES ($1) RETURNING "site", "badge", "holder"
-- update User [{replace login [b]} {replace changed []}] [b <nil> 7]
UPDATE "hr"."Users" SET "login" = $1, "changed" = $2 WHERE "id" = $3
-- update User [{remove login [b]}] [b 7]
UPDATE "hr"."Users" SET "login" = CASE WHEN "login" = $1 THEN NULL ELSE "login" END WHERE "id" = $2
-- update Badge [{replace badge [8]}] [8 north 7]
UPDATE "Badges" SET "badge" = $1 WHERE "site" = $2 AND "badge" = $3 RETURNING "site", "badge"
-- values, three at once [7 1 7 2 7 3]
INSERT INTO "hr"."Phones" ("owner", "phone") VALUES ($1, $2), ($3, $4), ($5, $6)
-- delete [north 7]
DELETE FROM "Badges" WHERE "site" = $1 AND "badge" = $2
-- savepoint
SAVEPOINT sallyport;
ROLLBACK TO SAVEPOINT sallyport;
-- watermark: position []
SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), NULL
-- watermark: changed, result 0 []
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m WHERE (m."changed" >= '2026-07-01 11:59:00+00' OR EXISTS (SELECT 1 FROM "hr"."Phones" h WHERE h."owner" = m."id" AND h."changed" >= '2026-07-01 11:59:00+00')) ORDER BY m."id"
-- watermark: changed, result 1 []
SELECT m."id", c."phone" FROM "hr"."Phones" c JOIN "hr"."Users" m ON c."owner" = m."id" WHERE (m."changed" >= '2026-07-01 11:59:00+00' OR EXISTS (SELECT 1 FROM "hr"."Phones" h WHERE h."owner" = m."id" AND h."changed" >= '2026-07-01 11:59:00+00')) ORDER BY m."id"
-- history: position []
SELECT pg_snapshot_xmin(pg_current_snapshot())::text, "epoch" FROM "hr"."sallyport_User" WHERE "seq" = 1
-- history: changed, result 0 []
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m WHERE (EXISTS (SELECT 1 FROM "hr"."sallyport_User" h WHERE h."k1" = m."id" AND h.tx >= '41'::xid8)) ORDER BY m."id"
-- history: changed, result 1 []
SELECT m."id", c."phone" FROM "hr"."Phones" c JOIN "hr"."Users" m ON c."owner" = m."id" WHERE (EXISTS (SELECT 1 FROM "hr"."sallyport_User" h WHERE h."k1" = m."id" AND h.tx >= '41'::xid8)) ORDER BY m."id"
-- history: gone []
SELECT DISTINCT h."k1" FROM "hr"."sallyport_User" h WHERE h.tx >= '41'::xid8 AND h."k1" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "hr"."Users" m WHERE m."id" = h."k1")
-- history: count []
SELECT count(*) FROM "hr"."sallyport_User" h WHERE h.tx >= '41'::xid8 AND h."k1" IS NOT NULL
-- history of User, dropped false
CREATE TABLE IF NOT EXISTS "hr"."sallyport_User" (
	seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
	at timestamptz NOT NULL DEFAULT now(),
	epoch text,
	"k1" int8 NULL
);
CREATE INDEX IF NOT EXISTS "sallyport_User_tx" ON "hr"."sallyport_User" (tx);
INSERT INTO "hr"."sallyport_User" (epoch) SELECT gen_random_uuid()::text WHERE NOT EXISTS (SELECT 1 FROM "hr"."sallyport_User" WHERE epoch IS NOT NULL);
CREATE OR REPLACE FUNCTION "hr"."sallyport_User_0"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $sallyport$
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		UPDATE "hr"."sallyport_User" SET epoch = gen_random_uuid()::text WHERE epoch IS NOT NULL;
	END IF;
	IF TG_OP IN ('UPDATE', 'DELETE') THEN
		INSERT INTO "hr"."sallyport_User" ("k1") VALUES (OLD."id");
	END IF;
	IF TG_OP = 'INSERT' THEN
		INSERT INTO "hr"."sallyport_User" ("k1") VALUES (NEW."id");
	END IF;
	IF TG_OP = 'UPDATE' THEN
		IF (NEW."id") IS DISTINCT FROM (OLD."id") THEN
			INSERT INTO "hr"."sallyport_User" ("k1") VALUES (NEW."id");
		END IF;
	END IF;
	PERFORM pg_notify('sallyport', '"hr"."sallyport_User"');
	RETURN NULL;
END
$sallyport$;
CREATE OR REPLACE TRIGGER "sallyport_User_0" AFTER INSERT OR UPDATE OR DELETE ON "hr"."Users" FOR EACH ROW EXECUTE FUNCTION "hr"."sallyport_User_0"();
CREATE OR REPLACE TRIGGER "sallyport_User_0_all" AFTER TRUNCATE ON "hr"."Users" FOR EACH STATEMENT EXECUTE FUNCTION "hr"."sallyport_User_0"();
CREATE OR REPLACE FUNCTION "hr"."sallyport_User_1"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $sallyport$
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		UPDATE "hr"."sallyport_User" SET epoch = gen_random_uuid()::text WHERE epoch IS NOT NULL;
	END IF;
	IF TG_OP IN ('UPDATE', 'DELETE') THEN
		INSERT INTO "hr"."sallyport_User" ("k1") VALUES (OLD."owner");
	END IF;
	IF TG_OP = 'INSERT' THEN
		INSERT INTO "hr"."sallyport_User" ("k1") VALUES (NEW."owner");
	END IF;
	IF TG_OP = 'UPDATE' THEN
		IF (NEW."owner") IS DISTINCT FROM (OLD."owner") THEN
			INSERT INTO "hr"."sallyport_User" ("k1") VALUES (NEW."owner");
		END IF;
	END IF;
	PERFORM pg_notify('sallyport', '"hr"."sallyport_User"');
	RETURN NULL;
END
$sallyport$;
CREATE OR REPLACE TRIGGER "sallyport_User_1" AFTER INSERT OR UPDATE OR DELETE ON "hr"."Phones" FOR EACH ROW EXECUTE FUNCTION "hr"."sallyport_User_1"();
CREATE OR REPLACE TRIGGER "sallyport_User_1_all" AFTER TRUNCATE ON "hr"."Phones" FOR EACH STATEMENT EXECUTE FUNCTION "hr"."sallyport_User_1"();
-- history of Badge, dropped false
CREATE TABLE IF NOT EXISTS "sallyport_Badge" (
	seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
	at timestamptz NOT NULL DEFAULT now(),
	epoch text,
	"k1" varchar(100) NULL,
	"k2" int8 NULL
);
CREATE INDEX IF NOT EXISTS "sallyport_Badge_tx" ON "sallyport_Badge" (tx);
INSERT INTO "sallyport_Badge" (epoch) SELECT gen_random_uuid()::text WHERE NOT EXISTS (SELECT 1 FROM "sallyport_Badge" WHERE epoch IS NOT NULL);
CREATE OR REPLACE FUNCTION "sallyport_Badge_0"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $sallyport$
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		UPDATE "sallyport_Badge" SET epoch = gen_random_uuid()::text WHERE epoch IS NOT NULL;
	END IF;
	IF TG_OP IN ('UPDATE', 'DELETE') THEN
		INSERT INTO "sallyport_Badge" ("k1", "k2") VALUES (OLD."site", OLD."badge");
	END IF;
	IF TG_OP = 'INSERT' THEN
		INSERT INTO "sallyport_Badge" ("k1", "k2") VALUES (NEW."site", NEW."badge");
	END IF;
	IF TG_OP = 'UPDATE' THEN
		IF (NEW."site", NEW."badge") IS DISTINCT FROM (OLD."site", OLD."badge") THEN
			INSERT INTO "sallyport_Badge" ("k1", "k2") VALUES (NEW."site", NEW."badge");
		END IF;
	END IF;
	PERFORM pg_notify('sallyport', '"sallyport_Badge"');
	RETURN NULL;
END
$sallyport$;
CREATE OR REPLACE TRIGGER "sallyport_Badge_0" AFTER INSERT OR UPDATE OR DELETE ON "Badges" FOR EACH ROW EXECUTE FUNCTION "sallyport_Badge_0"();
CREATE OR REPLACE TRIGGER "sallyport_Badge_0_all" AFTER TRUNCATE ON "Badges" FOR EACH STATEMENT EXECUTE FUNCTION "sallyport_Badge_0"();
-- history of User, dropped true
DROP TRIGGER IF EXISTS "sallyport_User_0" ON "hr"."Users";
DROP TRIGGER IF EXISTS "sallyport_User_0_all" ON "hr"."Users";
DROP FUNCTION IF EXISTS "hr"."sallyport_User_0"();
DROP TRIGGER IF EXISTS "sallyport_User_1" ON "hr"."Phones";
DROP TRIGGER IF EXISTS "sallyport_User_1_all" ON "hr"."Phones";
DROP FUNCTION IF EXISTS "hr"."sallyport_User_1"();
DROP TABLE IF EXISTS "hr"."sallyport_User";
-- history of Badge, dropped true
DROP TRIGGER IF EXISTS "sallyport_Badge_0" ON "Badges";
DROP TRIGGER IF EXISTS "sallyport_Badge_0_all" ON "Badges";
DROP FUNCTION IF EXISTS "sallyport_Badge_0"();
DROP TABLE IF EXISTS "sallyport_Badge";
-- call, function false [<login> <changed>]
CALL "hr"."Add User"("Login" => $1, "Made" => NULL, "Both" => $2)
-- call, function false []
CALL "hr"."Add User"()
-- call, function true [<login> <changed>]
SELECT * FROM "hr"."Add User"("Login" => $1, "Both" => $2)
-- call, function true []
SELECT * FROM "hr"."Add User"()
