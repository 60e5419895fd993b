package graphapi

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

// defaultUser is what a user shows without $select (graph-api §5.1).
var defaultUser = []string{
	"displayName", "givenName", "surname", "userPrincipalName", "mail", "businessPhones",
	"mobilePhone", "jobTitle", "officeLocation", "preferredLanguage",
}

var defaultGroup = []string{
	"displayName", "description", "mail", "mailEnabled", "mailNickname", "securityEnabled",
	"groupTypes", "visibility", "createdDateTime", "deletedDateTime",
}

// lists are properties that are arrays even with one value; dates are instants; computed may not be written.
var (
	lists    = set("businessPhones", "otherMails", "proxyAddresses", "groupTypes")
	dates    = set("employeeHireDate", "employeeLeaveDateTime", directory.CreatedDateTime, directory.DeletedDateTime)
	computed = set("id", directory.CreatedDateTime, directory.DeletedDateTime)
	ignored  = set("passwordProfile", "passwordPolicies") // taken from clients that must send them; Sallyport keeps no passwords
)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// toJSON renders an object with the selected properties; all of them when selected is nil.
func toJSON(e entry.Entry, selected []string) map[string]any {
	out := map[string]any{"id": e.ID}
	if selected == nil {
		for name := range e.Attrs {
			selected = append(selected, name)
		}
	}
	for _, name := range selected {
		if name != "id" && name != directory.Manager && name != directory.Members {
			out[name] = property(e, name)
		}
	}
	return out
}

func property(e entry.Entry, name string) any {
	vs := e.Attrs[name]
	switch {
	case lists[name] || len(vs) > 1:
		all := make([]any, len(vs))
		for i, v := range vs {
			all[i] = scalar(v)
		}
		return all
	case name == directory.AccountEnabled && len(vs) == 0:
		return true
	case len(vs) == 0:
		return nil
	}
	return scalar(vs[0])
}

func scalar(v entry.Value) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case entry.Ref:
		return v.ID
	}
	return v
}

// fromJSON reads properties into attributes: an attribute that is null or empty comes with an empty list, which clears it.
func fromJSON(raw map[string]json.RawMessage) (entry.Attrs, error) {
	out := entry.Attrs{}
	for name, text := range raw {
		switch {
		case strings.Contains(name, "@odata."), ignored[name]:
		case computed[name]:
			return nil, fault.New(fault.Invalid, "read the request", "%s cannot be set", name)
		case name == directory.Manager || name == directory.Members:
			return nil, fault.New(fault.Invalid, "read the request", "%s is set by its own path, /%s/$ref", name, name)
		case name == "onPremisesExtensionAttributes":
			var sub map[string]json.RawMessage
			if err := json.Unmarshal(text, &sub); err != nil {
				return nil, fault.New(fault.Invalid, "read the request", "%s: %w", name, err)
			}
			more, err := fromJSON(sub)
			if err != nil {
				return nil, err
			}
			for k, v := range more {
				out[k] = v
			}
		default:
			vs, err := values(name, text)
			if err != nil {
				return nil, err
			}
			out[name] = vs
		}
	}
	return out, nil
}

func values(name string, text json.RawMessage) ([]entry.Value, error) {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, fault.New(fault.Invalid, "read the request", "%s: %w", name, err)
	}
	list, many := v.([]any)
	if !many {
		list = []any{v}
	}
	out := []entry.Value{}
	for _, x := range list {
		if x == nil {
			continue
		}
		val, err := value(name, x)
		if err != nil {
			return nil, err
		}
		out = append(out, val)
	}
	return out, nil
}

func value(name string, x any) (entry.Value, error) {
	switch x := x.(type) {
	case string:
		if dates[name] {
			t, err := time.Parse(time.RFC3339, x)
			if err != nil {
				return nil, fault.New(fault.Invalid, "read the request", "%s: %q is not a date like 2026-01-31T00:00:00Z", name, x)
			}
			return t.UTC(), nil
		}
		return x, nil
	case bool:
		return x, nil
	case float64:
		if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			return int64(x), nil
		}
		return x, nil
	}
	return nil, fault.New(fault.Invalid, "read the request", "%s: an object cannot be stored here", name)
}

// selection reads $select; def when it is absent.
func selection(text string, def []string) []string {
	if text == "" {
		return def
	}
	names := strings.Split(text, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return slices.DeleteFunc(names, func(s string) bool { return s == "" })
}
