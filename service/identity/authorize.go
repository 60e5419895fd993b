package identity

import (
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
)

// Where the browser comes back to, and where it types a code.
const (
	callbackPath = "/signin/callback"
	devicePath   = "/signin/device"
)

// cookie ties a sign-in to the browser that began it.
const cookie = "__Host-sallyport-signin"

// authorize begins a person's sign-in (RFC 6749 §4.1, RFC 7636, RFC 8252): it sends the browser to the provider.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	id, err := tenantOf(r)
	if err != nil {
		s.page(w, r, http.StatusBadRequest, err.Error())
		return
	}
	q := r.URL.Query()
	if why := badRequest(q, s.base(r)); why != "" {
		s.page(w, r, http.StatusBadRequest, why) // never sent on: the address is not to be trusted
		return
	}
	p := newPending(id, time.Now())
	p.redirect, p.back, p.challenge = q.Get("redirect_uri"), q.Get("state"), q.Get("code_challenge")
	s.toProvider(w, r, p)
}

// badRequest says what is wrong with an authorization request, "" when nothing is.
func badRequest(q url.Values, base string) string {
	switch {
	case q.Get("response_type") != "code":
		return "The response_type must be code."
	case q.Get("client_id") != CLI:
		return "The client_id must be " + CLI + "."
	case !loopback(q.Get("redirect_uri")) && !within(q.Get("redirect_uri"), base):
		return "The redirect_uri must be on this machine: http://127.0.0.1:PORT/."
	case q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43:
		return "A code_challenge with the method S256 is needed."
	case len(q.Get("state")) > 512:
		return "The state is too long."
	}
	return ""
}

// loopback reports whether the address is a program on the person's own machine (RFC 8252 §7.3).
func loopback(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.User != nil || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}

// within reports whether the address is a page of this service.
func within(text, base string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.User == nil && u.Fragment == "" && u.Scheme+"://"+u.Host == base
}

// toProvider keeps the sign-in and sends the browser on.
func (s *Server) toProvider(w http.ResponseWriter, r *http.Request, p pending) {
	if s.Provider == nil {
		s.page(w, r, http.StatusNotFound, "Nobody can sign in here: no OpenID Connect provider is configured (sallyport service --oidc-issuer).")
		return
	}
	to, err := s.Provider.begin(r.Context(), s.base(r)+callbackPath, p)
	if err == nil {
		err = s.flows.begin(p, time.Now())
	}
	if err != nil {
		s.Logger.Error("sign-in could not begin", "error", err)
		s.page(w, r, http.StatusServiceUnavailable, "The sign-in provider cannot be reached. Try again in a minute.")
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookie, Value: challengeOf(p.state), Path: "/", Secure: true, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, MaxAge: int(signInTime.Seconds()),
	})
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, to, http.StatusFound)
}

// callback takes the provider's answer.
func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p, ok := s.flows.take(q.Get("state"), time.Now())
	c, err := r.Cookie(cookie)
	if !ok || err != nil || subtle.ConstantTimeCompare([]byte(c.Value), []byte(challengeOf(p.state))) != 1 {
		s.page(w, r, http.StatusBadRequest, "This sign-in was not begun in this browser, took too long, or was used already. Begin again.")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookie, Path: "/", Secure: true, HttpOnly: true, MaxAge: -1})
	who, err := s.whoCame(r, p)
	note := SignIn{Tenant: p.tenant, How: p.how(), Err: err, Name: who.signIn}
	if who.signIn != "" {
		note.Subject = access.Person(who.signIn)
	}
	s.Note(r, note)
	if err != nil {
		s.Logger.Warn("sign-in refused", "person", who.signIn, "error", err)
		s.refuseSignIn(w, r, p, err)
		return
	}
	s.letIn(w, r, p, who)
}

func (p pending) how() string {
	if p.device != "" {
		return "device_code"
	}
	return "authorization_code"
}

// whoCame reads the answer and makes sure that the person may do anything here at all.
func (s *Server) whoCame(r *http.Request, p pending) (person, error) {
	q := r.URL.Query()
	if e := q.Get("error"); e != "" {
		return person{}, refuse(http.StatusForbidden, "access_denied", 65004, "The provider refused: %s.", clip(e))
	}
	who, err := s.Provider.finish(r.Context(), s.base(r)+callbackPath, q.Get("code"), p)
	if err != nil {
		return who, refuse(http.StatusForbidden, "access_denied", 50008, "%s.", err.Error())
	}
	caller, err := s.caller(tenant.With(r.Context(), p.tenant), personClaims(p.tenant, who, nil))
	if err != nil {
		return who, err
	}
	if len(caller.Roles) == 0 {
		return who, refuse(http.StatusForbidden, "access_denied", 50105, "%s is known, but has no role here. An administrator grants one: sallyport access grant %s reader.", who.signIn, access.Person(who.signIn))
	}
	return who, nil
}

func (s *Server) letIn(w http.ResponseWriter, r *http.Request, p pending, who person) {
	now := time.Now()
	g := granted{tenant: p.tenant, who: who, redirect: p.redirect, challenge: p.challenge, until: now.Add(codeTime)}
	if p.device != "" {
		s.flows.approve(p.device, g, nil)
		s.page(w, r, http.StatusOK, "You are signed in as "+who.signIn+". You may close this page and go back to your terminal.")
		return
	}
	s.sendBack(w, r, p, url.Values{"code": {s.flows.grant(g, now)}})
}

// refuseSignIn tells whoever waits, and the person.
func (s *Server) refuseSignIn(w http.ResponseWriter, r *http.Request, p pending, err error) {
	x := refuse(http.StatusServiceUnavailable, "temporarily_unavailable", 90033, "The service failed for a moment. Try again.")
	if f, ok := err.(*refusal); ok { //nolint:errorlint // made by whoCame itself
		x = f
	}
	if p.device != "" {
		s.flows.approve(p.device, granted{}, x)
		s.page(w, r, x.status, x.text)
		return
	}
	s.sendBack(w, r, p, url.Values{"error": {x.code}, "error_description": {x.Error()}})
}

// sendBack returns the browser to the program that began the sign-in.
func (s *Server) sendBack(w http.ResponseWriter, r *http.Request, p pending, q url.Values) {
	u, err := url.Parse(p.redirect)
	if err != nil {
		s.page(w, r, http.StatusBadRequest, "The redirect_uri is not a URL.")
		return
	}
	if p.back != "" {
		q.Set("state", p.back)
	}
	for k, vs := range u.Query() {
		q[k] = vs
	}
	u.RawQuery = q.Encode()
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, u.String(), http.StatusFound)
}

// codeToken trades a code for a token (RFC 6749 §4.1.3).
func (s *Server) codeToken(r *http.Request, id tenant.ID, form url.Values) (tokenBody, error) {
	for _, name := range []string{"code", "redirect_uri", "client_id", "code_verifier"} {
		if form.Get(name) == "" {
			return tokenBody{}, missing(name)
		}
	}
	now := time.Now()
	g, ok := s.flows.collect(form.Get("code"), now)
	if !ok || g.tenant != id || form.Get("client_id") != CLI || g.redirect != form.Get("redirect_uri") ||
		subtle.ConstantTimeCompare([]byte(challengeOf(form.Get("code_verifier"))), []byte(g.challenge)) != 1 {
		return tokenBody{}, refuse(http.StatusBadRequest, "invalid_grant", 70008, "The code is not valid: it has expired, was used already, or belongs to another sign-in.")
	}
	return s.issuePerson(r.Context(), g, s.base(r), now)
}

// issuePerson makes a person's token.
func (s *Server) issuePerson(ctx context.Context, g granted, base string, now time.Time) (tokenBody, error) {
	c := personClaims(g.tenant, g.who, nil)
	who, err := s.caller(tenant.With(ctx, g.tenant), c)
	if err != nil {
		return tokenBody{}, err
	}
	c.Roles = who.Roles
	text, err := s.Keys.sign(c.stamp(base, now, PersonTokenLife))
	return tokenOf(text, PersonTokenLife), err
}
