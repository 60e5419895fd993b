package cli

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os/exec"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector/gldap"
)

// benchLDAPImport measures a full import next to ldapsearch of OpenLDAP, the C client, which reads the same attributes in pages of the
// same size.
func benchLDAPImport(ctx context.Context, w work) ([]figure, error) {
	if _, err := exec.LookPath("ldapsearch"); err != nil {
		return nil, fault.New(fault.Unsupported, "measure", "ldapsearch is not installed, and it is what an import is compared with").
			WithHint("install the Debian package ldap-utils")
	}
	b, err := newLDAPBench(ctx, w.target)
	if err != nil {
		return nil, err
	}
	defer b.close(w.users)
	if err := b.fill(ctx, w.users); err != nil {
		return nil, err
	}
	s, err := gldap.New().Open(ctx, b.config)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return alternate(ctx, w, 0.6, []string{"ldapsearch (C), output thrown away", "gldap full import"},
		func(ctx context.Context) (float64, error) { return 0, b.ldapsearch(ctx, w.users) },
		func(ctx context.Context) (float64, error) { return readConnector(ctx, s, w.users) })
}

// ldapsearch reads the people; that all came is seen by counting the lines that begin an entry.
func (b *ldapBench) ldapsearch(ctx context.Context, want int) error {
	args := append([]string{"-x", "-LLL", "-o", "ldif-wrap=no", "-H", b.server, "-D", b.user, "-y", b.passwordFile, "-b", b.container,
		"-E", "pr=1000/noprompt", "(objectClass=inetOrgPerson)"}, append(benchAttributes, "entryUUID")...)
	cmd := exec.CommandContext(ctx, "ldapsearch", args...)
	cmd.Env = []string{"LC_ALL=C", "LDAPNOINIT=1"}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if err := cmd.Start(); err != nil {
		return err
	}
	n, err := countEntries(out)
	if ended := cmd.Wait(); ended != nil {
		return fault.New(fault.Unavailable, "measure", "ldapsearch: %w: %s", ended, bytes.TrimSpace(complaint.Bytes()))
	}
	return counted("ldapsearch", n, want, err)
}

// countEntries counts the entries of LDIF: lines that begin with "dn:".
func countEntries(r io.Reader) (int, error) {
	lines := bufio.NewReaderSize(r, 256<<10)
	n, begins := 0, true
	for {
		line, more, err := lines.ReadLine()
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if begins && bytes.HasPrefix(line, []byte("dn:")) {
			n++
		}
		begins = !more
	}
}
