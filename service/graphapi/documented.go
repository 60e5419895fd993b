package graphapi

import (
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
)

// documented gives a route's failures the status and code that Graph's documents name for its part of the tree (graph-api §1.1).
func documented(rt Route) func(http.ResponseWriter, *http.Request) error {
	_, path, _ := strings.Cut(rt.Pattern, " ")
	handle := rt.Handle
	return func(w http.ResponseWriter, r *http.Request) error {
		err := handle(w, r)
		if err == nil {
			return nil
		}
		if retried(path) {
			err = permanent(err)
		}
		return coded(path, err)
	}
}

// retried reports whether clients take 403 and 409 at a path for "not replicated yet" and send the request again for minutes.
func retried(path string) bool {
	return strings.Contains(path, "/synchronization/") || strings.Contains(path, "/appRoleAssign")
}

// permanent makes 400 of a failure that no second try will mend. What a handler refuses with a status of its own stays.
func permanent(err error) error {
	if isRefusal(err) {
		return err
	}
	switch fault.KindOf(err) {
	case fault.Denied, fault.Exists, fault.Conflict, fault.Ambiguous:
		return refuse(http.StatusBadRequest, "BadRequest", err)
	}
	return err
}

// coded gives what is not found outside of the directory its own code.
func coded(path string, err error) error {
	if isRefusal(err) || fault.KindOf(err) != fault.NotFound || ofDirectory(path) {
		return err
	}
	return refuse(http.StatusNotFound, "ResourceNotFound", err)
}

func ofDirectory(path string) bool {
	rest, graph := strings.CutPrefix(path, "/v1.0/")
	if !graph || strings.Contains(path, "/synchronization") {
		return false
	}
	switch first, _, _ := strings.Cut(rest, "/"); first {
	case "users", "groups", "directory", "directoryObjects", "servicePrincipals", "applications", "organization", "domains", "me":
		return true
	}
	return false
}
