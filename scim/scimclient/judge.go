package scimclient

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
)

// What may be wrong with an answer that came. They are the causes of the faults; errors.Is finds them.
var (
	ErrNotSCIM     = error(foreign("the answer is not SCIM"))
	ErrUnsatisfied = errors.New("the answer holds an object that does not satisfy the filter")
	ErrMembers     = errors.New("the answer lists members although they were excluded")
	ErrSeveral     = errors.New("the answer holds several objects where one was expected")
	ErrTotal       = errors.New("the answer's total does not fit what it holds")
	ErrNoID        = errors.New("the answer holds an object without an id")
	ErrNoEndpoint  = error(foreign("the endpoint answers a filter query with 404"))
	ErrAccepted    = errors.New("the server only accepted the request and will carry it out later")
	ErrUnstable    = errors.New("the list changed on every pass")
)

// foreign says that whoever answered speaks no SCIM. The engine asks for the method: a job whose target does that has to be looked at.
type foreign string

func (f foreign) Error() string { return string(f) }

// NotSCIM marks the error.
func (foreign) NotSCIM() {}

// faultHeader is how our own host tells an unknown effect from a target that was never reached; both are 503.
const faultHeader = "Sallyport-Fault"

// refusal makes the fault for an answer of a failing status.
func refusal(a *ask, r reply) error {
	e, isSCIM := scim.ReadError(r.body)
	kind := kindOf(a, r.status, e.ScimType)
	if !a.reads() && r.header.Get(faultHeader) == fault.Timeout.String() {
		kind = fault.Timeout // our own host, whose target went away after the write was sent
	}
	f := fault.New(kind, a.op, "%w", &Refused{r.status, e.ScimType, detail(r, e, isSCIM)}).WithCode(codeOf(a, r.status, e.ScimType))
	f.RetryAfter, f.Answer = retryAfter(r.header), answer(r)
	if r.status == http.StatusForbidden && e.Detail != "" {
		return f // its own words say more than any guess of ours
	}
	if r.status == http.StatusBadRequest && wantsTLS(r) {
		return f.WithHint("the port speaks TLS: write https:// in the base URL")
	}
	return f.WithHint("%s", statusHint(r.status, isSCIM))
}

// codeOf is what the provisioning log calls a failing status; "" for what the kind is called anyway.
func codeOf(a *ask, status int, scimType string) string {
	if status == http.StatusNotFound && a.id == "" {
		return fault.CodeIncompatible // the collection itself is not there
	}
	return fault.CodeOfStatus(status, scimType)
}

// answer is what came back, for people to read.
func answer(r reply) *fault.Answer {
	body := string(r.body)
	if len(body) > maxAnswer {
		body = body[:maxAnswer] + "…"
	}
	return &fault.Answer{Status: r.status, Body: clip(body)}
}

// maxAnswer is how many bytes of an answer are looked at for people to read.
const maxAnswer = 4096

// wantsTLS reports whether a server that speaks TLS was asked without: the words of Go and of nginx and Apache.
func wantsTLS(r reply) bool {
	for _, words := range []string{"HTTP request to an HTTPS server", "plain HTTP request was sent to HTTPS port", "speaking plain HTTP to an SSL-enabled server port"} {
		if bytes.Contains(r.body, []byte(words)) {
			return true
		}
	}
	return false
}

// Refused is the cause inside the fault for a failing status.
type Refused struct {
	Status   int
	ScimType string
	Detail   string // the server's own words, shortened
}

// Error says "the server answers 409 uniqueness: detail".
func (e *Refused) Error() string {
	s := "the server answers " + strconv.Itoa(e.Status)
	if e.ScimType != "" {
		s += " " + e.ScimType
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

func kindOf(a *ask, status int, scimType string) fault.Kind {
	k := fault.OfStatus(status)
	switch {
	case status < 400:
		return fault.Unavailable // a redirect, or an answer no client asked for: nothing was done
	case strings.EqualFold(scimType, scim.Uniqueness):
		return fault.Exists
	case status == http.StatusConflict && a.method != http.MethodPost:
		return fault.Conflict
	case status == http.StatusNotFound && a.id == "":
		return fault.Unavailable // the collection itself is not there: the address is wrong
	case a.reads():
		if status == http.StatusRequestTimeout {
			return fault.Unavailable
		}
		return k
	case status == http.StatusBadGateway || status == http.StatusGatewayTimeout || status == http.StatusRequestTimeout:
		return fault.Timeout // something between may have passed it on
	}
	return k
}

func detail(r reply, e scim.Error, isSCIM bool) string {
	switch {
	case e.Detail != "":
		return clip(e.Detail)
	case isSCIM || len(r.body) == 0:
		return ""
	case isPage(r):
		return "a web page"
	}
	return clip(string(r.body))
}

// clip shortens a text that came from outside and keeps it on one line.
func clip(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	if len(s) > 500 {
		n := 500
		for !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n] + "…"
	}
	return s
}

func isPage(r reply) bool {
	return strings.HasPrefix(r.header.Get("Content-Type"), "text/html") || bytes.HasPrefix(bytes.TrimSpace(r.body), []byte("<"))
}

func statusHint(status int, isSCIM bool) string {
	switch {
	case status < 400:
		return "enter the address the server redirects to as the base URL"
	case status == 401:
		return "the token is wrong or has expired; enter a new one"
	case status == 403:
		return "the token is valid but may not do this; check its rights in the application"
	case status == 404 && !isSCIM:
		return "check the base URL: it must be the address that /Users is appended to"
	case status == 429:
		return "the server asks for fewer requests; lower the number of workers"
	case status >= 500:
		return "look into the application's log"
	}
	return ""
}

// retryAfter reads the header in seconds or as a date; 0 when it says nothing sensible.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if text == "" {
		return 0
	}
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(n, 0), 24*3600)) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(t), 0), 24*time.Hour)
	}
	return 0
}

// odd makes the fault for an answer that came with success but cannot be right. A write may have taken effect: that is
// fault.Timeout, matched again before anything else; a read is no basis for anything.
func odd(a *ask, k fault.Kind, cause error, r reply) *fault.Error {
	if !a.reads() {
		k = fault.Timeout
	}
	f := fault.New(k, a.op, "%w", cause).WithCode(oddCode(a, cause, r))
	f.Answer = answer(r)
	switch {
	case isPage(r):
		return f.WithHint("a web page came back: a proxy or sign-in page answers in the application's place, or the base URL is wrong")
	case errors.Is(cause, ErrNotSCIM):
		return f.WithHint("check the base URL, and that the application speaks SCIM 2.0")
	}
	return f.WithHint("the application does not do what SCIM asks of it; report it to its maker")
}

// oddCode is what the provisioning log calls an answer that cannot be right.
func oddCode(a *ask, cause error, r reply) string {
	switch {
	case errors.Is(cause, ErrSeveral):
		return fault.CodeDuplicateTarget
	case errors.Is(cause, ErrAccepted):
		return fault.CodeTimeout
	case errors.Is(cause, ErrMembers), (a.id != "" || !a.reads()) && isList(r.body):
		return fault.CodeSeveralInAnswer
	}
	return fault.CodeIncompatible
}

// isList reports whether a list of objects came.
func isList(body []byte) bool {
	var list struct{ Resources []json.RawMessage }
	return json.Unmarshal(body, &list) == nil && len(list.Resources) > 0
}

// judgeFind checks the answer to a filter query before anybody relies on it.
func judgeFind(a *ask, r reply, ans scim.Answer, rt *scim.ResourceType, attr string, v entry.Value) error {
	switch n := len(ans.Resources); {
	case ans.Total >= 0 && ans.Total > n && n > 0:
		return odd(a, fault.Ambiguous, ErrSeveral, r).About(strconv.Itoa(ans.Total) + " objects")
	case ans.Total >= 0 && ans.Total != n:
		return odd(a, fault.Unavailable, ErrTotal, r)
	}
	for _, e := range ans.Resources {
		switch {
		case e.ID == "":
			return odd(a, fault.Unsupported, ErrNoID, r)
		case !satisfies(rt, e, attr, v):
			return odd(a, fault.Unsupported, ErrUnsatisfied, r)
		}
		for _, name := range rt.Detached() {
			if len(e.Attrs[name]) > 0 {
				return odd(a, fault.Unsupported, ErrMembers, r)
			}
		}
	}
	return nil
}

// satisfies compares without regard to case and type; what was excluded from the answer cannot be judged.
func satisfies(rt *scim.ResourceType, e entry.Entry, attr string, v entry.Value) bool {
	if strings.EqualFold(attr, "id") {
		return alike(e.ID, v)
	}
	path, err := scim.AnyPath(rt, attr)
	if err != nil {
		return false
	}
	if d, ok := rt.Attribute(path.Attr()); ok && (d.Detached || d.Returned == scim.ReturnedNever || d.Returned == scim.ReturnedRequest) {
		return true
	}
	for _, have := range path.Values(e.Attrs) {
		if alike(have, v) {
			return true
		}
	}
	return false
}

func alike(a, b entry.Value) bool {
	return entry.Equal(a, b) || scim.Fold(strings.Trim(scim.Literal(a), `"`)) == scim.Fold(strings.Trim(scim.Literal(b), `"`))
}

// reachHint says what to do about a connection that could not be made.
func reachHint(err error) string {
	var (
		dns     *net.DNSError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &dns):
		return "the host name of the base URL cannot be resolved; check its spelling and this machine's DNS"
	case errors.As(err, &unknown):
		return "the certificate is not trusted; give the authority's certificate for this application (caFile)"
	case errors.As(err, &name):
		return "the certificate is for another host name; use the name it was issued for in the base URL"
	case errors.As(err, &invalid):
		return "the certificate is expired or not valid; renew it"
	case errors.As(err, &record):
		return "the port does not speak TLS; use http:// or another port"
	}
	return "check that the application runs, and address, port and firewall"
}
