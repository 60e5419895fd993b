-- import User, result 0 []
SELECT m.`id`, m.`login`, m.`odd name]"```, m.`changed` FROM `hr`.`Users` m ORDER BY m.`id`
-- import User, result 1 []
SELECT m.`id`, c.`phone` FROM `hr`.`Phones` c JOIN `hr`.`Users` m ON c.`owner` = m.`id` ORDER BY m.`id`
-- page of User, first true []
SELECT m.`id`, m.`login`, m.`odd name]"```, m.`changed` FROM `hr`.`Users` m ORDER BY m.`id` LIMIT 1000
-- page of values [upto]
SELECT m.`id`, c.`phone` FROM `hr`.`Phones` c JOIN `hr`.`Users` m ON c.`owner` = m.`id` WHERE (NOT (m.`id` > ?)) ORDER BY m.`id`
-- page of User, first false [k1]
SELECT m.`id`, m.`login`, m.`odd name]"```, m.`changed` FROM `hr`.`Users` m WHERE (m.`id` > ?) ORDER BY m.`id` LIMIT 1000
-- page of values [upto k1]
SELECT m.`id`, c.`phone` FROM `hr`.`Phones` c JOIN `hr`.`Users` m ON c.`owner` = m.`id` WHERE (NOT (m.`id` > ?) AND (m.`id` > ?)) ORDER BY m.`id`
-- import Badge, result 0 []
SELECT m.`site`, m.`badge`, m.`holder` FROM `Badges` m
-- page of Badge, first true []
SELECT m.`site`, m.`badge`, m.`holder` FROM `Badges` m ORDER BY m.`site`, m.`badge` LIMIT 1000
-- page of Badge, first false [k1 k1]
SELECT m.`site`, m.`badge`, m.`holder` FROM `Badges` m WHERE ((m.`site` > ?) OR (m.`site` = ? AND m.`badge` > ?)) ORDER BY m.`site`, m.`badge` LIMIT 1000
-- look up by id [7]
SELECT m.`id`, m.`login`, m.`odd name]"```, m.`changed` FROM `hr`.`Users` m WHERE m.`id` = ?
-- look up by login [o'neill]
SELECT m.`id`, m.`login`, m.`odd name]"```, m.`changed` FROM `hr`.`Users` m WHERE m.`login` = ?
-- look up by phones [+46]
SELECT m.`id`, m.`login`, m.`odd name]"```, m.`changed` FROM `hr`.`Users` m WHERE EXISTS (SELECT 1 FROM `hr`.`Phones` x WHERE x.`owner` = m.`id` AND x.`phone` = ?)
-- look up by changed [2026-07-01 14:00:00]
SELECT m.`id`, m.`login`, m.`odd name]"```, m.`changed` FROM `hr`.`Users` m WHERE m.`changed` = ?
-- look up by Anchor [north 7]
SELECT m.`site`, m.`badge`, m.`holder` FROM `Badges` m WHERE m.`site` = ? AND m.`badge` = ?
-- one row []
SELECT 1 LIMIT 1
-- create User of 3 attributes [2026-07-01 14:00:00 a x'); DROP TABLE t; --]
INSERT INTO `hr`.`Users` (`changed`, `login`, `odd name]"```) VALUES (?, ?, ?) RETURNING `id`, `login`, `odd name]"```, `changed`
-- create User of 0 attributes []
INSERT INTO `hr`.`Users` () VALUES () RETURNING `id`, `login`, `odd name]"```, `changed`
-- create Badge of 2 attributes [7 north]
INSERT INTO `Badges` (`badge`, `site`) VALUES (?, ?) RETURNING `site`, `badge`, `holder`
-- create Badge of 1 attributes [north]
INSERT INTO `Badges` (`site`) VALUES (?) RETURNING `site`, `badge`, `holder`
-- update User [{replace login [b]} {replace changed []}] [b <nil> 7]
UPDATE `hr`.`Users` SET `login` = ?, `changed` = ? WHERE `id` = ?
-- update User [{remove login [b]}] [b 7]
UPDATE `hr`.`Users` SET `login` = CASE WHEN `login` = ? THEN NULL ELSE `login` END WHERE `id` = ?
-- update Badge [{replace badge [8]}] [8 north 7]
UPDATE `Badges` SET `badge` = ? WHERE `site` = ? AND `badge` = ?
-- then [north 8]
SELECT `site`, `badge` FROM `Badges` WHERE `site` = ? AND `badge` = ? FOR UPDATE
-- values, three at once [7 1 7 2 7 3]
INSERT INTO `hr`.`Phones` (`owner`, `phone`) VALUES (?, ?), (?, ?), (?, ?)
-- delete [north 7]
DELETE FROM `Badges` WHERE `site` = ? AND `badge` = ?
-- savepoint
SAVEPOINT sallyport;
ROLLBACK TO SAVEPOINT sallyport;
-- watermark: position []
SELECT CAST(utc_timestamp(6) AS char), NULL
-- watermark: changed, result 0 []
SELECT m.`id`, m.`login`, m.`odd name]"```, m.`changed` FROM `hr`.`Users` m WHERE (m.`changed` >= '2026-07-01 13:59:00' OR EXISTS (SELECT 1 FROM `hr`.`Phones` h WHERE h.`owner` = m.`id` AND h.`changed` >= '2026-07-01 13:59:00')) ORDER BY m.`id`
-- watermark: changed, result 1 []
SELECT m.`id`, c.`phone` FROM `hr`.`Phones` c JOIN `hr`.`Users` m ON c.`owner` = m.`id` WHERE (m.`changed` >= '2026-07-01 13:59:00' OR EXISTS (SELECT 1 FROM `hr`.`Phones` h WHERE h.`owner` = m.`id` AND h.`changed` >= '2026-07-01 13:59:00')) ORDER BY m.`id`
-- history: position []
SELECT CAST(utc_timestamp(6) - INTERVAL 60 SECOND AS char), `epoch` FROM `hr`.`sallyport_User` WHERE `seq` = 1
-- history: changed, result 0 []
SELECT m.`id`, m.`login`, m.`odd name]"```, m.`changed` FROM `hr`.`Users` m WHERE (EXISTS (SELECT 1 FROM `hr`.`sallyport_User` h WHERE h.`k1` = m.`id` AND h.`at` >= '2026-07-01 12:00:00.5')) ORDER BY m.`id`
-- history: changed, result 1 []
SELECT m.`id`, c.`phone` FROM `hr`.`Phones` c JOIN `hr`.`Users` m ON c.`owner` = m.`id` WHERE (EXISTS (SELECT 1 FROM `hr`.`sallyport_User` h WHERE h.`k1` = m.`id` AND h.`at` >= '2026-07-01 12:00:00.5')) ORDER BY m.`id`
-- history: gone []
SELECT DISTINCT h.`k1` FROM `hr`.`sallyport_User` h WHERE h.`at` >= '2026-07-01 12:00:00.5' AND h.`k1` IS NOT NULL AND NOT EXISTS (SELECT 1 FROM `hr`.`Users` m WHERE m.`id` = h.`k1`)
-- history: count []
SELECT count(*) FROM `hr`.`sallyport_User` h WHERE h.`at` >= '2026-07-01 12:00:00.5' AND h.`k1` IS NOT NULL
-- history of User, dropped false
CREATE TABLE IF NOT EXISTS `hr`.`sallyport_User` (
	`seq` bigint AUTO_INCREMENT PRIMARY KEY,
	`at` datetime(6) NOT NULL,
	`epoch` varchar(36),
	`k1` bigint NULL,
	INDEX (`at`)
);
INSERT INTO `hr`.`sallyport_User` (`at`, `epoch`) SELECT '1970-01-01', uuid() FROM (SELECT 1) x WHERE NOT EXISTS (SELECT 1 FROM `hr`.`sallyport_User` y);
DROP TRIGGER IF EXISTS `hr`.`sallyport_User_0_insert`;
CREATE TRIGGER `hr`.`sallyport_User_0_insert` AFTER INSERT ON `hr`.`Users` FOR EACH ROW
BEGIN
	INSERT INTO `hr`.`sallyport_User` (`at`, `k1`) VALUES (utc_timestamp(6), NEW.`id`);
END;
DROP TRIGGER IF EXISTS `hr`.`sallyport_User_0_update`;
CREATE TRIGGER `hr`.`sallyport_User_0_update` AFTER UPDATE ON `hr`.`Users` FOR EACH ROW
BEGIN
	INSERT INTO `hr`.`sallyport_User` (`at`, `k1`) VALUES (utc_timestamp(6), OLD.`id`);
	IF NOT (NEW.`id` <=> OLD.`id`) THEN
		INSERT INTO `hr`.`sallyport_User` (`at`, `k1`) VALUES (utc_timestamp(6), NEW.`id`);
	END IF;
END;
DROP TRIGGER IF EXISTS `hr`.`sallyport_User_0_delete`;
CREATE TRIGGER `hr`.`sallyport_User_0_delete` AFTER DELETE ON `hr`.`Users` FOR EACH ROW
BEGIN
	INSERT INTO `hr`.`sallyport_User` (`at`, `k1`) VALUES (utc_timestamp(6), OLD.`id`);
END;
DROP TRIGGER IF EXISTS `hr`.`sallyport_User_1_insert`;
CREATE TRIGGER `hr`.`sallyport_User_1_insert` AFTER INSERT ON `hr`.`Phones` FOR EACH ROW
BEGIN
	INSERT INTO `hr`.`sallyport_User` (`at`, `k1`) VALUES (utc_timestamp(6), NEW.`owner`);
END;
DROP TRIGGER IF EXISTS `hr`.`sallyport_User_1_update`;
CREATE TRIGGER `hr`.`sallyport_User_1_update` AFTER UPDATE ON `hr`.`Phones` FOR EACH ROW
BEGIN
	INSERT INTO `hr`.`sallyport_User` (`at`, `k1`) VALUES (utc_timestamp(6), OLD.`owner`);
	IF NOT (NEW.`owner` <=> OLD.`owner`) THEN
		INSERT INTO `hr`.`sallyport_User` (`at`, `k1`) VALUES (utc_timestamp(6), NEW.`owner`);
	END IF;
END;
DROP TRIGGER IF EXISTS `hr`.`sallyport_User_1_delete`;
CREATE TRIGGER `hr`.`sallyport_User_1_delete` AFTER DELETE ON `hr`.`Phones` FOR EACH ROW
BEGIN
	INSERT INTO `hr`.`sallyport_User` (`at`, `k1`) VALUES (utc_timestamp(6), OLD.`owner`);
END;
-- history of Badge, dropped false
CREATE TABLE IF NOT EXISTS `sallyport_Badge` (
	`seq` bigint AUTO_INCREMENT PRIMARY KEY,
	`at` datetime(6) NOT NULL,
	`epoch` varchar(36),
	`k1` varchar(100) NULL,
	`k2` bigint NULL,
	INDEX (`at`)
);
INSERT INTO `sallyport_Badge` (`at`, `epoch`) SELECT '1970-01-01', uuid() FROM (SELECT 1) x WHERE NOT EXISTS (SELECT 1 FROM `sallyport_Badge` y);
DROP TRIGGER IF EXISTS `sallyport_Badge_0_insert`;
CREATE TRIGGER `sallyport_Badge_0_insert` AFTER INSERT ON `Badges` FOR EACH ROW
BEGIN
	INSERT INTO `sallyport_Badge` (`at`, `k1`, `k2`) VALUES (utc_timestamp(6), NEW.`site`, NEW.`badge`);
END;
DROP TRIGGER IF EXISTS `sallyport_Badge_0_update`;
CREATE TRIGGER `sallyport_Badge_0_update` AFTER UPDATE ON `Badges` FOR EACH ROW
BEGIN
	INSERT INTO `sallyport_Badge` (`at`, `k1`, `k2`) VALUES (utc_timestamp(6), OLD.`site`, OLD.`badge`);
	IF NOT (NEW.`site` <=> OLD.`site` AND NEW.`badge` <=> OLD.`badge`) THEN
		INSERT INTO `sallyport_Badge` (`at`, `k1`, `k2`) VALUES (utc_timestamp(6), NEW.`site`, NEW.`badge`);
	END IF;
END;
DROP TRIGGER IF EXISTS `sallyport_Badge_0_delete`;
CREATE TRIGGER `sallyport_Badge_0_delete` AFTER DELETE ON `Badges` FOR EACH ROW
BEGIN
	INSERT INTO `sallyport_Badge` (`at`, `k1`, `k2`) VALUES (utc_timestamp(6), OLD.`site`, OLD.`badge`);
END;
-- history of User, dropped true
DROP TRIGGER IF EXISTS `hr`.`sallyport_User_0_insert`;
DROP TRIGGER IF EXISTS `hr`.`sallyport_User_0_update`;
DROP TRIGGER IF EXISTS `hr`.`sallyport_User_0_delete`;
DROP TRIGGER IF EXISTS `hr`.`sallyport_User_1_insert`;
DROP TRIGGER IF EXISTS `hr`.`sallyport_User_1_update`;
DROP TRIGGER IF EXISTS `hr`.`sallyport_User_1_delete`;
DROP TABLE IF EXISTS `hr`.`sallyport_User`;
-- history of Badge, dropped true
DROP TRIGGER IF EXISTS `sallyport_Badge_0_insert`;
DROP TRIGGER IF EXISTS `sallyport_Badge_0_update`;
DROP TRIGGER IF EXISTS `sallyport_Badge_0_delete`;
DROP TABLE IF EXISTS `sallyport_Badge`;
-- call, function false []
SET @sallyport_2 = NULL
-- call, function false [<changed>]
SET @sallyport_3 = ?
-- call, function false [<login>]
CALL `hr`.`Add User`(?, @sallyport_2, @sallyport_3)
-- then
SELECT @sallyport_2 AS `id`, @sallyport_3 AS `changed`
-- call, function false []
CALL `hr`.`Add User`()
