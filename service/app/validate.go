package app

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

var idForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Validate checks an application's rules after its defaults are filled in. Expressions are checked where they are compiled (package mapping).
// The error is a fault.Invalid that wraps Mistakes: all of them, not the first; nil when all is well.
func (a App) Validate() error {
	return a.mistakes().fault("check application " + string(a.ID))
}

func (a App) mistakes() Mistakes {
	var c checker
	if !idForm.MatchString(string(a.ID)) {
		c.add("id", fmt.Sprintf("%q is not an application's id", a.ID), "use 1 to 63 lower-case letters, digits and dashes, such as contoso")
	}
	c.target(a.Target)
	c.schedule(a.Schedule)
	c.limits(a)
	c.oneOf("drift", string(a.Drift), string(ReportDrift), string(RepairDrift), string(AcceptDrift))
	c.oneOf("nestedGroups", string(a.Nested), string(NestedAsMember), string(NestedFlat), string(NestedLeftOut))
	c.notify(a.Notify)
	c.objects(a.Objects)
	c.tests(a)
	return c.found
}

// checker gathers mistakes.
type checker struct{ found Mistakes }

func (c *checker) add(path, what, hint string) {
	c.found = append(c.found, Mistake{Path: path, What: what, Hint: hint})
}

// oneOf refuses a word that is not among the known ones; "" passes.
func (c *checker) oneOf(path, word string, known ...string) {
	if word != "" && !slices.Contains(known, word) {
		c.add(path, fmt.Sprintf("%q is not known here", word), suggest(word, known))
	}
}

func (c *checker) target(t Target) {
	switch {
	case t.URL == "" && t.Group == "":
		c.add("target", "neither url nor group is set", "set url to reach the application directly, or group and resource to reach it through agents")
	case t.URL != "" && t.Group != "":
		c.add("target.url", "url and group exclude each other", "remove url: the agents' own configuration knows the address of the resource")
	case t.URL != "":
		c.address(t.URL)
	}
	if t.Group != "" && t.Resource == "" {
		c.add("target.resource", "group is set, but resource is not", "name the application as it is called in the agents' configuration")
	}
	if t.Group == "" && t.Resource != "" {
		c.add("target.resource", "resource is set, but group is not", "name the agent group that reaches it")
	}
	if t.Group != "" && t.CAFile != "" {
		c.add("target.caFile", "caFile has no effect on a target behind agents", "trust is set in the agents' configuration; remove caFile")
	}
	c.oneOf("target.dialect", t.Dialect, RFC, Legacy)
	if t.Timeout != 0 && (t.Timeout < Duration(time.Second) || t.Timeout > Duration(10*time.Minute)) {
		c.add("target.timeout", fmt.Sprintf("%v is out of range", t.Timeout), "use 1s to 10m")
	}
}

// address checks a SCIM base URL. A secret must not stand in it, nor travel over it in the clear.
func (c *checker) address(s string) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		c.add("target.url", "this is not a web address", "write it as https://host/scim")
	case u.User != nil:
		c.add("target.url", "the address holds a user name or password", "put the secret into a file and name it in secretFile")
	case u.RawQuery != "" || u.Fragment != "":
		c.add("target.url", "the address has a query or a fragment", "end it after the path")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		c.add("target.url", "the secret would travel unencrypted", "use https; http is accepted for this machine only")
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *checker) schedule(s Schedule) {
	if s.Interval != 0 && s.Interval < Duration(time.Second) {
		c.add("schedule.interval", fmt.Sprintf("%v is too short", s.Interval), "use 1s or more; 40m is the default")
	}
	if s.Workers != 0 && (s.Workers < 1 || s.Workers > 256) {
		c.add("schedule.workers", fmt.Sprintf("%d is out of range", s.Workers), "use 1 to 256; 16 is the default")
	}
}

func (c *checker) objects(os []Object) {
	seen := map[entry.Type]bool{}
	for i, o := range os {
		path := fmt.Sprintf("objects[%d]", i)
		switch {
		case o.Source == "":
			c.add(path+".source", "the source type is missing", "use User or Group")
		case seen[o.Source]:
			c.add(path+".source", fmt.Sprintf("%s is mapped twice", o.Source), "keep one object per source type")
		default:
			c.oneOf(path+".source", string(o.Source), string(entry.User), string(entry.Group))
		}
		seen[o.Source] = true
		c.mappings(path, o.Mappings)
		c.match(path, o)
		c.scope(path+".scope", o.Scope)
		c.scope(path+".input", o.Input)
		c.attributes(path, o)
	}
	if !seen[entry.User] {
		c.add("objects", "users are not mapped", "add an object with source: User; it is required")
	}
}

func (c *checker) mappings(path string, ms []Mapping) {
	if len(ms) == 0 {
		c.add(path+".mappings", "nothing is mapped", "add at least the mapping of the matching attribute")
	}
	seen := map[string]bool{}
	for i, m := range ms {
		at := fmt.Sprintf("%s.mappings[%d]", path, i)
		c.mapping(at, m)
		key := strings.ToLower(m.Target) // attribute names have no case, RFC 7643 §2.1
		if seen[key] && key != "" {
			c.add(at+".target", m.Target+" is mapped twice", "keep one mapping per target attribute")
		}
		seen[key] = true
	}
}

// ofColumn reports whether a target attribute is a column in the host's extension, whose name may hold any character.
func ofColumn(target string) bool {
	const host = "urn:ietf:params:scim:schemas:extension:ecma2host:2.0:"
	return len(target) > len(host) && strings.EqualFold(target[:len(host)], host)
}

// unmappable are target attributes that belong to the target.
var unmappable = []string{"id", "meta", "schemas"}

func (c *checker) mapping(path string, m Mapping) {
	switch first, _, _ := strings.Cut(strings.ToLower(m.Target), "."); {
	case m.Target == "":
		c.add(path+".target", "the target attribute is missing", "name it, as in target: userName")
	case slices.Contains(unmappable, first):
		c.add(path+".target", m.Target+" belongs to the target and cannot be mapped", "match or store a source id in externalId instead")
	case !ofColumn(m.Target) && !balanced(m.Target):
		c.add(path+".target", "brackets or quotes in the path do not match", `write it as in emails[type eq "work"].value`)
	}
	c.origin(path, m)
	c.oneOf(path+".flow", string(m.Flow), string(Always), string(OnCreate), string(AddValueOnly), string(FillOnly))
	switch {
	case m.ClearNull && m.Flow != Always && m.Flow != "":
		c.add(path+".clearNull", "clearNull contradicts flow "+string(m.Flow), "keep one of the two")
	case m.ClearNull && m.None:
		c.add(path+".clearNull", "clearNull contradicts none, which leaves the target alone", "keep one of the two")
	}
}

// origin wants exactly one of source, constant, expression and none.
func (c *checker) origin(path string, m Mapping) {
	n := 0
	for _, set := range []bool{m.Source != "", m.Constant != nil, m.Expression != "", m.None} {
		if set {
			n++
		}
	}
	switch {
	case n == 0:
		c.add(path, "the mapping has neither source nor constant nor expression", "set exactly one of them")
	case n > 1:
		c.add(path, "source, constant, expression and none exclude each other", "set exactly one of them")
	}
}

// balanced reports whether quotes are closed and brackets outside them match.
func balanced(path string) bool {
	open, quoted := 0, false
	for _, ch := range path {
		switch {
		case ch == '"':
			quoted = !quoted
		case quoted:
		case ch == '[':
			open++
		case ch == ']':
			open--
		}
		if open < 0 || open > 1 {
			return false
		}
	}
	return open == 0 && !quoted
}

func (c *checker) match(path string, o Object) {
	if len(o.Match) == 0 {
		c.add(path+".match", "there is no match rule", "name at least one attribute to find an existing account by, as in match: [{target: userName}]")
	}
	seen := map[int]bool{}
	for i, r := range o.Match {
		at := fmt.Sprintf("%s.match[%d]", path, i)
		switch {
		case r.Precedence < 0 || r.Precedence == 0 && len(o.Match) > 1 && !unnumbered(o.Match):
			c.add(at+".precedence", "the precedence is missing or negative", "number the rules 1, 2, 3")
		case seen[r.Precedence] && r.Precedence != 0:
			c.add(at+".precedence", fmt.Sprintf("two rules have the precedence %d", r.Precedence), "number the rules 1, 2, 3")
		}
		seen[r.Precedence] = true
		c.matchTarget(at, r, o.Mappings)
	}
}

func unnumbered(rules []Rule) bool {
	return !slices.ContainsFunc(rules, func(r Rule) bool { return r.Precedence != 0 })
}

func (c *checker) matchTarget(path string, r Rule, ms []Mapping) {
	if r.Target == "" {
		c.add(path+".target", "the target attribute is missing", "name it, as in target: userName")
		return
	}
	if r.Source != "" || slices.ContainsFunc(ms, func(m Mapping) bool { return m.Target == r.Target }) {
		return
	}
	targets := make([]string, len(ms))
	for i, m := range ms {
		targets[i] = m.Target
	}
	hint := "map the attribute, or give the rule a source"
	if near := closest(r.Target, targets); near != "" {
		hint += "; did you mean " + near + "?"
	}
	c.add(path+".target", r.Target+" is not mapped and the rule has no source", hint)
}
