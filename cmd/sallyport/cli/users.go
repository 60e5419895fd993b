package cli

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func usersCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "users", Short: "List, show, create, change and delete people"}
	c.AddCommand(
		peopleListCommand(e, "users", "userPrincipalName", "displayName", "department", "id"), personAddCommand(e), showCommand(e), setCommand(e),
		enableCommand(e, "disable", false), enableCommand(e, "enable", true), deleteCommand(e), restoreCommand(e),
	)
	return c
}

func groupsCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "groups", Short: "List, show, create and delete groups, and say who belongs to them"}
	c.AddCommand(
		peopleListCommand(e, "groups", "displayName", "description", "id"), groupAddCommand(e), groupShowCommand(e), membersCommand(e),
		memberCommand(e, "add", "Make a user a member of a group"), memberCommand(e, "remove", "End a user's membership of a group"), groupDeleteCommand(e),
	)
	return c
}

// peopleListCommand lists users or groups with some of their properties, page after page.
func peopleListCommand(e *env, kind string, columns ...string) *cobra.Command {
	var filter string
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List the " + kind, Args: cobra.NoArgs,
		Example: "  sallyport " + kind + " list --filter \"startswith(displayName,'A')\"",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			q := url.Values{"$select": {strings.Join(columns, ",")}, "$top": {strconv.Itoa(max(1, min(limit, 500)))}}
			if filter != "" {
				q.Set("$filter", filter)
			}
			found, err := cl.pages(cmd, "/v1.0/"+kind+"?"+q.Encode(), limit)
			if err != nil {
				return err
			}
			return e.print(found, func() { e.sayColumns(found, columns) })
		},
	}
	c.Flags().StringVar(&filter, "filter", "", "an OData filter")
	c.Flags().IntVar(&limit, "limit", 100, "how many at most")
	return c
}

// pages follows the links of a list until limit objects are there.
func (c *client) pages(cmd *cobra.Command, path string, limit int) ([]object, error) {
	found := []object{}
	for path != "" {
		var page struct {
			Value []object
			Next  string `json:"@odata.nextLink"`
		}
		if err := c.call(cmd.Context(), "GET", path, nil, &page); err != nil {
			return nil, err
		}
		found = append(found, page.Value...)
		if len(found) >= limit {
			return found[:limit], nil
		}
		u, err := url.Parse(page.Next)
		if err != nil || page.Next == "" {
			return found, nil //nolint:nilerr // a link that is none ends the list
		}
		path = u.RequestURI() // the profile's address is the one that is reachable from here
	}
	return found, nil
}

// sayColumns prints the named properties in columns as wide as what is in them.
func (e *env) sayColumns(found []object, columns []string) {
	width := make([]int, len(columns))
	rows := make([][]string, len(found))
	for i, o := range found {
		for j, name := range columns {
			text := ""
			if v := o[name]; v != nil {
				text = fmt.Sprint(v)
			}
			rows[i] = append(rows[i], text)
			width[j] = min(max(width[j], len([]rune(text))), 60)
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for j, text := range row {
			fmt.Fprintf(&b, "%-*s  ", width[j], text)
		}
		e.say("%s", strings.TrimRight(b.String(), " "))
	}
}

func personAddCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "create USERPRINCIPALNAME ATTRIBUTE=VALUE...", Short: "Create a user", Args: cobra.MinimumNArgs(1),
		Example: "  sallyport users create ann@contoso.example displayName='Ann Lee' department=Sales",
		RunE: func(cmd *cobra.Command, args []string) error {
			props, manager, err := assignments(args[1:])
			if err != nil {
				return err
			}
			if manager != nil {
				return usageError{fmt.Errorf("set the manager afterwards: sallyport users set %s manager=%s", args[0], *manager)}
			}
			name, _, _ := strings.Cut(args[0], "@")
			body := object{"userPrincipalName": args[0], "displayName": name, "mailNickname": name, "accountEnabled": true}
			for k, v := range props {
				body[k] = v
			}
			return ask(e, cmd, "POST", "/v1.0/users", body, func(o object) { e.say("%s created, id %v.", args[0], o["id"]) })
		},
	}
}

func groupAddCommand(e *env) *cobra.Command {
	var description string
	c := &cobra.Command{
		Use: "create NAME", Short: "Create a group", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := object{"displayName": args[0], "mailNickname": strings.ReplaceAll(args[0], " ", ""), "mailEnabled": false, "securityEnabled": true}
			if description != "" {
				body["description"] = description
			}
			return ask(e, cmd, "POST", "/v1.0/groups", body, func(o object) { e.say("%s created, id %v.", args[0], o["id"]) })
		},
	}
	c.Flags().StringVar(&description, "description", "", "what the group is for")
	return c
}

func groupShowCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show a group (by name or id)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(e, cmd, "GET", groupPath(args[0]), nil, e.sayObject)
		},
	}
}

func membersCommand(e *env) *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "members NAME", Short: "List the members of a group", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			id, err := cl.idOf(cmd, groupPath(args[0]))
			if err != nil {
				return err
			}
			found, err := cl.pages(cmd, groupPath(id)+"/members?$top=500", limit)
			if err != nil {
				return err
			}
			return e.print(found, func() { e.sayColumns(found, []string{"userPrincipalName", "displayName", "id"}) })
		},
	}
	c.Flags().IntVar(&limit, "limit", 1000, "how many at most")
	return c
}

// idOf returns the id of an object that a path names.
func (c *client) idOf(cmd *cobra.Command, path string) (string, error) {
	var o object
	if err := c.call(cmd.Context(), "GET", path, nil, &o); err != nil {
		return "", err
	}
	id, _ := o["id"].(string)
	return id, nil
}

func memberCommand(e *env, verb, short string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " GROUP USER", Short: short, Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			group, err := cl.idOf(cmd, groupPath(args[0]))
			if err != nil {
				return err
			}
			user, err := cl.idOf(cmd, userPath(args[1]))
			if err != nil {
				return err
			}
			method, path, body := "DELETE", groupPath(group)+"/members/"+user+"/$ref", any(nil)
			if verb == "add" {
				method, path = "POST", groupPath(group)+"/members/$ref"
				body = map[string]string{"@odata.id": cl.Service + "/v1.0/directoryObjects/" + user}
			}
			done := map[string]string{"group": group, "user": user}
			return order(e, cmd, method, path, body, done, "%s: %s %s.", args[0], args[1], map[string]string{"add": "added", "remove": "removed"}[verb])
		},
	}
}

func groupDeleteCommand(e *env) *cobra.Command {
	var purge bool
	c := &cobra.Command{
		Use: "delete NAME", Short: "Delete a group (it can be restored), or with --purge forget it for good", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			id, err := cl.deleteObject(cmd, groupPath(args[0]), args[0], purge)
			if err != nil {
				return err
			}
			return e.print(map[string]any{"id": id, "purged": purge}, func() { e.say("%s deleted.", args[0]) })
		},
	}
	c.Flags().BoolVar(&purge, "purge", false, "delete for good")
	return c
}
