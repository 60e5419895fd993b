package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
)

// Exit codes. They are part of the interface: scripts rely on them.
const (
	ExitOK          = 0
	ExitFailure     = 1 // anything not named below
	ExitUsage       = 2 // the command line itself is wrong
	ExitInvalid     = 3 // a file or value is wrong; the message says where
	ExitNotFound    = 4
	ExitDenied      = 5 // no credential, a wrong one, or one without the right
	ExitUnavailable = 6 // the service, an agent or the target cannot be reached
	ExitPartial     = 7 // some of it was done; the message says what was not
	ExitConflict    = 8 // something is taken, or the state does not allow it

	ExitInterrupted = 130 // ^C or SIGTERM ended it before it was done
)

var exitOf = map[fault.Kind]int{
	fault.Invalid: ExitInvalid, fault.Unsupported: ExitInvalid, fault.NotFound: ExitNotFound,
	fault.Unauthenticated: ExitDenied, fault.Denied: ExitDenied,
	fault.Unavailable: ExitUnavailable, fault.Timeout: ExitUnavailable, fault.Throttled: ExitUnavailable,
	fault.Partial: ExitPartial, fault.Exists: ExitConflict, fault.Ambiguous: ExitConflict, fault.Conflict: ExitConflict,
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// env is what every command works with.
type env struct {
	in       io.Reader
	out, err io.Writer
	json     bool
	profile  string
	link     link
}

// Main runs the command line and returns the exit code. An interrupt cancels what runs; a second one ends at once.
func Main(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop)
	e := &env{in: in, out: out, err: errOut}
	root := Root(e)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := unknownCommand(root, args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if err != nil && ctx.Err() != nil {
		fmt.Fprintln(e.err, "sallyport: interrupted")
		return ExitInterrupted
	}
	return e.exit(err)
}

// unknownCommand tells a misspelt command from a failure of one.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) > 0 && strings.HasPrefix(args[0], "__complete") {
		return nil // cobra adds these when it executes
	}
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd(args...)
	if _, _, err := root.Find(args); err != nil {
		return usageError{errors.New(strings.TrimSpace(err.Error()))}
	}
	return nil
}

func (e *env) exit(err error) int {
	if err == nil {
		return ExitOK
	}
	code := ExitFailure
	if _, ok := errors.AsType[usageError](err); ok {
		code = ExitUsage
	} else if c, ok := exitOf[fault.KindOf(err)]; ok {
		code = c
	}
	if _, shown := errors.AsType[silent](err); !shown {
		fmt.Fprintln(e.err, "sallyport:", err)
	}
	return code
}

// silent is a failure whose words were printed already.
type silent struct{ error }

func (s silent) Unwrap() error { return s.error }

// Root makes the tree of commands.
func Root(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:   "sallyport",
		Short: "Carry people's accounts from a cloud directory to the applications behind a firewall",
		Long: `Sallyport creates, updates, disables and deletes accounts in applications behind a firewall.

Three parts run where they are needed: the service (directory, rules, engine), the agent (dials out
from the site) and the host (SCIM endpoint and connectors beside the application). 'sallyport demo'
shows all of it at work; 'sallyport up' keeps a small installation in one folder.`,
		SilenceUsage: true, SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.PersistentFlags().BoolVar(&e.json, "json", false, "print machine-readable JSON")
	root.PersistentFlags().Var(output{&e.json}, "output", "how to print what is found: table, or json as --json does")
	root.AddGroup(&cobra.Group{ID: "run", Title: "Run:"}, &cobra.Group{ID: "admin", Title: "Administer a running service:"}, &cobra.Group{ID: "check", Title: "Check and measure:"})
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("run", runCommands(e)...)
	add("admin", adminCommands(e)...)
	add("check", checkCommands(e)...)
	add("check", exprCommand(e))
	usageErrors(root)
	return root
}

// usageErrors marks the errors of argument checks, here and below.
func usageErrors(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{fmt.Errorf("%w\nusage: %s", err, cmd.UseLine())}
			}
			return nil
		}
	}
	if c.HasSubCommands() && c.Run == nil && c.RunE == nil && c.HasParent() {
		c.Args = nil
		c.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("%q is not a command of %s; try one of: %s", args[0], cmd.CommandPath(), names(cmd))}
			}
			return cmd.Help()
		}
	}
	for _, sub := range c.Commands() {
		usageErrors(sub)
	}
}

func names(c *cobra.Command) string {
	var all []string
	for _, sub := range c.Commands() {
		all = append(all, sub.Name())
	}
	return strings.Join(all, ", ")
}
