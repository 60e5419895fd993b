package targets

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sallyport-id/sallyport/fault"
)

const (
	account   = "postgres" // the account the server runs as when we are root, and its superuser in any case
	startTime = time.Minute
)

// PG is a PostgreSQL server of our own. Its superuser is "postgres", without a password, from 127.0.0.1 only.
type PG struct {
	Port int

	bin      string // folder of initdb and postgres
	dir      string // data folder, and log beside it
	settings []string
	database string // what URL("") names
	temp     bool   // the keeper removes dir
	process  *process
}

// Start makes a cluster in dir, which is created and must be empty or absent, and starts it on a port the kernel chose.
// It is durable unless a setting such as "fsync=off" says otherwise. Close ends it; so does the end of this process.
// The folder stays until the caller removes it; its parents must be open to the account postgres when we are root. fault.Unsupported when PostgreSQL is not installed.
func Start(ctx context.Context, dir string, settings ...string) (*PG, error) {
	return start(ctx, dir, false, settings)
}

func start(ctx context.Context, dir string, temp bool, settings []string) (*PG, error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	p := &PG{bin: bin, dir: dir, temp: temp, settings: settings, database: account}
	if p.Port, err = freePort(); err != nil {
		return nil, err
	}
	if err := p.initialize(ctx); err != nil {
		return nil, fault.Wrap(fault.Unavailable, "initialize PostgreSQL", err)
	}
	return p, p.Start(ctx)
}

// postgresPrograms finds the newest installed version.
func postgresPrograms() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) > 0 {
		return filepath.Dir(slices.MaxFunc(found, compareVersions)), nil
	}
	if path, ok := find("initdb"); ok {
		return filepath.Dir(path), nil
	}
	return "", missing("PostgreSQL", "postgresql")
}

func compareVersions(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b) // 9 before 15
	}
	if a < b {
		return -1
	}
	return 1
}

func (p *PG) initialize(ctx context.Context) error {
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return err
	}
	if err := own(p.dir, account); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, "initdb"), "-D", p.data(), "-U", account, "-A", "trust",
		"--no-sync", "-E", "UTF8", "--locale=C")
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}
	cmd.Dir = "/"
	var err error
	if cmd.SysProcAttr, err = attributes(account); err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func (p *PG) data() string { return filepath.Join(p.dir, "data") }
func (p *PG) log() string  { return filepath.Join(p.dir, "log") }

// Start starts the server again after Stop or Kill, on the same port.
func (p *PG) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	args := []string{"-D", p.data(), "-c", "listen_addresses=127.0.0.1", "-c", fmt.Sprintf("port=%d", p.Port),
		"-c", "unix_socket_directories=", "-c", "max_connections=200"}
	for _, s := range p.settings {
		args = append(args, "-c", s)
	}
	folder := ""
	if p.temp {
		folder = p.dir
	}
	var err error
	p.process, err = launch(account, p.log(), folder, filepath.Join(p.bin, "postgres"), args...)
	if err != nil {
		return fault.Wrap(fault.Unavailable, "start PostgreSQL", err)
	}
	if err := poll(ctx, p.process.gone, p.ping); err != nil {
		p.process.end(stopNow, time.Second)
		return fault.New(fault.Unavailable, "start PostgreSQL", "%w; log: %s", err, tail(p.log()))
	}
	return nil
}

func (p *PG) ping(ctx context.Context) error {
	c, err := pgx.Connect(ctx, p.address("postgres"))
	if err != nil {
		return err
	}
	return c.Close(ctx)
}

// Stop ends the server in order: open transactions are rolled back, everything is on disk.
func (p *PG) Stop() { p.process.end(stopFast, 20*time.Second) }

// Kill ends the server at once, as a crash would; the next Start recovers.
func (p *PG) Kill() { p.process.end(stopNow, 5*time.Second) }

// Close stops the server if it runs.
func (p *PG) Close() { p.Kill() }

// URL returns where to connect to a database, without a password: none is needed. "" means the database made for the
// test, or "postgres" for a server started by Start.
func (p *PG) URL(db string) string {
	if db == "" {
		db = p.database
	}
	return p.address(db)
}

func (p *PG) address(db string) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", account, p.Port, db)
}

// Exec runs SQL text, statement by statement, in a database ("" as for URL).
func (p *PG) Exec(ctx context.Context, db, sql string) error {
	c, err := pgx.Connect(ctx, p.URL(db))
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	_, err = c.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	return err
}

// Create makes an empty database.
func (p *PG) Create(ctx context.Context, db string) error {
	return p.Exec(ctx, "postgres", "CREATE DATABASE "+pgx.Identifier{db}.Sanitize())
}

// Await polls until a query of one boolean, in the database of URL(""), says true.
func (p *PG) Await(ctx context.Context, sql string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	c, err := pgx.Connect(ctx, p.URL(""))
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	return poll(ctx, p.process.gone, func(ctx context.Context) error {
		var yes bool
		if err := c.QueryRow(ctx, sql).Scan(&yes); err != nil || yes {
			return err
		}
		return fmt.Errorf("%s: not yet", sql)
	})
}

// RequirePasswords makes the server ask a role for its password from now on; everyone else stays trusted.
func (p *PG) RequirePasswords(ctx context.Context, role string) error {
	path := filepath.Join(p.data(), "pg_hba.conf")
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	rule := fmt.Sprintf("host all %q 127.0.0.1/32 scram-sha-256\n", role)
	if err := os.WriteFile(path, append([]byte(rule), old...), 0o600); err != nil {
		return err
	}
	return p.Exec(ctx, "", "SELECT pg_reload_conf()")
}
