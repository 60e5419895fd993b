package gldap

import (
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/test/targets"
)

func attributeOf(t *testing.T, s *session, kind entry.Type, name string) connector.Attribute {
	t.Helper()
	schema, err := s.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range schema.Types {
		if i := slices.IndexFunc(o.Attributes, func(a connector.Attribute) bool { return a.Name == name }); o.Name == kind && i >= 0 {
			return o.Attributes[i]
		}
	}
	t.Fatalf("%s has no %s", kind, name)
	return connector.Attribute{}
}

// TestSchemaComesFromTheServer sees structural, inherited and auxiliary attributes with their types, on each server.
func TestSchemaComesFromTheServer(t *testing.T) {
	for _, c := range []struct {
		server string
		name   string // inherited from
		want   connector.Attribute
	}{
		{"OpenLDAP", "inetOrgPerson itself", connector.Attribute{Name: "employeeType", Type: connector.String, MultiValued: true}},
		{"OpenLDAP", "organizationalPerson", connector.Attribute{Name: "street", Type: connector.String, MultiValued: true}},
		{"OpenLDAP", "person", connector.Attribute{Name: "sn", Type: connector.String, Required: true}},
		{"OpenLDAP", "top", connector.Attribute{Name: "objectClass", Type: connector.String, MultiValued: true}},
		{"OpenLDAP", "auxiliary", connector.Attribute{Name: "testNumber", Type: connector.Integer}},
		{"OpenLDAP", "auxiliary", connector.Attribute{Name: "testFlag", Type: connector.Boolean}},
		{"OpenLDAP", "auxiliary", connector.Attribute{Name: "testWhen", Type: connector.DateTime}},
		{"OpenLDAP", "auxiliary", connector.Attribute{Name: "testText", Type: connector.String, CaseExact: true}},
		{"OpenLDAP", "binary by syntax", connector.Attribute{Name: "userCertificate;binary", Type: connector.Binary, MultiValued: true, CaseExact: true}},
		{"389", "person", connector.Attribute{Name: "sn", Type: connector.String, Required: true}},
		{"389", "auxiliary", connector.Attribute{Name: "testBytes", Type: connector.Binary, CaseExact: true}},
		{"Samba", "user itself", connector.Attribute{Name: "userPrincipalName", Type: connector.String}},
		{"Samba", "person", connector.Attribute{Name: "telephoneNumber", Type: connector.String}},
		{"Samba", "auxiliary of its class", connector.Attribute{Name: "sAMAccountName", Type: connector.String, Unique: true}},
		{"Samba", "large integer as a time", connector.Attribute{Name: "accountExpires", Type: connector.DateTime}},
	} {
		t.Run(c.server+"/"+c.want.Name, func(t *testing.T) {
			servers(t, nil, func(t *testing.T, s *session, _ *targets.LDAP, _ string) {
				if !strings.HasSuffix(t.Name(), "/"+c.server) {
					t.SkipNow()
				}
				got := attributeOf(t, s, "User", c.want.Name)
				c.want.Length = got.Length
				if got != c.want {
					t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
				}
			})
		})
	}
}

// FuzzDefinitions reads any text as a line of a schema.
func FuzzDefinitions(f *testing.F) {
	f.Add("( 2.5.4.3 NAME ( 'cn' 'commonName' ) DESC 'it''s' SUP name )")
	f.Add("( 1.2 NAME 'x' SYNTAX 1.3{64} SINGLE-VALUE X-ORIGIN ( 'a' 'b' ) )")
	f.Add("(( ' )")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := parseDefinition(s)
		if err == nil {
			_ = d.names()
		}
		_ = newCatalogue([]string{s}, []string{s}, []string{s})
	})
}

// FuzzValues reads any bytes in every form a value can have; what is read is written so that it reads the same.
func FuzzValues(f *testing.F) {
	for _, s := range []string{"TRUE", "-1", "20260228225958.5+0130", "2602282259Z", "132223104000000000", "S-1-5-21-1-2-3-500", "\x01\x05\x00\x00\x00\x00\x00\x05", "\xff", "", "0123456789abcdef", "99991231235959Z", "00000101000000Z"} {
		f.Add([]byte(s), uint8(formTime))
	}
	f.Fuzz(func(t *testing.T, b []byte, kind uint8) {
		form := form(kind % uint8(formName))
		v, err := form.decode(b)
		if err != nil || v == nil {
			return
		}
		text, err := form.encode(v)
		if err != nil {
			return // years that the form cannot write, bytes that are no text
		}
		again, err := form.decode([]byte(text))
		if err != nil || form != formADTime && !entry.Equal(v, again) {
			t.Fatalf("form %d: %q is %v, written %q, which is %v: %v", form, b, v, text, again, err)
		}
	})
}
