package connectortest

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

// spares are the attributes that could play a part by what the schema says, in its order. Whether a target lets one be cleared, or
// fills it in by itself, no schema tells: NOT NULL with a default, an account's state, a virtual attribute.
type spares struct {
	maker     maker
	texts     []connector.Attribute
	flags     []connector.Attribute
	lists     []connector.Attribute
	papers    []connector.Attribute
	links     []connector.Attribute
	companies []company
	why       map[string]string // field of Harness → why it is empty
}

// given reports whether the harness was made by Discover.
func (s spares) given() bool { return s.maker.run != "" }

// settleAt is a sample's number that no check takes.
const settleAt = 990_000

// settled tries the spare attributes on an object of its own, and gives each part to the first that can play it; a part that none
// can play stays empty. Where not even an object can be made, h stays as it is: the checks will tell.
func (h Harness) settled(ctx context.Context) Harness {
	if !h.spares.given() {
		return h
	}
	out := h
	t := &trial{ctx: ctx, name: "settle", h: h, open: h.Open}
	t.play(func(t *trial, h Harness) {
		c := begin(t, h)
		if !c.can.Export || c.Exporter == nil {
			return
		}
		e := c.sample(settleAt, nil)
		out = out.withText(first(h.spares.texts, func(a connector.Attribute) bool { return c.anyText(e, a) }))
		if out.Text != "" {
			out = c.measured(e, out)
		}
		out.Flag = first(h.spares.flags, func(a connector.Attribute) bool { return c.comesAndGoes(e, a, true) }).Name
		if out.Text == "" {
			out.spares.why["Text"] = tried(h.spares.texts, "optional String of any text")
		}
		out = c.parted(e, out)
	})
	return out.grouped(ctx)
}

// measured finds out whether the text may be empty, and how long it may be where the schema does not say.
func (c *client) measured(e entry.Entry, h Harness) Harness {
	if !c.takesEdit(e, replace(h.Text, "")) {
		takes := h.takes
		h.Takes = func(s string) bool { return s != "" && takes(s) }
	}
	for _, size := range []int{1 << 19, 1 << 14, 4000, 1000, textRoom} {
		if h.MaxText == 0 && c.takesEdit(e, replace(h.Text, strings.Repeat("é", size))) {
			h.MaxText = size
		}
	}
	return h
}

// first returns the first attribute for which it is so, and one without a name when there is none.
func first(as []connector.Attribute, so func(connector.Attribute) bool) connector.Attribute {
	if i := slices.IndexFunc(as, so); i >= 0 {
		return as[i]
	}
	return connector.Attribute{}
}

// comesAndGoes reports whether an attribute is empty from the start, takes a value, and can be cleared again.
func (c *client) comesAndGoes(e entry.Entry, a connector.Attribute, v entry.Value) bool {
	return c.holdsOnly(e, a.Name) && c.takesEdit(e, replace(a.Name, v)) && c.holdsOnly(e, a.Name, v) &&
		c.takesEdit(e, replace(a.Name)) && c.holdsOnly(e, a.Name)
}

// anyText reports whether an attribute comes and goes, and takes what is not ASCII; whether it keeps that is for the checks to tell.
func (c *client) anyText(e entry.Entry, a connector.Attribute) bool {
	return c.comesAndGoes(e, a, "kit") && c.takesEdit(e, replace(a.Name, "Łódź, 中文 é")) && c.takesEdit(e, replace(a.Name))
}

// takesEdit reports whether the target made the change; why it did not is of no interest here.
func (c *client) takesEdit(e entry.Entry, edit entry.Edit) bool {
	_, err := c.Update(c.ctx, e.Type, connector.Anchor(e.ID), []entry.Edit{edit})
	return err == nil
}

func (c *client) holdsOnly(e entry.Entry, attr string, vs ...entry.Value) bool {
	now, ok := c.all(e.Type)[e.ID]
	return ok && entry.EqualValues(now.Attrs[attr], vs)
}

// withText gives an attribute the part of Text, with the length that the schema gives it.
func (h Harness) withText(a connector.Attribute) Harness {
	h.Text, h.MaxText, h.Takes = a.Name, a.Length, nil
	if a.Length > 0 {
		h.Takes = func(s string) bool { return len([]rune(s)) <= a.Length }
	}
	return h
}
