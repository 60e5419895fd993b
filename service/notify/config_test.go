package notify

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want string // part of the error; "" for none
	}{
		"Empty":            {"", ""},
		"Full":             {"link: https://x.example/{app}\nsmtp: {server: 'm.example:587', from: a@b.example}\nemails: [ops@b.example]\nkinds: [held]\n", ""},
		"UnknownKey":       {"smpt: {}\n", "smpt"},
		"NoPort":           {"smtp: {server: m.example, from: a@b.example}\n", "smtp.server"},
		"NoSender":         {"smtp: {server: 'm.example:25'}\n", "smtp.from"},
		"UserAlone":        {"smtp: {server: 'm.example:25', from: a@b.example, user: u}\n", "belong together"},
		"Unencrypted":      {"smtp: {server: 'm.example:25', from: a@b.example, security: none}\n", "unencrypted"},
		"UnencryptedHere":  {"smtp: {server: 'localhost:25', from: a@b.example, security: none}\n", ""},
		"UnknownSecurity":  {"smtp: {server: 'localhost:25', from: a@b.example, security: ssl}\n", "starttls, tls or none"},
		"EmailsNoServer":   {"emails: [ops@b.example]\n", "no mail server"},
		"NotAnAddress":     {"smtp: {server: 'localhost:25', from: a@b.example}\nemails: ['Ops <ops@b.example>']\n", "emails[0]"},
		"HookWithoutFile":  {"webhooks: [{name: chat}]\n", "urlFile"},
		"MisspeltKind":     {"kinds: [quarantin]\n", "did you mean quarantine?"},
		"UnknownKind":      {"kinds: [everything]\n", "use quarantine, held"},
		"LinkWithPassword": {"link: https://u:p@x.example\n", "link"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("notify.yaml", []byte(tt.text))
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if c, err := Load(filepath.Join(t.TempDir(), "none.yaml")); err != nil || len(c.Emails) != 0 {
		t.Errorf("a missing file: %v", err)
	}
}

func TestSecurityFollowsThePort(t *testing.T) {
	for server, want := range map[string]Security{"m.example:465": TLS, "m.example:587": StartTLS, "m.example:25": StartTLS} {
		c, err := Parse("n", []byte("smtp: {server: '"+server+"', from: a@b.example}"))
		if err != nil || c.SMTP.Security != want {
			t.Errorf("%s: %v, %v", server, c.SMTP.Security, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("link: https://x.example\nsmtp: {server: 'm:1', from: a@b}\nemails: [a@b]\nwebhooks: [{urlFile: x}]\nkinds: [held]")
	f.Add("smtp: [")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("notify.yaml", []byte(text))
		if err == nil && c.SMTP.Server != "" && c.SMTP.Security == "" {
			t.Error("accepted without saying how the connection is protected")
		}
	})
}

// Somebody may write a password where none belongs: the message names the key and its place, and shows nothing of the line.
func TestMistakesDoNotShowWhatStandsThere(t *testing.T) {
	for _, text := range []string{
		"smtp: {server: 'm.example:587', from: a@b.example, password: hunter2}\n", "smtp: [hunter2\n", "smtp: hunter2\n", "keyFile: {secret: hunter2}\n",
		"webhooks: [{url: 'https://chat.example/hunter2'}]\n",
	} {
		_, err := Parse("notify.yaml", []byte(text))
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
