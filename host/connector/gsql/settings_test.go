package gsql

import (
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

func config(values ...string) connector.Config {
	c := connector.Config{Values: map[string]string{"url": "postgres://u@h/d", "types": "User=a.b\nGroup=g"}}
	for i := 0; i < len(values); i += 2 {
		c.Values[values[i]] = values[i+1]
	}
	return c
}

func TestLayoutIsUnderstood(t *testing.T) {
	l, err := parseLayout(config("types", " # people\n\nUser = \"my db\".\"sch.em\"\"a\".[a]]b] \r\n Group=groups",
		"anchors", "User=A, \"B,C\"", "multiValued", "Group.members = dbo.GM ( g,h -> m , n ) ref User, Group\nUser.phones=p(u->x)\nUser.any=q(a,b -> y) ref *",
		"json", "User.emails[]\nUser.[a]]b]", "dataTypes", "User.HireDate=DateTime", "references", "User.boss=User\nGroup.owner=*", "writeOnly", "User.pw"))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(l.types[0].table, "|"); got != `my db|sch.em"a|a]b` {
		t.Errorf("table %s", got)
	}
	if got := strings.Join(l.types[0].anchor, "|"); got != "A|B,C" {
		t.Errorf("anchor %s", got)
	}
	m, p := l.children[0], l.children[1]
	if m.attr != "members" || !m.ref || m.refType != "" || strings.Join(m.owner, "|") != "g|h" || strings.Join(m.value, "|") != "m|n" {
		t.Errorf("members %+v", m)
	}
	if p.ref || p.table[0] != "p" || p.owner[0] != "u" || p.value[0] != "x" {
		t.Errorf("phones %+v", p)
	}
	c := l.columns["User"]
	if !c["emails"].list || c["a]b"].list || c["a]b"].kind != connector.JSON || c["boss"].refType != "User" || !c["pw"].writeOnly || c["HireDate"].kind != connector.DateTime {
		t.Errorf("columns %+v", c)
	}
}

func TestWrongSettingsAreRefusedByName(t *testing.T) {
	for _, c := range []struct{ setting, value, says string }{
		{"url", "", "scheme"}, {"url", "db2://h/d", "scheme"}, {"url", "mysql://u:p4ss@h/d", "password"}, {"url", "postgres://u:p4ss@h/d", "password"}, {"url", "postgres://h/d?password=p4ss", "password"},
		{"url", "sqlite::memory:", "file"}, {"url", "file:x?mode=memory", "file"}, {"url", "sqlite:", "file"},
		{"types", "", "empty"}, {"types", "User", `expected "="`}, {"types", "User=", "expected a name"}, {"types", "User=a b", "unexpected"}, {"types", "User=a\nUser=b", "twice"}, {"types", `User="a`, "no closing"}, {"types", `User=""`, "empty"},
		{"anchors", "Nobody=x", `no "Nobody"`}, {"anchors", "User=", "expected a name"},
		{"multiValued", "User.x=t(a)", `"->"`}, {"multiValued", "User.x=t(a->b", `")"`}, {"multiValued", "User.x=t(a->b,c)", "add ref"}, {"multiValued", "User.x=t(a->b) ref Nobody", "Nobody"}, {"multiValued", "User=t(a->b)", `"."`},
		{"json", "User", `"."`}, {"json", "User.a[", "unexpected"}, {"dataTypes", "User.a=Text", "none of"}, {"references", "User.a=", "expected a name"},
		{"dateTimeFormat", "hh:mm", "HH"}, {"dateTimeFormat", "q", "not understood"}, {"timeZone", "Mars/Base", "zone"}, {"commandTimeout", "30", "duration"}, {"commandTimeout", "-1s", "duration"}, {"writers", "x", "whole"},
	} {
		_, err := parseLayout(config(c.setting, c.value))
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) || fault.HintOf(err) == "" {
			t.Errorf("%s=%q: %v", c.setting, c.value, err)
		}
		if err != nil && strings.Contains(err.Error(), "p4ss") {
			t.Errorf("the password is shown: %v", err)
		}
	}
}

func TestCatalogueMismatchesAreRefusedByName(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		url := d.url(t)
		demo := simple(nil, `CREATE TABLE people (id bigint PRIMARY KEY NOT NULL, flag boolean, name text)`, `CREATE TABLE loose (a text)`)(d)
		if err := demo.Create(t.Context(), url, connector.Secret{}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ setting, value, says string }{
			{"types", "User=nowhere", "no table or view nowhere"}, {"types", "User=dbo.people", "dbo.people"}, {"types", "User=loose", "no primary key"},
			{"anchors", "User=ID", "did you mean id"}, {"anchors", "User=flag", "cannot be an anchor"}, {"json", "User.nowhere", `no column "nowhere"`},
			{"multiValued", "User.x=nowhere(a -> b)", "nowhere"}, {"multiValued", "User.x=loose(b -> a)", `no column "b"`}, {"multiValued", "User.name=loose(a -> a)", "another name"}, {"multiValued", "User.x=loose(a,a -> a)", "owner column"},
		} {
			demo.Settings = map[string]string{"types": "User=people", c.setting: c.value}
			_, err := New().Open(t.Context(), demo.Config("x", url, connector.Secret{}))
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) || fault.HintOf(err) == "" {
				t.Errorf("%s=%q: %v", c.setting, c.value, err)
			}
		}
	})
}

func TestEverySettingIsExplained(t *testing.T) {
	for _, s := range New().Settings() {
		if s.Label == "" || s.Help == "" || s.Page == "" || s.Type == "" {
			t.Errorf("%+v", s)
		}
	}
}

func FuzzLayout(f *testing.F) {
	for _, s := range []string{"User=a.b", `User="a""b".[c]]d]`, "Group.members=t(a -> b) ref User,Group", "User.emails[]", "User=(->", "User.x=t(a,b->c,d)ref *", "\"", "[", "=.,()"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, setting := range []string{"types", "anchors", "multiValued", "references", "json", "dataTypes", "writeOnly"} {
			_, err := parseLayout(config(setting, line))
			if err != nil && !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", setting, err)
			}
		}
	})
}

func FuzzQuotedName(f *testing.F) {
	for _, s := range []string{"a", `we"ird; DROP`, "a]b", "$1", "'", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" {
			return
		}
		for _, form := range []string{`"` + strings.ReplaceAll(name, `"`, `""`) + `"`, "[" + strings.ReplaceAll(name, "]", "]]") + "]"} {
			s := scanner{rest: form}
			got, err := s.name()
			if err != nil || got != name || s.rest != "" {
				t.Errorf("%q became %q, rest %q, %v", form, got, s.rest, err)
			}
		}
	})
}

func FuzzDateFormat(f *testing.F) {
	for _, s := range []string{"yyyy-MM-dd HH:mm:ss", "dd/MM/yy h:mm tt", "yyyy'T'HH.fff zzz", "'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, format string) {
		if _, err := newClock(format, ""); err != nil && !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	})
}
