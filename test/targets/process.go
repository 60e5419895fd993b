package targets

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// process is one server process with its exit watched.
type process struct {
	cmd  *exec.Cmd
	gone chan struct{} // closed when the process has ended
	life *os.File      // held open; the keeper acts when it closes, whatever ends this process
}

// launch starts path as account, with its output in logFile and an environment that carries nothing of ours.
// The keeper kills the server when this process is gone, and then removes folder unless that is "".
func launch(account string, logFile, folder, path string, args ...string) (*process, error) {
	out, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(path, args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C"}
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = out, out
	if cmd.SysProcAttr, err = attributes(account); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, gone: make(chan struct{})}
	if p.life, err = keep(cmd.Process.Pid, folder); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, err
	}
	go p.watch()
	return p, nil
}

// keeperScript reads words until its input ends. "gone": the server has ended by itself; "leave": nothing is left to do.
// At the end of the input it ends the server if that still runs and removes the folder.
const keeperScript = `alive=1
while read -r word; do
  case $word in gone) alive= ;; leave) exit 0 ;; esac
done
if [ -n "$alive" ] && kill -QUIT "$1" 2>/dev/null; then sleep 0.3; kill -KILL "$1" 2>/dev/null; fi
[ -n "$2" ] && rm -rf -- "$2"
exit 0`

// keep starts a shell that outlives this process just long enough to clean up after it. It acts when the returned file
// closes, which the end of this process does too.
func keep(pid int, folder string) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", keeperScript, "keeper", strconv.Itoa(pid), folder)
	cmd.Stdin = r
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	cmd.Dir = "/"
	if cmd.SysProcAttr, err = attributes(""); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		w.Close()
		return nil, err
	}
	go func() { _ = cmd.Wait() }()
	return w, nil
}

// watch tells the keeper when the server has ended, so that it never signals a stranger with the same number.
func (p *process) watch() {
	_ = p.cmd.Wait()
	_, _ = p.life.WriteString("gone\n")
	close(p.gone)
}

// end sends the signal and waits for the process to be gone, harder after the patience is over.
func (p *process) end(sig os.Signal, patience time.Duration) {
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.gone:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.gone
	}
	_, _ = p.life.WriteString("leave\n")
	p.life.Close()
}

// tail returns the last lines of a log file, for messages.
func tail(path string) string {
	b, _ := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], " | ")
}
