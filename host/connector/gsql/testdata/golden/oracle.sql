-- import User, result 0 []
SELECT m."id", m."login", m."odd name]`", m."changed" FROM "hr"."Users" m ORDER BY m."id"
-- import User, result 1 []
SELECT m."id", c."phone" FROM "hr"."Phones" c JOIN "hr"."Users" m ON c."owner" = m."id" ORDER BY m."id"
-- page of User, first true []
SELECT * FROM (SELECT m."id", m."login", m."odd name]`", m."changed" FROM "hr"."Users" m ORDER BY m."id") WHERE ROWNUM <= 1000
-- page of values [upto k1]
SELECT m."id", c."phone" FROM "hr"."Phones" c JOIN "hr"."Users" m ON c."owner" = m."id" WHERE (NOT (m."id" > :1)) ORDER BY m."id"
-- page of User, first false [k1]
SELECT * FROM (SELECT m."id", m."login", m."odd name]`", m."changed" FROM "hr"."Users" m WHERE (m."id" > :1) ORDER BY m."id") WHERE ROWNUM <= 1000
-- page of values [upto k1]
SELECT m."id", c."phone" FROM "hr"."Phones" c JOIN "hr"."Users" m ON c."owner" = m."id" WHERE (NOT (m."id" > :1) AND (m."id" > :2)) ORDER BY m."id"
-- import Badge, result 0 []
SELECT m."site", m."badge", m."holder" FROM "Badges" m
-- page of Badge, first true []
SELECT * FROM (SELECT m."site", m."badge", m."holder" FROM "Badges" m ORDER BY m."site", m."badge") WHERE ROWNUM <= 1000
-- page of Badge, first false [k1 k2]
SELECT * FROM (SELECT m."site", m."badge", m."holder" FROM "Badges" m WHERE ((m."site" > :1) OR (m."site" = :1 AND m."badge" > :2)) ORDER BY m."site", m."badge") WHERE ROWNUM <= 1000
-- look up by id [7]
SELECT m."id", m."login", m."odd name]`", m."changed" FROM "hr"."Users" m WHERE m."id" = :1
-- look up by login [o'neill]
SELECT m."id", m."login", m."odd name]`", m."changed" FROM "hr"."Users" m WHERE m."login" = :1
-- look up by phones [+46]
SELECT m."id", m."login", m."odd name]`", m."changed" FROM "hr"."Users" m WHERE EXISTS (SELECT 1 FROM "hr"."Phones" x WHERE x."owner" = m."id" AND x."phone" = :1)
-- look up by changed [2026-07-01 14:00:00 +0000 UTC]
SELECT m."id", m."login", m."odd name]`", m."changed" FROM "hr"."Users" m WHERE m."changed" = :1
-- look up by Anchor [north 7]
SELECT m."site", m."badge", m."holder" FROM "Badges" m WHERE m."site" = :1 AND m."badge" = :2
-- one row []
SELECT * FROM (SELECT 1) WHERE ROWNUM <= 1
-- create User of 3 attributes [2026-07-01 14:00:00 +0000 UTC a x'); DROP TABLE t; -- …]
INSERT INTO "hr"."Users" ("changed", "login", "odd name]`") VALUES (:1, :2, :3) RETURNING ROWID INTO :4
-- then []
SELECT "id", "login", "odd name]`", "changed" FROM "hr"."Users" WHERE ROWID = CHARTOROWID(:1)
-- create User of 0 attributes […]
INSERT INTO "hr"."Users" ("id") VALUES (DEFAULT) RETURNING ROWID INTO :1
-- then []
SELECT "id", "login", "odd name]`", "changed" FROM "hr"."Users" WHERE ROWID = CHARTOROWID(:1)
-- create Badge of 2 attributes [7 north …]
INSERT INTO "Badges" ("badge", "site") VALUES (:1, :2) RETURNING ROWID INTO :3
-- then []
SELECT "site", "badge", "holder" FROM "Badges" WHERE ROWID = CHARTOROWID(:1)
-- create Badge of 1 attributes [north …]
INSERT INTO "Badges" ("site") VALUES (:1) RETURNING ROWID INTO :2
-- then []
SELECT "site", "badge", "holder" FROM "Badges" WHERE ROWID = CHARTOROWID(:1)
-- update User [{replace login [b]} {replace changed []}] [b <nil> 7]
UPDATE "hr"."Users" SET "login" = :1, "changed" = :2 WHERE "id" = :3
-- update User [{remove login [b]}] [b 7]
UPDATE "hr"."Users" SET "login" = CASE WHEN "login" = :1 THEN NULL ELSE "login" END WHERE "id" = :2
-- update Badge [{replace badge [8]}] [8 north 7 …]
UPDATE "Badges" SET "badge" = :1 WHERE "site" = :2 AND "badge" = :3 RETURNING ROWID INTO :4
-- then []
SELECT "site", "badge" FROM "Badges" WHERE ROWID = CHARTOROWID(:1)
-- values, three at once [7 1]
INSERT INTO "hr"."Phones" ("owner", "phone") VALUES (:1, :2)
-- delete [north 7]
DELETE FROM "Badges" WHERE "site" = :1 AND "badge" = :2
-- savepoint
SAVEPOINT sallyport;
ROLLBACK TO SAVEPOINT sallyport;
-- watermark: position []
SELECT TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), 'YYYY-MM-DD HH24:MI:SS.FF6'), NULL FROM DUAL
-- watermark: changed, result 0 []
SELECT m."id", m."login", m."odd name]`", m."changed" FROM "hr"."Users" m WHERE (m."changed" >= TIMESTAMP '2026-07-01 13:59:00' OR EXISTS (SELECT 1 FROM "hr"."Phones" h WHERE h."owner" = m."id" AND h."changed" >= TIMESTAMP '2026-07-01 13:59:00')) ORDER BY m."id"
-- watermark: changed, result 1 []
SELECT m."id", c."phone" FROM "hr"."Phones" c JOIN "hr"."Users" m ON c."owner" = m."id" WHERE (m."changed" >= TIMESTAMP '2026-07-01 13:59:00' OR EXISTS (SELECT 1 FROM "hr"."Phones" h WHERE h."owner" = m."id" AND h."changed" >= TIMESTAMP '2026-07-01 13:59:00')) ORDER BY m."id"
-- call, function false [<login> <out:id> <out:changed>]
BEGIN "hr"."Add User"("LOGIN" => :1, "MADE" => :2, "BOTH" => :3); END;
-- call, function false []
BEGIN "hr"."Add User"(); END;
