package gldap

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/test/targets"
)

func TestRegressionPagingBeyond5000Objects(t *testing.T) {
	const many = 6100
	l := targets.OpenLDAPAlone(t, targets.Slapd{NoLog: true, Data: people(many)})
	for _, with := range []map[string]string{{"paging": "paged"}, {"paging": "paged", "pageSize": "137"}, {"paging": "vlv", "pageSize": "1500"}, {"paging": "none"}} {
		s := openedAt(t, whole(l, with))
		seen := map[string]bool{}
		for _, e := range mustAll(t, s, "User") {
			seen[e.ID] = true
		}
		n, err := s.Count(t.Context(), "User")
		if len(seen) != many || n != many || err != nil {
			t.Errorf("%v: %d objects, counted %d (%v), want %d", with, len(seen), n, err, many)
		}
	}
}

func TestRegressionDeleteIsNotAnUpdate(t *testing.T) {
	servers(t, nil, func(t *testing.T, s *session, l *targets.LDAP, _ string) {
		made := s.mustCreate(t, "User", someone(s, 1))
		if err := s.Delete(t.Context(), "User", connector.Anchor(made.ID)); err != nil || raw(t, l, made.Attrs.Text(nameDN)) != nil {
			t.Errorf("it is still there: %v", err)
		}
	})
}

func TestRegressionClearedValuesAreCleared(t *testing.T) {
	servers(t, nil, func(t *testing.T, s *session, l *targets.LDAP, _ string) {
		a := someone(s, 1)
		a["title"], a["telephoneNumber"] = []entry.Value{"Engineer"}, []entry.Value{"+1 2"}
		made := s.mustCreate(t, "User", a)
		s.mustUpdate(t, made, replace("title"), remove("telephoneNumber"))
		held := raw(t, l, made.Attrs.Text(nameDN), "title", "telephoneNumber")
		if len(held.Attributes) != 0 {
			t.Errorf("left: %v", held.Attributes)
		}
	})
}

func TestRegressionLastOfManyValuesIsDeleted(t *testing.T) {
	servers(t, nil, func(t *testing.T, s *session, l *targets.LDAP, _ string) {
		many := "description"
		if s.server.windows() {
			many = "otherTelephone"
		}
		a := someone(s, 1)
		a[many] = []entry.Value{"one", "two"}
		made := s.mustCreate(t, "User", a)
		s.mustUpdate(t, made, remove(many, "one"))
		s.mustUpdate(t, made, remove(many, "two"))
		if got := raw(t, l, made.Attrs.Text(nameDN), many).GetAttributeValues(many); len(got) != 0 {
			t.Errorf("left: %v", got)
		}
	})
}

func TestRegressionLargeBinaryValues(t *testing.T) {
	servers(t, nil, func(t *testing.T, s *session, _ *targets.LDAP, _ string) {
		photo := "jpegPhoto"
		blob := bytes.Repeat([]byte{0, 255, 10, 13, 'x'}, 18_000)
		a := someone(s, 1)
		a[photo] = []entry.Value{blob}
		made := s.mustCreate(t, "User", a)
		if got := s.one(t, made).Attrs.First(photo); !entry.Equal(got, blob) {
			t.Errorf("came back otherwise: %T", got)
		}
	})
}

func TestRegressionCertificatesAreBinaryUnderTheirAlias(t *testing.T) {
	s, _, _ := opened(t, targets.OpenLDAP, func(*targets.LDAP, string) map[string]string {
		return map[string]string{"attributes": "User=uid,cn,sn,userCertificate;binary\nGroup=cn,member", "auxiliaries": ""}
	})
	if got := attributeOf(t, s, "User", "userCertificate;binary"); got.Type != connector.Binary {
		t.Errorf("%+v", got)
	}
}

func TestRegressionReferencesStayReferencesWhenTheSchemaIsReadAgain(t *testing.T) {
	servers(t, nil, func(t *testing.T, s *session, _ *targets.LDAP, _ string) {
		for range 2 {
			if got := attributeOf(t, s, "Group", "member"); got.Type != connector.Reference {
				t.Errorf("member is %v", got.Type)
			}
			if got := attributeOf(t, s, "User", "manager"); got.Type != connector.Reference || got.RefType != "User" {
				t.Errorf("manager is %v of %v", got.Type, got.RefType)
			}
		}
	})
}

func TestRegressionTypesWhoseNamesContainEachOther(t *testing.T) {
	s, _, container := opened(t, targets.OpenLDAP, func(_ *targets.LDAP, container string) map[string]string {
		return map[string]string{"types": "User=inetOrgPerson (!(employeeType=admin))\nUserAdmin=inetOrgPerson (employeeType=admin)\nAdmin=organizationalRole", "references": "", "auxiliaries": "",
			"dn": "User=uid={uid},ou=people," + container + "\nUserAdmin=uid={uid},ou=people," + container + "\nAdmin=cn={cn},ou=people," + container}
	})
	admin := person(2)
	admin["employeeType"] = []entry.Value{"admin"}
	s.mustCreate(t, "User", person(1))
	s.mustCreate(t, "UserAdmin", admin)
	s.mustCreate(t, "Admin", entry.Attrs{"cn": {"root"}})
	for kind, want := range map[entry.Type]string{"User": "uid=user1", "UserAdmin": "uid=user2", "Admin": "cn=root"} {
		got := mustAll(t, s, kind)
		if len(got) != 1 || keyOf(got[0].Attrs.Text(nameDN)) != keyOf(want+",ou=people,"+container) {
			t.Errorf("%s: %v", kind, got)
		}
	}
}

func TestRegressionNamesKeepTheirCase(t *testing.T) {
	servers(t, nil, func(t *testing.T, s *session, _ *targets.LDAP, _ string) {
		for _, name := range []string{"givenName", "displayName", "telephoneNumber", "objectClass"} {
			attributeOf(t, s, "User", name)
		}
	})
	s, _, _ := opened(t, targets.OpenLDAP, func(*targets.LDAP, string) map[string]string {
		return map[string]string{"attributes": "User=UID,CN,SN,GIVENNAME\nGroup=cn,member", "auxiliaries": ""}
	})
	attributeOf(t, s, "User", "givenName") // as the schema spells it, however the setting does
}

func TestRegressionDatesKeepTheirAfternoons(t *testing.T) {
	s, l, _ := opened(t, targets.OpenLDAP, nil)
	a := person(1)
	when := time.Date(2026, 2, 28, 22, 5, 6, 0, time.UTC)
	a["testWhen"] = []entry.Value{when}
	made := s.mustCreate(t, "User", a)
	if got := raw(t, l, made.Attrs.Text(nameDN), "testWhen").GetAttributeValue("testWhen"); got != "20260228220506Z" {
		t.Errorf("written %s", got)
	}
	if got := s.one(t, made).Attrs.First("testWhen"); !entry.Equal(got, when) {
		t.Errorf("read %v", got)
	}
}

func TestRegressionIntegersAreExported(t *testing.T) {
	servers(t, map[string]string{}, func(t *testing.T, s *session, l *targets.LDAP, _ string) {
		name := "testNumber"
		if s.server.windows() {
			name = "maxStorage"
		}
		a := someone(s, 1)
		a[name] = []entry.Value{int64(10_000)}
		made := s.mustCreate(t, "User", a)
		s.mustUpdate(t, made, replace(name, int64(-42)))
		if got := raw(t, l, made.Attrs.Text(nameDN), name).GetAttributeValue(name); got != "-42" {
			t.Errorf("written %s", got)
		}
	})
}

func TestRegressionAnchorsAreWhatTheServerNeverChanges(t *testing.T) {
	servers(t, nil, func(t *testing.T, s *session, _ *targets.LDAP, _ string) {
		want := map[brand]string{openLDAP: "entryUUID", dirsrv: "nsUniqueId", active: "objectGUID"}[s.server.brand]
		schema, err := s.Schema(t.Context())
		if err != nil || !strings.EqualFold(schema.Types[0].Anchor[0], want) {
			t.Fatalf("%v %v", schema.Types[0].Anchor, err)
		}
		made := s.mustCreate(t, "User", someone(s, 1))
		s.mustUpdate(t, made, replace("cn", "Renamed"), replace("sn", "Married"))
		if now := s.one(t, made); now.ID != made.ID || now.Attrs.Text("cn") != "Renamed" {
			t.Errorf("%v", now)
		}
	})
}

// TestRegressionInheritedClasses also sees the attributes that only a class above the configured one allows.
func TestRegressionInheritedClasses(t *testing.T) {
	servers(t, nil, func(t *testing.T, s *session, _ *targets.LDAP, _ string) {
		attributeOf(t, s, "User", "telephoneNumber") // of person
		attributeOf(t, s, "User", "ou")              // of organizationalPerson
	})
}

// TestRegressionClassesFromTheMapping is the published OpenLDAP sample: auxiliary classes come with the new object, and its password.
func TestRegressionClassesFromTheMapping(t *testing.T) {
	s, l, container := opened(t, targets.OpenLDAP, func(_ *targets.LDAP, container string) map[string]string {
		return map[string]string{"auxiliaries": "User=posixAccount,shadowAccount", "dn": "User=cn={cn},ou=people," + container}
	})
	a := entry.Attrs{"cn": {"bsimon"}, "gidNumber": {int64(10000)}, "homeDirectory": {"/home/bsimon"}, "sn": {"simon"}, "uid": {"bsimon"}, "uidNumber": {int64(10011)}, "mail": {"bsimon@contoso.lab"},
		"userPassword": {"initial-Passw0rd"}, "objectClass": {"inetOrgPerson", "posixAccount", "shadowAccount"}, nameDN: {"cn=bsimon,ou=people," + container}}
	made := s.mustCreate(t, "User", a)
	got := raw(t, l, made.Attrs.Text(nameDN), "objectClass", "uidNumber", "userPassword")
	if classes := got.GetAttributeValues("objectClass"); len(classes) != 3 || got.GetAttributeValue("uidNumber") != "10011" {
		t.Errorf("%v", got)
	}
	if text := got.GetAttributeValue("userPassword"); text == "" || strings.Contains(text, "initial") || made.Attrs["userPassword"] != nil {
		t.Errorf("the password is stored as %q, and shown as %v", text, made.Attrs["userPassword"])
	}
	a["cn"], a["uid"], a[nameDN], a["objectClass"] = []entry.Value{"other"}, []entry.Value{"other"}, nil, []entry.Value{"noSuchClass"}
	_, err := s.Create(t.Context(), entry.Entry{Type: "User", Attrs: a})
	wantKind(t, err, fault.Invalid)
}

func TestRegressionPlainNameForADNIsExplained(t *testing.T) {
	s, _, _ := opened(t, targets.OpenLDAP, nil)
	a := person(1)
	a[nameDN] = []entry.Value{"username@domain.com"}
	_, err := s.Create(t.Context(), entry.Entry{Type: "User", Attrs: a})
	wantKind(t, err, fault.Invalid)
	if !strings.Contains(fmt.Sprint(err), "username@domain.com") {
		t.Errorf("%v", err)
	}
}
