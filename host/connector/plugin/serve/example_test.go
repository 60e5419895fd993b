package serve_test

import (
	"context"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/serve"
)

// badges is a connector that only reads.
type badges struct{}

func (badges) Name() string { return "badges" }

func (badges) Settings() []connector.Setting {
	return []connector.Setting{
		{Name: "server", Label: "Badge server", Type: connector.Text, Required: true, Page: "Connectivity", Help: "Host and port."},
		{Name: "password", Label: "Password", Type: connector.Password, Page: "Connectivity", Help: "Of the account that reads."},
	}
}

func (badges) Open(_ context.Context, c connector.Config) (connector.Session, error) {
	if c.Secrets["password"].IsZero() {
		return nil, fault.New(fault.Unauthenticated, "log in", "there is no password").WithHint("set passwordFile")
	}
	return &session{}, nil
}

// session is one connection to the badge server.
type session struct{}

func (*session) Schema(context.Context) (connector.Schema, error) {
	return connector.Schema{Types: []connector.ObjectType{{Name: "User", Anchor: []string{"badge"}, Attributes: []connector.Attribute{
		{Name: "badge", Type: connector.String, Required: true, Unique: true, CaseExact: true},
		{Name: "name", Type: connector.String},
	}}}}, nil
}

func (*session) Import(_ context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		yield(entry.Entry{Type: t, ID: "4711", Attrs: entry.Attrs{"badge": {"4711"}, "name": {"Ada"}}}, nil)
	}
}

func (*session) Close() error { return nil }

// ExampleMain is the whole program of a plugin.
func ExampleMain() {
	serve.Main(badges{})
}
