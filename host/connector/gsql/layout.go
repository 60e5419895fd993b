package gsql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// layout is the configuration as understood: how object types lie over tables. Nothing in it was compared with the
// database yet.
type layout struct {
	target   target
	timeout  time.Duration
	writers  int
	clock    clock
	types    []typeLine
	children []childLine
	columns  map[entry.Type]map[string]columnLine
	methods  []*method

	delta        string
	overlap      time.Duration
	deltaDeletes bool
	deltaColumns map[entry.Type]map[string]string // watermark columns; of the attribute "" the object's own
}

// target is where and as whom to connect.
type target struct {
	dialect  dialect
	counsel  counsel
	grammar  grammar
	url      string
	user     string
	password connector.Secret
}

type typeLine struct {
	name   entry.Type
	table  []string // schema and table as typed
	anchor []string // columns; empty = the primary key
}

type childLine struct {
	t            entry.Type
	attr         string
	table        []string
	owner, value []string
	ref          bool
	refType      entry.Type // "" = several or any
}

// columnLine is what the configuration says of a column beyond what the catalogue knows.
type columnLine struct {
	kind      connector.DataType // "" = as detected
	list      bool
	refType   entry.Type
	writeOnly bool
}

// parseLayout understands the settings, fault.Invalid naming the setting and line where it does not.
func parseLayout(c connector.Config) (layout, error) {
	t, err := parseTarget(c)
	if err != nil {
		return layout{target: t}, err
	}
	return layoutOn(t, c)
}

// layoutOn is parseLayout for a target that is known.
func layoutOn(t target, c connector.Config) (layout, error) {
	l := layout{target: t, columns: map[entry.Type]map[string]columnLine{}, deltaColumns: map[entry.Type]map[string]string{}}
	var err error
	if l.clock, err = newClock(c.Values["dateTimeFormat"], c.Values["timeZone"]); err != nil {
		return l, err
	}
	if l.timeout, err = duration(c.Values["commandTimeout"]); err != nil {
		return l, err
	}
	if text := c.Values["writers"]; text != "" {
		if l.writers, err = strconv.Atoi(text); err != nil || l.writers < 0 {
			return l, wrong("writers", text, fmt.Errorf("not a whole number"))
		}
	}
	for _, part := range []struct {
		setting string
		parse   func(*scanner) error
	}{
		{"types", l.typeLine}, {"anchors", l.anchorLine}, {"multiValued", l.childLine}, {"references", l.referenceLine},
		{"json", l.jsonLine}, {"dataTypes", l.dataTypeLine}, {"writeOnly", l.writeOnlyLine},
	} {
		if err := eachLine(part.setting, c.Values[part.setting], part.parse); err != nil {
			return l, err
		}
	}
	if len(l.types) == 0 {
		return l, fault.New(fault.Invalid, "read the settings", "types is empty").
			About("types").WithHint("add a line such as User=public.employees")
	}
	if err := l.sections(c.Values["statements"]); err != nil {
		return l, err
	}
	return l, l.deltaSettings(c)
}

// sections reads the setting statements; every head names a type that is listed.
func (l *layout) sections(text string) error {
	var err error
	if l.methods, err = sections(text); err != nil {
		return err
	}
	seen := map[methodHead]bool{}
	for _, m := range l.methods {
		head := fmt.Sprintf("[%s %s]", m.head.kind, strings.TrimSpace(m.head.operation+" "+m.head.attribute))
		switch {
		case l.find(entry.Type(m.head.kind)) == nil:
			return wrong("statements", head, fmt.Errorf("the setting types has no %q", m.head.kind))
		case seen[m.head]:
			return wrong("statements", head, fmt.Errorf("the section is there twice"))
		}
		seen[m.head] = true
	}
	return nil
}

func (l *layout) deltaSettings(c connector.Config) error {
	l.delta = c.Values["delta"]
	known := []string{"", deltaNone, deltaWatermark, deltaHistory, deltaTracking}
	if !slices.Contains(known, l.delta) {
		return wrong("delta", l.delta, fmt.Errorf("it is none of none, watermark, history, changeTracking"))
	}
	if l.delta == deltaTracking && l.target.grammar.facts().name != SQLServer {
		return wrong("delta", l.delta, fmt.Errorf("only SQL Server has change tracking; history does the same elsewhere"))
	}
	if l.delta == "" {
		l.delta = deltaNone
	}
	if slices.ContainsFunc(l.methods, func(m *method) bool { return m.head.operation == "delta" }) && l.delta == deltaNone {
		l.delta = deltaStatement
	}
	l.deltaDeletes = c.Values["deltaDeletes"] == "true"
	var err error
	if l.overlap, err = positive("deltaOverlap", c.Values["deltaOverlap"], time.Minute); err != nil {
		return err
	}
	return eachLine("deltaColumns", c.Values["deltaColumns"], l.deltaLine)
}

// deltaLine reads User=changed_at or User.phones=changed_at.
func (l *layout) deltaLine(s *scanner) error {
	t, err := l.known(s)
	if err != nil {
		return err
	}
	attr := ""
	if s.take(".") {
		if attr, err = s.name(); err != nil {
			return err
		}
	}
	if err := s.want("="); err != nil {
		return err
	}
	if l.deltaColumns[t.name] == nil {
		l.deltaColumns[t.name] = map[string]string{}
	}
	l.deltaColumns[t.name][attr], err = s.name()
	return err
}

func duration(text string) (time.Duration, error) {
	return positive("commandTimeout", text, 30*time.Second)
}

func positive(setting, text string, usual time.Duration) (time.Duration, error) {
	if text == "" {
		return usual, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, wrong(setting, text, fmt.Errorf("not a duration above zero, such as 30s"))
	}
	return d, nil
}

func wrong(setting, line string, err error) error {
	return fault.New(fault.Invalid, "read the settings", "%q: %w", line, err).
		About(setting).WithHint("see the help of the setting %s", setting)
}

// eachLine parses every line that is neither empty nor a comment.
func eachLine(setting, text string, parse func(*scanner) error) error {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s := &scanner{rest: line}
		err := parse(s)
		if err == nil {
			err = s.end()
		}
		if err != nil {
			return wrong(setting, line, err)
		}
	}
	return nil
}

func (l *layout) typeLine(s *scanner) error {
	name, err := s.name()
	if err != nil {
		return err
	}
	if err := s.want("="); err != nil {
		return err
	}
	if l.find(entry.Type(name)) != nil {
		return fmt.Errorf("%s is listed twice", name)
	}
	if s.take("(query)") {
		l.types = append(l.types, typeLine{name: entry.Type(name)})
		return nil
	}
	table, err := s.path()
	l.types = append(l.types, typeLine{name: entry.Type(name), table: table})
	return err
}

func (l *layout) find(t entry.Type) *typeLine {
	for i := range l.types {
		if l.types[i].name == t {
			return &l.types[i]
		}
	}
	return nil
}

// known reads the name of a type that the setting types lists.
func (l *layout) known(s *scanner) (*typeLine, error) {
	name, err := s.name()
	if err != nil {
		return nil, err
	}
	if t := l.find(entry.Type(name)); t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("the setting types has no %q", name)
}

func (l *layout) anchorLine(s *scanner) error {
	t, err := l.known(s)
	if err != nil {
		return err
	}
	if err := s.want("="); err != nil {
		return err
	}
	t.anchor, err = s.names()
	return err
}

func (l *layout) childLine(s *scanner) error {
	t, attr, err := l.attribute(s)
	if err != nil {
		return err
	}
	c := childLine{t: t, attr: attr}
	if err := s.want("="); err != nil {
		return err
	}
	if c.table, err = s.path(); err != nil {
		return err
	}
	if err := s.want("("); err != nil {
		return err
	}
	if c.owner, err = s.names(); err != nil {
		return err
	}
	if err := s.want("->"); err != nil {
		return err
	}
	if c.value, err = s.names(); err != nil {
		return err
	}
	if err := s.want(")"); err != nil {
		return err
	}
	if c.ref = s.take("ref "); c.ref {
		if c.refType, err = l.refTypes(s); err != nil {
			return err
		}
	}
	if len(c.value) > 1 && !c.ref {
		return fmt.Errorf("several value columns make sense only as the compound anchor of another object: add ref")
	}
	l.children = append(l.children, c)
	return nil
}

// refTypes reads * or type names, and returns the type when it is one only.
func (l *layout) refTypes(s *scanner) (entry.Type, error) {
	if s.take("*") {
		return "", nil
	}
	var found []entry.Type
	for {
		t, err := l.known(s)
		if err != nil {
			return "", err
		}
		found = append(found, t.name)
		if !s.take(",") {
			break
		}
	}
	if len(found) > 1 {
		return "", nil
	}
	return found[0], nil
}

// attribute reads Type.column.
func (l *layout) attribute(s *scanner) (entry.Type, string, error) {
	t, err := l.known(s)
	if err != nil {
		return "", "", err
	}
	if err := s.want("."); err != nil {
		return "", "", err
	}
	name, err := s.name()
	return t.name, name, err
}

// column changes what is said of the column that comes next.
func (l *layout) column(s *scanner, change func(*columnLine) error) error {
	t, name, err := l.attribute(s)
	if err != nil {
		return err
	}
	c := l.columns[t][name]
	if err := change(&c); err != nil {
		return err
	}
	if l.columns[t] == nil {
		l.columns[t] = map[string]columnLine{}
	}
	l.columns[t][name] = c
	return nil
}

func (l *layout) referenceLine(s *scanner) error {
	return l.column(s, func(c *columnLine) (err error) {
		if err = s.want("="); err != nil {
			return err
		}
		c.kind = connector.Reference
		c.refType, err = l.refTypes(s)
		return err
	})
}

func (l *layout) jsonLine(s *scanner) error {
	return l.column(s, func(c *columnLine) error {
		c.kind, c.list = connector.JSON, s.take("[]")
		return nil
	})
}

func (l *layout) writeOnlyLine(s *scanner) error {
	return l.column(s, func(c *columnLine) error {
		c.writeOnly = true
		return nil
	})
}

func (l *layout) dataTypeLine(s *scanner) error {
	return l.column(s, func(c *columnLine) error {
		if err := s.want("="); err != nil {
			return err
		}
		name, err := s.name()
		if err != nil {
			return err
		}
		switch k := connector.DataType(name); k {
		case connector.String, connector.Integer, connector.Decimal, connector.Boolean, connector.DateTime, connector.Binary:
			c.kind = k
			return nil
		}
		return fmt.Errorf("%q is none of String, Integer, Decimal, Boolean, DateTime, Binary", name)
	})
}
