package cli

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/people"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tlsx"
)

func benchBareCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "bare", Hidden: true, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return e.bare(cmd.Context()) }}
	c.Flags().Bool("exit-with-parent", true, "")
	return c
}

// bare is the baseline: TLS, one fixed page for GET, the body read as JSON for POST, nothing else.
func (e *env) bare(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "sallyport-bare-")
	if err != nil {
		return fault.Wrap(fault.Internal, "make a temporary folder", err)
	}
	defer os.RemoveAll(dir)
	files, err := tlsx.SelfSigned(dir)
	if err != nil {
		return err
	}
	cfg, err := tlsx.Server(files)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fault.Wrap(fault.Unavailable, "listen", err)
	}
	if err := json.NewEncoder(e.out).Encode(ready{Ready: "bare", URL: "https://" + l.Addr().String()}); err != nil {
		return fault.Wrap(fault.Internal, "print", err)
	}
	s := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: fixedPage()}
	go func() {
		_, _ = io.Copy(io.Discard, e.in)
		_ = s.Close()
	}()
	_ = s.Serve(tls.NewListener(l, cfg)) // ends when the parent does
	return nil
}

// fixedPage answers GET with a page of 100 users that is made once, GET /small with a page of one.
func fixedPage() http.Handler {
	var users []any
	for i, p := range people.Company(100) {
		users = append(users, apiPerson(i, p).Attrs)
	}
	large, small := plain(map[string]any{"value": users}), plain(map[string]any{"value": users[:1]})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Method != http.MethodGet:
			var v any
			if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
				http.Error(w, "not JSON", http.StatusBadRequest)
				return
			}
			_, _ = io.WriteString(w, "{}")
		case r.URL.Path == "/small":
			_, _ = w.Write(small)
		default:
			_, _ = w.Write(large)
		}
	})
}
