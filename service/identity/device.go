package identity

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/internal/tenant"
)

// deviceGrant is the grant type of RFC 8628.
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// pollEvery is how often a program may ask whether its code was approved.
const pollEvery = 2 * time.Second

// device is a program that waits for a person to sign in elsewhere.
type device struct {
	tenant tenant.ID
	user   string // the code the person types
	until  time.Time
	asked  time.Time
	got    *granted
	refuse *refusal
}

// letters of user codes: no vowels, so no words; none that look alike (RFC 8628 §6.1).
const letters = "BCDFGHJKLMNPQRSTVWXZ"

func newUserCode() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b[:4]) + "-" + string(b[4:])
}

// deviceCode begins a sign-in without a browser on the same machine (RFC 8628 §3.1).
func (s *Server) deviceCode(w http.ResponseWriter, r *http.Request) {
	id, err := tenantOf(r)
	if err == nil {
		var form url.Values
		if form, err = readForm(w, r); err == nil && form.Get("client_id") != CLI {
			err = refuse(http.StatusBadRequest, "invalid_client", 700016, "The client_id must be %s.", CLI)
		}
	}
	if err == nil && s.Provider == nil {
		err = refuse(http.StatusBadRequest, "unauthorized_client", 7000112, "No OpenID Connect provider is configured (sallyport service --oidc-issuer).")
	}
	code, user := rand.Text()+rand.Text(), newUserCode()
	if err == nil {
		err = s.flows.wait(code, &device{tenant: id, user: user, until: time.Now().Add(signInTime)}, time.Now())
	}
	if err != nil {
		s.answerRefusal(w, r, err)
		return
	}
	at := s.base(r) + devicePath
	answer(w, http.StatusOK, map[string]any{
		"device_code": code, "user_code": user, "verification_uri": at, "verification_uri_complete": at + "?user_code=" + user,
		"expires_in": int(signInTime.Seconds()), "interval": int(pollEvery.Seconds()),
		"message": "To sign in, open " + at + " and enter the code " + user + ".",
	})
}

func (f *flows) wait(code string, d *device, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	sweep(f.devices, now, func(d *device) time.Time { return d.until })
	if len(f.devices) >= maxFlows {
		return errBusy
	}
	if f.devices == nil {
		f.devices = map[string]*device{}
	}
	f.devices[code] = d
	return nil
}

// typed returns the device code that belongs to what a person typed, "" when there is none.
func (f *flows) typed(user string, now time.Time) (code string, id tenant.ID) {
	user = strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(user), "-", ""))
	f.mu.Lock()
	defer f.mu.Unlock()
	for code, d := range f.devices {
		if strings.ReplaceAll(d.user, "-", "") == user && now.Before(d.until) && d.got == nil && d.refuse == nil {
			return code, d.tenant
		}
	}
	return "", ""
}

// approve ends a device's wait.
func (f *flows) approve(code string, g granted, x *refusal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := f.devices[code]; d != nil {
		if d.refuse = x; x == nil {
			d.got = &g
		}
	}
}

// deviceToken answers a program that waits (RFC 8628 §3.4).
func (s *Server) deviceToken(r *http.Request, id tenant.ID, form url.Values) (tokenBody, error) {
	code := form.Get("device_code")
	if code == "" {
		return tokenBody{}, missing("device_code")
	}
	g, err := s.flows.poll(code, id, time.Now())
	if err != nil {
		return tokenBody{}, err
	}
	return s.issuePerson(r.Context(), g, s.base(r), time.Now())
}

func (f *flows) poll(code string, id tenant.ID, now time.Time) (granted, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.devices[code]
	switch {
	case d == nil || d.tenant != id || !now.Before(d.until):
		delete(f.devices, code)
		return granted{}, refuse(http.StatusBadRequest, "expired_token", 70020, "The code has expired or was used already. Begin again.")
	case d.refuse != nil:
		delete(f.devices, code)
		return granted{}, d.refuse
	case d.got != nil:
		delete(f.devices, code)
		return *d.got, nil
	case now.Sub(d.asked) < pollEvery/2:
		return granted{}, refuse(http.StatusBadRequest, "slow_down", 70016, "Ask less often.")
	}
	d.asked = now
	return granted{}, refuse(http.StatusBadRequest, "authorization_pending", 70016, "The person has not signed in yet.")
}

// devicePage asks for the code.
func (s *Server) devicePage(w http.ResponseWriter, r *http.Request) {
	render(w, http.StatusOK, pageData{Code: r.URL.Query().Get("user_code"), Ask: true})
}

// deviceConfirm takes the code and sends the browser to the provider.
func (s *Server) deviceConfirm(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(w, r)
	if err != nil {
		s.page(w, r, http.StatusBadRequest, "The form is not readable.")
		return
	}
	now, from := time.Now(), "device|"+s.From(r)
	if err := s.wrong.check(from, now); err != nil {
		s.page(w, r, http.StatusTooManyRequests, "Too many wrong codes. Wait a minute.")
		return
	}
	code, id := s.flows.typed(form.Get("user_code"), now)
	if code == "" {
		s.wrong.note(from, now)
		render(w, http.StatusBadRequest, pageData{Ask: true, Text: "This code is not known, or has expired."})
		return
	}
	p := newPending(id, now)
	p.device = code
	s.toProvider(w, r, p)
}

type pageData struct {
	Text, Code string
	Ask        bool
}

var pageForm = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sallyport</title><meta name="viewport" content="width=device-width">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}input,button{font:inherit;padding:.4rem}</style></head>
<body><h1>Sallyport</h1>
{{with .Text}}<p role="status">{{.}}</p>{{end}}
{{if .Ask}}<form method="post" action="` + devicePath + `"><p><label for="c">Enter the code that your own terminal shows. Do not enter a code that somebody sent you.</label></p>
<p><input id="c" name="user_code" value="{{.Code}}" autocomplete="off" required> <button>Sign in</button></p></form>{{end}}
</body></html>
`))

func (s *Server) page(w http.ResponseWriter, _ *http.Request, status int, text string) {
	render(w, status, pageData{Text: text})
}

func render(w http.ResponseWriter, status int, d pageData) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_ = pageForm.Execute(w, d) // the browser has gone; there is nobody to tell
}
