package sqlite

import (
	"errors"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/sallyport-id/sallyport/fault"
)

// translate gives an error of the database its kind and says what to do. It returns nil for nil, and a fault as it is.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return fault.New(fault.Internal, "", "%w", err)
	}
	kind, hint := meaning(e.Code())
	if kind == fault.Exists { // callers may see this one; tables and columns are none of their business
		return fault.New(kind, "", "something of this name or id is there already")
	}
	return &fault.Error{Kind: kind, Err: err, Hint: hint}
}

func meaning(code int) (fault.Kind, string) {
	switch code {
	case lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fault.Exists, ""
	case lib.SQLITE_IOERR_FSYNC, lib.SQLITE_IOERR_DIR_FSYNC:
		return fault.Timeout, "the disk did not confirm the write, so whether it is kept is unknown: check the disk, restart the service"
	}
	switch code & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fault.Unavailable, "another program holds the database: close it"
	case lib.SQLITE_FULL:
		return fault.Unavailable, "the disk is full: make room in the data folder"
	case lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN:
		return fault.Unavailable, "the disk or the data folder cannot be used: check that it is mounted, writable and healthy"
	case lib.SQLITE_READONLY, lib.SQLITE_PERM, lib.SQLITE_AUTH:
		return fault.Denied, "let the service write in its data folder"
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return fault.Internal, "the file is damaged or not a database: check the disk, then restore the data folder from a backup"
	}
	return fault.Internal, ""
}
