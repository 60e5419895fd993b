package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// perKind is how many people each kind of change is shown on.
const perKind = 3

// changes hires, renames, moves, disables and deletes people, and measures until the row has followed.
func (d *demo) changes(ctx context.Context) error {
	for i := range perKind {
		if err := d.hire(ctx, i); err != nil {
			return err
		}
	}
	leaf := d.people[len(d.people)-perKind*4:] // people nobody reports to
	for _, act := range []func(context.Context, string) error{d.rename, d.move, d.disable, d.leave} {
		for _, p := range leaf[:perKind] {
			if err := act(ctx, p.UPN); err != nil {
				return err
			}
		}
		leaf = leaf[perKind:]
	}
	return nil
}

// follow sends one change and waits until the target shows it.
func (d *demo) follow(ctx context.Context, s demoStep, change func() error, shows func(context.Context) (bool, error)) error {
	began := time.Now()
	if err := change(); err != nil {
		return err
	}
	took, err := d.target.until(ctx, began, shows)
	if err != nil {
		return fault.New(fault.KindOf(err), s.Step+" "+s.Who, "%w", err)
	}
	s.Millis = millis(took)
	return d.tell(s)
}

func (d *demo) hire(ctx context.Context, i int) error {
	names := []struct{ given, surname string }{{"Zoë", "O'Hara"}, {"Đặng", "Nguyễn"}, {"花子", "山田"}}
	n := names[i%len(names)]
	upn := fmt.Sprintf("new.hire%d@contoso.example", i+1)
	return d.follow(ctx, demoStep{Step: "hire", Who: upn, What: "has a row (" + n.given + " " + n.surname + ")"}, func() error {
		return d.api.call(ctx, "POST", "/v1.0/users", object{
			"userPrincipalName": upn, "givenName": n.given, "surname": n.surname, "displayName": n.given + " " + n.surname,
			"mail": upn, "mailNickname": strings.Split(upn, "@")[0], "accountEnabled": true, "department": "Sales",
		}, nil)
	}, func(ctx context.Context) (bool, error) {
		_, ok, err := d.target.find(ctx, upn)
		return ok, err
	})
}

func (d *demo) rename(ctx context.Context, upn string) error {
	before, _, err := d.target.find(ctx, upn)
	if err != nil {
		return err
	}
	to := "renamed." + upn
	return d.follow(ctx, demoStep{Step: "rename", Who: upn, What: "is " + to + ", in the same row"}, func() error {
		return d.api.call(ctx, "PATCH", userPath(upn), object{"userPrincipalName": to}, nil)
	}, func(ctx context.Context) (bool, error) {
		after, ok, err := d.target.find(ctx, to)
		if ok && after.guid != before.guid {
			return false, fault.New(fault.Internal, "rename", "the row is another one")
		}
		return ok, err
	})
}

func (d *demo) move(ctx context.Context, upn string) error {
	manager := "new.hire1@contoso.example"
	boss, ok, err := d.target.find(ctx, manager)
	if err != nil || !ok {
		return fault.New(fault.NotFound, "move", "%s has no row: %v", manager, err)
	}
	var m object
	if err := d.api.call(ctx, "GET", userPath(manager), nil, &m); err != nil {
		return err
	}
	return d.follow(ctx, demoStep{Step: "move", Who: upn, What: "reports to " + manager}, func() error {
		ref := map[string]string{"@odata.id": fmt.Sprintf("%s/v1.0/users/%v", d.api.Service, m["id"])}
		return d.api.call(ctx, "PUT", userPath(upn)+"/manager/$ref", ref, nil)
	}, func(ctx context.Context) (bool, error) {
		row, _, err := d.target.find(ctx, upn)
		return row.manager.String == boss.guid, err
	})
}

func (d *demo) disable(ctx context.Context, upn string) error {
	return d.follow(ctx, demoStep{Step: "disable", Who: upn, What: "cannot sign in any more"}, func() error {
		return d.api.call(ctx, "PATCH", userPath(upn), object{"accountEnabled": false}, nil)
	}, func(ctx context.Context) (bool, error) {
		row, ok, err := d.target.find(ctx, upn)
		return ok && !row.enabled, err
	})
}

// leave deletes a person for good.
func (d *demo) leave(ctx context.Context, upn string) error {
	return d.follow(ctx, demoStep{Step: "delete", Who: upn, What: "has no row any more"}, func() error {
		var o object
		if err := d.api.call(ctx, "GET", userPath(upn), nil, &o); err != nil {
			return err
		}
		if err := d.api.call(ctx, "DELETE", userPath(upn), nil, nil); err != nil {
			return err
		}
		return d.api.call(ctx, "DELETE", deletedPath(fmt.Sprint(o["id"])), nil, nil)
	}, func(ctx context.Context) (bool, error) {
		_, ok, err := d.target.find(ctx, upn)
		return !ok, err
	})
}
