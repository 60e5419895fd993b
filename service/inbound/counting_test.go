package inbound_test

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

func (c *counting) Load(ctx context.Context, t entry.Type, ids []string, members bool) ([]directory.Object, error) {
	os, err := c.Directory.Load(ctx, t, ids, members)
	c.read += len(os)
	return os, err
}

func (c *counting) Scan(ctx context.Context, t entry.Type, after string, limit int) ([]directory.Object, error) {
	os, err := c.Directory.Scan(ctx, t, after, limit)
	c.read += len(os)
	return os, err
}
