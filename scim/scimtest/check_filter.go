package scimtest

import (
	"fmt"
	"strings"

	"github.com/sallyport-id/sallyport/scim"
)

// filterCase is a filter and whether the rich user satisfies it. {A} stands for its id, {B} for its manager's, {N} for its userName.
type filterCase struct {
	filter string
	match  bool
}

func (x *exchange) fill(s string) string {
	return strings.NewReplacer("{A}", x.a.id, "{B}", x.b.id, "{N}", x.a.name, "{NN}", strings.ToUpper(x.a.name), "{G}", x.team.id,
		"{ENT}", scim.EnterpriseURN, "{USER}", scim.UserURN).Replace(s)
}

// decides asks each filter, narrowed to the rich user by its id.
func (x *exchange) decides(cases ...filterCase) {
	for _, c := range cases {
		r := x.find(x.fill(`id eq "{A}" and (` + c.filter + `)`))
		if c.match {
			r.only(x.a.id)
		} else {
			r.only()
		}
	}
}

func filterChecks() []Check {
	l := list{area: "filter", source: "RFC 7644 §3.4.2.2"}
	l.must("userName eq finds one, in any case", func(x *exchange) {
		x.find(x.fill(`userName eq "{N}"`)).only(x.a.id)
		x.find(x.fill(`USERNAME EQ "{NN}"`)).only(x.a.id)
		x.find(x.fill(`{USER}:userName eq "{N}"`)).only(x.a.id)
	})
	l.must("+ and %20 are spaces, %2B is a plus sign", func(x *exchange) {
		plus := x.make("/Users", object{"userName": "plus+" + random()})
		x.get("/Users?filter=userName+eq+%22" + strings.ReplaceAll(plus.name, "+", "%2B") + "%22").only(plus.id)
		x.get("/Users?filter=userName%20eq%20%22" + strings.ReplaceAll(plus.name, "+", "%2B") + "%22").only(plus.id)
		x.get("/Users?filter=userName%20eq%20%22" + plus.name + "%22").only()
	})
	l.must("ne, co, sw, ew", func(x *exchange) {
		x.decides(
			filterCase{`userName ne "other"`, true}, filterCase{`userName ne "{N}"`, false}, filterCase{`userName ne "{NN}"`, false},
			filterCase{`displayName co "ABS"`, true}, filterCase{`displayName co "zzz"`, false},
			filterCase{`userName sw "A-"`, true}, filterCase{`userName sw "b-"`, false},
			filterCase{`userName ew ".TEST"`, true}, filterCase{`userName ew "x"`, false},
		)
	})
	l.must("pr, and absent attributes: eq false, ne true", func(x *exchange) {
		x.decides(
			filterCase{`title pr`, true}, filterCase{`nickName pr`, false}, filterCase{`emails pr`, true}, filterCase{`photos pr`, false},
			filterCase{`{ENT}:department pr`, true}, filterCase{`{ENT}:division pr`, false},
			filterCase{`nickName eq "x"`, false}, filterCase{`nickName ne "x"`, true}, filterCase{`not (nickName pr)`, true},
		)
	})
	l.must("gt ge lt le on strings and times", func(x *exchange) {
		x.decides(
			filterCase{`title gt "Tour"`, true}, filterCase{`title ge "tour guide"`, true}, filterCase{`title lt "Tour Guide"`, false}, filterCase{`title le "Tour Guide"`, true},
			filterCase{`meta.lastModified gt "2001-01-01T00:00:00Z"`, true}, filterCase{`meta.lastModified lt "2001-01-01T00:00:00Z"`, false},
			filterCase{`meta.created ge "2001-01-01T00:00:00+05:00"`, true},
		)
		created := x.a.text("meta/created")
		x.decides(filterCase{`meta.created eq "` + created + `"`, true}, filterCase{`meta.created ne "` + created + `"`, false})
	})
	l.must("booleans: eq and ne only", func(x *exchange) {
		x.decides(filterCase{`active eq true`, true}, filterCase{`active eq false`, false}, filterCase{`active ne false`, true})
		x.find(fmt.Sprintf(`active eq false and id eq "%s"`, x.off.id)).only(x.off.id)
		x.find("active gt true").refused(400, "invalidFilter")
		x.find("active co true").refused(400, "invalidFilter")
	})
	l.must("and binds tighter than or; not and parentheses", func(x *exchange) {
		x.find(x.fill(`id eq "{A}" or userName eq "nobody" and active eq false`)).only(x.a.id)
		x.find(x.fill(`(id eq "{A}" or userName eq "nobody") and active eq false`)).only()
		x.decides(
			filterCase{`not (title eq "x")`, true}, filterCase{`not(title eq "Tour Guide")`, false},
			filterCase{`title eq "x" or not (title eq "y") and active eq true`, true}, filterCase{`NOT (title eq "x") AND (active eq true OR title pr)`, true},
		)
	})
	l.must("externalId and id regard case", func(x *exchange) {
		x.decides(filterCase{`externalId eq "Ext-{N}"`, true}, filterCase{`externalId eq "EXT-{N}"`, false}, filterCase{`externalId sw "ext"`, false})
	})
	l.must("sub-attributes, by URN too", func(x *exchange) {
		x.decides(
			filterCase{`name.familyName eq "O'Malley"`, true}, filterCase{`NAME.familyname eq "o'malley"`, true},
			filterCase{`{USER}:name.familyName eq "O'Malley"`, true}, filterCase{`{ENT}:employeeNumber eq "E-{N}"`, true},
			filterCase{strings.ToUpper("urn:ietf:params:scim:schemas:extension:enterprise:2.0:user") + `:Department eq "sales"`, true},
		)
	})
	l.must("multi-valued attributes", func(x *exchange) {
		x.decides(
			filterCase{`emails eq "{N}.work"`, true}, filterCase{`emails co ".work"`, true}, filterCase{`emails.value eq "p+{N}.home"`, true},
			filterCase{`emails.type eq "home"`, true}, filterCase{`emails.type eq "other"`, false}, filterCase{`emails.primary eq true`, true},
		)
	})
	l.must("a value path holds within one element", func(x *exchange) {
		x.decides(
			filterCase{`emails[type eq "work" and value co ".work"]`, true}, filterCase{`emails[type eq "home" and value co ".work"]`, false},
			filterCase{`emails[type eq "home" or type eq "other"]`, true}, filterCase{`emails[not (type eq "work")]`, true},
			filterCase{`emails[type eq "work" and primary eq true] and title pr`, true},
		)
	})
	l.must("a sub-attribute after the value path (Entra)", func(x *exchange) {
		x.decides(filterCase{`emails[type eq "work"].value eq "{N}.work"`, true}, filterCase{`emails[type eq "home"].value eq "{N}.work"`, false})
	})
	filterValueChecks(&l)
	return l.checks
}

// filterValueChecks are about references, literals and what must be refused.
func filterValueChecks(l *list) {
	l.must("references by id", func(x *exchange) {
		x.find(x.fill(`id eq "{A}" and {ENT}:manager eq "{B}"`)).only(x.a.id)
		x.decides(filterCase{`{ENT}:manager.value eq "{B}"`, true}, filterCase{`manager eq "{B}"`, true}, filterCase{`{ENT}:manager eq "nobody"`, false})
		for _, f := range []string{`members eq "{A}"`, `members.value eq "{A}"`, `members[value eq "{A}"]`} {
			x.get("/Groups?filter=" + escape(x.fill(`id eq "{G}" and `+f))).only(x.team.id)
		}
		x.get("/Groups?filter=" + escape(x.fill(`id eq "{G}" and members eq "nobody"`))).only()
	})
	l.must("group by displayName in any case", func(x *exchange) {
		x.get("/Groups?filter=" + escape(`displayName eq "`+strings.ToUpper(x.team.name)+`"`)).only(x.team.id)
	})
	l.must("string escapes", func(x *exchange) {
		x.decides(
			filterCase{`displayName eq "Babs \"B\" Jensen"`, true}, filterCase{`displayName co "\u0042abs"`, true},
			filterCase{`displayName co "\"B\""`, true}, filterCase{`displayName co "\\"`, false},
		)
		face := x.make("/Users", object{"userName": random(), "displayName": "x\U0001F600/y" + random()})
		x.find(`displayName sw "x\ud83d\ude00\/y" and id eq "` + face.id + `"`).only(face.id)
	})
	l.must("characters special to regular expressions, LDAP and SQL are plain", func(x *exchange) {
		for _, value := range []string{"a.*", "*", "%", "_", "x' OR '1'='1", "a)(uid=*", `\\`, "my % name", "(", "[a-z]", "$", "^a-"} {
			x.find(`userName eq "` + value + `"`).only()
			x.find(`userName co "` + value + `" and id eq "` + x.a.id + `"`).only()
		}
		odd := x.make("/Users", object{"userName": `o%_*'(` + random()})
		x.find(`userName eq "` + odd.name + `"`).only(odd.id)
	})
	l.must("malformed filters are 400 invalidFilter", func(x *exchange) {
		for _, f := range []string{`userName`, `userName eq`, `userName xx "a"`, `userName eq bjensen`, `userName eq "a" and`, `emails[type eq "work"`,
			`(userName eq "a"`, `userName eq "a")`, `userName eq "a" "b"`, `userName eq "a`, `eq "a"`, `not userName eq "a"`, `userName eq "a" or or title pr`,
			`emails[]`, `userName eq "\x"`, `meta.created gt "yesterday"`, `userName eq`, `and`, `"a" eq userName`, `[type eq "x"]`} {
			x.find(f).refused(400, "invalidFilter")
		}
	})
	l.must("an unknown attribute is refused, not an empty answer", func(x *exchange) {
		r := x.find(`usrName eq "a"`).refused(400, "invalidFilter")
		r.has("detail", "usrName")
		x.find(`urn:nope:2.0:User:x eq "a"`).refused(400, "invalidFilter")
		x.find(`name.nope eq "a"`).refused(400, "invalidFilter")
		x.find(`nope eq "a" and userName eq "b"`).refused(400, "invalidFilter")
	})
	l.may("deep nesting and long filters are bounded", func(x *exchange) {
		x.find(strings.Repeat("(", 200)+`userName eq "a"`+strings.Repeat(")", 200)).refused(400, "invalidFilter")
		x.find(`userName eq "`+strings.Repeat("x", 9000)+`"`).refused(400, "invalidFilter")
	})
}
