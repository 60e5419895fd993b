package gsql

import "github.com/sallyport-id/sallyport/host/connector"

// Settings declares the settings of all methods.
func (Driver) Settings() []connector.Setting {
	return []connector.Setting{
		{Name: "url", Label: "Database URL", Type: connector.Text, Required: true, Page: "Connectivity",
			Help: "postgres://user@host:5432/database?sslmode=verify-full, mariadb://user@host:3306/database?tls=true (or mysql://), sqlserver://user@host:1433?database=name, oracle://user@host:1521/service or sqlite:/path/to/file.db, without the password. A SQLite file must exist."},
		{Name: "user", Label: "User name", Type: connector.Text, Page: "Connectivity",
			Help: "Account of the database; takes the place of the user in the URL."},
		{Name: "password", Label: "Password", Type: connector.Password, Page: "Connectivity",
			Help: "Password of the account. It is never part of the URL."},
		{Name: "commandTimeout", Label: "Command timeout", Type: connector.Duration, Default: "30s", Page: "Connectivity",
			Help: "How long one statement may take. Raise it for slow views; a full import may take longer, as long as rows keep coming."},
		{Name: "types", Label: "Object types", Type: connector.Lines, Required: true, Page: "Schema",
			Help: "One line for each object type and its table or view: User=dbo.Employees. Names are used exactly as typed; quote odd ones: User=\"my schema\".\"a table\" or User=[dbo].[USERS]."},
		{Name: "anchors", Label: "Anchors", Type: connector.Lines, Page: "Schema",
			Help: "Column or columns that identify an object for good: User=InternalGUID or User=USERNAME,EMPLOYEEID. Without a line the primary key is used. Rows without an anchor are not imported."},
		{Name: "multiValued", Label: "Multi-valued attributes", Type: connector.Lines, Page: "Schema",
			Help: "Attributes whose values are rows of another table: Type.attribute=table(owner column -> value column), with ref and the types pointed to when the values are anchors of other objects. User.phones=UserPhone(USER_ID -> Phone) or Group.members=GroupMembers(GroupID -> MemberID) ref User,Group; ref * is any type. Several columns are separated by commas."},
		{Name: "references", Label: "References", Type: connector.Lines, Page: "Schema",
			Help: "Columns that hold the anchor of another object: User.ManagerID=User; * is any type. Foreign keys to the anchor of a listed type are found without a line."},
		{Name: "json", Label: "JSON columns", Type: connector.Lines, Page: "Schema",
			Help: "Columns that hold JSON: User.name for one value, User.emails[] for a list. The column is json, jsonb or text."},
		{Name: "dataTypes", Label: "Data types", Type: connector.Lines, Page: "Schema",
			Help: "Where the detected type of a column is not the one meant: User.HireDate=DateTime. String, Integer, Decimal, Boolean, DateTime, Binary."},
		{Name: "writeOnly", Label: "Write-only columns", Type: connector.Lines, Page: "Schema",
			Help: "Columns that are written and never read back, such as password hashes: User.Password."},
		{Name: "statements", Label: "Statements and procedures", Type: connector.Lines, Page: "Schema",
			Help: "How operations are done where the table alone is not enough: sections [User import], [User create], [User update], [User update phone], [User delete], [User lookup login], [User values phones], [User add phones], [User remove phones], [User delta], [User watermark], [User password] with SQL whose parameters are @attribute or :attribute, or ? in the order of names in the head: [User create (login, name)]. [User create procedure dbo.AddUser] with lines @Name:INPUT:attribute calls a procedure. A type without a table is listed as User=(query)."},
		{Name: "delta", Label: "Delta strategy", Type: connector.Choice, Default: deltaNone, Choices: []string{deltaNone, deltaWatermark, deltaHistory, deltaTracking}, Page: "Global",
			Help: "How only what changed is imported: by a column that every change moves on (watermark), by a table that triggers fill (history; 'sallyport connector sql-delta' writes them), or by SQL Server's change tracking."},
		{Name: "deltaColumns", Label: "Watermark columns", Type: connector.Lines, Page: "Global",
			Help: "For delta watermark, one line for each type and table of values: User=CHANGED_AT, User.phones=CHANGED_AT. A date, or a number that only grows."},
		{Name: "deltaDeletes", Label: "Find deletions by comparing anchors", Type: connector.Check, Default: "false", Page: "Global",
			Help: "For delta watermark: read all anchors at each delta to see what is gone. Without it, deletions show at the next full import."},
		{Name: "deltaOverlap", Label: "Overlap of deltas", Type: connector.Duration, Default: "1m", Page: "Global",
			Help: "How far a delta by time reaches back, for transactions that commit late and clocks that differ. Longer than the longest transaction."},
		{Name: "dateTimeFormat", Label: "Date and time format", Type: connector.Text, Page: "Global",
			Help: "How dates are written into text columns, as a .NET format: yyyy-MM-dd HH:mm:ss. Without one, fractions of a second are kept."},
		{Name: "timeZone", Label: "Time zone of the data", Type: connector.Text, Default: "UTC", Page: "Global",
			Help: "Time zone of dates that carry none, such as Europe/Stockholm."},
		{Name: "writers", Label: "Parallel writers", Type: connector.Number, Default: "0", Page: "Export",
			Help: "How many sessions may write at once. 0 leaves it to the database: 16 on a server, 4 on SQLite, which writes one after the other."},
	}
}
