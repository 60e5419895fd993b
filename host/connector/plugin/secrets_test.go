package plugin

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

const hidden = `s3cret "value" & more`

func TestSecretsThatAPluginTellsAreMasked(t *testing.T) {
	d, log := load(t, "wild")
	_, err := d.Open(t.Context(), connector.Config{Name: "x", Values: map[string]string{"parts": "tell"}, Secrets: map[string]connector.Secret{"password": connector.NewSecret(hidden)}})
	says(t, err, fault.Unauthenticated, "log in as ********: the server said:")
	var inner *fault.Error
	if !errors.As(errors.Unwrap(err), &inner) || inner.Kind != fault.Denied {
		t.Errorf("the cause did not travel: %v", err)
	}
	log.await(t, "log in with ********")
	log.await(t, "printed ********")
	log.await(t, "to standard output ********")
	if all := err.Error() + fault.HintOf(err) + log.String(); strings.Contains(all, "s3cret") {
		t.Errorf("the secret shows:\n%s", all)
	}
	if !strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("the level did not travel:\n%s", log)
	}
}

func TestEnvironmentIsBareAndArgumentsAreNone(t *testing.T) {
	t.Setenv("SALLYPORT_OTHER_SECRET", "not for plugins")
	d, _ := load(t, "wild")
	_, err := d.Open(t.Context(), connector.Config{Name: "x", Values: map[string]string{"parts": "environment"}, Secrets: map[string]connector.Secret{"password": connector.NewSecret(hidden)}})
	says2 := err.Error()
	if strings.Contains(says2, "not for plugins") || strings.Contains(says2, "s3cret") || strings.Contains(says2, "HOME=") {
		t.Errorf("the environment of the plugin:\n%s", says2)
	}
	if !strings.Contains(says2, roleVar+"=wild") || !strings.Contains(says2, "PLUGIN_CLIENT_CERT=") {
		t.Errorf("what it must have is missing:\n%s", says2)
	}
}

func TestProgramIsLookedAtBeforeItRuns(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	sum, err := Checksum(self)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, folder, mode os.FileMode) string {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(at, 0o700); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(at, "program")
		if err := os.WriteFile(file, []byte("#!/bin/sh\nexit 0\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for path, mode := range map[string]os.FileMode{file: mode, at: folder} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		return file
	}
	for name, tt := range map[string]struct {
		change func(*Config)
		kind   fault.Kind
		words  string
	}{
		"OKWithChecksum":     {func(c *Config) { c.SHA256 = strings.ToUpper(sum) }, 0, ""},
		"ErrOtherChecksum":   {func(c *Config) { c.SHA256 = strings.Repeat("0", 64) }, fault.Denied, "its checksum is " + sum},
		"ErrNoSuchProgram":   {func(c *Config) { c.Path = filepath.Join(dir, "none") }, fault.Invalid, "no such file"},
		"ErrFolder":          {func(c *Config) { c.Path = dir }, fault.Invalid, "not a program"},
		"ErrNotExecutable":   {func(c *Config) { c.Path = write("a", 0o755, 0o644) }, fault.Invalid, "not a program"},
		"ErrAnybodysFile":    {func(c *Config) { c.Path = write("b", 0o755, 0o777) }, fault.Denied, "every account"},
		"ErrAnybodysFolder":  {func(c *Config) { c.Path = write("c", 0o777, 0o755) }, fault.Denied, "every account"},
		"ErrEndsAtOnce":      {func(c *Config) { c.Path = write("d", 0o755, 0o755) }, fault.Unavailable, "start the plugin"},
		"ErrSpeaksOtherwise": {func(c *Config) { c.Environment[roleVar] = "stranger" }, fault.Unavailable, "hello, I am no plugin"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := tryLoad(t, "farm", tt.change)
			if tt.kind == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			says(t, err, tt.kind, tt.words)
		})
	}
}
