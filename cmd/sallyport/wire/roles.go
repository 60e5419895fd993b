package wire

import (
	"context"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/catalog"
)

// Roles looks up what an application calls a role; one that is not known any more has its id for a name.
func Roles(c catalog.Store) func(context.Context, app.ID, string) (value, display string, err error) {
	return func(ctx context.Context, a app.ID, role string) (string, string, error) {
		reg, err := c.Registration(ctx, string(a))
		if fault.Is(err, fault.NotFound) {
			return "", "", nil
		}
		for _, r := range reg.Roles {
			if r.ID == role {
				return r.Value, r.DisplayName, nil
			}
		}
		return "", "", err
	}
}
