package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// secretSuffix turns the name of a password setting into the key of the file that holds it: passwordFile.
const secretSuffix = "File"

// Validate checks, without touching a target, what Load cannot know: that each kind has a driver, its settings are known,
// complete and well formed, and that secret files can be read and are long enough. Mistakes come together, as from Load.
func (c Config) Validate(drivers map[string]connector.Driver) error {
	var errs []error
	for _, x := range c.Connectors {
		d, ok := drivers[x.Kind]
		if !ok {
			known := slices.Collect(maps.Keys(drivers))
			errs = append(errs, c.wrong(x, []any{"kind"}, "%q is not a kind of connector", x.Kind).
				WithHint("%s", suggest(x.Kind, known, "use one of: "+listed(known))))
			continue
		}
		errs = append(errs, c.validateSettings(x, d)...)
		errs = append(errs, c.validateTokens(x)...)
	}
	return errors.Join(errs...)
}

// wrong points into the connector's part of the file.
func (c Config) wrong(x Connector, keys []any, format string, args ...any) *fault.Error {
	return c.src.wrong(append([]any{"connectors", x.index}, keys...), format, args...)
}

// at gives an error of another kind the place in the file, keeping its kind and hint.
func (c Config) at(x Connector, keys []any, err error) error {
	f := c.wrong(x, keys, "")
	f.Err, f.Kind, f.RetryAfter = err, fault.KindOf(err), fault.RetryAfterOf(err)
	return f
}

func (c Config) validateSettings(x Connector, d connector.Driver) []error {
	var errs []error
	declared := map[string]connector.Setting{}
	var known []string
	for _, s := range d.Settings() {
		key := settingKey(s)
		declared[key] = s
		known = append(known, key)
		if v, given := x.Settings[key]; s.Required && (!given || v == "") && s.Default == "" {
			errs = append(errs, c.wrong(x, []any{"settings"}, "the %s connector needs the setting %q", x.Kind, key).WithHint("%s", s.Help))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(x.Settings)) {
		at := []any{"settings", key}
		s, ok := declared[key]
		switch {
		case ok:
			errs = appendIf(errs, c.validateSetting(x, at, s, x.Settings[key]))
		case declared[key+secretSuffix].Type == connector.Password:
			errs = append(errs, c.wrong(x, at, "%q is a secret and does not belong in this file", key).
				WithHint("put it alone into a file that only the host's account can read and name that file: %s%s", key, secretSuffix))
		default:
			errs = append(errs, c.wrong(x, at, "the %s connector has no setting %q", x.Kind, key).
				WithHint("%s", suggest(key, known, "use one of: "+listed(known))))
		}
	}
	return errs
}

func appendIf(errs []error, err error) []error {
	if err != nil {
		errs = append(errs, err)
	}
	return errs
}

// settingKey is how a setting is called in the file.
func settingKey(s connector.Setting) string {
	if s.Type == connector.Password {
		return s.Name + secretSuffix
	}
	return s.Name
}

func (c Config) validateSetting(x Connector, at []any, s connector.Setting, v string) error {
	problem, hint := settingProblem(s, v)
	if problem != "" {
		return c.wrong(x, at, "%s %s", s.Name, problem).WithHint("%s", hint)
	}
	if s.Type == connector.Password && v != "" {
		if _, err := readSecret(c.src.relative(v)); err != nil {
			return c.at(x, at, err)
		}
	}
	return nil
}

// settingProblem says what is wrong with a setting's value, "" when nothing is.
func settingProblem(s connector.Setting, v string) (problem, hint string) {
	if v == "" {
		return "", ""
	}
	switch s.Type {
	case connector.Number:
		if _, err := strconv.ParseFloat(v, 64); err != nil {
			return fmt.Sprintf("is %q, not a number", v), s.Help
		}
	case connector.Check:
		if v != "true" && v != "false" {
			return fmt.Sprintf("is %q", v), "use true or false"
		}
	case connector.Duration:
		if _, err := time.ParseDuration(v); err != nil {
			return fmt.Sprintf("is %q, not a duration", v), "write a number with a unit: 30s, 5m"
		}
	case connector.Choice:
		if !slices.Contains(s.Choices, v) {
			return fmt.Sprintf("is %q", v), suggest(v, s.Choices, "use one of: "+strings.Join(s.Choices, ", "))
		}
	}
	return "", ""
}

func (c Config) validateTokens(x Connector) []error {
	var errs []error
	if !x.ownToken {
		if _, err := readToken(x.SecretTokenFile); err != nil {
			errs = append(errs, c.at(x, []any{"secretTokenFile"}, err))
		}
	}
	if x.SecondTokenFile != "" {
		if _, err := readToken(x.SecondTokenFile); err != nil {
			errs = append(errs, c.at(x, []any{"secondTokenFile"}, err))
		}
	}
	return errs
}

// Open returns what the connector's driver is opened with: settings with defaults filled in and passwords read from their files.
func (c Config) Open(x Connector, d connector.Driver) (connector.Config, error) {
	out := connector.Config{Name: x.Name, Values: map[string]string{}, Secrets: map[string]connector.Secret{}}
	for _, s := range d.Settings() {
		v, given := x.Settings[settingKey(s)]
		switch {
		case s.Type != connector.Password && given:
			out.Values[s.Name] = v
		case s.Type != connector.Password:
			out.Values[s.Name] = s.Default
		case v != "":
			secret, err := readSecret(c.src.relative(v))
			if err != nil {
				return out, c.at(x, []any{"settings", settingKey(s)}, err)
			}
			out.Secrets[s.Name] = connector.NewSecret(secret)
		}
	}
	return out, nil
}
