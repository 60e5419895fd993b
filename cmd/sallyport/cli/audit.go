package cli

import (
	"io"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
	"github.com/sallyport-id/sallyport/service/audit"
)

func auditCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "audit", Short: "Read, export and verify the log of administrative acts",
		Long: `Every act that changes something is in the audit log: who did it, from where, to what, with which result. Its lines are chained by
their hashes and signed now and then, so that a line that was edited, removed, moved or cut off is found: 'sallyport audit export'
writes the log to a file, 'sallyport audit verify' checks the file anywhere, without the service.`,
	}
	online := []*cobra.Command{auditListCommand(e), auditExportCommand(e), auditKeyCommand(e)}
	for _, x := range online {
		e.linkFlags(x)
	}
	c.AddCommand(online...)
	c.AddCommand(auditVerifyCommand(e))
	return c
}

func auditListCommand(e *env) *cobra.Command {
	var subject, text string
	var since time.Duration
	var limit int
	var changes bool
	c := &cobra.Command{
		Use: "list", Short: "List the newest acts", Args: cobra.NoArgs,
		Example: "  sallyport audit list --since 24h\n  sallyport audit list --subject token:administrator --text /apps/hr --changes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"limit": {strconv.Itoa(max(limit, 1))}}
			if subject != "" {
				q.Set("subject", subject)
			}
			if text != "" {
				q.Set("text", text)
			}
			if since > 0 {
				q.Set("since", time.Now().Add(-since).UTC().Format(time.RFC3339))
			}
			return list(e, cmd, own("audit")+"?"+q.Encode(), func(es []audit.Entry) {
				for i := len(es) - 1; i >= 0; i-- { // the newest are shown last
					e.sayAct(es[i], changes)
				}
			})
		},
	}
	f := c.Flags()
	f.StringVar(&subject, "subject", "", "only acts of person:NAME, client:ID or token:NAME")
	f.StringVar(&text, "text", "", "only acts whose route or path holds this")
	f.DurationVar(&since, "since", 0, "only the last 90s, 15m, 24h")
	f.IntVar(&limit, "limit", 100, "how many at most, up to 1000")
	f.BoolVar(&changes, "changes", false, "show what was before and after")
	return c
}

func (e *env) sayAct(a audit.Entry, changes bool) {
	result := a.Result
	if a.Phase == audit.Intent {
		result = "begins"
	}
	e.say("%6d  %s  %-9s %-28s %-15s %s %s", a.Seq, a.At.Local().Format(time.DateTime), result, a.Subject, a.From, a.Action, a.Target)
	if a.Reason != "" {
		e.say("        %s", a.Reason)
	}
	if changes && a.Before != nil {
		e.say("        before %s", a.Before)
	}
	if changes && a.After != nil {
		e.say("        after  %s", a.After)
	}
}

func auditExportCommand(e *env) *cobra.Command {
	var out string
	var after int64
	c := &cobra.Command{
		Use: "export", Short: "Write the log, with its signatures, to a file or standard output", Args: cobra.NoArgs,
		Example: "  sallyport audit export --out audit.jsonl",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			path := own("audit", "export")
			if after > 0 {
				path += "?after=" + strconv.FormatInt(after, 10)
			}
			resp, err := cl.do(cmd.Context(), "GET", path, nil)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if out == "" {
				_, err = io.Copy(e.out, resp.Body)
				return fault.Wrap(fault.Unavailable, "read the service's answer", err)
			}
			err = atomicfile.WriteFrom(out, 0o600, func(w io.Writer) error {
				_, err := io.Copy(w, resp.Body)
				return err
			})
			if err != nil {
				return fault.Wrap(fault.Internal, "write the export", err)
			}
			return e.print(map[string]string{"file": out}, func() { e.say("Written to %s. Next: sallyport audit verify %s", out, out) })
		},
	}
	c.Flags().StringVar(&out, "out", "", "file to write (mode 0600)")
	c.Flags().Int64Var(&after, "after", 0, "leave out what an older export holds up to this entry")
	return c
}

func auditKeyCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "key", Short: "Print the public key that the service signs the log with; keep it where the service's administrators cannot change it",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(e, cmd, "GET", own("audit", "key"), nil, func(k struct {
				Key string `json:"key"`
			}) {
				e.say("%s", k.Key)
			})
		},
	}
}

func auditVerifyCommand(e *env) *cobra.Command {
	var key, older string
	c := &cobra.Command{
		Use: "verify FILE", Short: "Prove that nothing in an exported log was edited, removed, moved or cut off", Args: cobra.ExactArgs(1),
		Long: `Works without the service. Without --key the key that the file names is used, which whoever forged the file could have put there:
keep what 'sallyport audit key' prints. With --older the file must also continue an export made earlier, which shows a log that was
rewritten as a whole and signed again.`,
		Example: "  sallyport audit verify audit.jsonl --key \"$(cat audit.pub)\" --older last-month.jsonl",
		RunE: func(_ *cobra.Command, args []string) error {
			var trust audit.Trust
			var err error
			if key != "" {
				if trust.Key, err = audit.ParseKey(key); err != nil {
					return err
				}
			}
			if older != "" {
				r, err := verifyFile(older, trust)
				if err != nil {
					return err
				}
				trust.Older = &r
			}
			r, err := verifyFile(args[0], trust)
			if err != nil {
				return err
			}
			return e.print(r, func() { e.sayVerified(r, key != "") })
		},
	}
	c.Flags().StringVar(&key, "key", "", "the service's key, as 'sallyport audit key' printed it")
	c.Flags().StringVar(&older, "older", "", "an export made earlier, which the file must continue")
	return c
}

func verifyFile(name string, trust audit.Trust) (audit.Report, error) {
	f, err := os.Open(name)
	if err != nil {
		return audit.Report{}, fault.Wrap(fault.Invalid, "open the export", err)
	}
	defer f.Close()
	r, err := audit.Verify(f, trust)
	if x, ok := err.(*fault.Error); ok { //nolint:errorlint // Verify returns it as it is
		return r, x.About(name)
	}
	return r, err
}

func (e *env) sayVerified(r audit.Report, trusted bool) {
	e.say("Genuine: %d entries (%d to %d) of tenant %s, %d signatures, exported %s.", r.Entries, r.First, r.Last, r.Tenant, r.Checkpoints, r.At.Local().Format(time.DateTime))
	if !trusted {
		e.say("Signed by the key %s, which is the one the file names. Compare it with the one you keep, or give that with --key.", r.Key)
	}
}
