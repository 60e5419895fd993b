package notify

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
)

// Sorts of channels; a channel is one of these with what it is about.
const (
	mailTo  = "mail:"    // an address
	hookOf  = "webhook:" // a webhook of the configuration, by name
	hookApp = "file:"    // a webhook of an application, by the file that holds its address
)

// channels returns who is told about an application: everybody the configuration names, and those the application names.
func (c Config) channels(n app.Notify) []string {
	var all []string
	add := func(name string) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	for _, e := range slices.Concat(c.Emails, n.Emails) {
		add(mailTo + strings.ToLower(e))
	}
	for _, h := range c.Webhooks {
		add(hookOf + h.Name)
	}
	for _, f := range n.WebhookFiles {
		add(hookApp + f)
	}
	return all
}

// send carries one message to its channel.
func (c Config) send(ctx context.Context, m Message) error {
	if to, ok := strings.CutPrefix(m.Channel, mailTo); ok {
		return c.mail(ctx, to, m)
	}
	if name, ok := strings.CutPrefix(m.Channel, hookOf); ok {
		for _, h := range c.Webhooks {
			if h.Name == name {
				return c.hook(ctx, h, c.secret, m)
			}
		}
		return fault.New(fault.NotFound, "send a message", "the webhook %q is not configured any more", name)
	}
	return c.hook(ctx, Hook{URLFile: strings.TrimPrefix(m.Channel, hookApp)}, c.confined, m)
}
