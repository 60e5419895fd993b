package cli

import (
	"context"
	"database/sql"

	"github.com/sallyport-id/sallyport/cmd/sallyport/people"
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
	"github.com/sallyport-id/sallyport/scim"
)

// makeTables puts empty tables into the trial's database, and returns how to take them out of a database that outlives us.
func (t trial) makeTables(ctx context.Context) (undo func(), err error) {
	if err := gsql.FullSCIM(gsql.DialectOf(t.target)).Create(ctx, t.target, connector.Secret{}); err != nil {
		return func() {}, err
	}
	return func() {
		if r, err := openRows(t.target, ""); err == nil && gsql.DialectOf(t.target) == gsql.PostgreSQL {
			defer r.close()
			r.dropTrial()
		}
	}, nil
}

// dropTrial removes what FullSCIM made; what cannot be removed is left to whoever owns the database.
func (r *rows) dropTrial() {
	for _, what := range []string{`TABLE IF EXISTS "ScimMembers"`, `TABLE IF EXISTS "ScimGroups"`, `TABLE IF EXISTS "ScimUsers"`, `COLLATION IF EXISTS "sallyport_fold"`} {
		_, _ = r.db.ExecContext(context.Background(), "DROP "+what)
	}
}

// putPeople fills the tables with made-up people, all in one transaction.
func (t trial) putPeople(ctx context.Context) error {
	r, err := openRows(t.target, "")
	if err != nil {
		return err
	}
	defer r.close()
	tx, err := r.db.BeginTx(ctx, nil)
	if err == nil {
		defer func() { _ = tx.Rollback() }() // without effect after the commit
		if err = insertPeople(ctx, tx, people.Company(t.users)); err == nil {
			err = tx.Commit()
		}
	}
	return fault.Wrap(fault.Unavailable, "put made-up people into the target", err)
}

func insertPeople(ctx context.Context, tx *sql.Tx, all []people.Person) error {
	put, err := tx.PrepareContext(ctx, `INSERT INTO "ScimUsers" ("userName", "externalId", "displayName", "title", "active", "name", "emails", "phoneNumbers",
"department", "employeeNumber", "preferredLanguage", "userType") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'en', 'Employee')`)
	if err != nil {
		return err
	}
	defer put.Close()
	for i, p := range all {
		name := document(entry.Complex{"givenName": p.Given, "familyName": p.Surname})
		emails := "[" + document(entry.Complex{"type": "work", "value": p.UPN, "primary": true}) + "]"
		phones := "[" + document(entry.Complex{"type": "mobile", "value": p.Phone}) + "]"
		if _, err := put.ExecContext(ctx, p.UPN, p.EmployeeID, p.Display(), p.Title, i%50 != 49, name, emails, phones, p.Department, p.EmployeeID); err != nil {
			return err
		}
	}
	return nil
}

func document(c entry.Complex) string { return string(scim.AppendValue(nil, c)) }
