package gsql

import (
	"fmt"
	"strings"
)

// scanner reads the small language of the settings' lines: names, quoted or bare, and punctuation.
type scanner struct{ rest string }

func (s *scanner) space() { s.rest = strings.TrimLeft(s.rest, " \t\r") }

// take steps over the word if it is next.
func (s *scanner) take(word string) bool {
	s.space()
	rest, ok := strings.CutPrefix(s.rest, word)
	if ok {
		s.rest = rest
	}
	return ok
}

// want is take for a word that must be there.
func (s *scanner) want(word string) error {
	if s.take(word) {
		return nil
	}
	return fmt.Errorf("expected %q before %q", word, s.rest)
}

func (s *scanner) end() error {
	s.space()
	if s.rest != "" {
		return fmt.Errorf("unexpected %q", s.rest)
	}
	return nil
}

// name reads "quoted ""name""", [bracketed ]]name] or a bare name, which ends at white space or at one of .,()=[ or ->.
func (s *scanner) name() (string, error) {
	s.space()
	switch {
	case strings.HasPrefix(s.rest, `"`):
		return s.quoted('"')
	case strings.HasPrefix(s.rest, "["):
		return s.quoted(']')
	case strings.HasPrefix(s.rest, "`"):
		return s.quoted('`')
	}
	end := strings.IndexAny(s.rest, " \t\r.,()=[")
	if end < 0 {
		end = len(s.rest)
	}
	if arrow := strings.Index(s.rest, "->"); arrow >= 0 && arrow < end {
		end = arrow
	}
	if end == 0 {
		return "", fmt.Errorf("expected a name before %q", s.rest)
	}
	name := s.rest[:end]
	s.rest = s.rest[end:]
	return name, nil
}

// quoted reads a name that ends at the mark; a doubled mark stands for itself.
func (s *scanner) quoted(mark byte) (string, error) {
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		if s.rest[i] != mark {
			b.WriteByte(s.rest[i])
			continue
		}
		if i+1 < len(s.rest) && s.rest[i+1] == mark {
			b.WriteByte(mark)
			i++
			continue
		}
		s.rest = s.rest[i+1:]
		if b.Len() == 0 {
			return "", fmt.Errorf("a quoted name is empty")
		}
		return b.String(), nil
	}
	return "", fmt.Errorf("no closing %q in %q", string(mark), s.rest)
}

// path reads names joined by dots: a table with its schema.
func (s *scanner) path() ([]string, error) { return s.list(".") }

// names reads names joined by commas.
func (s *scanner) names() ([]string, error) { return s.list(",") }

func (s *scanner) list(separator string) ([]string, error) {
	var out []string
	for {
		n, err := s.name()
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		if !s.take(separator) {
			return out, nil
		}
	}
}
