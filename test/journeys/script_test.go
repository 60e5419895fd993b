package journeys

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The language of the stories. A story is a txtar file: its comment says what is shown, its file "steps" says how, one step a line;
// "people.csv" and other people files are imported, "app.yaml" is laid over the sample application (maps are merged, objects by their
// source), "host.yaml" and "tables.sql" replace the sample's host configuration and tables; "routes" names the routes it is played on, if not all. Words are separated by spaces and may be
// quoted as in Go; # begins a comment. The steps:
//
//	import FILE [refuse LINE TEXT]...      import people; exactly the lines named are refused, for a reason that contains the text
//	people N                               import N made-up people with managers, and their groups
//	apply [FILE]                           apply the application, or lay another file over it
//	begin | pause                          start the job without waiting | pause it
//	cycle [full|forgotten|release]         run a cycle to its end: after what changed | over everybody again | with all links
//	                                       forgotten | with held deletions released
//	hire USER ATTR=VALUE...                create a person
//	set USER ATTR=VALUE...                 change a person; manager=USER sets the manager, an empty value clears
//	rename USER NEW                        give a person another userPrincipalName
//	disable|enable|delete|purge|restore USER
//	join|leave GROUP USER                  change a group's members
//	plan NAME                              make a plan of what the job would do
//	approve NAME                           carry a plan out to its end
//	undo NAME cycle|PLAN [CREATED]         make the plan that takes back the last cycle, or a plan; CREATED is disable, delete or keep
//	sql STATEMENT                          do something to the target behind everybody's back; the rest of the line
//	remember NAME LOGIN                    keep the id of a row; $NAME stands for it in expectations
//	kill PART [after N writes of M]        kill -9, when N rows have been written; the story fails if it was all M already
//	start PART                             start it again
//	mark                                   begin to count writes here
//	expect … | await …                     see expect_test.go; await gives it 20 seconds to become true
type step struct {
	line  int
	text  string
	words []string
}

// parse takes the steps of a story apart.
func parse(text string) ([]step, error) {
	var steps []step
	for i, line := range strings.Split(text, "\n") {
		words, err := split(line)
		if err != nil {
			return nil, fmt.Errorf("steps:%d: %w", i+1, err)
		}
		if len(words) > 0 {
			steps = append(steps, step{i + 1, strings.TrimSpace(line), words})
		}
	}
	return steps, nil
}

// split splits a line into words; a quoted part of a word is read as Go reads it. A statement of SQL is one word.
func split(line string) ([]string, error) {
	line = strings.TrimSpace(line)
	if rest, ok := strings.CutPrefix(line, "sql "); ok {
		return []string{"sql", rest}, nil
	}
	var words []string
	for line != "" && line[0] != '#' {
		word := ""
		for line != "" && line[0] != ' ' && line[0] != '\t' {
			if line[0] != '"' {
				n := strings.IndexAny(line, " \t\"")
				if n < 0 {
					n = len(line)
				}
				word, line = word+line[:n], line[n:]
				continue
			}
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, fmt.Errorf("a quote is not closed: %s", line)
			}
			text, err := strconv.Unquote(quoted)
			if err != nil {
				return nil, err
			}
			word, line = word+text, line[len(quoted):]
		}
		words, line = append(words, word), strings.TrimLeft(line, " \t")
	}
	return words, nil
}

// player plays one story on one route.
type player struct {
	t      testing.TB
	files  map[string]string
	site   site
	target *target
	since  int               // position in the target's list of writes
	known  map[string]string // by "remember"
}

func (p *player) play(s step) error {
	do, ok := verbs[s.words[0]]
	if !ok {
		return fmt.Errorf("there is no step %q", s.words[0])
	}
	return do(p, s.words[1:])
}

const cycleLimit = 90 * time.Second

var verbs map[string]func(p *player, args []string) error

func init() {
	verbs = map[string]func(p *player, args []string) error{
		"import": (*player).importFile, "people": (*player).company, "apply": (*player).apply, "begin": (*player).begin, "pause": (*player).pause,
		"cycle": (*player).cycle, "hire": (*player).hire, "set": (*player).set, "rename": (*player).rename, "disable": (*player).disable,
		"enable": (*player).enable, "delete": (*player).delete, "purge": (*player).purge, "restore": (*player).restore, "join": (*player).join,
		"leave": (*player).leave, "sql": (*player).sql, "remember": (*player).remember, "kill": (*player).kill, "start": (*player).start,
		"mark": (*player).mark, "assign": (*player).assign, "unassign": (*player).unassign, "release": (*player).release,
		"plan": (*player).plan, "approve": (*player).approve, "undo": (*player).undo, "expect": (*player).expect, "await": (*player).await,
	}
}

// need says how many words a step takes.
func need(args []string, least, most int) error {
	if len(args) < least || len(args) > most {
		return fmt.Errorf("this step takes %d to %d words, not %d", least, most, len(args))
	}
	return nil
}

// pairs reads NAME=VALUE words.
func pairs(words []string) (map[string]string, error) {
	out := map[string]string{}
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not NAME=VALUE", w)
		}
		out[name] = value
	}
	return out, nil
}
