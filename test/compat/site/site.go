package site

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// readyWithin is how long the process may take to say that it serves, on a machine that is busy with other things.
const readyWithin = 3 * time.Minute

// Site is a running Sallyport: service, agent and host with a sample target, in one process.
type Site struct {
	URL string // https://localhost:PORT
	CA  string // PEM file to trust

	program, dir, app string
	process           *exec.Cmd
	stdin             io.Closer
	ended             chan struct{}
}

// Start builds the program, unless SALLYPORT_BIN names one, starts it and applies its sample application. Close
// ends it, and so does the end of ctx.
func Start(ctx context.Context) (_ *Site, err error) {
	s := &Site{ended: make(chan struct{})}
	if s.dir, err = os.MkdirTemp("", "sallyport-compat-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.program, err = program(ctx, s.dir); err != nil {
		return nil, err
	}
	s.CA = filepath.Join(s.dir, "ca.pem")
	data := filepath.Join(s.dir, "data")
	if err := authority(s.CA, filepath.Join(data, "service")); err != nil {
		return nil, err
	}
	secret, err := s.up(ctx, data)
	if err != nil {
		return nil, err
	}
	_, err = s.run(ctx, secret, "login", "--service", s.URL, "--ca", s.CA)
	if err == nil {
		_, err = s.Command(ctx, "app", "apply", "-f", s.app)
	}
	return s, err
}

// program returns the file to run.
func program(ctx context.Context, dir string) (string, error) {
	if named := os.Getenv("SALLYPORT_BIN"); named != "" {
		return named, nil
	}
	root, err := repository()
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "sallyport")
	build := exec.CommandContext(ctx, "go", "build", "-o", file, "./cmd/sallyport")
	build.Dir = root
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build sallyport: %w\n%s", err, said)
	}
	return file, nil
}

// repository finds the folder of the program's module, above this one.
func repository() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; at != filepath.Dir(at); at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "cmd", "sallyport")); err == nil {
			return at, nil
		}
	}
	return "", errors.New("cmd/sallyport is in no folder above this one; name a program with SALLYPORT_BIN")
}

// up starts the process and returns the administrator's secret, which it says once.
func (s *Site) up(ctx context.Context, data string) (secret string, err error) {
	log, err := os.Create(s.logFile())
	if err != nil {
		return "", err
	}
	defer log.Close()
	s.process = exec.CommandContext(ctx, s.program, "up", "--json", "--exit-with-parent", "--data", data, "--listen", "127.0.0.1:0", "--host-listen", "127.0.0.1:0")
	s.process.Stderr = log
	if s.stdin, err = s.process.StdinPipe(); err != nil {
		return "", err
	}
	out, err := s.process.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := s.process.Start(); err != nil {
		return "", err
	}
	lines := make(chan []byte, 1)
	go func() {
		r := bufio.NewReader(out)
		line, _ := r.ReadBytes('\n')
		lines <- line
		_, _ = io.Copy(io.Discard, r)
		_ = s.process.Wait()
		close(s.ended)
	}()
	select {
	case line := <-lines:
		return s.ready(line)
	case <-time.After(readyWithin):
		return "", fmt.Errorf("sallyport up did not become ready:\n%s", s.Log())
	}
}

func (s *Site) ready(line []byte) (string, error) {
	var said struct{ Service, AdminSecret, Application string }
	if err := json.Unmarshal(line, &said); err != nil {
		<-s.ended
		return "", fmt.Errorf("sallyport up ended:\n%s", s.Log())
	}
	s.URL = strings.Replace(said.Service, "127.0.0.1", "localhost", 1)
	s.app = said.Application
	return said.AdminSecret, nil
}

func (s *Site) logFile() string { return filepath.Join(s.dir, "log") }

// Log returns the end of what the process has logged.
func (s *Site) Log() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-15):], []byte("\n")))
}

// Command runs one of the program's commands as the administrator and returns what it prints with --json.
func (s *Site) Command(ctx context.Context, args ...string) ([]byte, error) {
	return s.run(ctx, "", args...)
}

func (s *Site) run(ctx context.Context, input string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, s.program, append(args, "--json", "--profile", filepath.Join(s.dir, "profile.json"))...)
	c.Stdin = strings.NewReader(input)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("sallyport %s: %w: %s", strings.Join(args, " "), err, said.Bytes())
	}
	return out.Bytes(), nil
}

// Client registers a client of the token endpoint with a role and returns its id and secret; certificate, unless "", is a file with a
// certificate that it may prove itself with instead.
func (s *Site) Client(ctx context.Context, name, role, certificate string) (id, secret string, err error) {
	args := []string{"access", "client", "add", name, "--role", role}
	if certificate != "" {
		args = append(args, "--certificate", certificate)
	}
	text, err := s.Command(ctx, args...)
	if err != nil {
		return "", "", err
	}
	var c struct{ ID, Secret string }
	return c.ID, c.Secret, errors.Join(json.Unmarshal(text, &c), check(c.ID != "", "no id in %s", text))
}

func check(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// Close ends the process and removes its folder.
func (s *Site) Close() error {
	if s.process != nil && s.process.Process != nil {
		_ = s.stdin.Close() // which ends it in order
		select {
		case <-s.ended:
		case <-time.After(time.Minute):
			_ = s.process.Process.Kill()
			<-s.ended
		}
	}
	return os.RemoveAll(s.dir)
}
