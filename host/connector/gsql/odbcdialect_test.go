package gsql

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// said is what an ODBC driver might say.
type said struct {
	state  string
	native int
	text   string
}

func (s said) Error() string            { return s.text }
func (s said) Lost() bool               { return strings.HasPrefix(s.state, "08") }
func (s said) Diagnosis() (string, int) { return s.state, s.native }

func closedODBC(string, ODBCOptions) *sql.DB { return nil }

func TestODBCErrorsAreJudged(t *testing.T) {
	rolledBack := func(s said) error { return &rolledBackError{s} }
	for name, tt := range map[string]struct {
		dialect string
		err     error
		want    verdict
	}{
		"TakenByState":         {PostgreSQL, said{"23505", 1, "taken"}, verdict{kind: fault.Exists}},
		"TakenByNumber":        {MariaDB, said{"23000", 1062, "taken"}, verdict{kind: fault.Exists}},
		"TakenInSQLServer":     {SQLServer, said{"23000", 2627, "taken"}, verdict{kind: fault.Exists}},
		"TakenInOracle":        {Oracle, said{"23000", 1, "taken"}, verdict{kind: fault.Exists}},
		"UnknownNumber":        {MariaDB, said{"22000", 9999, "odd"}, verdict{kind: fault.Invalid}},
		"DeadlockIsTriedAgain": {MariaDB, said{"40001", 1213, "deadlock"}, verdict{kind: fault.Conflict, again: true}},
		"PasswordRefused":      {PostgreSQL, said{"08001", 0, "password authentication failed"}, verdict{kind: fault.Unauthenticated}},
		"NobodyThere":          {PostgreSQL, said{"08001", 0, "refused"}, verdict{kind: fault.Unavailable, lost: true, safe: true}},
		"NoSuchDriver":         {dialectGeneric, said{"IM002", 0, "no data source"}, verdict{kind: fault.Invalid}},
		"LostIsUnknown":        {PostgreSQL, said{"08S01", 0, "gone"}, verdict{kind: fault.Timeout, lost: true}},
		"LostInATransaction":   {PostgreSQL, rolledBack(said{"08S01", 0, "gone"}), verdict{kind: fault.Unavailable, lost: true, safe: true}},
		"Fault":                {PostgreSQL, fault.New(fault.Denied, "x", "y"), verdict{kind: fault.Denied}},
		"Anything":             {PostgreSQL, errors.New("x"), verdict{kind: fault.Internal}},
	} {
		t.Run(name, func(t *testing.T) {
			d, ok := odbcOf(tt.dialect, closedODBC)
			if !ok {
				t.Fatal("no such dialect")
			}
			got := d.judge(tt.err)
			got.hint = ""
			if got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestODBCStatementsHaveQuestionMarks(t *testing.T) {
	for _, name := range []string{PostgreSQL, MariaDB, dialectMySQL, SQLServer, Oracle, dialectGeneric} {
		d, _ := odbcOf(name, closedODBC)
		text, args := d.native(`UPDATE t SET "$1" = $2, b = $1 WHERE a = '$1' AND c = $1`, []any{"x", "y"})
		if text != `UPDATE t SET "$1" = ?, b = ? WHERE a = '$1' AND c = ?` || fmt.Sprint(args) != "[y x x]" {
			t.Errorf("%s: %s %v", name, text, args)
		}
		if d.facts().interleaves || d.facts().maxArgs > 2000 {
			t.Errorf("%s: %+v", name, d.facts())
		}
		for _, bad := range []string{"a\xff", "a\x00b"} {
			if _, err := d.bind(column{kind: connector.String, dbType: "text"}, clock{zone: time.UTC, layout: fullLayout}, bad); err == nil {
				t.Errorf("%s takes %q", name, bad)
			}
		}
	}
	if _, ok := odbcOf("db2", closedODBC); ok {
		t.Error("there is no dialect db2")
	}
}

func TestODBCConnectionString(t *testing.T) {
	for name, tt := range map[string]struct {
		source, user, password string
		more                   []string
		want                   string
	}{
		"Plain":         {"DSN=hr", "", "", nil, "DSN=hr"},
		"UserAndSecret": {"DSN=hr", "ann", "x", nil, "DSN=hr;UID=ann;PWD=x"},
		"OddOnesBraced": {"DSN=hr", "a;b", "p}w;PWD=y", nil, "DSN=hr;UID={a;b};PWD={p}}w;PWD=y}"},
		"Added":         {"DSN=hr", "", "", []string{"CHARSET=utf8mb4"}, "DSN=hr;CHARSET=utf8mb4"},
		"NotAddedTwice": {"DSN=hr;charset=latin1", "", "", []string{"CHARSET=utf8mb4"}, "DSN=hr;charset=latin1"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (target{url: tt.source, user: tt.user, password: connector.NewSecret(tt.password)}).source(tt.more...); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	for _, bad := range []string{"", "DSN=x;PWD=y", "DSN=x; password = y", ";;"} {
		c := connector.Config{Values: map[string]string{"connection": bad}}
		if _, err := NewODBC(closedODBC).Open(t.Context(), c); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" || strings.Contains(err.Error(), "y") && bad != "" && strings.Contains(err.Error(), "PWD=y") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestODBCDeclaresSettingsAndSamples(t *testing.T) {
	d := NewODBC(closedODBC)
	declared := map[string]bool{}
	for _, s := range d.Settings() {
		declared[s.Name] = true
	}
	if d.Name() != "odbc" || !declared["connection"] || !declared["dialect"] || !declared["password"] || declared["url"] {
		t.Errorf("%v", declared)
	}
	if can := connector.CapabilitiesOf(d); !can.Export || !can.Delta || can.Batch == 0 {
		t.Errorf("%+v", can)
	}
	samples := d.Samples()
	if len(samples) != 2 {
		t.Fatalf("%d samples", len(samples))
	}
	for _, s := range samples {
		var file struct {
			Plugins    []map[string]any
			Connectors []struct {
				Kind     string
				Settings map[string]any
			}
		}
		if err := yaml.Unmarshal([]byte(s.Config), &file); err != nil || len(file.Plugins) != 1 || len(file.Connectors) != 1 {
			t.Fatalf("%s: %v\n%s", s.Name, err, s.Config)
		}
		c := file.Connectors[0]
		if c.Kind != "odbc" || !strings.HasPrefix(fmt.Sprint(c.Settings["connection"]), "Driver=") || s.Setup == "" || s.Privileges == "" {
			t.Errorf("%s: %+v", s.Name, c)
		}
		for name := range c.Settings {
			if name = strings.TrimSuffix(name, "File"); !declared[name] {
				t.Errorf("%s: no setting %s", s.Name, name)
			}
		}
	}
}

func TestGenericBindsByKind(t *testing.T) {
	k := clock{zone: time.UTC, layout: fullLayout}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	for name, tt := range map[string]struct {
		kind connector.DataType
		in   any
		want any
	}{
		"Text": {connector.String, "x", "x"}, "NumberAsText": {connector.String, int64(5), "5"}, "TextAsNumber": {connector.Integer, "5", int64(5)},
		"Flag": {connector.Boolean, true, true}, "TextAsFlag": {connector.Boolean, "yes", true}, "Decimal": {connector.Decimal, "1.5", 1.5},
		"Date": {connector.DateTime, at, "2026-01-02 03:04:05.000006"}, "DateAsNumber": {connector.Integer, at, at.Unix()}, "DateAsText": {connector.String, at, "2026-01-02 03:04:05.000006"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := (generic{}).bind(column{kind: tt.kind}, k, tt.in); err != nil || got != tt.want {
				t.Errorf("%#v %v", got, err)
			}
		})
	}
	if _, err := (generic{}).bind(column{kind: connector.Integer}, k, "five"); err == nil {
		t.Error("a word was taken for a number")
	}
}
