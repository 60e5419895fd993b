package identity

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
)

// maxForm is the largest token request taken, in bytes; assertions with certificates need some kilobytes.
const maxForm = 64 << 10

// tokenBody is the answer of RFC 6749 §5.1, with the field Azure adds.
type tokenBody struct {
	Type       string `json:"token_type"`
	ExpiresIn  int    `json:"expires_in"`
	ExtExpires int    `json:"ext_expires_in"`
	Token      string `json:"access_token"`
	Scope      string `json:"scope,omitempty"`
}

// token is the token endpoint (RFC 6749 §3.2).
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	body, err := s.exchange(w, r)
	if err != nil {
		s.answerRefusal(w, r, err)
		return
	}
	answer(w, http.StatusOK, body)
}

func (s *Server) exchange(w http.ResponseWriter, r *http.Request) (tokenBody, error) {
	id, err := tenantOf(r)
	if err != nil {
		return tokenBody{}, err
	}
	form, err := readForm(w, r)
	if err != nil {
		return tokenBody{}, err
	}
	r = r.WithContext(tenant.With(r.Context(), id))
	switch g := form.Get("grant_type"); g {
	case "client_credentials":
		return s.clientToken(r, id, form)
	case "authorization_code":
		return s.codeToken(r, id, form)
	case deviceGrant, "device_code":
		return s.deviceToken(r, id, form)
	case "":
		return tokenBody{}, missing("grant_type")
	default:
		return tokenBody{}, refuse(http.StatusBadRequest, "unsupported_grant_type", 70003, "The grant type '%s' is not supported here.", clip(g))
	}
}

func missing(parameter string) *refusal {
	return refuse(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: '%s'.", parameter)
}

// readForm reads the body alone: what a URL carries ends up in logs, and so is not looked at.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, refuse(http.StatusRequestTimeout, "invalid_request", 900144, "The request body did not come in time.")
	} else if err != nil {
		return nil, refuse(http.StatusBadRequest, "invalid_request", 900144, "The request body must be a form (application/x-www-form-urlencoded) of at most %d bytes.", maxForm)
	}
	for name, vs := range r.PostForm {
		if len(vs) > 1 {
			return nil, refuse(http.StatusBadRequest, "invalid_request", 900144, "The parameter '%s' is there twice.", clip(name))
		}
	}
	return r.PostForm, nil
}

// clientToken is RFC 6749 §4.4.
func (s *Server) clientToken(r *http.Request, id tenant.ID, form url.Values) (tokenBody, error) {
	p, err := s.proofOf(r, form)
	if err != nil {
		return tokenBody{}, err
	}
	caller := string(id) + "|" + p.client + "|" + s.From(r)
	now := time.Now()
	if err := s.wrong.check(caller, now); err != nil {
		return tokenBody{}, err
	}
	c, err := s.prove(r, p, now)
	if err == nil {
		err = s.spend(r.Context(), c, p, now)
	}
	note := SignIn{Tenant: id, Name: clip(p.client), How: p.how(), Err: err}
	if c.ID != "" {
		note.Subject, note.Name = c.Subject(), c.Name
	}
	if err != nil {
		s.wrong.note(caller, now)
		if c.ID != "" || s.wrong.spare("unknown|"+s.From(r), now) {
			s.Note(r, note)
		}
		return tokenBody{}, err
	}
	if err := s.wantsUs(r, form); err != nil {
		return tokenBody{}, err
	}
	body, err := s.issueClient(r.Context(), id, c, s.base(r), now)
	note.Err = err
	s.Note(r, note)
	return body, err
}

// issueClient makes the token. Its roles tell clients what they may; what counts is asked again at every request.
func (s *Server) issueClient(ctx context.Context, id tenant.ID, c Client, base string, now time.Time) (tokenBody, error) {
	who, err := s.caller(ctx, clientClaims(id, c, nil))
	if err != nil {
		return tokenBody{}, err
	}
	text, err := s.Keys.sign(clientClaims(id, c, who.Roles).stamp(base, now, ClientTokenLife))
	return tokenOf(text, ClientTokenLife), err
}

func tokenOf(text string, life time.Duration) tokenBody {
	seconds := int(life.Seconds()) - 1
	return tokenBody{Type: "Bearer", ExpiresIn: seconds, ExtExpires: seconds, Token: text}
}

// prove finds the client and checks its proof.
func (s *Server) prove(r *http.Request, p proof, now time.Time) (Client, error) {
	c, err := s.Clients.Client(r.Context(), ID(strings.ToLower(p.client)))
	if fault.Is(err, fault.NotFound) {
		return Client{}, unknownClient(p.client)
	}
	if err != nil {
		return Client{}, err
	}
	if p.assertion != "" {
		return c, s.checkAssertion(r, c, p.assertion, now)
	}
	found, expired := match(c.Secrets, p.secret, now)
	switch {
	case found && expired:
		return c, refuse(http.StatusUnauthorized, "invalid_client", 7000222, "The provided client secret has expired. An administrator makes a new one: sallyport access client rotate.")
	case !found:
		return c, badSecret()
	}
	return c, nil
}

// wantsUs checks that the token is asked for this service: scope=URL/.default, or resource=URL at the older endpoint.
func (s *Server) wantsUs(r *http.Request, form url.Values) error {
	scopes := slices.DeleteFunc(strings.Fields(form.Get("scope")), func(x string) bool {
		return x == "openid" || x == "profile" || x == "offline_access" || x == "email"
	})
	resource := form.Get("resource")
	switch {
	case len(scopes) == 0 && resource == "":
		return missing("scope")
	case len(scopes) > 1:
		return refuse(http.StatusBadRequest, "invalid_scope", 28000, "The scope names more than one resource.")
	case len(scopes) == 1:
		name, ok := strings.CutSuffix(scopes[0], ".default")
		if !ok {
			return refuse(http.StatusBadRequest, "invalid_scope", 1002012, "The scope '%s' is not valid. Client credential flows must have a scope of the resource's URL followed by /.default.", clip(scopes[0]))
		}
		resource = strings.TrimSuffix(name, "/")
		if name == "" {
			return nil // .default alone: whatever this authority is for
		}
	}
	resource = strings.TrimRight(resource, "/")
	if !strings.EqualFold(resource, s.base(r)) && !strings.EqualFold(resource, "https://"+r.Host) {
		return refuse(http.StatusBadRequest, "invalid_resource", 500011, "The resource '%s' was not found here. Ask for %s/.default.", clip(resource), s.base(r))
	}
	return nil
}
