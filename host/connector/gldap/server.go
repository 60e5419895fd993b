package gldap

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// brand is the make of a directory, as far as it matters.
type brand string

const (
	openLDAP  brand = "OpenLDAP"
	dirsrv    brand = "389 Directory Server"
	active    brand = "Active Directory"
	adLDS     brand = "AD LDS"
	eDir      brand = "eDirectory"
	anyServer brand = "LDAP directory"
)

// Extensions by their number.
const (
	ctlPaged      = "1.2.840.113556.1.4.319"
	ctlVLV        = "2.16.840.1.113730.3.4.9"
	ctlVLVAnswer  = "2.16.840.1.113730.3.4.10"
	ctlSort       = "1.2.840.113556.1.4.473"
	ctlTreeDelete = "1.2.840.113556.1.4.805"
	ctlPermissive = "1.2.840.113556.1.4.1413"
	ctlDeleted    = "1.2.840.113556.1.4.417"
	ctlDirSync    = "1.2.840.113556.1.4.841"
	ctlNotify     = "1.2.840.113556.1.4.528"
	ctlPersistent = "2.16.840.1.113730.3.4.3"
	ctlPostRead   = "1.3.6.1.1.13.2"
	ctlAssert     = "1.3.6.1.1.12"
	ctlSync       = "1.3.6.1.4.1.4203.1.9.1.1"
	ctlSyncState  = "1.3.6.1.4.1.4203.1.9.1.2"
	ctlSyncDone   = "1.3.6.1.4.1.4203.1.9.1.3"
	ctlPolicy     = "1.3.6.1.4.1.42.2.27.8.5.1"
	opSyncInfo    = "1.3.6.1.4.1.4203.1.9.1.4"
	opPasswd      = "1.3.6.1.4.1.4203.1.11.1"
)

// server is what the root DSE says.
type server struct {
	brand     brand
	version   string
	supports  map[string]bool // controls, extended operations and features
	contexts  []string        // naming contexts
	subschema string
	facts     map[string][]string // everything, by lower-case name
}

func (s *server) fact(name string) string {
	if vs := s.facts[strings.ToLower(name)]; len(vs) > 0 {
		return vs[0]
	}
	return ""
}

// windows reports whether the directory is one of Microsoft's making, or like one.
func (s *server) windows() bool { return s.brand == active || s.brand == adLDS }

// readServer asks the root DSE.
func readServer(ctx context.Context, c *wire.Conn) (*server, error) {
	facts, err := readOne(ctx, c, "", "*", "+")
	if err != nil {
		return nil, err
	}
	s := &server{facts: facts, supports: map[string]bool{}, contexts: facts["namingcontexts"], subschema: first(facts["subschemasubentry"])}
	for _, name := range []string{"supportedcontrol", "supportedextension", "supportedfeatures", "supportedcapabilities"} {
		for _, oid := range facts[name] {
			s.supports[oid] = true
		}
	}
	s.identify()
	return s, nil
}

func (s *server) identify() {
	vendor := s.fact("vendorName") + " " + s.fact("vendorVersion")
	s.version = strings.TrimSpace(vendor)
	switch {
	case s.supports["1.2.840.113556.1.4.1851"]:
		s.brand = adLDS
	case s.supports["1.2.840.113556.1.4.800"]:
		s.brand = active
	case strings.Contains(vendor, "389"):
		s.brand = dirsrv
	case strings.Contains(vendor, "Novell") || strings.Contains(vendor, "NetIQ"):
		s.brand = eDir
	case slices.Contains(s.facts["objectclass"], "OpenLDAProotDSE"):
		s.brand = openLDAP
	default:
		s.brand = anyServer
	}
}

func first(vs []string) string {
	if len(vs) == 0 {
		return ""
	}
	return vs[0]
}

// readOne reads the attributes of one entry, by lower-case name.
func readOne(ctx context.Context, c *wire.Conn, dn string, attrs ...string) (map[string][]string, error) {
	rows, err := c.Search(ctx, wire.Search{Base: dn, Scope: wire.Base, Filter: wire.Present("objectClass"), Attrs: attrs})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string][]string{}
	for rows.Next() {
		for _, a := range rows.Entry().Attrs {
			name := strings.ToLower(string(a.Name))
			for _, v := range a.Values {
				out[name] = append(out[name], string(v))
			}
		}
	}
	return out, rows.Err()
}
