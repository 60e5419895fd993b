-- import User, result 0 []
SELECT m.[id], m.[login], m.[odd name]]"`], m.[changed] FROM [hr].[Users] m ORDER BY m.[id]
-- import User, result 1 []
SELECT m.[id], c.[phone] FROM [hr].[Phones] c JOIN [hr].[Users] m ON c.[owner] = m.[id] ORDER BY m.[id]
-- page of User, first true []
SELECT TOP (1000) m.[id], m.[login], m.[odd name]]"`], m.[changed] FROM [hr].[Users] m ORDER BY m.[id]
-- page of values [upto k1]
SELECT m.[id], c.[phone] FROM [hr].[Phones] c JOIN [hr].[Users] m ON c.[owner] = m.[id] WHERE (NOT (m.[id] > @p1)) ORDER BY m.[id]
-- page of User, first false [k1]
SELECT TOP (1000) m.[id], m.[login], m.[odd name]]"`], m.[changed] FROM [hr].[Users] m WHERE (m.[id] > @p1) ORDER BY m.[id]
-- page of values [upto k1]
SELECT m.[id], c.[phone] FROM [hr].[Phones] c JOIN [hr].[Users] m ON c.[owner] = m.[id] WHERE (NOT (m.[id] > @p1) AND (m.[id] > @p2)) ORDER BY m.[id]
-- import Badge, result 0 []
SELECT m.[site], m.[badge], m.[holder] FROM [Badges] m
-- page of Badge, first true []
SELECT TOP (1000) m.[site], m.[badge], m.[holder] FROM [Badges] m ORDER BY m.[site], m.[badge]
-- page of Badge, first false [k1 k2]
SELECT TOP (1000) m.[site], m.[badge], m.[holder] FROM [Badges] m WHERE ((m.[site] > @p1) OR (m.[site] = @p1 AND m.[badge] > @p2)) ORDER BY m.[site], m.[badge]
-- look up by id [7]
SELECT m.[id], m.[login], m.[odd name]]"`], m.[changed] FROM [hr].[Users] m WHERE m.[id] = @p1
-- look up by login [o'neill]
SELECT m.[id], m.[login], m.[odd name]]"`], m.[changed] FROM [hr].[Users] m WHERE m.[login] = @p1
-- look up by phones [+46]
SELECT m.[id], m.[login], m.[odd name]]"`], m.[changed] FROM [hr].[Users] m WHERE EXISTS (SELECT 1 FROM [hr].[Phones] x WHERE x.[owner] = m.[id] AND x.[phone] = @p1)
-- look up by changed [2026-07-01T14:00:00]
SELECT m.[id], m.[login], m.[odd name]]"`], m.[changed] FROM [hr].[Users] m WHERE m.[changed] = @p1
-- look up by Anchor [north 7]
SELECT m.[site], m.[badge], m.[holder] FROM [Badges] m WHERE m.[site] = @p1 AND m.[badge] = @p2
-- one row []
SELECT TOP (1) 1
-- create User of 3 attributes [2026-07-01T14:00:00 a x'); DROP TABLE t; --]
SET NOCOUNT ON; DECLARE @sallyport TABLE ([id] bigint); INSERT INTO [hr].[Users] ([changed], [login], [odd name]]"`]) OUTPUT INSERTED.[id] INTO @sallyport VALUES (@p1, @p2, @p3); SELECT m.[id], m.[login], m.[odd name]]"`], m.[changed] FROM [hr].[Users] m JOIN @sallyport s ON s.[id] = m.[id]
-- create User of 0 attributes []
SET NOCOUNT ON; DECLARE @sallyport TABLE ([id] bigint); INSERT INTO [hr].[Users] OUTPUT INSERTED.[id] INTO @sallyport DEFAULT VALUES; SELECT m.[id], m.[login], m.[odd name]]"`], m.[changed] FROM [hr].[Users] m JOIN @sallyport s ON s.[id] = m.[id]
-- create Badge of 2 attributes [7 north]
SET NOCOUNT ON; DECLARE @sallyport TABLE ([site] nvarchar(100), [badge] bigint); INSERT INTO [Badges] ([badge], [site]) OUTPUT INSERTED.[site], INSERTED.[badge] INTO @sallyport VALUES (@p1, @p2); SELECT m.[site], m.[badge], m.[holder] FROM [Badges] m JOIN @sallyport s ON s.[site] = m.[site] AND s.[badge] = m.[badge]
-- create Badge of 1 attributes [north]
SET NOCOUNT ON; DECLARE @sallyport TABLE ([site] nvarchar(100), [badge] bigint); INSERT INTO [Badges] ([site]) OUTPUT INSERTED.[site], INSERTED.[badge] INTO @sallyport VALUES (@p1); SELECT m.[site], m.[badge], m.[holder] FROM [Badges] m JOIN @sallyport s ON s.[site] = m.[site] AND s.[badge] = m.[badge]
-- update User [{replace login [b]} {replace changed []}] [b <nil> 7]
UPDATE [hr].[Users] SET [login] = @p1, [changed] = @p2 WHERE [id] = @p3
-- update User [{remove login [b]}] [b 7]
UPDATE [hr].[Users] SET [login] = CASE WHEN [login] = @p1 THEN NULL ELSE [login] END WHERE [id] = @p2
-- update Badge [{replace badge [8]}] [8 north 7]
SET NOCOUNT ON; DECLARE @sallyport TABLE ([site] nvarchar(100), [badge] bigint); UPDATE [Badges] SET [badge] = @p1 OUTPUT INSERTED.[site], INSERTED.[badge] INTO @sallyport WHERE [site] = @p2 AND [badge] = @p3; SELECT m.[site], m.[badge] FROM [Badges] m JOIN @sallyport s ON s.[site] = m.[site] AND s.[badge] = m.[badge]
-- values, three at once [7 1 7 2 7 3]
INSERT INTO [hr].[Phones] ([owner], [phone]) VALUES (@p1, @p2), (@p3, @p4), (@p5, @p6)
-- delete [north 7]
DELETE FROM [Badges] WHERE [site] = @p1 AND [badge] = @p2
-- savepoint
SAVE TRANSACTION sallyport;
ROLLBACK TRANSACTION sallyport;
-- watermark: position []
SELECT CONVERT(varchar(26), SYSUTCDATETIME(), 121), NULL
-- watermark: changed, result 0 []
SELECT m.[id], m.[login], m.[odd name]]"`], m.[changed] FROM [hr].[Users] m WHERE (m.[changed] >= '2026-07-01T13:59:00' OR EXISTS (SELECT 1 FROM [hr].[Phones] h WHERE h.[owner] = m.[id] AND h.[changed] >= '2026-07-01T13:59:00')) ORDER BY m.[id]
-- watermark: changed, result 1 []
SELECT m.[id], c.[phone] FROM [hr].[Phones] c JOIN [hr].[Users] m ON c.[owner] = m.[id] WHERE (m.[changed] >= '2026-07-01T13:59:00' OR EXISTS (SELECT 1 FROM [hr].[Phones] h WHERE h.[owner] = m.[id] AND h.[changed] >= '2026-07-01T13:59:00')) ORDER BY m.[id]
-- change tracking: position []
SELECT CONVERT(varchar(20), CHANGE_TRACKING_CURRENT_VERSION()), CASE WHEN CHANGE_TRACKING_MIN_VALID_VERSION(OBJECT_ID(N'[hr].[Users]')) IS NULL THEN NULL ELSE 'on' END
-- change tracking: changed, result 0 []
SELECT m.[id], m.[login], m.[odd name]]"`], m.[changed] FROM [hr].[Users] m WHERE (EXISTS (SELECT 1 FROM CHANGETABLE(CHANGES [hr].[Users], 41) h WHERE h.[id] = m.[id]) OR EXISTS (SELECT 1 FROM CHANGETABLE(CHANGES [hr].[Phones], 41) h WHERE h.[owner] = m.[id])) ORDER BY m.[id]
-- change tracking: changed, result 1 []
SELECT m.[id], c.[phone] FROM [hr].[Phones] c JOIN [hr].[Users] m ON c.[owner] = m.[id] WHERE (EXISTS (SELECT 1 FROM CHANGETABLE(CHANGES [hr].[Users], 41) h WHERE h.[id] = m.[id]) OR EXISTS (SELECT 1 FROM CHANGETABLE(CHANGES [hr].[Phones], 41) h WHERE h.[owner] = m.[id])) ORDER BY m.[id]
-- change tracking: given up []
SELECT name FROM (VALUES (N'[hr].[Users]'), (N'[hr].[Phones]')) AS x (name) WHERE coalesce(CHANGE_TRACKING_MIN_VALID_VERSION(OBJECT_ID(name)), 9223372036854775807) > 41
-- change tracking: gone []
SELECT h.[id] FROM CHANGETABLE(CHANGES [hr].[Users], 41) h WHERE h.SYS_CHANGE_OPERATION = 'D' AND NOT EXISTS (SELECT 1 FROM [hr].[Users] m WHERE m.[id] = h.[id])
-- history: position []
SELECT CONVERT(varchar(20), CONVERT(bigint, MIN_ACTIVE_ROWVERSION())), [epoch] FROM [hr].[sallyport_User] WHERE [seq] = 1
-- history: changed, result 0 []
SELECT m.[id], m.[login], m.[odd name]]"`], m.[changed] FROM [hr].[Users] m WHERE (EXISTS (SELECT 1 FROM [hr].[sallyport_User] h WHERE h.[k1] = m.[id] AND h.[rv] >= CONVERT(binary(8), CONVERT(bigint, 41)))) ORDER BY m.[id]
-- history: changed, result 1 []
SELECT m.[id], c.[phone] FROM [hr].[Phones] c JOIN [hr].[Users] m ON c.[owner] = m.[id] WHERE (EXISTS (SELECT 1 FROM [hr].[sallyport_User] h WHERE h.[k1] = m.[id] AND h.[rv] >= CONVERT(binary(8), CONVERT(bigint, 41)))) ORDER BY m.[id]
-- history: gone []
SELECT DISTINCT h.[k1] FROM [hr].[sallyport_User] h WHERE h.[rv] >= CONVERT(binary(8), CONVERT(bigint, 41)) AND h.[k1] IS NOT NULL AND NOT EXISTS (SELECT 1 FROM [hr].[Users] m WHERE m.[id] = h.[k1])
-- history: count []
SELECT count(*) FROM [hr].[sallyport_User] h WHERE h.[rv] >= CONVERT(binary(8), CONVERT(bigint, 41)) AND h.[k1] IS NOT NULL
-- history of User, dropped false
IF OBJECT_ID(N'[hr].[sallyport_User]') IS NULL CREATE TABLE [hr].[sallyport_User] (
	[seq] bigint IDENTITY PRIMARY KEY,
	[rv] rowversion,
	[at] datetime2 NOT NULL DEFAULT SYSUTCDATETIME(),
	[epoch] varchar(36) NULL,
	[k1] bigint NULL,
	INDEX [by_rv] ([rv])
);
INSERT INTO [hr].[sallyport_User] ([epoch]) SELECT CONVERT(varchar(36), NEWID()) WHERE NOT EXISTS (SELECT 1 FROM [hr].[sallyport_User]);
CREATE OR ALTER TRIGGER [hr].[sallyport_User_0] ON [hr].[Users] AFTER INSERT, UPDATE, DELETE AS
BEGIN
	SET NOCOUNT ON;
	INSERT INTO [hr].[sallyport_User] ([k1])
	SELECT [id] FROM inserted UNION SELECT [id] FROM deleted;
END;
CREATE OR ALTER TRIGGER [hr].[sallyport_User_1] ON [hr].[Phones] AFTER INSERT, UPDATE, DELETE AS
BEGIN
	SET NOCOUNT ON;
	INSERT INTO [hr].[sallyport_User] ([k1])
	SELECT [owner] FROM inserted UNION SELECT [owner] FROM deleted;
END;
-- history of Badge, dropped false
IF OBJECT_ID(N'[sallyport_Badge]') IS NULL CREATE TABLE [sallyport_Badge] (
	[seq] bigint IDENTITY PRIMARY KEY,
	[rv] rowversion,
	[at] datetime2 NOT NULL DEFAULT SYSUTCDATETIME(),
	[epoch] varchar(36) NULL,
	[k1] nvarchar(100) NULL,
	[k2] bigint NULL,
	INDEX [by_rv] ([rv])
);
INSERT INTO [sallyport_Badge] ([epoch]) SELECT CONVERT(varchar(36), NEWID()) WHERE NOT EXISTS (SELECT 1 FROM [sallyport_Badge]);
CREATE OR ALTER TRIGGER [sallyport_Badge_0] ON [Badges] AFTER INSERT, UPDATE, DELETE AS
BEGIN
	SET NOCOUNT ON;
	INSERT INTO [sallyport_Badge] ([k1], [k2])
	SELECT [site], [badge] FROM inserted UNION SELECT [site], [badge] FROM deleted;
END;
-- history of User, dropped true
DROP TRIGGER IF EXISTS [hr].[sallyport_User_0];
DROP TRIGGER IF EXISTS [hr].[sallyport_User_1];
DROP TABLE IF EXISTS [hr].[sallyport_User];
-- history of Badge, dropped true
DROP TRIGGER IF EXISTS [sallyport_Badge_0];
DROP TABLE IF EXISTS [sallyport_Badge];
-- call, function false [<login> <out:id> <out:changed>]
EXEC [hr].[Add User] @Login = @p1, @Made = @p2 OUTPUT, @Both = @p3 OUTPUT
-- call, function false []
EXEC [hr].[Add User] 
