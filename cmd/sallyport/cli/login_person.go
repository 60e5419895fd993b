package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/oauth2"

	"github.com/sallyport-id/sallyport/fault"
)

// cliID is the client id under which the command line signs people in.
const cliID = "sallyport-cli"

// loginTime is how long a person may take.
const loginTime = 10 * time.Minute

// browserLogin is the authorization code flow with PKCE; the browser brings the code to a port of this machine (RFC 8252).
func (e *env) browserLogin(ctx context.Context, c *client, noOpen bool) (profile, error) {
	ctx, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return c.profile, fault.New(fault.Unavailable, "wait for the browser", "%w", err).WithHint("use --device")
	}
	back := "http://" + l.Addr().String() + "/done"
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	at := c.Service + "/oauth2/v2.0/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {cliID}, "redirect_uri": {back}, "state": {state},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	}.Encode()
	came := make(chan url.Values, 1)
	server := &http.Server{Handler: landing(state, came), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // it ends when it is closed
	defer server.Close()
	fmt.Fprintf(e.err, "Sign in at:\n  %s\n", at)
	if !noOpen {
		openBrowser(ctx, at)
	}
	select {
	case <-ctx.Done():
		return c.profile, fault.New(fault.Unavailable, "sign in", "nobody came back from the browser").WithHint("try again, or use --device")
	case q := <-came:
		if q.Get("error") != "" {
			return c.profile.taken(tokenAnswer{Error: q.Get("error"), Description: q.Get("error_description")})
		}
		a, err := c.post(ctx, "/oauth2/v2.0/token", url.Values{
			"grant_type": {"authorization_code"}, "client_id": {cliID}, "code": {q.Get("code")}, "redirect_uri": {back}, "code_verifier": {verifier},
		})
		if err != nil {
			return c.profile, err
		}
		return c.profile.taken(a)
	}
}

// landing is the page the browser ends at. Only an answer with our state counts.
func landing(state string, came chan<- url.Values) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /done", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("state") != state {
			http.Error(w, "This answer belongs to another sign-in.", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Referrer-Policy", "no-referrer")
		fmt.Fprintln(w, "You may close this page and go back to your terminal.")
		select {
		case came <- q:
		default: // a second answer
		}
	})
	return mux
}

// openBrowser tries; the address was printed as well.
func openBrowser(ctx context.Context, at string) {
	name, args := "xdg-open", []string{at}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", at}
	}
	if cmd := exec.CommandContext(context.WithoutCancel(ctx), name, args...); cmd.Start() == nil {
		go func() { _ = cmd.Wait() }() // a browser that cannot be opened is told by the printed address
	}
}

// deviceLogin is RFC 8628: the person types a code in a browser anywhere.
func (e *env) deviceLogin(ctx context.Context, c *client) (profile, error) {
	d, err := c.post(ctx, "/oauth2/v2.0/devicecode", url.Values{"client_id": {cliID}})
	if err != nil {
		return c.profile, err
	}
	if d.DeviceCode == "" {
		return c.profile.taken(d)
	}
	fmt.Fprintf(e.err, "Open %s in any browser and enter the code %s\n", d.Verify, d.UserCode)
	every := time.Duration(max(d.Interval, 1)) * time.Second
	for {
		select {
		case <-ctx.Done():
			return c.profile, ctx.Err()
		case <-time.After(every):
		}
		a, err := c.post(ctx, "/oauth2/v2.0/token", url.Values{
			"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {cliID}, "device_code": {d.DeviceCode},
		})
		switch {
		case err != nil:
			return c.profile, err
		case a.Error == "slow_down":
			every += time.Second
		case a.Error != "authorization_pending":
			return c.profile.taken(a)
		}
	}
}
