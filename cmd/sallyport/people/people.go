package people

import (
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

// Person is one made-up employee.
type Person struct {
	UPN, Given, Surname, Title, Department, Office, City, Country, EmployeeID, Phone string
	Manager                                                                          string // UPN; "" for the head of the company
	Groups                                                                           []string
}

// Display is the name people see.
func (p Person) Display() string { return p.Given + " " + p.Surname }

// Nickname is the part of the UPN before the @.
func (p Person) Nickname() string { n, _, _ := strings.Cut(p.UPN, "@"); return n }

// Domain of every made-up person; reserved for examples (RFC 2606).
const Domain = "contoso.example"

// span is how many direct reports a manager has.
const span = 8

// Company makes n people. Managers come before their reports, so that references resolve in reading order.
func Company(n int) []Person {
	r := rand.New(rand.NewPCG(7, 11))
	all := make([]Person, n)
	for i := range all {
		all[i] = person(r, i)
		if i > 0 {
			all[i].Manager = all[(i-1)/span].UPN
		}
	}
	return all
}

func person(r *rand.Rand, i int) Person {
	g, s := pick(r, given), pick(r, surnames)
	d, o := pick(r, departments), pick(r, offices)
	p := Person{
		Given: g.name, Surname: s.name, Department: d.name, Office: o.name, City: o.name, Country: o.country,
		UPN:        fmt.Sprintf("%s.%s%d@%s", g.ascii, s.ascii, i+1, Domain),
		EmployeeID: fmt.Sprintf("E%06d", 100000+i), Phone: fmt.Sprintf("+1 555 01%02d %04d", i/10000%100, i%10000),
		Title: title(i, d.name), Groups: []string{d.name, "Office " + o.name},
	}
	if i%7 == 0 {
		p.Groups = append(p.Groups, pick(r, projects))
	}
	return p
}

// title follows the place in the tree: a head, directors, managers, and the rest.
func title(i int, department string) string {
	switch {
	case i == 0:
		return "Chief Executive"
	case i <= span:
		return "Director of " + department
	case i <= span+span*span:
		return department + " Manager"
	}
	return department + " Specialist"
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// GroupNames are the groups the people belong to.
func GroupNames() []string {
	var all []string
	for _, d := range departments {
		all = append(all, d.name)
	}
	for _, o := range offices {
		all = append(all, "Office "+o.name)
	}
	return append(all, projects...)
}

// header names the columns of WriteCSV, as 'sallyport directory import' reads them.
var header = []string{
	"type", "userPrincipalName", "displayName", "givenName", "surname", "mail", "mailNickname", "jobTitle", "department",
	"officeLocation", "city", "country", "employeeId", "mobilePhone", "manager", "memberOf",
}

// WriteCSV writes groups and people as people.csv.
func WriteCSV(w io.Writer, all []Person) error {
	c := csv.NewWriter(w)
	if err := c.Write(header); err != nil {
		return err
	}
	for _, g := range GroupNames() {
		row := make([]string, len(header))
		row[0], row[2] = "Group", g
		if err := c.Write(row); err != nil {
			return err
		}
	}
	for _, p := range all {
		err := c.Write([]string{
			"User", p.UPN, p.Display(), p.Given, p.Surname, p.UPN, p.Nickname(), p.Title, p.Department,
			p.Office, p.City, p.Country, p.EmployeeID, p.Phone, p.Manager, strings.Join(p.Groups, ";"),
		})
		if err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
