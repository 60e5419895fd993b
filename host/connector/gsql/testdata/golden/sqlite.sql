-- import User, result 0 []
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m ORDER BY m."id"
-- import User, result 1 []
SELECT m."id", c."phone" FROM "hr"."Phones" c JOIN "hr"."Users" m ON c."owner" = m."id" ORDER BY m."id"
-- page of User, first true []
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m ORDER BY m."id" LIMIT 1000
-- page of values [upto k1]
SELECT m."id", c."phone" FROM "hr"."Phones" c JOIN "hr"."Users" m ON c."owner" = m."id" WHERE (NOT (m."id" > ?1)) ORDER BY m."id"
-- page of User, first false [k1]
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m WHERE (m."id" > ?1) ORDER BY m."id" LIMIT 1000
-- page of values [upto k1]
SELECT m."id", c."phone" FROM "hr"."Phones" c JOIN "hr"."Users" m ON c."owner" = m."id" WHERE (NOT (m."id" > ?1) AND (m."id" > ?2)) ORDER BY m."id"
-- import Badge, result 0 []
SELECT m."site", m."badge", m."holder" FROM "Badges" m
-- page of Badge, first true []
SELECT m."site", m."badge", m."holder" FROM "Badges" m ORDER BY m."site", m."badge" LIMIT 1000
-- page of Badge, first false [k1 k2]
SELECT m."site", m."badge", m."holder" FROM "Badges" m WHERE ((m."site" > ?1) OR (m."site" = ?1 AND m."badge" > ?2)) ORDER BY m."site", m."badge" LIMIT 1000
-- look up by id [7]
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m WHERE m."id" = ?1
-- look up by login [o'neill]
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m WHERE m."login" = ?1
-- look up by phones [+46]
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m WHERE EXISTS (SELECT 1 FROM "hr"."Phones" x WHERE x."owner" = m."id" AND x."phone" = ?1)
-- look up by changed [2026-07-01 14:00:00]
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m WHERE m."changed" = ?1
-- look up by Anchor [north 7]
SELECT m."site", m."badge", m."holder" FROM "Badges" m WHERE m."site" = ?1 AND m."badge" = ?2
-- one row []
SELECT 1 LIMIT 1
-- create User of 3 attributes [2026-07-01 14:00:00 a x'); DROP TABLE t; --]
INSERT INTO "hr"."Users" ("changed", "login", "odd name]""`") VALUES (?1, ?2, ?3) RETURNING "id", "login", "odd name]""`", "changed"
-- create User of 0 attributes []
INSERT INTO "hr"."Users" DEFAULT VALUES RETURNING "id", "login", "odd name]""`", "changed"
-- create Badge of 2 attributes [7 north]
INSERT INTO "Badges" ("badge", "site") VALUES (?1, ?2) RETURNING "site", "badge", "holder"
-- create Badge of 1 attributes [north]
INSERT INTO "Badges" ("site") VALUES (?1) RETURNING "site", "badge", "holder"
-- update User [{replace login [b]} {replace changed []}] [b <nil> 7]
UPDATE "hr"."Users" SET "login" = ?1, "changed" = ?2 WHERE "id" = ?3
-- update User [{remove login [b]}] [b 7]
UPDATE "hr"."Users" SET "login" = CASE WHEN "login" = ?1 THEN NULL ELSE "login" END WHERE "id" = ?2
-- update Badge [{replace badge [8]}] [8 north 7]
UPDATE "Badges" SET "badge" = ?1 WHERE "site" = ?2 AND "badge" = ?3 RETURNING "site", "badge"
-- values, three at once [7 1 7 2 7 3]
INSERT INTO "hr"."Phones" ("owner", "phone") VALUES (?1, ?2), (?3, ?4), (?5, ?6)
-- delete [north 7]
DELETE FROM "Badges" WHERE "site" = ?1 AND "badge" = ?2
-- savepoint
SAVEPOINT sallyport;
ROLLBACK TO sallyport;
-- watermark: position []
SELECT strftime('%Y-%m-%d %H:%M:%f', 'now'), NULL
-- watermark: changed, result 0 []
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m WHERE (m."changed" >= '2026-07-01 13:59:00' OR EXISTS (SELECT 1 FROM "hr"."Phones" h WHERE h."owner" = m."id" AND h."changed" >= '2026-07-01 13:59:00')) ORDER BY m."id"
-- watermark: changed, result 1 []
SELECT m."id", c."phone" FROM "hr"."Phones" c JOIN "hr"."Users" m ON c."owner" = m."id" WHERE (m."changed" >= '2026-07-01 13:59:00' OR EXISTS (SELECT 1 FROM "hr"."Phones" h WHERE h."owner" = m."id" AND h."changed" >= '2026-07-01 13:59:00')) ORDER BY m."id"
-- history: position []
SELECT (SELECT CAST(max(seq) AS text) FROM "hr"."sallyport_User"), "epoch" FROM "hr"."sallyport_User" WHERE "seq" = 1
-- history: changed, result 0 []
SELECT m."id", m."login", m."odd name]""`", m."changed" FROM "hr"."Users" m WHERE (EXISTS (SELECT 1 FROM "hr"."sallyport_User" h WHERE h."k1" = m."id" AND h.seq > 41)) ORDER BY m."id"
-- history: changed, result 1 []
SELECT m."id", c."phone" FROM "hr"."Phones" c JOIN "hr"."Users" m ON c."owner" = m."id" WHERE (EXISTS (SELECT 1 FROM "hr"."sallyport_User" h WHERE h."k1" = m."id" AND h.seq > 41)) ORDER BY m."id"
-- history: gone []
SELECT DISTINCT h."k1" FROM "hr"."sallyport_User" h WHERE h.seq > 41 AND h."k1" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "hr"."Users" m WHERE m."id" = h."k1")
-- history: count []
SELECT count(*) FROM "hr"."sallyport_User" h WHERE h.seq > 41 AND h."k1" IS NOT NULL
-- history of User, dropped false
CREATE TABLE IF NOT EXISTS "hr"."sallyport_User" (
	seq integer PRIMARY KEY AUTOINCREMENT,
	at text NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
	epoch text,
	"k1" integer NULL
);
INSERT INTO "hr"."sallyport_User" (epoch) SELECT lower(hex(randomblob(16))) WHERE NOT EXISTS (SELECT 1 FROM "hr"."sallyport_User");
DROP TRIGGER IF EXISTS "sallyport_User_0_insert";
CREATE TRIGGER "sallyport_User_0_insert" AFTER INSERT ON "hr"."Users" BEGIN
	INSERT INTO "hr"."sallyport_User" ("k1") VALUES (NEW."id");
END;
DROP TRIGGER IF EXISTS "sallyport_User_0_update";
CREATE TRIGGER "sallyport_User_0_update" AFTER UPDATE ON "hr"."Users" BEGIN
	INSERT INTO "hr"."sallyport_User" ("k1") VALUES (OLD."id");
	INSERT INTO "hr"."sallyport_User" ("k1") SELECT NEW."id" WHERE NOT (NEW."id" IS OLD."id");
END;
DROP TRIGGER IF EXISTS "sallyport_User_0_delete";
CREATE TRIGGER "sallyport_User_0_delete" AFTER DELETE ON "hr"."Users" BEGIN
	INSERT INTO "hr"."sallyport_User" ("k1") VALUES (OLD."id");
END;
DROP TRIGGER IF EXISTS "sallyport_User_1_insert";
CREATE TRIGGER "sallyport_User_1_insert" AFTER INSERT ON "hr"."Phones" BEGIN
	INSERT INTO "hr"."sallyport_User" ("k1") VALUES (NEW."owner");
END;
DROP TRIGGER IF EXISTS "sallyport_User_1_update";
CREATE TRIGGER "sallyport_User_1_update" AFTER UPDATE ON "hr"."Phones" BEGIN
	INSERT INTO "hr"."sallyport_User" ("k1") VALUES (OLD."owner");
	INSERT INTO "hr"."sallyport_User" ("k1") SELECT NEW."owner" WHERE NOT (NEW."owner" IS OLD."owner");
END;
DROP TRIGGER IF EXISTS "sallyport_User_1_delete";
CREATE TRIGGER "sallyport_User_1_delete" AFTER DELETE ON "hr"."Phones" BEGIN
	INSERT INTO "hr"."sallyport_User" ("k1") VALUES (OLD."owner");
END;
-- history of Badge, dropped false
CREATE TABLE IF NOT EXISTS "sallyport_Badge" (
	seq integer PRIMARY KEY AUTOINCREMENT,
	at text NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
	epoch text,
	"k1" varchar(100) NULL,
	"k2" integer NULL
);
INSERT INTO "sallyport_Badge" (epoch) SELECT lower(hex(randomblob(16))) WHERE NOT EXISTS (SELECT 1 FROM "sallyport_Badge");
DROP TRIGGER IF EXISTS "sallyport_Badge_0_insert";
CREATE TRIGGER "sallyport_Badge_0_insert" AFTER INSERT ON "Badges" BEGIN
	INSERT INTO "sallyport_Badge" ("k1", "k2") VALUES (NEW."site", NEW."badge");
END;
DROP TRIGGER IF EXISTS "sallyport_Badge_0_update";
CREATE TRIGGER "sallyport_Badge_0_update" AFTER UPDATE ON "Badges" BEGIN
	INSERT INTO "sallyport_Badge" ("k1", "k2") VALUES (OLD."site", OLD."badge");
	INSERT INTO "sallyport_Badge" ("k1", "k2") SELECT NEW."site", NEW."badge" WHERE NOT (NEW."site" IS OLD."site" AND NEW."badge" IS OLD."badge");
END;
DROP TRIGGER IF EXISTS "sallyport_Badge_0_delete";
CREATE TRIGGER "sallyport_Badge_0_delete" AFTER DELETE ON "Badges" BEGIN
	INSERT INTO "sallyport_Badge" ("k1", "k2") VALUES (OLD."site", OLD."badge");
END;
-- history of User, dropped true
DROP TRIGGER IF EXISTS "sallyport_User_0_insert";
DROP TRIGGER IF EXISTS "sallyport_User_0_update";
DROP TRIGGER IF EXISTS "sallyport_User_0_delete";
DROP TRIGGER IF EXISTS "sallyport_User_1_insert";
DROP TRIGGER IF EXISTS "sallyport_User_1_update";
DROP TRIGGER IF EXISTS "sallyport_User_1_delete";
DROP TABLE IF EXISTS "hr"."sallyport_User";
-- history of Badge, dropped true
DROP TRIGGER IF EXISTS "sallyport_Badge_0_insert";
DROP TRIGGER IF EXISTS "sallyport_Badge_0_update";
DROP TRIGGER IF EXISTS "sallyport_Badge_0_delete";
DROP TABLE IF EXISTS "sallyport_Badge";
-- call, function false [<login> <changed>]
CALL "hr"."Add User"("Login" => ?1, "Made" => NULL, "Both" => ?2)
-- call, function false []
CALL "hr"."Add User"()
