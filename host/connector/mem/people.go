package mem

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
)

// maxPeople is how many made-up people fit the twelve hexadecimal digits of their anchors comfortably.
const maxPeople = 100_000_000

var (
	givenNames  = []string{"Ada", "Björn", "Chiara", "Dmitri", "Élodie", "Farah", "Goran", "Hana", "Ines", "Jamal", "Kaito", "Łucja", "Mina", "Nils", "Ólafur", "Priya", "Quentin", "Rosa", "Søren", "Thandi", "Uma", "Vera", "Wen", "Xenia", "Yusuf", "Zoë"}
	familyNames = []string{"Andersson", "Bianchi", "Čapek", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ito", "Jansen", "Kowalski", "Lindqvist", "Müller", "Nakamura", "O'Brien", "Petrov", "Qureshi", "Rossi", "Şahin", "Tanaka", "Ueda", "Varga", "Weiß", "Xu", "Yılmaz", "Zhang"}
	departments = []string{"Engineering", "Finance", "Human Resources", "Legal", "Logistics", "Marketing", "Operations", "Research", "Sales", "Support"}
	jobTitles   = []string{"Analyst", "Architect", "Clerk", "Coordinator", "Engineer", "Manager", "Planner", "Specialist", "Technician"}
)

// person makes the i-th made-up person: the same for the same i, of twelve attributes with the id.
func person(i int) entry.Entry {
	given, family := givenNames[i%len(givenNames)], familyNames[i/len(givenNames)%len(familyNames)]
	user := userNameOf(i)
	id := personID(i)
	return entry.Entry{Type: entry.User, ID: id, Attrs: entry.Attrs{
		"id":                {id},
		"userName":          {user},
		"externalId":        {"ext-" + strconv.Itoa(i)},
		"displayName":       {given + " " + family},
		"name":              {entry.Complex{"givenName": given, "familyName": family}},
		"emails":            {entry.Complex{"value": user, "type": "work", "primary": true}},
		"title":             {jobTitles[i%len(jobTitles)]},
		"department":        {departments[i%len(departments)]},
		"employeeNumber":    {strconv.Itoa(100000 + i)},
		"preferredLanguage": {"en"},
		"userType":          {"Employee"},
		"active":            {i%50 != 49},
	}}
}

const idPrefix = "5a117907-0000-4000-8000-"

func personID(i int) string { return fmt.Sprintf("%s%012x", idPrefix, i) }

func userNameOf(i int) string { return fmt.Sprintf("user%07d@people.example", i) }

// personOf is the inverse of personID, -1 for another id.
func personOf(id string) int {
	hex, ok := strings.CutPrefix(id, idPrefix)
	if !ok || len(hex) != 12 {
		return -1
	}
	i, err := strconv.ParseInt(hex, 16, 64)
	if err != nil || i < 0 || i > maxPeople || personID(int(i)) != id {
		return -1
	}
	return int(i)
}

// personNamed is the inverse of userNameOf for a folded userName, -1 for another.
func personNamed(name string) int {
	digits, ok := strings.CutPrefix(name, "user")
	digits, ok2 := strings.CutSuffix(digits, "@people.example")
	i, err := strconv.Atoi(digits)
	if !ok || !ok2 || err != nil || i < 0 || userNameOf(i) != name {
		return -1
	}
	return i
}
