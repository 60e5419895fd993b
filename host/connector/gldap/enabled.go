package gldap

import (
	"strings"

	"github.com/sallyport-id/sallyport/entry"
)

// The bits of userAccountControl that matter here.
const (
	uacDisabled   = 0x2
	uacNoPassword = 0x20
	uacNormal     = 0x200
	lockedForGood = "000001010000Z" // pwdAccountLockedTime of an account that only an administrator unlocks
)

// readEnabled fills in accountEnabled from what stands behind it.
func (o *object) readEnabled(attrs entry.Attrs) {
	if o.switches == nil {
		return
	}
	v := attrs.First(o.switches.Name)
	var enabled bool
	switch o.enabling {
	case "userAccountControl":
		n, ok := v.(int64)
		if !ok {
			return // not visible
		}
		enabled = n&uacDisabled == 0
	case "pwdAccountLockedTime":
		enabled = !isLockedForGood(v)
	default: // nsAccountLock is text, msDS-UserAccountDisabled a boolean
		enabled = !strings.EqualFold(plainText(v), "true")
	}
	attrs[isEnabled] = []entry.Value{enabled}
}

// isLockedForGood reports whether a lock's time is year 0 or 1, which no clock shows.
func isLockedForGood(v entry.Value) bool {
	s, ok := v.(string)
	return ok && s == lockedForGood
}

// enabledValue returns what the attribute behind accountEnabled shall hold; nil clears it. have is what it holds now.
func (o *object) enabledValue(enabled bool, have entry.Value) entry.Value {
	switch o.enabling {
	case "userAccountControl":
		n, ok := have.(int64)
		if !ok {
			n = uacNormal
		}
		if enabled {
			return n &^ uacDisabled
		}
		return n | uacDisabled
	case "pwdAccountLockedTime":
		if enabled {
			return nil
		}
		return lockedForGood
	case "nsAccountLock":
		if enabled {
			return nil
		}
		return "true"
	}
	return !enabled
}
