package sdk

import (
	"slices"
	"strings"
	"testing"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

// person is a user as the documentation's example makes one.
func person(name string) models.Userable {
	u := models.NewUser()
	u.SetAccountEnabled(pointer(true))
	u.SetDisplayName(&name)
	u.SetMailNickname(&name)
	u.SetUserPrincipalName(pointer(name + "@contoso.example"))
	u.SetGivenName(pointer("Given"))
	u.SetSurname(pointer(name))
	p := models.NewPasswordProfile()
	p.SetPassword(pointer("Not-Kept-1"))
	p.SetForceChangePasswordNextSignIn(pointer(true))
	u.SetPasswordProfile(p)
	return u
}

// hire makes a user and returns its id.
func (c client) hire(t *testing.T, name string) string {
	t.Helper()
	u, err := c.Users().Post(t.Context(), person(name), nil)
	ok(t, err)
	return value(u.GetId())
}

func TestUsers(t *testing.T) {
	c := administrator(t)
	name := unique("ann")
	made, err := c.Users().Post(t.Context(), person(name), nil)
	ok(t, err)
	if made.GetPasswordProfile() != nil || value(made.GetDisplayName()) != name {
		t.Errorf("made %v", made.GetDisplayName())
	}
	id := value(made.GetId())
	edit := models.NewUser()
	edit.SetDepartment(pointer("Sales"))
	_, err = c.Users().ByUserId(id).Patch(t.Context(), edit, nil)
	ok(t, err)
	read, err := c.Users().ByUserId(name+"@contoso.example").Get(t.Context(), &users.UserItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: []string{"id", "department", "accountEnabled", "createdDateTime"}},
	})
	ok(t, err)
	if value(read.GetDepartment()) != "Sales" || !value(read.GetAccountEnabled()) || value(read.GetCreatedDateTime()).IsZero() || read.GetDisplayName() != nil {
		t.Errorf("read %v %v %v", value(read.GetDepartment()), value(read.GetAccountEnabled()), read.GetCreatedDateTime())
	}
	ok(t, c.Users().ByUserId(id).Delete(t.Context(), nil))
	_, err = c.Users().ByUserId(id).Get(t.Context(), nil)
	refused(t, err, 404, "Request_ResourceNotFound")
	back, err := c.Directory().DeletedItems().ByDirectoryObjectId(id).Restore().Post(t.Context(), nil)
	ok(t, err)
	if u, is := back.(models.Userable); !is || value(u.GetId()) != id {
		t.Errorf("restored a %T", back)
	}
	ok(t, c.Users().ByUserId(id).Delete(t.Context(), nil))
	ok(t, c.Directory().DeletedItems().ByDirectoryObjectId(id).Delete(t.Context(), nil))
}

func TestFilters(t *testing.T) {
	c := administrator(t)
	prefix := unique("filter")
	for _, n := range []string{"-a", "-b", "-c"} {
		c.hire(t, prefix+n)
	}
	ask := func(filter string, eventual bool) (int, error) {
		q := &users.UsersRequestBuilderGetRequestConfiguration{QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Filter: &filter, Top: pointer(int32(50))}}
		if eventual {
			q.Headers, q.QueryParameters.Count = abstractions.NewRequestHeaders(), pointer(true)
			q.Headers.Add("ConsistencyLevel", "eventual")
		}
		page, err := c.Users().Get(t.Context(), q)
		if err != nil {
			return 0, err
		}
		if eventual && int(value(page.GetOdataCount())) != len(page.GetValue()) {
			t.Errorf("%s: count %d of %d", filter, value(page.GetOdataCount()), len(page.GetValue()))
		}
		return len(page.GetValue()), nil
	}
	starts := "startswith(userPrincipalName,'" + prefix + "')"
	for filter, want := range map[string]int{starts: 3, starts + " and displayName eq '" + prefix + "-b'": 1, starts + " and displayName in ('" + prefix + "-a','x')": 1} {
		if n := must(ask(filter, false))(t); n != want {
			t.Errorf("%s: %d, want %d", filter, n, want)
		}
	}
	if n := must(ask(starts+" and endswith(userPrincipalName,'-c@contoso.example')", true))(t); n != 1 {
		t.Errorf("endswith: %d", n)
	}
	_, err := ask("endswith(userPrincipalName,'x')", false)
	refused(t, err, 400, "Request_UnsupportedQuery")
}

func TestGroups(t *testing.T) {
	c := administrator(t)
	boss, ann := c.hire(t, unique("boss")), c.hire(t, unique("ann"))
	name := unique("Staff")
	g := models.NewGroup()
	g.SetDisplayName(&name)
	g.SetMailNickname(&name)
	g.SetMailEnabled(pointer(false))
	g.SetSecurityEnabled(pointer(true))
	g.SetAdditionalData(map[string]any{"members@odata.bind": []string{here.URL + "/v1.0/users/" + boss}})
	made, err := c.Groups().Post(t.Context(), g, nil)
	ok(t, err)
	group := c.Groups().ByGroupId(value(made.GetId()))
	ref := models.NewReferenceCreate()
	ref.SetOdataId(pointer(here.URL + "/v1.0/directoryObjects/" + ann))
	ok(t, group.Members().Ref().Post(t.Context(), ref, nil))
	refused(t, group.Members().Ref().Post(t.Context(), ref, nil), 400, "Request_BadRequest")
	page, err := group.Members().Get(t.Context(), nil)
	ok(t, err)
	var ids []string
	for _, m := range page.GetValue() {
		if u, is := m.(models.Userable); is { // told by @odata.type
			ids = append(ids, value(u.GetId()))
		}
	}
	slices.Sort(ids)
	if want := slices.Sorted(slices.Values([]string{ann, boss})); !slices.Equal(ids, want) {
		t.Errorf("members %v, want %v", ids, want)
	}
	ok(t, group.Members().ByDirectoryObjectId(ann).Ref().Delete(t.Context(), nil))
	put := models.NewReferenceUpdate()
	put.SetOdataId(pointer(here.URL + "/v1.0/users/" + boss))
	ok(t, c.Users().ByUserId(ann).Manager().Ref().Put(t.Context(), put, nil))
	manager, err := c.Users().ByUserId(ann).Manager().Get(t.Context(), nil)
	ok(t, err)
	if value(manager.GetId()) != boss {
		t.Errorf("manager %s", value(manager.GetId()))
	}
	ok(t, group.Delete(t.Context(), nil))
}

func TestPages(t *testing.T) {
	c := administrator(t)
	prefix := unique("page")
	for i := range 9 {
		c.hire(t, prefix+string(rune('a'+i)))
	}
	page, err := c.Users().Get(t.Context(), &users.UsersRequestBuilderGetRequestConfiguration{QueryParameters: &users.UsersRequestBuilderGetQueryParameters{
		Filter: pointer("startswith(userPrincipalName,'" + prefix + "')"), Top: pointer(int32(2)), Select: []string{"id", "userPrincipalName"},
	}})
	ok(t, err)
	all, err := core.NewPageIterator[models.Userable](page, c.adapter, models.CreateUserCollectionResponseFromDiscriminatorValue)
	ok(t, err)
	seen := map[string]int{}
	ok(t, all.Iterate(t.Context(), func(u models.Userable) bool {
		seen[value(u.GetId())]++
		return strings.HasPrefix(value(u.GetUserPrincipalName()), prefix)
	}))
	if len(seen) != 9 {
		t.Errorf("%d of 9 users on the pages", len(seen))
	}
}

func TestDelta(t *testing.T) {
	c := administrator(t)
	id := c.hire(t, unique("delta"))
	walk := func(link string) (map[string]models.Userable, string) {
		t.Helper()
		at := c.Users().Delta()
		if link != "" {
			at = at.WithUrl(link)
		}
		page, err := at.GetAsDeltaGetResponse(t.Context(), nil)
		ok(t, err)
		found := map[string]models.Userable{}
		all, err := core.NewPageIterator[models.Userable](page, c.adapter, users.CreateDeltaGetResponseFromDiscriminatorValue)
		ok(t, err)
		ok(t, all.Iterate(t.Context(), func(u models.Userable) bool { found[value(u.GetId())] = u; return true }))
		if value(all.GetOdataDeltaLink()) == "" {
			t.Fatal("no delta link at the end")
		}
		return found, *all.GetOdataDeltaLink()
	}
	found, link := walk("")
	if found[id] == nil {
		t.Fatalf("%d users, not the new one", len(found))
	}
	edit := models.NewUser()
	edit.SetJobTitle(pointer("Head"))
	must(c.Users().ByUserId(id).Patch(t.Context(), edit, nil))(t)
	found, link = walk(link)
	if u := found[id]; u == nil || value(u.GetJobTitle()) != "Head" {
		t.Errorf("changed: %v", found)
	}
	ok(t, c.Users().ByUserId(id).Delete(t.Context(), nil))
	found, _ = walk(link)
	if u := found[id]; u == nil || u.GetAdditionalData()["@removed"] == nil {
		t.Errorf("removed: %v", found)
	}
	_, err := c.Users().Delta().WithUrl(here.URL+"/v1.0/users/delta?$deltatoken=forged").GetAsDeltaGetResponse(t.Context(), nil)
	refused(t, err, 410, "syncStateNotFound")
}

func TestBatch(t *testing.T) {
	c := administrator(t)
	name := unique("batch")
	batch := core.NewBatchRequest(c.adapter)
	create := must(c.Users().ToPostRequestInformation(t.Context(), person(name), nil))(t)
	read := must(c.Users().ByUserId(name+"@contoso.example").ToGetRequestInformation(t.Context(), nil))(t)
	nobody := must(c.Users().ByUserId("nobody@contoso.example").ToGetRequestInformation(t.Context(), nil))(t)
	first, second, third := must(batch.AddBatchRequestStep(*create))(t), must(batch.AddBatchRequestStep(*read))(t), must(batch.AddBatchRequestStep(*nobody))(t)
	fourth := must(batch.AddBatchRequestStep(*read))(t)
	second.DependsOnItem(first)
	fourth.DependsOnItem(third)
	answer, err := batch.Send(t.Context(), c.adapter)
	ok(t, err)
	u, err := core.GetBatchResponseById[models.Userable](answer, value(second.GetId()), models.CreateUserFromDiscriminatorValue)
	ok(t, err)
	if value(u.GetDisplayName()) != name {
		t.Errorf("read %v", value(u.GetDisplayName()))
	}
	got := map[string]int32{}
	for _, r := range answer.GetResponses() {
		got[value(r.GetId())] = value(r.GetStatus())
	}
	for item, want := range map[core.BatchItem]int32{first: 201, second: 200, third: 404, fourth: 424} {
		if got[value(item.GetId())] != want {
			t.Errorf("item answers %d, want %d: %v", got[value(item.GetId())], want, got)
		}
	}
	if _, err = core.GetBatchResponseById[models.Userable](answer, value(third.GetId()), models.CreateUserFromDiscriminatorValue); err == nil {
		t.Error("the failed item is a user")
	}
}
