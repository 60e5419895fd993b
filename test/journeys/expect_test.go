package journeys

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/service/cycle"
)

// The expectations:
//
//	expect row LOGIN COLUMN=VALUE...       the one row of the login in Employees holds this; NULL is NULL, @LOGIN the id of that
//	                                       login's row, $NAME what was remembered
//	expect no row LOGIN
//	expect rows N [in TABLE]
//	expect in TABLE KEY=VALUE COLUMN=...   the same of any table; the first pair finds the row
//	expect members GROUP LOGIN...          exactly these
//	expect writes N                        rows written (inserted, updated, deleted) since the last time or mark, by the target's own list
//	expect journal USER STATUS CODE [reason~TEXT]
//	expect explain USER VERB [CODE]        what would be done, without doing it
//	expect escrows N | held N              people put aside | disables and deletes held
//	expect quarantine REASON|none
//	expect nobody twice                    no login has two rows
var expectations map[string]func(p *player, args []string) string

func init() {
	expectations = map[string]func(p *player, args []string) string{
		"row": (*player).row, "no": (*player).absent, "rows": (*player).rows, "in": (*player).in, "members": (*player).members,
		"writes": (*player).writes, "journal": (*player).journal, "explain": (*player).explain, "escrows": (*player).escrows,
		"held": (*player).held, "quarantine": (*player).quarantine, "nobody": (*player).twice, "plan": (*player).planned,
	}
}

func (p *player) look(args []string) string {
	if len(args) < 2 || expectations[args[0]] == nil {
		return fmt.Sprintf("there is no expectation %q", args)
	}
	return expectations[args[0]](p, args[1:])
}

func (p *player) expect(args []string) error {
	if why := p.look(args); why != "" {
		return errors.New(why)
	}
	return nil
}

func (p *player) await(args []string) error {
	if why := soon(awaitLimit, func() string { return p.look(args) }); why != "" {
		return errors.New(why)
	}
	return nil
}

func (p *player) row(args []string) string {
	return p.in(append([]string{"Employees", "ContosoLogin=" + args[0]}, args[1:]...))
}

func (p *player) in(args []string) string {
	if len(args) < 2 {
		return "write: expect in TABLE KEY=VALUE COLUMN=VALUE..."
	}
	key, value, _ := strings.Cut(args[1], "=")
	found := p.target.find(args[0], key, value)
	if len(found) != 1 {
		return fmt.Sprintf("%d rows with %s %q in %s, expected one", len(found), key, value, args[0])
	}
	want, err := pairs(args[2:])
	if err != nil {
		return err.Error()
	}
	var wrong []string
	for _, column := range slices.Sorted(maps.Keys(want)) {
		have, ok := found[0][column]
		if w := p.value(want[column]); !ok || !alike(have, w) {
			wrong = append(wrong, fmt.Sprintf("%s holds %.200q, expected %.200q", column, have, w))
		}
	}
	return strings.Join(wrong, "; ")
}

// value resolves @LOGIN and $NAME.
func (p *player) value(v string) string {
	if name, ok := strings.CutPrefix(v, "$"); ok {
		return p.known[name]
	}
	if login, ok := strings.CutPrefix(v, "@"); ok {
		if rows := p.target.find("Employees", "ContosoLogin", login); len(rows) == 1 {
			return rows[0]["InternalGUID"]
		}
	}
	return unwritable.Replace(v)
}

// alike compares byte for byte, but for the two ways databases keep a flag.
func alike(have, want string) bool {
	return have == want || have == "1" && want == "true" || have == "0" && want == "false"
}

func (p *player) absent(args []string) string {
	if len(args) != 2 || args[0] != "row" {
		return "write: expect no row LOGIN"
	}
	if n := len(p.target.find("Employees", "ContosoLogin", args[1])); n > 0 {
		return fmt.Sprintf("%s has %d rows", args[1], n)
	}
	return ""
}

func (p *player) rows(args []string) string {
	table := "Employees"
	if len(args) == 3 {
		table = args[2]
	}
	return same("rows in "+table, p.target.number(`SELECT count(*) FROM `+quote(table)), args[0])
}

func same(what string, have int, want string) string {
	if strconv.Itoa(have) != want {
		return fmt.Sprintf("%s: %d, expected %s", what, have, want)
	}
	return ""
}

func (p *player) members(args []string) string {
	want := slices.Sorted(slices.Values(args[1:]))
	if have := p.target.members(args[0]); !slices.Equal(have, want) {
		return fmt.Sprintf("members are %q, expected %q", have, want)
	}
	return ""
}

func (p *player) writes(args []string) string {
	n, now := p.target.writes(p.since)
	why := same("rows written", n, args[0])
	if why != "" {
		return fmt.Sprintf("%s: %q", why, p.target.written(p.since))
	}
	p.since = now
	return ""
}

func (p *player) journal(args []string) string {
	if len(args) < 3 {
		return "write: expect journal USER STATUS CODE [reason~TEXT]"
	}
	records, err := p.site.call().journal(args[0])
	if err != nil {
		return err.Error()
	}
	said := ""
	for _, r := range records {
		fits := r.Status == args[1] && r.Code == args[2]
		for _, w := range args[3:] {
			text, ok := strings.CutPrefix(w, "reason~")
			fits = fits && ok && strings.Contains(r.Reason, text)
		}
		if fits {
			return ""
		}
		said += fmt.Sprintf("\n  %s %s %s: %.400s", r.Action, r.Status, r.Code, r.Reason)
	}
	return fmt.Sprintf("no such record of %s; there are:%.4000s", args[0], said)
}

func (p *player) explain(args []string) string {
	if len(args) < 2 {
		return "write: expect explain USER VERB [CODE]"
	}
	x, err := p.site.call().explain(args[0])
	if err != nil {
		return err.Error()
	}
	if string(x.Verb) != args[1] || len(args) > 2 && x.Code != args[2] {
		return fmt.Sprintf("explained as %s %s: %s", x.Verb, x.Code, x.Reason)
	}
	if len(x.Steps) == 0 {
		return "the explanation has no steps"
	}
	return ""
}

func (p *player) escrows(args []string) string {
	var out struct{ Value []cycle.Escrow }
	if err := p.site.call().call("GET", theApp+"/escrows", nil, &out); err != nil {
		return err.Error()
	}
	why := same("escrows", len(out.Value), args[0])
	if why != "" {
		why += fmt.Sprintf(": %.2000v", out.Value)
	}
	return why
}

func (p *player) held(args []string) string {
	st, err := p.site.call().status()
	if err != nil {
		return err.Error()
	}
	return same("held", len(st.Held), args[0])
}

func (p *player) quarantine(args []string) string {
	st, err := p.site.call().status()
	if err != nil {
		return err.Error()
	}
	reason := "none"
	if st.Quarantine != nil {
		reason = st.Quarantine.Reason
	}
	if reason != args[0] {
		return fmt.Sprintf("quarantine %s, expected %s: %+v", reason, args[0], st.Quarantine)
	}
	return ""
}

func (p *player) twice([]string) string {
	if all := p.target.texts(`SELECT "ContosoLogin" FROM "Employees" GROUP BY "ContosoLogin" HAVING count(*) > 1`); len(all) > 0 {
		return fmt.Sprintf("these have two rows: %q", all)
	}
	return ""
}
