package journeys

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
)

// Steps about the engine. In application files ${U} stands for the schema of the target's people and ${G} for that of its groups.
//
//	found NAME                             make a group
//	dissolve NAME                          delete a group for good
//	nest|unnest OUTER INNER                make a group a member of a group, or no member any more
//	role ID VALUE NAME                     give the application a role; ID is a GUID
//	assign|unassign USER|group:NAME [ROLE] give somebody the application, in a role, or take it back
//	release USER...                        let what is held for these go
//	restart SCOPE                          restart the job: Full, Watermark, Escrows, QuarantineState, ConnectorDataStore, ForceDeletes, or several
//	                                       with commas; nothing is waited for
//	demand USER                            provision a person on demand
//	demand group:NAME USER...              provision a group on demand, with some of its members
//	unlink USER                            delete the remembered pair of a paused job
//	answer STATUS [METHOD] [times=N] [retry-after=SECONDS] [body=TEXT]
//	                                       from now on the target answers so instead; in process only
//	answer normally                        and from now on as ever
//
// Expectations:
//
//	expect code CODE                       the job's status: Active, Paused, Quarantine
//	expect last NAME=N...                  counts of the last cycle: created, updated, disabled, deleted, skipped, failed
//	expect patches N [ATTRIBUTE...]        PATCH requests since the last mark, and the attributes they wrote; in process only
//	expect step USER STATUS STEP TEXT      the newest record of somebody has this step, and its detail contains the text
func init() {
	maps.Copy(verbs, map[string]func(*player, []string) error{
		"found": (*player).found, "dissolve": (*player).dissolve, "nest": (*player).nest, "unnest": (*player).unnest, "role": (*player).role,
		"restart": (*player).restart, "demand": (*player).demand, "unlink": (*player).unlink, "answer": (*player).answer,
	})
	maps.Copy(expectations, map[string]func(*player, []string) string{
		"code": (*player).code, "last": (*player).last, "patches": (*player).patches, "step": (*player).step,
	})
}

// schemas puts the long names of the target's attributes into an application file.
var schemas = strings.NewReplacer("${U}", "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User:", "${G}", "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:Group:")

// principal returns the id of a user, or of a group written as group:NAME.
func (p *player) principal(name string) (string, error) {
	if group, ok := strings.CutPrefix(name, "group:"); ok {
		return p.site.call().idOf(groupPath(group))
	}
	return p.site.call().idOf(userPath(name))
}

func (p *player) found(args []string) error {
	if err := need(args, 1, 1); err != nil {
		return err
	}
	body := map[string]any{"displayName": args[0], "mailNickname": args[0], "mailEnabled": false, "securityEnabled": true}
	return p.site.call().call("POST", "/v1.0/groups", body, nil)
}

func (p *player) dissolve(args []string) error {
	if err := need(args, 1, 1); err != nil {
		return err
	}
	return p.site.call().call("DELETE", groupPath(args[0]), nil, nil)
}

func (p *player) nest(args []string) error   { return p.nesting(args, true) }
func (p *player) unnest(args []string) error { return p.nesting(args, false) }

func (p *player) nesting(args []string, in bool) error {
	if err := need(args, 2, 2); err != nil {
		return err
	}
	a := p.site.call()
	id, err := a.idOf(groupPath(args[1]))
	if err != nil {
		return err
	}
	if in {
		return a.call("POST", groupPath(args[0])+"/members/$ref", map[string]string{"@odata.id": a.base + "/v1.0/groups/" + id}, nil)
	}
	return a.call("DELETE", groupPath(args[0])+"/members/"+id+"/$ref", nil, nil)
}

func (p *player) role(args []string) error {
	if err := need(args, 3, 3); err != nil {
		return err
	}
	a := p.site.call()
	var have struct {
		Roles []map[string]any `json:"appRoles"`
	}
	at := "/v1.0/applications/" + wire.AppID
	if err := a.call("GET", at, nil, &have); err != nil {
		return err
	}
	have.Roles = append(have.Roles, map[string]any{
		"id": args[0], "value": args[1], "displayName": args[2], "description": args[2], "isEnabled": true, "allowedMemberTypes": []string{"User"},
	})
	return a.call("PATCH", at, map[string]any{"appRoles": have.Roles}, nil)
}

func assignedTo() string { return "/v1.0/servicePrincipals/" + wire.AppID + "/appRoleAssignedTo" }

const defaultRole = "00000000-0000-0000-0000-000000000000"

func (p *player) assign(args []string) error {
	if err := need(args, 1, 2); err != nil {
		return err
	}
	id, err := p.principal(args[0])
	if err != nil {
		return err
	}
	body := map[string]string{"principalId": id, "resourceId": wire.AppID, "appRoleId": append(args, defaultRole)[1]}
	return p.site.call().call("POST", assignedTo(), body, nil)
}

func (p *player) unassign(args []string) error {
	if err := need(args, 1, 2); err != nil {
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
			Role      string `json:"appRoleId"`
		}
	}
	if err := p.site.call().call("GET", assignedTo(), nil, &list); err != nil {
		return err
	}
	for _, a := range list.Value {
		if a.Principal == id && (len(args) == 1 || a.Role == args[1]) {
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

func (p *player) restart(args []string) error {
	if err := need(args, 1, 1); err != nil {
		return err
	}
	return p.site.call().order(args[0])
}

func (p *player) demand(args []string) error {
	if err := need(args, 1, 6); err != nil {
		return err
	}
	id, err := p.principal(args[0])
	if err != nil {
		return err
	}
	subject := map[string]any{"objectId": id, "objectTypeName": "User"}
	if strings.HasPrefix(args[0], "group:") {
		subject["objectTypeName"] = "Group"
		var members []map[string]string
		for _, m := range args[1:] {
			id, err := p.principal(m)
			if err != nil {
				return err
			}
			members = append(members, map[string]string{"objectId": id, "objectTypeName": "User"})
		}
		subject["links"] = map[string]any{"members": members}
	}
	body := map[string]any{"parameters": []any{map[string]any{"subjects": []any{subject}}}}
	return p.site.call().call("POST", jobPath+"/provisionOnDemand", body, nil)
}

func (p *player) unlink(args []string) error {
	if err := need(args, 1, 1); err != nil {
		return err
	}
	id, err := p.principal(args[0])
	if err != nil {
		return err
	}
	return p.site.call().call("DELETE", jobPath+"/objectConnections/"+url.PathEscape(id), nil, nil)
}

// answering is a site whose target can be made to answer what it should not, and tells what it was asked.
type answering interface{ meddle() *meddler }

func (p *player) answer(args []string) error {
	s, ok := p.site.(answering)
	if !ok {
		return fmt.Errorf("this route's target answers as it does: give the story routes of its own")
	}
	if len(args) == 1 && args[0] == "normally" {
		s.meddle().set(nil)
		return nil
	}
	l := &lie{times: -1}
	for i, w := range args {
		name, value, _ := strings.Cut(w, "=")
		var err error
		switch {
		case i == 0:
			l.status, err = strconv.Atoi(w)
		case name == "times":
			l.times, err = strconv.Atoi(value)
		case name == "retry-after":
			l.retryAfter = value
		case name == "body":
			l.body = value
		default:
			l.method = w
		}
		if err != nil {
			return err
		}
	}
	if len(args) == 0 {
		return fmt.Errorf("write: answer STATUS [METHOD] [times=N] [retry-after=SECONDS] [body=TEXT]")
	}
	s.meddle().set(l)
	return nil
}

func (p *player) code(args []string) string {
	var job struct{ Status struct{ Code string } }
	if err := p.site.call().call("GET", jobPath, nil, &job); err != nil {
		return err.Error()
	}
	if job.Status.Code != args[0] {
		return fmt.Sprintf("the job's code is %s, expected %s", job.Status.Code, args[0])
	}
	return ""
}

func (p *player) last(args []string) string {
	st, err := p.site.call().status()
	want, bad := pairs(args)
	if err != nil || bad != nil || st.Last == nil {
		return fmt.Sprint("no last cycle: ", err, bad)
	}
	have := map[string]int{
		"created": st.Last.Created, "updated": st.Last.Updated, "disabled": st.Last.Disabled, "deleted": st.Last.Deleted, "skipped": st.Last.Skipped,
		"failed": st.Last.Failed, "done": st.Last.Done,
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if n, ok := have[name]; !ok || strconv.Itoa(n) != want[name] {
			return fmt.Sprintf("%s: %d, expected %s: %+v", name, n, want[name], *st.Last)
		}
	}
	return ""
}

func (p *player) step(args []string) string {
	if len(args) != 4 {
		return "write: expect step USER STATUS STEP TEXT"
	}
	records, err := p.site.call().journal(args[0])
	if err != nil || len(records) == 0 {
		return fmt.Sprint("no record: ", err)
	}
	for _, s := range records[0].Steps {
		if s.Name == args[2] && s.Status == args[1] && (strings.Contains(s.Detail, args[3]) || strings.Contains(fmt.Sprint(s.Facts), args[3])) {
			return ""
		}
	}
	return fmt.Sprintf("no such step: %+v", records[0].Steps)
}

func (p *player) patches(args []string) string {
	s, ok := p.site.(answering)
	if !ok {
		return "this route does not tell what it is asked"
	}
	sent := s.meddle().patched()
	want := slices.Sorted(slices.Values(args[1:]))
	for i := range want {
		want[i] = schemas.Replace(want[i])
	}
	if len(sent) == 0 && args[0] == "0" {
		return ""
	}
	var have []string
	for _, body := range sent {
		have = append(have, pathsOf(body)...)
	}
	slices.Sort(have)
	if strconv.Itoa(len(sent)) != args[0] || len(want) > 0 && !slices.Equal(have, want) {
		return fmt.Sprintf("%d PATCH requests of %q: %.2000s", len(sent), have, sent)
	}
	return ""
}

// lie is an answer that the target did not give.
type lie struct {
	status     int
	method     string // "" for all
	times      int    // -1: until further notice
	retryAfter string
	body       string
}

func (l *lie) answer(r *http.Request) *http.Response {
	resp := &http.Response{
		StatusCode: l.status, Status: strconv.Itoa(l.status), ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(l.body)), ContentLength: int64(len(l.body)),
	}
	resp.Header.Set("Content-Type", "application/scim+json")
	resp.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if l.retryAfter != "" {
		resp.Header.Set("Retry-After", l.retryAfter)
	}
	return resp
}
