package connector

import (
	"log/slog"
	"strings"
)

// SettingType says how a setting is asked for and checked.
type SettingType string

// The setting types; a Config holds all of them as text except Password, which is a Secret.
const (
	Text     SettingType = "text"
	Lines    SettingType = "lines" // several lines of text
	Number   SettingType = "number"
	Check    SettingType = "check" // true or false
	Choice   SettingType = "choice"
	Duration SettingType = "duration" // Go form: 30s, 5m
	Password SettingType = "password"
)

// Setting declares one thing that can be configured.
type Setting struct {
	Name     string // key in the configuration file, camelCase
	Label    string // what a form shows
	Help     string // one or two sentences: meaning, unit, when to change it
	Type     SettingType
	Default  string
	Required bool
	Choices  []string // for Choice
	Page     string   // wizard page: Connectivity, Schema, Global, Partitions, Export, FullImport
}

// Config is a connector's settings as configured. Secrets are apart so that they cannot be printed with the rest.
type Config struct {
	Name    string            // the connector's name, for messages
	Values  map[string]string // every setting but passwords; defaults filled in
	Secrets map[string]Secret // password settings
}

// Secret is a value that never shows itself: printing, logging and marshalling give a mask.
type Secret struct{ value string }

// NewSecret hides s.
func NewSecret(s string) Secret { return Secret{s} }

// Reveal returns the hidden value. Call it only where the value is handed to the target.
func (s Secret) Reveal() string { return s.value }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.value == "" }

const mask = "********"

// String returns a mask.
func (s Secret) String() string { return mask }

// GoString returns a mask.
func (s Secret) GoString() string { return mask }

// MarshalText returns a mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// LogValue returns a mask.
func (s Secret) LogValue() slog.Value { return slog.StringValue(mask) }

// JoinAnchor makes one anchor of the parts of a compound one; a single part stays as it is.
// Parts are joined by U+001F; one inside a part is doubled with a backslash so that SplitAnchor is exact.
func JoinAnchor(parts ...string) Anchor {
	if len(parts) == 1 {
		return Anchor(parts[0])
	}
	for i, p := range parts {
		parts[i] = strings.NewReplacer(`\`, `\\`, "\x1f", `\u`).Replace(p)
	}
	return Anchor(strings.Join(parts, "\x1f"))
}

// SplitAnchor is the inverse of JoinAnchor for n parts; it returns nil when the anchor does not have n parts.
func SplitAnchor(a Anchor, n int) []string {
	if n == 1 {
		return []string{string(a)}
	}
	parts := strings.Split(string(a), "\x1f")
	if len(parts) != n {
		return nil
	}
	for i, p := range parts {
		parts[i] = strings.NewReplacer(`\\`, `\`, `\u`, "\x1f").Replace(p)
	}
	return parts
}
