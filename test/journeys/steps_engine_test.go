package journeys

import (
	"fmt"
	"strings"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
)

// principal returns the id of a user, or of a group written as group:NAME.
func (p *player) principal(name string) (string, error) {
	if group, ok := strings.CutPrefix(name, "group:"); ok {
		return p.site.call().idOf(groupPath(group))
	}
	return p.site.call().idOf(userPath(name))
}

func assignedTo() string { return "/v1.0/servicePrincipals/" + wire.AppID + "/appRoleAssignedTo" }

func (p *player) assign(args []string) error {
	if err := need(args, 1, 1); err != nil {
		return err
	}
	id, err := p.principal(args[0])
	if err != nil {
		return err
	}
	body := map[string]string{"principalId": id, "resourceId": wire.AppID, "appRoleId": "00000000-0000-0000-0000-000000000000"}
	return p.site.call().call("POST", assignedTo(), body, nil)
}

func (p *player) unassign(args []string) error {
	if err := need(args, 1, 1); err != nil {
		return err
	}
	id, err := p.principal(args[0])
	if err != nil {
		return err
	}
	var list struct {
		Value []struct {
			ID        string `json:"id"`
			Principal string `json:"principalId"`
		}
	}
	if err := p.site.call().call("GET", assignedTo(), nil, &list); err != nil {
		return err
	}
	for _, a := range list.Value {
		if a.Principal == id {
			return p.site.call().call("DELETE", assignedTo()+"/"+a.ID, nil, nil)
		}
	}
	return fmt.Errorf("%s is not assigned", args[0])
}

func (p *player) release(args []string) error {
	if err := need(args, 1, 50); err != nil {
		return err
	}
	var ids []string
	for _, name := range args {
		id, err := p.principal(name)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	return p.site.call().call("POST", "/sallyport/v1/apps/"+wire.AppID+"/held/release", map[string]any{"sources": ids}, nil)
}
