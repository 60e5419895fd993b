package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Config names a plugin's program.
type Config struct {
	Path        string            // the program, absolute or relative to the working folder
	SHA256      string            // its checksum in hexadecimal; "" runs whatever is there, for trying by hand
	Environment map[string]string // variables it gets besides the bare ones, such as ODBCSYSINI. No secrets.
	Log         *slog.Logger      // takes what it logs; nil discards

	first   time.Duration // pause after the second death; 0 = the default
	silence time.Duration // how long it may be silent; 0 = the default
}

// Defaults of a plugin's life.
const (
	firstPause   = time.Second     // after the second death in a row; doubled with each
	longestPause = time.Minute     //
	goodLife     = time.Minute     // a process that lived as long is no failure in a row
	startTimeout = time.Minute     // until the handshake
	longSilence  = 2 * time.Minute // without a beat: frozen
	beats        = 10              // in that time
)

// check looks at the program before it is started: that it is one, that nobody else can change it, that it is the one that is meant.
func (c Config) check() error {
	info, err := os.Stat(c.Path)
	if err != nil {
		if p, ok := errors.AsType[*os.PathError](err); ok {
			err = p.Err
		}
		return c.wrong(fault.Invalid, err.Error()).WithHint("give the path of the plugin's program; build it first if it comes as source")
	}
	if !info.Mode().IsRegular() || runtime.GOOS != "windows" && info.Mode()&0o111 == 0 {
		return c.wrong(fault.Invalid, "it is not a program").WithHint("give the path of an executable file: chmod +x")
	}
	if err := c.checkRights(info); err != nil {
		return err
	}
	if c.SHA256 == "" {
		return nil
	}
	sum, err := Checksum(c.Path)
	if err != nil {
		return err
	}
	if !strings.EqualFold(sum, c.SHA256) {
		return c.wrong(fault.Denied, "its checksum is "+sum+", not the one that is configured").
			WithHint("if you have just replaced the program yourself, write this checksum into the configuration; otherwise find out who changed it")
	}
	return nil
}

// checkRights refuses a program that any account of the machine may replace.
func (c Config) checkRights(program os.FileInfo) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Stat(filepath.Dir(c.Path))
	if err != nil {
		return c.wrong(fault.Invalid, "its folder cannot be read")
	}
	everybody := program.Mode()&0o002 != 0 || folder.Mode()&0o002 != 0 && folder.Mode()&os.ModeSticky == 0
	if everybody {
		return c.wrong(fault.Denied, "every account of this machine may change it").WithHint("take the right away from the file and its folder: chmod o-w")
	}
	return nil
}

func (c Config) wrong(k fault.Kind, what string) *fault.Error {
	return fault.New(k, "start the plugin", "%s", what).About(c.Path)
}

// Checksum returns the SHA-256 of a program in hexadecimal, as the configuration takes it.
func Checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fault.New(fault.Invalid, "read the plugin's program", "%w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fault.New(fault.Unavailable, "read the plugin's program", "%w", err).About(path)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// environment is all that the program finds: what programs cannot do without, and what the configuration adds.
func (c Config) environment() []string {
	env := []string{}
	if runtime.GOOS != "windows" {
		env = append(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8")
	}
	for _, name := range []string{"TZ", "TMPDIR", "SystemRoot", "SystemDrive", "TEMP", "ProgramData"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	for name, v := range c.Environment {
		env = append(env, name+"="+v)
	}
	return env
}
