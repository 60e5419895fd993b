package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin"
)

// kinds are the connectors that a command speaks of: those of this program and those of plugins it is given.
type kinds struct {
	drivers map[string]connector.Driver
	plugins []string
	running []*plugin.Driver
}

// flags lets a command take plugins, which are started before it runs and ended after.
func (k *kinds) flags(c *cobra.Command) *cobra.Command {
	c.Flags().StringArrayVar(&k.plugins, "plugin", nil, "program of a connector plugin that is looked at, too; may be repeated")
	run := c.RunE
	c.RunE = func(cmd *cobra.Command, args []string) error {
		defer k.end()
		for _, path := range k.plugins {
			d, err := plugin.Load(cmd.Context(), plugin.Config{Path: path})
			if err != nil {
				return err
			}
			k.running = append(k.running, d)
			if _, taken := k.drivers[d.Name()]; taken {
				return fault.New(fault.Exists, "load the plugin", "there is a kind of connector %q already", d.Name()).About(path).WithHint("a plugin cannot take its place")
			}
			k.drivers[d.Name()] = d
		}
		return run(cmd, args)
	}
	return c
}

func (k *kinds) end() {
	for _, d := range k.running {
		_ = d.Close() // it never fails
	}
}

func (k *kinds) driver(name string) (connector.Driver, error) {
	d, ok := k.drivers[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "find the connector", "there is no kind of connector %q", name).
			WithHint("there are: %s", strings.Join(slices.Sorted(maps.Keys(k.drivers)), ", "))
	}
	return d, nil
}
