package app

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// span refuses a number outside its range; 0 is the default and passes.
func (c *checker) span(path string, n, low, high int, hint string) {
	if n != 0 && (n < low || n > high) {
		c.add(path, fmt.Sprintf("%d is out of range", n), hint)
	}
}

const many = 1 << 30

func (c *checker) limits(a App) {
	c.span("target.rate", a.Target.Rate, 1, 100000, "use 1 to 100000 requests per second, or 0 for no limit")
	c.span("target.concurrency", a.Target.Concurrency, 1, 256, "use 1 to 256, or 0 for as many as workers")
	if d := a.Deprovision; d.DeleteLimit < 0 {
		c.add("deprovision.deleteLimit", "the limit is negative", "use 1 or more, or 0 for the default, which is 500")
	}
	c.span("deprovision.deletePercent", a.Deprovision.DeletePercent, 1, 100, "use 1 to 100, or 0 for no such limit")
	c.span("deprovision.deletePerDay", a.Deprovision.DeletePerDay, 1, many, "use 1 or more, or 0 for no such limit")
	if a.Deprovision.DeleteLeavers && a.Deprovision.NoDelete {
		c.add("deprovision.deleteLeavers", "deleteLeavers contradicts noDelete", "keep one of the two")
	}
	q := a.Quarantine
	c.span("quarantine.failures", q.Failures, 1, many, "use 1 or more; 5000 is the default")
	c.span("quarantine.percent", q.Percent, 1, 100, "use 1 to 100; 40 is the default")
	c.span("quarantine.base", q.Base, 1, many, "use 1 or more; 40000 is the default")
	c.span("quarantine.references", q.References, 1, many, "use 1 or more; 60000 is the default")
	if a.Assignments.Nested && !a.Assignments.Only {
		c.add("assignments.nested", "nested has no effect without only", "set only: true, or remove nested")
	}
}

func (c *checker) notify(n Notify) {
	for i, s := range n.Emails {
		if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
			c.add(fmt.Sprintf("notify.emails[%d]", i), fmt.Sprintf("%q is not an e-mail address", s), "write it as ops@example.com, without a name")
		}
	}
	for i, s := range n.WebhookFiles {
		path := fmt.Sprintf("notify.webhookFiles[%d]", i)
		switch {
		case strings.TrimSpace(s) == "":
			c.add(path, "the file's name is empty", "name a file that holds the webhook's URL")
		case strings.Contains(s, "://"):
			c.add(path, "this is a URL; whoever knows a webhook's URL can post to it, so it is kept like a secret", "put the URL into a file that the service alone can read, and name that here")
		}
	}
}

// attributes checks what is said about the target's attributes, and the mappings against it.
func (c *checker) attributes(path string, o Object) {
	seen := map[string]bool{}
	for i, a := range o.Attributes {
		at := fmt.Sprintf("%s.attributes[%d]", path, i)
		key := strings.ToLower(a.Name)
		switch {
		case a.Name == "":
			c.add(at+".name", "the attribute's name is missing", "name it as mappings do, as in name: userName")
		case seen[key]:
			c.add(at+".name", a.Name+" is described twice", "keep one of the two")
		}
		seen[key] = true
		c.oneOf(at+".type", string(a.Type), string(String), string(Integer), string(Decimal), string(Boolean), string(DateTime), string(Reference), string(Binary))
		c.oneOf(at+".mutability", a.Mutability, ReadWrite, ReadOnly, Immutable, WriteOnly)
		if a.Mutability == ReadOnly {
			c.readOnly(path, o.Mappings, a.Name)
		}
	}
}

func (c *checker) readOnly(path string, ms []Mapping, name string) {
	if i := slices.IndexFunc(ms, func(m Mapping) bool { return strings.EqualFold(m.Target, name) }); i >= 0 {
		c.add(fmt.Sprintf("%s.mappings[%d].target", path, i), name+" is read-only in the target", "remove the mapping")
	}
}

func (c *checker) tests(a App) {
	seen := map[string]bool{}
	for i, t := range a.Tests {
		at := fmt.Sprintf("tests[%d]", i)
		switch {
		case t.Name == "":
			c.add(at+".name", "the test has no name", "say in a few words what it shows")
		case seen[t.Name]:
			c.add(at+".name", fmt.Sprintf("two tests are called %q", t.Name), "give each a name of its own")
		}
		seen[t.Name] = true
		if t.Type != "" && !slices.ContainsFunc(a.Objects, func(o Object) bool { return o.Source == t.Type }) {
			c.add(at+".type", fmt.Sprintf("objects of type %s are not mapped", t.Type), "use User or Group, and map it under objects")
		}
		c.test(at, t)
	}
}

func (c *checker) test(at string, t Test) {
	if t.Now != "" {
		if _, err := time.Parse(time.RFC3339, t.Now); err != nil {
			c.add(at+".now", fmt.Sprintf("%q is not an instant", t.Now), "write it as 2026-11-21T12:00:00Z")
		}
	}
	if _, ok := t.Target["id"].(string); t.Linked && !ok {
		c.add(at+".linked", "linked needs target.id", "give the target object an id, as in target: {id: t1, …}")
	}
	e := t.Expect
	c.oneOf(at+".expect.verb", e.Verb, "create", "update", "disable", "delete", "skip")
	c.oneOf(at+".expect.scope", e.Scope, "in", "out")
	if e.Verb == "" && e.Scope == "" && e.Target == nil && e.Changes == nil && e.Error == "" {
		c.add(at+".expect", "the test expects nothing and would always pass", "set at least one of verb, scope, target, changes and error")
	}
}
