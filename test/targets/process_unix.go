//go:build unix

package targets

import (
	"os"
	"os/user"
	"strconv"
	"syscall"

	"github.com/sallyport-id/sallyport/fault"
)

const (
	stopFast = syscall.SIGINT  // PostgreSQL: roll back, check point, go
	stopNow  = syscall.SIGQUIT // PostgreSQL: go at once, recover at the next start
)

// attributes puts a child into its own process group (so that Ctrl-C reaches only us) and, when we are root, under the account.
func attributes(account string) (*syscall.SysProcAttr, error) {
	a := &syscall.SysProcAttr{Setpgid: true}
	if account == "" || os.Geteuid() != 0 {
		return a, nil
	}
	uid, gid, err := ids(account)
	if err != nil {
		return nil, err
	}
	a.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return a, nil
}

// own gives a folder to the account when we are root.
func own(dir, account string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	uid, gid, err := ids(account)
	if err != nil {
		return err
	}
	return os.Chown(dir, uid, gid)
}

func ids(account string) (uid, gid int, err error) {
	u, err := user.Lookup(account)
	if err != nil {
		return 0, 0, fault.New(fault.Unsupported, "start", "no account %s: %w", account, err)
	}
	if uid, err = strconv.Atoi(u.Uid); err == nil {
		gid, err = strconv.Atoi(u.Gid)
	}
	return uid, gid, err
}

// pause stops a process, or lets it go on.
func pause(p *os.Process, stop bool) error {
	if stop {
		return p.Signal(syscall.SIGSTOP)
	}
	return p.Signal(syscall.SIGCONT)
}
