package cli

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

func directoryCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "directory", Short: "Import, show, change and delete people and groups"}
	c.AddCommand(importCommand(e), showCommand(e), setCommand(e), enableCommand(e, "disable", false), enableCommand(e, "enable", true), deleteCommand(e), restoreCommand(e))
	return c
}

// importLine is one line of an import's answer: progress, or at the end the report.
type importLine struct {
	Lines  int               `json:"lines"`
	Bytes  int64             `json:"bytes"`
	Report *directory.Report `json:"report"`
	Error  string            `json:"error"`
	Kind   string            `json:"kind"`
}

func importCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Import users, managers, groups and members from a CSV file ('-' reads standard input)",
		Long: `The first line names the columns: the Graph names of user and group properties (userPrincipalName, displayName,
givenName, surname, mail, department, …) and type (User or Group; User when absent), manager (a userPrincipalName),
members (userPrincipalNames or group names, separated by ;) and memberOf (group names, separated by ;).

People are recognised by userPrincipalName, groups by displayName, so that importing the same file again changes nothing.
A line with a mistake is reported with its number and left out; the others are imported, and the exit code is 7.`,
		Example: "  sallyport directory import people.csv",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.importFile(cmd, args[0])
		},
	}
}

func (e *env) importFile(cmd *cobra.Command, name string) error {
	c, err := e.client()
	if err != nil {
		return err
	}
	f, size := os.Stdin, int64(0)
	if name != "-" {
		if f, err = os.Open(name); err != nil {
			return fault.Wrap(fault.Invalid, "open the file", err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil || info.IsDir() {
			return fault.New(fault.Invalid, "open the file", "%s is not a file", name)
		}
		size = info.Size()
	}
	bar := e.progress("import", size, "bytes")
	var last importLine
	err = c.stream(cmd.Context(), "POST", "/sallyport/v1/import", f, func(line json.RawMessage) error {
		last = importLine{}
		if err := json.Unmarshal(line, &last); err != nil {
			return fault.New(fault.Internal, "read the service's answer", "%w", err)
		}
		bar.set(last.Bytes)
		return nil
	})
	bar.done()
	if err != nil {
		return err
	}
	return e.importEnd(last)
}

func (e *env) importEnd(last importLine) error {
	if last.Report == nil {
		return fault.New(fault.Unavailable, "import", "the service ended without a report: %s", last.Error).
			WithHint("run the import again: what is there already is left as it is")
	}
	r := last.Report
	if err := e.print(r, func() { e.sayReport(*r) }); err != nil {
		return err
	}
	if last.Error != "" {
		return fault.New(fault.ParseKind(last.Kind), "import", "%s", last.Error)
	}
	return r.Err()
}

func (e *env) sayReport(r directory.Report) {
	for _, m := range r.Errors {
		fmt.Fprintf(e.err, "line %d: %s\n", m.Line, strings.TrimPrefix(m.Column+": "+m.Reason, ": "))
		if m.Hint != "" {
			fmt.Fprintf(e.err, "    try: %s\n", m.Hint)
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintln(e.err, n)
	}
	e.say("%d lines: %d created, %d updated, %d unchanged, %d refused; %d references set, %d not resolved",
		r.Lines, r.Created, r.Updated, r.Unchanged, r.Refused, r.References, r.Unresolved)
}

// object is the API's form of a user or group.
type object map[string]any

func userPath(name string) string  { return "/v1.0/users/" + url.PathEscape(name) }
func groupPath(name string) string { return "/v1.0/groups/" + url.PathEscape(name) }

func showCommand(e *env) *cobra.Command {
	var group bool
	c := &cobra.Command{
		Use: "show NAME", Short: "Show a user (by userPrincipalName or id) or, with --group, a group", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			path := userPath(args[0])
			if group {
				path = groupPath(args[0])
			}
			var o object
			if err := cl.call(cmd.Context(), "GET", path+"?$select=*", nil, &o); err != nil {
				return err
			}
			return e.print(o, func() { e.sayObject(o) })
		},
	}
	c.Flags().BoolVar(&group, "group", false, "NAME is a group")
	return c
}

func (e *env) sayObject(o object) {
	for _, k := range sortedKeys(o) {
		e.say("%-24s %v", k, o[k])
	}
}

func setCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "set USER ATTRIBUTE=VALUE...",
		Short: "Change attributes of a user; manager=UPN sets the manager, ATTRIBUTE= clears",
		Example: `  sallyport directory set ann@contoso.example jobTitle=Director manager=bo@contoso.example
  sallyport directory set ann@contoso.example userPrincipalName=ann.lee@contoso.example
  sallyport directory set ann@contoso.example mobilePhone=`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			props, manager, err := assignments(args[1:])
			if err != nil {
				return err
			}
			cl, err := e.client()
			if err != nil {
				return err
			}
			var o object
			if err := cl.call(cmd.Context(), "GET", userPath(args[0]), nil, &o); err != nil {
				return err
			}
			id, _ := o["id"].(string)
			if len(props) > 0 {
				if err := cl.call(cmd.Context(), "PATCH", userPath(id), props, nil); err != nil {
					return err
				}
			}
			if manager != nil {
				if err := setManager(cmd, cl, id, *manager); err != nil {
					return err
				}
			}
			return e.print(map[string]string{"id": id}, func() { e.say("%s changed.", args[0]) })
		},
	}
}

func setManager(cmd *cobra.Command, cl *client, id, manager string) error {
	if manager == "" {
		return cl.call(cmd.Context(), "DELETE", userPath(id)+"/manager/$ref", nil, nil)
	}
	ref := map[string]string{"@odata.id": cl.Service + userPath(manager)}
	var m object
	if err := cl.call(cmd.Context(), "GET", userPath(manager), nil, &m); err != nil {
		return err
	}
	ref["@odata.id"] = fmt.Sprintf("%s/v1.0/users/%v", cl.Service, m["id"])
	return cl.call(cmd.Context(), "PUT", userPath(id)+"/manager/$ref", ref, nil)
}

// assignments reads ATTRIBUTE=VALUE words. accountEnabled is a boolean, several values are separated by ; only for lists.
func assignments(words []string) (props object, manager *string, err error) {
	props = object{}
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok || name == "" {
			return nil, nil, usageError{fmt.Errorf("%q is not ATTRIBUTE=VALUE", w)}
		}
		switch {
		case !utf8.ValidString(w):
			return nil, nil, usageError{fmt.Errorf("%s is not UTF-8", name)}
		case name == "manager":
			manager = &value
		case value == "":
			props[name] = nil
		case strings.EqualFold(name, "accountEnabled") || strings.EqualFold(name, "securityEnabled"):
			on, err := truth(value)
			if err != nil {
				return nil, nil, usageError{fmt.Errorf("%s: %w", name, err)}
			}
			props[name] = on
		case name == "otherMails" || name == "proxyAddresses" || name == "businessPhones":
			props[name] = strings.Split(value, ";")
		default:
			props[name] = value
		}
	}
	return props, manager, nil
}

// truth reads a boolean as people.csv does.
func truth(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "1":
		return true, nil
	case "false", "no", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", text)
}

func enableCommand(e *env, verb string, enabled bool) *cobra.Command {
	return &cobra.Command{
		Use: verb + " USER", Short: strings.ToUpper(verb[:1]) + verb[1:] + " a user's sign-in", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			if err := cl.call(cmd.Context(), "PATCH", userPath(args[0]), object{"accountEnabled": enabled}, nil); err != nil {
				return err
			}
			return e.print(map[string]any{"user": args[0], "accountEnabled": enabled}, func() { e.say("%s %sd.", args[0], verb) })
		},
	}
}

func deleteCommand(e *env) *cobra.Command {
	var purge, group bool
	c := &cobra.Command{
		Use: "delete USER", Short: "Delete a user (it can be restored), or with --purge forget it for good", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			path := userPath(args[0])
			if group {
				path = groupPath(args[0])
			}
			id, err := cl.deleteObject(cmd, path, args[0], purge)
			if err != nil {
				return err
			}
			word := "deleted; 'sallyport directory restore' brings it back"
			if purge {
				word = "deleted for good"
			}
			return e.print(map[string]any{"id": id, "purged": purge}, func() { e.say("%s %s.", args[0], word) })
		},
	}
	c.Flags().BoolVar(&purge, "purge", false, "delete for good: the account in every application is deleted too")
	c.Flags().BoolVar(&group, "group", false, "the name is a group's")
	return c
}

// deleteObject soft-deletes an object and, with purge, forgets it. Purging one that was deleted before works too.
func (c *client) deleteObject(cmd *cobra.Command, path, name string, purge bool) (string, error) {
	var o object
	err := c.call(cmd.Context(), "GET", path, nil, &o)
	switch {
	case err == nil:
		if err := c.call(cmd.Context(), "DELETE", path, nil, nil); err != nil {
			return "", err
		}
	case purge && fault.Is(err, fault.NotFound):
		if err := c.call(cmd.Context(), "GET", deletedPath(name), nil, &o); err != nil {
			return "", err
		}
	default:
		return "", err
	}
	id, _ := o["id"].(string)
	if !purge {
		return id, nil
	}
	return id, c.call(cmd.Context(), "DELETE", deletedPath(id), nil, nil)
}

func deletedPath(name string) string { return "/v1.0/directory/deletedItems/" + url.PathEscape(name) }

func restoreCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "restore USER", Short: "Bring a deleted user back (by the userPrincipalName it had, or its id)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var o object
			if err := cl.call(cmd.Context(), "POST", deletedPath(args[0])+"/restore", nil, &o); err != nil {
				return err
			}
			return e.print(o, func() { e.say("%s is back.", args[0]) })
		},
	}
}
