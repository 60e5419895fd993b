//go:build odbc

package main

import (
	"database/sql"

	"github.com/sallyport-id/sallyport/cmd/sallyport-odbc/odbc"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
	"github.com/sallyport-id/sallyport/host/connector/plugin/serve"
)

func main() { serve.Main(gsql.NewODBC(open)) }

func open(source string, o gsql.ODBCOptions) *sql.DB { return odbc.Open(source, odbc.Options(o)) }
