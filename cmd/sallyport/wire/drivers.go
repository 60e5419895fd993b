package wire

import (
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
	"github.com/sallyport-id/sallyport/host/connector/mem"
)

// Drivers is the one list of connectors this program has.
func Drivers() map[string]connector.Driver {
	all := map[string]connector.Driver{}
	for _, d := range []connector.Driver{gldap.New(), gsql.New(), mem.New()} {
		all[d.Name()] = d
	}
	return all
}
