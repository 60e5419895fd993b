package connectortest

import (
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// The passwords are long, mixed and of no dictionary, so that a policy takes them.
const (
	firstPassword  = `Fjord-7-Kestrel-"Ö'%`
	secondPassword = `Quarry!9 Lantern\é<&`
	wrongPassword  = `Nobody-0-Knows-This`
)

func setsPassword(t *trial, h Harness) {
	c := begin(t, h)
	e := c.sample(1, nil)
	for _, p := range []string{firstPassword, secondPassword} {
		if err := c.Session.(connector.PasswordSetter).SetPassword(t.ctx, h.Type, connector.Anchor(e.ID), connector.NewSecret(p)); err != nil {
			t.Fatalf("set the password: %s", said(err))
		}
		c.logsIn(e, p, true)
		c.logsIn(e, wrongPassword, false)
	}
	c.logsIn(e, firstPassword, false)
	for name, vs := range c.all(h.Type)[e.ID].Attrs {
		for _, v := range vs {
			if s, ok := v.(string); ok && strings.Contains(s, secondPassword) {
				t.Errorf("the password is read back in %s", name)
			}
		}
	}
}

func (c *client) logsIn(e entry.Entry, password string, want bool) {
	c.t.Helper()
	if c.h.Login == nil {
		return
	}
	if err := c.h.Login(c.ctx, connector.Anchor(e.ID), connector.NewSecret(password)); (err == nil) != want {
		c.t.Errorf("logging in: %v, want it to work: %v", err, want)
	}
}

func passwordOfNobody(t *trial, h Harness) {
	c := begin(t, h)
	e := c.sample(1, nil)
	if err := c.Delete(t.ctx, h.Type, connector.Anchor(e.ID)); err != nil {
		t.Fatalf("delete: %s", said(err))
	}
	err := c.Session.(connector.PasswordSetter).SetPassword(t.ctx, h.Type, connector.Anchor(e.ID), connector.NewSecret(firstPassword))
	wants(t, err, fault.NotFound)
	if err != nil && strings.Contains(err.Error(), firstPassword) {
		t.Errorf("the password is part of the message")
	}
}

func changesPassword(t *trial, h Harness) {
	c := begin(t, h)
	e := c.sample(1, nil)
	a, first, second := connector.Anchor(e.ID), connector.NewSecret(firstPassword), connector.NewSecret(secondPassword)
	if p, ok := c.Session.(connector.PasswordSetter); ok && c.can.Password {
		if err := p.SetPassword(t.ctx, h.Type, a, first); err != nil {
			t.Fatalf("set the password: %s", said(err))
		}
	}
	p := c.Session.(connector.PasswordChanger)
	err := p.ChangePassword(t.ctx, h.Type, a, connector.NewSecret(wrongPassword), second)
	wants(t, err, fault.Invalid)
	if err != nil && (strings.Contains(err.Error(), wrongPassword) || strings.Contains(err.Error(), secondPassword)) {
		t.Errorf("a password is part of the message")
	}
	c.logsIn(e, firstPassword, true)
	if err := p.ChangePassword(t.ctx, h.Type, a, first, second); err != nil {
		t.Fatalf("change the password: %s", said(err))
	}
	c.logsIn(e, secondPassword, true)
	c.logsIn(e, firstPassword, false)
}
