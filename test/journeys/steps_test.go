package journeys

import (
	"bytes"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/people"
	"github.com/sallyport-id/sallyport/service/directory"
)

// unwritable stands in people files for what cannot or should not be written in a text file.
var unwritable = strings.NewReplacer("${1MB}", strings.Repeat("x", 1<<20), "${900KB}", strings.Repeat("y", 900<<10), "${BAD UTF-8}", "caf\xe9")

func (p *player) importFile(args []string) error {
	if len(args) == 0 || len(args)%3 != 1 {
		return fmt.Errorf("write: import FILE [refuse LINE TEXT]...")
	}
	text, ok := p.files[args[0]]
	if !ok {
		return fmt.Errorf("the story has no file %s", args[0])
	}
	report, err := p.site.call().importPeople(strings.NewReader(unwritable.Replace(text)))
	if err != nil {
		return err
	}
	return refusals(report, args[1:])
}

// refusals checks that exactly the lines named were refused.
func refusals(r directory.Report, want []string) error {
	if n := len(want) / 3; r.Refused != n || r.Unresolved != 0 {
		return fmt.Errorf("%d lines refused and %d references unresolved, expected %d and 0: %+v", r.Refused, r.Unresolved, n, r.Errors)
	}
	for i := 0; i < len(want); i += 3 {
		e := r.Errors[i/3]
		if strconv.Itoa(e.Line) != want[i+1] || !strings.Contains(e.Column+" "+e.Reason, want[i+2]) {
			return fmt.Errorf("refused %+v, expected line %s for %q", e, want[i+1], want[i+2])
		}
	}
	return nil
}

func (p *player) company(args []string) error {
	if err := need(args, 1, 1); err != nil {
		return err
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := people.WriteCSV(&text, people.Company(n)); err != nil {
		return err
	}
	report, err := p.site.call().importPeople(&text)
	if err != nil {
		return err
	}
	return report.Err()
}

func (p *player) apply(args []string) error {
	if err := need(args, 0, 1); err != nil {
		return err
	}
	name := "app.yaml"
	if len(args) == 1 {
		name = args[0]
		if p.files[name] == "" {
			return fmt.Errorf("the story has no file %s", name)
		}
	}
	p.site.apply(schemas.Replace(p.files[name]))
	return nil
}

func (p *player) begin([]string) error { return p.site.call().order("") }

func (p *player) pause([]string) error {
	return p.site.call().call("POST", jobPath+"/pause", nil, nil)
}

func (p *player) cycle(args []string) error {
	if err := need(args, 0, 1); err != nil {
		return err
	}
	reset := ""
	if len(args) == 1 {
		reset = map[string]string{"full": "Watermark", "forgotten": "Full", "release": "ForceDeletes"}[args[0]]
		if reset == "" {
			return fmt.Errorf("there is no cycle %s", args[0])
		}
	}
	return p.site.call().cycle(reset, cycleLimit)
}

func (p *player) hire(args []string) error {
	if err := need(args, 1, 50); err != nil {
		return err
	}
	attrs, err := pairs(args[1:])
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(args[0], "@")
	body := map[string]any{"userPrincipalName": args[0], "displayName": args[0], "mailNickname": name, "accountEnabled": true}
	for k, v := range attrs {
		body[k] = v
	}
	return p.site.call().call("POST", "/v1.0/users", body, nil)
}

func (p *player) set(args []string) error {
	if err := need(args, 2, 50); err != nil {
		return err
	}
	attrs, err := pairs(args[1:])
	if err != nil {
		return err
	}
	if boss, ok := attrs["manager"]; ok {
		delete(attrs, "manager")
		if err := p.setManager(args[0], boss); err != nil || len(attrs) == 0 {
			return err
		}
	}
	body := map[string]any{}
	for k, v := range maps.All(attrs) {
		body[k] = v
		if v == "" {
			body[k] = nil
		}
	}
	return p.site.call().call("PATCH", userPath(args[0]), body, nil)
}

func (p *player) setManager(user, boss string) error {
	a := p.site.call()
	if boss == "" {
		return a.call("DELETE", userPath(user)+"/manager/$ref", nil, nil)
	}
	id, err := a.idOf(userPath(boss))
	if err != nil {
		return err
	}
	return a.call("PUT", userPath(user)+"/manager/$ref", map[string]string{"@odata.id": a.base + "/v1.0/users/" + id}, nil)
}

func (p *player) rename(args []string) error {
	if err := need(args, 2, 2); err != nil {
		return err
	}
	return p.site.call().call("PATCH", userPath(args[0]), map[string]any{"userPrincipalName": args[1]}, nil)
}

func (p *player) disable(args []string) error { return p.enabled(args, false) }
func (p *player) enable(args []string) error  { return p.enabled(args, true) }

func (p *player) enabled(users []string, yes bool) error {
	for _, u := range users {
		if err := p.site.call().call("PATCH", userPath(u), map[string]any{"accountEnabled": yes}, nil); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) delete(users []string) error {
	for _, u := range users {
		if err := p.site.call().call("DELETE", userPath(u), nil, nil); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) purge(users []string) error {
	a := p.site.call()
	for _, u := range users {
		id, err := a.idOf(userPath(u))
		if err == nil {
			err = a.call("DELETE", userPath(u), nil, nil)
		} else {
			id, err = a.idOf(deletedPath(u))
		}
		if err == nil {
			err = a.call("DELETE", deletedPath(id), nil, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *player) restore(users []string) error {
	for _, u := range users {
		if err := p.site.call().call("POST", deletedPath(u)+"/restore", nil, nil); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) join(args []string) error  { return p.membership(args, true) }
func (p *player) leave(args []string) error { return p.membership(args, false) }

func (p *player) membership(args []string, in bool) error {
	if err := need(args, 2, 2); err != nil {
		return err
	}
	a := p.site.call()
	id, err := a.idOf(userPath(args[1]))
	if err != nil {
		return err
	}
	if in {
		return a.call("POST", groupPath(args[0])+"/members/$ref", map[string]string{"@odata.id": a.base + "/v1.0/users/" + id}, nil)
	}
	return a.call("DELETE", groupPath(args[0])+"/members/"+id+"/$ref", nil, nil)
}

func (p *player) sql(args []string) error {
	_, err := p.target.db.Exec(args[0])
	return err
}

func (p *player) remember(args []string) error {
	if err := need(args, 2, 2); err != nil {
		return err
	}
	rows := p.target.find("Employees", "ContosoLogin", args[1])
	if len(rows) != 1 {
		return fmt.Errorf("%s has %d rows", args[1], len(rows))
	}
	p.known[args[0]] = rows[0]["InternalGUID"]
	return nil
}

func (p *player) kill(args []string) error {
	if len(args) != 1 && (len(args) != 6 || args[1] != "after" || args[3] != "writes" || args[4] != "of") {
		return fmt.Errorf("write: kill PART [after N writes of M]")
	}
	if len(args) == 6 {
		if err := p.midst(args[2], args[5]); err != nil {
			return err
		}
	}
	p.site.kill(part(args[0]))
	return nil
}

// midst waits until so many rows have been written, but not all.
func (p *player) midst(least, all string) error {
	from, err := strconv.Atoi(least)
	if err != nil {
		return err
	}
	to, err := strconv.Atoi(all)
	if err != nil {
		return err
	}
	n := 0
	if why := soon(cycleLimit, func() string {
		if n, _ = p.target.writes(p.since); n < from {
			return fmt.Sprintf("only %d rows were written", n)
		}
		return ""
	}); why != "" {
		return fmt.Errorf("%s", why)
	}
	if n >= to {
		return fmt.Errorf("too late to kill: %d rows were written already", n)
	}
	return nil
}

func (p *player) start(args []string) error {
	if err := need(args, 1, 1); err != nil {
		return err
	}
	p.site.start(part(args[0]))
	return nil
}

func (p *player) mark([]string) error {
	_, p.since = p.target.writes(p.since)
	return nil
}

const awaitLimit = 20 * time.Second
