package graphapi

import (
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
)

// maxBody is the largest request body taken, after decompression. People.csv has a limit of its own.
const maxBody = 1 << 20

type whoKey struct{}

// guard authenticates, checks the role, and turns an error into an answer.
func (a *API) guard(rt Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := requestID()
		w.Header().Set("request-id", id)
		if c := r.Header.Get("client-request-id"); c != "" && len(c) <= 64 {
			w.Header().Set("client-request-id", c)
		}
		w.Header().Set("OData-Version", "4.0")
		err := a.admit(w, r, rt)
		if err == nil {
			return
		}
		if k := fault.KindOf(err); k == fault.Internal {
			a.Logger.Error("request failed", "request", id, "method", r.Method, "path", r.URL.Path, "error", err)
		}
		writeError(w, id, err)
	})
}

func (a *API) admit(w http.ResponseWriter, r *http.Request, rt Route) error {
	tok, err := a.authenticate(r)
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sallyport"`)
		return err
	}
	if tok.Role != access.Admin && tok.Role != access.Reader {
		return fault.New(fault.Denied, "", "the credential belongs to the source %q, which may only fill the directory over SCIM", tok.SourceName()).
			WithHint("use an administrator's credential here")
	}
	if rt.Role == access.Admin && tok.Role != access.Admin {
		return fault.New(fault.Denied, "", "the credential %q may only read", tok.Name).
			WithHint("use an administrator's credential")
	}
	ctx := context.WithValue(tenant.With(r.Context(), a.Tenant), whoKey{}, tok)
	return rt.Handle(w, r.WithContext(ctx))
}

// authenticate finds the token that the request carries. Tokens are random and long, so their SHA-256 is looked up directly.
func (a *API) authenticate(r *http.Request) (access.Token, error) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return access.Token{}, fault.New(fault.Unauthenticated, "", "this needs a bearer secret").
			WithHint("the administrator secret was printed at the service's first start; 'sallyport login' keeps it for the command line")
	}
	tok, err := a.Access.ByHash(tenant.With(r.Context(), a.Tenant), access.Hash(strings.TrimSpace(secret)))
	if fault.Is(err, fault.NotFound) || err == nil && tok.Expired(time.Now()) {
		return access.Token{}, fault.New(fault.Unauthenticated, "", "the bearer secret is not valid")
	}
	return tok, err
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says crypto/rand
	return hex.EncodeToString(b[:])
}

func notFound(_ http.ResponseWriter, r *http.Request) error {
	return fault.New(fault.NotFound, "", "there is nothing at %s %s", r.Method, r.URL.Path)
}

type errorBody struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Hint    string `json:"target,omitempty"`
		Inner   struct {
			Date    string `json:"date"`
			Request string `json:"request-id"`
		} `json:"innerError"`
	} `json:"error"`
}

// writeError writes Graph's error body (graph-api P5).
func writeError(w http.ResponseWriter, id string, err error) {
	d := fault.KindOf(err).Door()
	if m, ok := errors.AsType[*http.MaxBytesError](err); ok {
		d.Status, d.Graph = http.StatusRequestEntityTooLarge, "RequestTooLarge"
		err = fmt.Errorf("the request is larger than %d bytes", m.Limit)
	}
	var b errorBody
	b.Error.Code, b.Error.Message = d.Graph, err.Error()
	if d.Name == "internal" {
		b.Error.Message = "the service failed; its log has the details under this request-id"
	}
	b.Error.Inner.Date, b.Error.Inner.Request = time.Now().UTC().Format("2006-01-02T15:04:05"), id
	if wait := fault.RetryAfterOf(err); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds()+0.999)))
	}
	writeJSON(w, d.Status, b)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json;odata.metadata=minimal;charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client has gone; there is nobody to tell
}

func noContent(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// body reads a request body, gzip or plain, up to the limit.
func body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var src io.Reader = http.MaxBytesReader(w, r.Body, maxBody)
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		z, err := gzip.NewReader(src)
		if err != nil {
			return nil, fault.New(fault.Invalid, "read the request", "the body is not gzip: %w", err)
		}
		src = io.LimitReader(z, maxBody+1)
	}
	b, err := io.ReadAll(src)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "read the request", err)
	}
	if len(b) > maxBody {
		return nil, &http.MaxBytesError{Limit: maxBody}
	}
	if !utf8.Valid(b) { // encoding/json would replace what it cannot read, and somebody's name would silently be another
		return nil, fault.New(fault.Invalid, "read the request", "the body is not UTF-8")
	}
	return b, nil
}

// decode reads a JSON body into v. An empty body leaves v as it is.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	b, err := body(w, r)
	if err != nil || len(b) == 0 {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fault.New(fault.Invalid, "read the request", "the body is not the JSON expected here: %w", err)
	}
	return nil
}
