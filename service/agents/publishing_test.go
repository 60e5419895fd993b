package agents

import (
	"slices"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
)

func TestGroupsKeepTheirRules(t *testing.T) {
	p := NewPublishing()
	a := Agent{ID: "a", Name: "host", Group: "site"}
	site := p.Ensure("site")
	other, err := p.AddGroup("other")
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"name taken":      second(p.AddGroup("site")),
		"no name":         second(p.AddGroup(" ")),
		"default removed": p.RemoveGroup(p.Default().ID),
	} {
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.Join(a, other.ID); err != nil || !slices.Equal(p.GroupsOf(a), []Group{site, other}) {
		t.Fatalf("%v, %v", p.GroupsOf(a), err)
	}
	if err := p.Leave(a, site.ID); err != nil {
		t.Fatal(err)
	}
	if err := p.Leave(a, site.ID); !fault.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	r, err := p.AddResource("HR", "hr")
	if err != nil || r.Group != p.Default().ID {
		t.Fatalf("%+v, %v", r, err)
	}
	r.Group = other.ID
	p.SetResource(r)
	if err := p.RemoveGroup(other.ID); !fault.Is(err, fault.Invalid) {
		t.Fatal("a group with resources is gone", err)
	}
	p.RemoveResource(r.ID)
	if err := p.RemoveGroup(other.ID); err != nil {
		t.Fatal(err)
	}
	if got := p.GroupsOf(a); !slices.Equal(got, []Group{p.Default()}) {
		t.Errorf("after its group went the agent is in %v", got)
	}
	if err := p.Leave(a, p.Default().ID); !fault.Is(err, fault.Invalid) {
		t.Error("an agent is in no group", err)
	}
}

func second[T any](_ T, err error) error { return err }
