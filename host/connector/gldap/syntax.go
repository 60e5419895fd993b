package gldap

import (
	"strings"

	"github.com/sallyport-id/sallyport/host/connector"
)

// form is how an attribute's values are written in the directory.
type form uint8

const (
	formText     form = iota
	formBool          // TRUE, FALSE
	formInt           // decimal
	formTime          // generalized time (RFC 4517 §3.3.13)
	formADTime        // generalized time as Active Directory wants it, in whole seconds
	formUTC           // UTC time, two-digit years
	formFileTime      // hundreds of nanoseconds since 1601, in decimal
	formBytes         //
	formGUID          // 16 bytes in Windows' order, shown as text
	formUUID          // 16 bytes in network order, shown as text
	formSID           // Windows security identifier, shown as S-1-5-...
	formDN            // a DN
	formNameUID       // a DN with an optional bit string behind #
	formBy            // another attribute's value (memberUid)
	formEnabled       // accountEnabled, which stands for another attribute
	formName          // the DN of the object itself
)

const rfc = "1.3.6.1.4.1.1466.115.121.1."

var syntaxes = map[string]form{
	rfc + "7": formBool, rfc + "27": formInt, rfc + "24": formTime, rfc + "53": formUTC,
	rfc + "12": formDN, rfc + "34": formNameUID,
	rfc + "40": formBytes, rfc + "28": formBytes, rfc + "5": formBytes, rfc + "4": formBytes,
	rfc + "8": formBytes, rfc + "9": formBytes, rfc + "10": formBytes, rfc + "49": formBytes, rfc + "23": formBytes,
	"1.2.840.113556.1.4.906": formInt, "1.2.840.113556.1.4.907": formBytes, "1.2.840.113556.1.4.1221": formText,
}

// certificates must be asked for and written with ;binary (RFC 4523 §2).
var certificates = map[string]bool{rfc + "8": true, rfc + "9": true, rfc + "10": true}

// fileTimes are the attributes of Active Directory whose large integer is a point in time.
var fileTimes = map[string]bool{
	"accountexpires": true, "lastlogon": true, "lastlogoff": true, "lastlogontimestamp": true, "badpasswordtime": true,
	"lockouttime": true, "creationtime": true, "ms-mcs-admpwdexpirationtime": true, "msds-userpasswordexpirytimecomputed": true,
}

// odd are attributes whose bytes are something that people read.
var odd = map[string]form{"objectguid": formGUID, "objectsid": formSID, "sidhistory": formSID, "userpassword": formText, "unicodepwd": formText, "guid": formUUID}

// secret are attributes that are written and never shown.
var secret = map[string]bool{"userpassword": true, "unicodepwd": true, "dbcspwd": true, "ntpwdhistory": true, "lmpwdhistory": true, "authpassword": true,
	"sambantpassword": true, "sambalmpassword": true, "supplementalcredentials": true}

func formOf(a *attributeType) form {
	key := strings.ToLower(a.name)
	if f, ok := odd[key]; ok {
		return f
	}
	f := syntaxes[a.syntax]
	if f == formInt && fileTimes[key] {
		return formFileTime
	}
	return f
}

var dataTypes = map[form]connector.DataType{
	formText: connector.String, formBool: connector.Boolean, formInt: connector.Integer, formTime: connector.DateTime, formADTime: connector.DateTime, formUTC: connector.DateTime,
	formFileTime: connector.DateTime, formBytes: connector.Binary, formGUID: connector.String, formUUID: connector.String, formSID: connector.String, formDN: connector.Reference,
	formNameUID: connector.Reference, formBy: connector.Reference, formEnabled: connector.Boolean, formName: connector.String,
}

// formFor returns how a configured data type is written where it is not what the syntax says.
func formFor(t connector.DataType, f form) form {
	if dataTypes[f] == t {
		return f
	}
	switch t {
	case connector.Integer:
		return formInt
	case connector.Boolean:
		return formBool
	case connector.DateTime:
		if f == formInt {
			return formFileTime
		}
		return formTime
	case connector.Binary:
		return formBytes
	case connector.Reference:
		return formDN
	}
	return formText
}

// exact reports whether a matching rule regards case.
func exact(a *attributeType, f form) bool {
	rule := strings.ToLower(a.equality)
	return f == formBytes || f == formText && (strings.Contains(rule, "exact") || strings.Contains(rule, "octet"))
}
