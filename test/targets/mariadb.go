package targets

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/sallyport-id/sallyport/fault"
)

const mariaAccount = "mysql" // the account the server runs as when we are root

// Maria is a MariaDB server of our own. Its superuser is "root", without a password, from 127.0.0.1 only.
type Maria struct {
	Port int

	dir      string // data folder, and log beside it
	settings []string
	database string // what URL("") names
	temp     bool   // the keeper removes dir
	process  *process
}

func startMaria(ctx context.Context, dir string, settings []string) (*Maria, error) {
	m := &Maria{dir: dir, temp: true, settings: settings, database: "test"}
	var err error
	if m.Port, err = freePort(); err != nil {
		return nil, err
	}
	if err := m.initialize(ctx); err != nil {
		return nil, fault.Wrap(fault.Unavailable, "initialize MariaDB", err)
	}
	if err := m.Start(ctx); err != nil {
		return nil, err
	}
	return m, m.Create(ctx, m.database)
}

func (m *Maria) data() string { return filepath.Join(m.dir, "data") }
func (m *Maria) log() string  { return filepath.Join(m.dir, "log") }

// initialize writes the system tables, as the account that the server will run as.
func (m *Maria) initialize(ctx context.Context) error {
	install, ok := find("mariadb-install-db")
	if !ok {
		return missing("MariaDB", "mariadb-server")
	}
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		return err
	}
	if err := own(m.dir, mariaAccount); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, install, "--no-defaults", "--datadir="+m.data(), "--auth-root-authentication-method=normal", "--skip-test-db",
		"--skip-name-resolve", "--innodb-log-file-size=16M", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--skip-log-bin")
	cmd.Env = []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C"}
	cmd.Dir = "/"
	var err error
	if cmd.SysProcAttr, err = attributes(mariaAccount); err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// Start starts the server again after Stop or Kill, on the same port.
func (m *Maria) Start(ctx context.Context) error {
	server, ok := find("mariadbd")
	if !ok {
		return missing("MariaDB", "mariadb-server")
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	args := []string{"--no-defaults", "--datadir=" + m.data(), "--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", m.Port),
		"--socket=" + filepath.Join(m.dir, "s"), "--pid-file=" + filepath.Join(m.dir, "pid"), "--skip-name-resolve", "--skip-log-bin",
		"--innodb-buffer-pool-size=64M", "--performance-schema=OFF", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci", "--max-connections=200"}
	folder := ""
	if m.temp {
		folder = m.dir
	}
	var err error
	m.process, err = launch(mariaAccount, m.log(), folder, server, append(args, m.settings...)...)
	if err != nil {
		return fault.Wrap(fault.Unavailable, "start MariaDB", err)
	}
	if err := poll(ctx, m.process.gone, m.ping); err != nil {
		m.process.end(os.Kill, time.Second)
		return fault.New(fault.Unavailable, "start MariaDB", "%w; log: %s", err, tail(m.log()))
	}
	return nil
}

func (m *Maria) ping(ctx context.Context) error {
	db, err := m.open("")
	if err != nil {
		return err
	}
	defer db.Close()
	return db.PingContext(ctx)
}

// open returns a pool on a database; "" is none.
func (m *Maria) open(db string) (*sql.DB, error) {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Net, cfg.Addr, cfg.DBName = "root", "tcp", fmt.Sprintf("127.0.0.1:%d", m.Port), db
	cfg.MultiStatements = true
	cfg.Logger = &mysql.NopLogger{}
	c, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}

// Stop ends the server in order.
func (m *Maria) Stop() { m.process.end(syscall.SIGTERM, 30*time.Second) }

// Kill ends the server at once, as a crash would; the next Start recovers.
func (m *Maria) Kill() { m.process.end(os.Kill, 5*time.Second) }

// Close stops the server if it runs.
func (m *Maria) Close() { m.Kill() }

// URL returns where to connect to a database as root, without a password. "" means the database made for the test.
func (m *Maria) URL(db string) string {
	if db == "" {
		db = m.database
	}
	return fmt.Sprintf("mariadb://root@127.0.0.1:%d/%s", m.Port, db)
}

// Exec runs SQL text, of one statement or several, in a database ("" as for URL).
func (m *Maria) Exec(ctx context.Context, db, text string) error {
	if db == "" {
		db = m.database
	}
	return m.run(ctx, db, text)
}

func (m *Maria) run(ctx context.Context, db, text string) error {
	pool, err := m.open(db)
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = pool.ExecContext(ctx, text)
	return err
}

// Create makes an empty database.
func (m *Maria) Create(ctx context.Context, db string) error {
	return m.run(ctx, "", "CREATE DATABASE `"+strings.ReplaceAll(db, "`", "``")+"`")
}
