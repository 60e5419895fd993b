package gldap

import "github.com/sallyport-id/sallyport/host/connector"

// Samples are configurations for the directories that the tests start, and one for AD LDS, of which no server was at hand.
func (*Driver) Samples() []connector.Sample {
	return []connector.Sample{
		{Name: "openldap", For: "people and groups in OpenLDAP, with changes pushed by the overlay syncprov", Config: openLDAPSample, Setup: openLDAPSetup, Privileges: openLDAPPrivileges},
		{Name: "389ds", For: "people and groups in 389 Directory Server, with changes from its retro changelog", Config: dirsrvSample, Setup: dirsrvSetup, Privileges: dirsrvPrivileges},
		{Name: "ad", For: "people and groups in an organizational unit of Active Directory", Config: adSample, Setup: adSetup, Privileges: adPrivileges},
		{Name: "adlds", For: "people and groups in AD LDS (not run by our tests: no server was at hand)", Config: ldsSample, Setup: ldsSetup, Privileges: ldsPrivileges},
	}
}

const openLDAPSample = `listen: 127.0.0.1:8585
data: host-data
connectors:
  - name: LDAP
    kind: gldap
    settings:
      servers: ldaps://ldap.example.org
      caFile: ca.crt
      user: cn=sallyport,dc=example,dc=com
      passwordFile: ldap.password
      bases:
        - ou=people,dc=example,dc=com
        - ou=groups,dc=example,dc=com
      types: [User=inetOrgPerson, Group=groupOfNames]
      attributes:
        - User=uid,cn,sn,givenName,displayName,mail,manager,telephoneNumber,userPassword
        - Group=cn,description,member
      references: ["Group.member=User"]
      dn:
        - User=uid={uid},ou=people,dc=example,dc=com
        - Group=cn={cn},ou=groups,dc=example,dc=com
      delta: syncrepl
    objects:
      User: {match: [uid]}
      Group: {core: {members: member}, match: [cn]}
    deprovision: {disable: set, attribute: accountEnabled, value: false, delete: delete}
`

const openLDAPSetup = `# ldapadd -D cn=admin,dc=example,dc=com -W -f this.ldif; then set the account's password: ldappasswd -S cn=sallyport,dc=example,dc=com
# The overlay syncprov tells of changes, ppolicy is what accounts are disabled by: load both for this database.
dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=com
objectClass: organizationalUnit
ou: groups

dn: cn=sallyport,dc=example,dc=com
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: sallyport
userPassword: change me
`

const openLDAPPrivileges = `# ldapmodify -Y EXTERNAL -H ldapi:/// -f this.ldif, as root on the server. {1}mdb is the database of dc=example,dc=com:
# ldapsearch -Y EXTERNAL -H ldapi:/// -b cn=config olcSuffix lists their numbers. What others may do stays as it is.
dn: olcDatabase={1}mdb,cn=config
changetype: modify
add: olcAccess
olcAccess: {0}to dn.subtree="ou=people,dc=example,dc=com" attrs=userPassword by dn.exact="cn=sallyport,dc=example,dc=com" =w by * break
olcAccess: {1}to dn.subtree="ou=people,dc=example,dc=com" by dn.exact="cn=sallyport,dc=example,dc=com" write by * break
olcAccess: {2}to dn.subtree="ou=groups,dc=example,dc=com" by dn.exact="cn=sallyport,dc=example,dc=com" write by * break
-
add: olcLimits
olcLimits: dn.exact="cn=sallyport,dc=example,dc=com" size=unlimited time=unlimited
`

const dirsrvSample = `listen: 127.0.0.1:8585
data: host-data
connectors:
  - name: LDAP
    kind: gldap
    settings:
      servers: ldaps://ldap.example.org
      caFile: ca.crt
      user: cn=sallyport,dc=example,dc=com
      passwordFile: ldap.password
      bases:
        - ou=people,dc=example,dc=com
        - ou=groups,dc=example,dc=com
      types: [User=inetOrgPerson, Group=groupOfNames]
      attributes:
        - User=uid,cn,sn,givenName,displayName,mail,manager,telephoneNumber,userPassword
        - Group=cn,description,member
      references: ["Group.member=User"]
      dn:
        - User=uid={uid},ou=people,dc=example,dc=com
        - Group=cn={cn},ou=groups,dc=example,dc=com
      delta: changelog
    objects:
      User: {match: [uid]}
      Group: {core: {members: member}, match: [cn]}
    deprovision: {disable: set, attribute: accountEnabled, value: false, delete: delete}
`

const dirsrvSetup = `# ldapadd -D "cn=Directory Manager" -W -f this.ldif
# The changes come from the retro changelog; switch it on and let it name objects for good:
#   dsconf INSTANCE plugin retro-changelog enable; dsconf INSTANCE plugin retro-changelog set --attribute nsuniqueid:targetUniqueId; dsctl INSTANCE restart
dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=com
objectClass: organizationalUnit
ou: groups

dn: cn=sallyport,dc=example,dc=com
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: sallyport
userPassword: change me
nsLookThroughLimit: -1
nsPagedLookThroughLimit: -1
nsIDListScanLimit: -1
nsPagedIDListScanLimit: -1
nsSizeLimit: -1
nsPagedSizeLimit: -1
nsTimeLimit: -1
`

const dirsrvPrivileges = `# ldapmodify -D "cn=Directory Manager" -W -f this.ldif
dn: ou=people,dc=example,dc=com
changetype: modify
add: aci
aci: (targetattr!="userPassword || aci")(version 3.0; acl "sallyport reads and writes people"; allow (read, search, compare, write, add, delete) userdn="ldap:///cn=sallyport,dc=example,dc=com";)
aci: (targetattr="nsUniqueId || nsAccountLock")(version 3.0; acl "sallyport finds and locks people"; allow (read, search, compare, write) userdn="ldap:///cn=sallyport,dc=example,dc=com";)
aci: (targetattr="userPassword")(version 3.0; acl "sallyport sets passwords"; allow (write) userdn="ldap:///cn=sallyport,dc=example,dc=com";)

dn: ou=groups,dc=example,dc=com
changetype: modify
add: aci
aci: (targetattr!="userPassword || aci")(version 3.0; acl "sallyport reads and writes groups"; allow (read, search, compare, write, add, delete) userdn="ldap:///cn=sallyport,dc=example,dc=com";)
aci: (targetattr="nsUniqueId")(version 3.0; acl "sallyport finds groups"; allow (read, search, compare) userdn="ldap:///cn=sallyport,dc=example,dc=com";)

dn: cn=changelog
changetype: modify
add: aci
aci: (targetattr="*")(version 3.0; acl "sallyport reads changes"; allow (read, search, compare) userdn="ldap:///cn=sallyport,dc=example,dc=com";)
`

const adSample = `listen: 127.0.0.1:8585
data: host-data
connectors:
  - name: LDAP
    kind: gldap
    settings:
      servers: ldaps://dc1.ad.test
      caFile: ca.crt
      user: sallyport@ad.test
      passwordFile: ldap.password
      bases: OU=Staff,DC=ad,DC=test
      types: [User=user, Group=group]
      attributes:
        - User=cn,sn,givenName,displayName,mail,manager,sAMAccountName,userPrincipalName,otherTelephone,unicodePwd
        - Group=cn,description,sAMAccountName,member
      references: ["Group.member=User"]
      dn:
        - User=CN={cn},OU=Staff,DC=ad,DC=test
        - Group=CN={cn},OU=Staff,DC=ad,DC=test
      timestampDeletes: true
    objects:
      User: {match: [sAMAccountName]}
      Group: {core: {members: member}, match: [cn]}
    deprovision: {disable: set, attribute: accountEnabled, value: false, delete: delete}
`

const adSetup = `# on a domain controller with Samba; on Windows: New-ADOrganizationalUnit Staff, and New-ADUser sallyport -UserPrincipalName sallyport@ad.test -Enabled $true
samba-tool ou create OU=Staff
samba-tool user create sallyport # asks for the password
`

const adPrivileges = `# The account may make, change, move and delete people and groups in OU=Staff, and set their passwords. On Windows the same with
#   dsacls "OU=Staff,DC=ad,DC=test" /G "AD\sallyport:CCDC;user" "AD\sallyport:CCDC;group"
#   dsacls "OU=Staff,DC=ad,DC=test" /I:S /G "AD\sallyport:RPWPSD;;user" "AD\sallyport:RPWPSD;;group" "AD\sallyport:CA;Reset Password;user"
# The sample finds deletions by comparing anchors (timestampDeletes), which needs no further right. In a large domain let the account see
# deleted objects instead, and take that setting out:
#   dsacls "CN=Deleted Objects,DC=ad,DC=test" /takeownership
#   dsacls "CN=Deleted Objects,DC=ad,DC=test" /G "AD\sallyport:LCRP"
SID=$(samba-tool user show sallyport --attributes=objectSid | sed -n 's/^objectSid: //p')
USER=bf967aba-0de6-11d0-a285-00aa003049e2
GROUP=bf967a9c-0de6-11d0-a285-00aa003049e2
RESET=00299570-246d-11d0-a768-00aa006e0529
allow() { samba-tool dsacl set --objectdn=OU=Staff,DC=ad,DC=test --sddl="$1"; }
allow "(OA;;CCDC;$USER;;$SID)"
allow "(OA;;CCDC;$GROUP;;$SID)"
allow "(OA;CIIO;RPWPSD;;$USER;$SID)"
allow "(OA;CIIO;RPWPSD;;$GROUP;$SID)"
allow "(OA;CIIO;CR;$RESET;$USER;$SID)"
`

const ldsSample = `listen: 127.0.0.1:8585
data: host-data
connectors:
  - name: LDAP
    kind: gldap
    settings:
      servers: ldaps://lds.contoso.lab
      user: CN=sallyport,CN=ServiceAccounts,CN=App,DC=contoso,DC=lab
      passwordFile: ldap.password
      bases: CN=CloudUsers,CN=App,DC=contoso,DC=lab
      types: User=user
      attributes: User=cn,sn,givenName,displayName,mail,userPrincipalName,unicodePwd
      dn: User=CN={cn},CN=CloudUsers,CN=App,DC=contoso,DC=lab
    objects:
      User: {match: [userPrincipalName]}
    deprovision: {disable: set, attribute: accountEnabled, value: false, delete: delete}
`

const ldsSetup = `# ldifde -i -f this.ldif -s lds.contoso.lab; then set the account's password and msDS-UserAccountDisabled: FALSE
dn: CN=CloudUsers,CN=App,DC=contoso,DC=lab
changetype: add
objectClass: container

dn: CN=sallyport,CN=ServiceAccounts,CN=App,DC=contoso,DC=lab
changetype: add
objectClass: user
userPrincipalName: sallyport
`

const ldsPrivileges = `dsacls \\lds.contoso.lab:389\CN=CloudUsers,CN=App,DC=contoso,DC=lab /G "CN=sallyport,CN=ServiceAccounts,CN=App,DC=contoso,DC=lab:CCDC;user"
dsacls \\lds.contoso.lab:389\CN=CloudUsers,CN=App,DC=contoso,DC=lab /I:S /G "CN=sallyport,CN=ServiceAccounts,CN=App,DC=contoso,DC=lab:RPWPSD;;user" "CN=sallyport,CN=ServiceAccounts,CN=App,DC=contoso,DC=lab:CA;Reset Password;user"
`
