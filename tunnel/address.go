package tunnel

import (
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
)

// Address names one agent of one tenant. Both parts are single subject tokens.
type Address struct{ Tenant, Agent string }

const maxToken = 64

// ValidToken reports whether s may stand for a tenant or an agent inside a subject: 1 to 64 of a–z, A–Z, 0–9, "-" and "_".
func ValidToken(s string) bool {
	if s == "" || len(s) > maxToken {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// Validate refuses an address that would not be two plain tokens.
func (a Address) Validate() error {
	if ValidToken(a.Tenant) && ValidToken(a.Agent) {
		return nil
	}
	return fault.New(fault.Invalid, "address agent", "tenant %q and agent %q must be words of letters, digits, - and _", a.Tenant, a.Agent)
}

// Requests is the only subject the agent may subscribe to: t.<tenant>.a.<agent>.req
func (a Address) Requests() string { return a.prefix() + ".req" }

// Beats is the subject of the agent's heartbeats: t.<tenant>.a.<agent>.beat
func (a Address) Beats() string { return a.prefix() + ".beat" }

// Answers is the subject of the agent's answers to one caller: t.<tenant>.a.<agent>.up.<caller>. Because the agent's identity lets it
// publish under its own prefix only, the subject proves who answered.
func (a Address) Answers(caller uint64) string { return a.prefix() + ".up." + hex(caller) }

// MayPublish lists the subject patterns an agent's identity allows it to publish to.
func (a Address) MayPublish() []string { return []string{a.prefix() + ".beat", a.prefix() + ".up.*"} }

func (a Address) prefix() string { return "t." + a.Tenant + ".a." + a.Agent }

// AllBeats matches the heartbeats of every agent.
const AllBeats = "t.*.a.*.beat"

// Inbox matches the answers of every agent to one caller: one subscription serves all requests.
func Inbox(caller uint64) string { return "t.*.a.*.up." + hex(caller) }

// ParseSubject returns the agent that a subject of ours belongs to.
func ParseSubject(subject string) (Address, bool) {
	rest, ok := strings.CutPrefix(subject, "t.")
	if !ok {
		return Address{}, false
	}
	tenant, rest, ok := strings.Cut(rest, ".a.")
	if !ok {
		return Address{}, false
	}
	agent, _, ok := strings.Cut(rest, ".")
	a := Address{Tenant: tenant, Agent: agent}
	return a, ok && a.Validate() == nil
}

func hex(n uint64) string { return strconv.FormatUint(n, 16) }
