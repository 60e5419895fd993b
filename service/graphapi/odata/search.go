package odata

import "strings"

// Search is a $search that was understood: "displayName:ann" AND "mail:x" OR ….
type Search struct {
	any [][]term // one of these must hold, all terms inside
}

type term struct {
	path, text string // path "" looks into the default properties
	not        bool
}

// ParseSearch reads "displayName:ann", terms in double quotes joined by AND and OR; NOT before a term. A bare word is one term.
func ParseSearch(text string) (*Search, error) {
	if len(text) > MaxText {
		return nil, bad("$search", "it is longer than %d bytes", MaxText)
	}
	s := &Search{any: [][]term{nil}}
	rest, not := strings.TrimSpace(text), false
	for rest != "" {
		var piece string
		var isTerm bool
		var err error
		if piece, rest, isTerm, err = cut(rest); err != nil {
			return nil, err
		}
		last := len(s.any) - 1
		switch {
		case isTerm || !keyword(piece):
			t := parseTerm(piece, not)
			if t.text == "" {
				return nil, bad("$search", "a term is empty").WithHint(`write "displayName:ann"`)
			}
			s.any[last], not = append(s.any[last], t), false
		case piece == "OR":
			s.any = append(s.any, nil)
		case piece == "NOT":
			not = true
		}
	}
	for _, all := range s.any {
		if len(all) == 0 {
			return nil, bad("$search", "a term is missing").WithHint(`write "displayName:ann" OR "mail:ann"`)
		}
	}
	return s, nil
}

func keyword(s string) bool { return s == "AND" || s == "OR" || s == "NOT" }

func cut(s string) (piece, rest string, isTerm bool, err error) {
	if s[0] != '"' {
		piece, rest, _ = strings.Cut(s, " ")
		return piece, strings.TrimSpace(rest), false, nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			return b.String(), strings.TrimSpace(s[i+1:]), true, nil
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false, bad("$search", "a double quote is not closed")
}

func parseTerm(s string, not bool) term {
	path, text, ok := strings.Cut(s, ":")
	if !ok || !isPath(path) {
		path, text = "", s
	}
	return term{path, strings.ToLower(strings.TrimSpace(text)), not}
}

// Paths returns the properties that are named.
func (s *Search) Paths() (paths []string) {
	for _, all := range s.any {
		for _, t := range all {
			if t.path != "" {
				paths = append(paths, t.path)
			}
		}
	}
	return paths
}

// Match reports whether the object passes: each word of a term begins a word of the property. def are the properties that a term
// without a name looks into.
func (s *Search) Match(o Object, def []string) bool {
	if s == nil {
		return true
	}
	for _, all := range s.any {
		ok := true
		for _, t := range all {
			ok = ok && t.match(o, def) != t.not
		}
		if ok {
			return true
		}
	}
	return false
}

func (t term) match(o Object, def []string) bool {
	paths := def
	if t.path != "" {
		paths = []string{t.path}
	}
	for _, p := range paths {
		for _, v := range o(p) {
			if s, ok := v.(string); ok && wordsIn(strings.ToLower(s), t.text) {
				return true
			}
		}
	}
	return false
}

// wordsIn reports whether each word of terms begins a word of text; both are in lower case. Most texts do not hold them at all, which
// is seen without taking the text apart.
func wordsIn(text, terms string) bool {
	for w := range strings.FieldsFuncSeq(terms, separates) {
		if !strings.Contains(text, w) || !begins(text, w) {
			return false
		}
	}
	return true
}

func begins(text, w string) bool {
	for have := range strings.FieldsFuncSeq(text, separates) {
		if strings.HasPrefix(have, w) {
			return true
		}
	}
	return false
}

func separates(r rune) bool { return strings.ContainsRune(" .-_@,;/", r) }
