package gsql

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// flavor is how a dialect's SQL text is read: what is text, name or comment in it, and where a statement ends.
type flavor struct {
	dialect     string
	backslashes bool // \' inside a text
	hash        bool // # begins a comment
	nested      bool // /* /* */ */
}

func flavorOf(dialect string) flavor {
	return flavor{dialect: dialect, backslashes: dialect == MariaDB, hash: dialect == MariaDB, nested: dialect == PostgreSQL || dialect == SQLServer}
}

// tokenKind says what a piece of SQL text is.
type tokenKind int

const (
	symbol  tokenKind = iota // one character that stands for itself
	word                     // a name or keyword without quotes, or a number
	quoted                   // a text or a quoted name
	space                    // white space
	comment                  // to be kept, never read
)

// token returns what begins at i and where it ends, always beyond i.
func (f flavor) token(s string, i int) (tokenKind, int) {
	rest := s[i:]
	switch c := rest[0]; {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
		return space, i + 1
	case strings.HasPrefix(rest, "--") && f.dashes(rest), c == '#' && f.hash:
		return comment, i + lineEnd(rest)
	case strings.HasPrefix(rest, "/*"):
		return comment, i + f.blockComment(rest)
	case c == '\'', c == '"', c == '`' && f.dialect != PostgreSQL && f.dialect != Oracle:
		return quoted, i + f.quotation(rest, c)
	case c == '[' && (f.dialect == SQLServer || f.dialect == SQLite):
		return quoted, i + f.quotation(rest, ']')
	case c == '$' && f.dialect == PostgreSQL:
		if n := dollarQuote(rest); n > 0 {
			return quoted, i + n
		}
	case (c == 'q' || c == 'Q') && f.dialect == Oracle && len(rest) > 2 && rest[1] == '\'':
		return quoted, i + oracleQuote(rest)
	case (c == 'e' || c == 'E') && f.dialect == PostgreSQL && len(rest) > 1 && rest[1] == '\'':
		return quoted, i + 1 + flavor{backslashes: true}.quotation(rest[1:], '\'')
	}
	if n := wordLength(rest); n > 0 {
		return word, i + n
	}
	_, n := utf8.DecodeRuneInString(rest)
	return symbol, i + n
}

// dashes: MySQL wants white space after the two.
func (f flavor) dashes(rest string) bool {
	return f.dialect != MariaDB || len(rest) == 2 || strings.IndexByte(" \t\r\n", rest[2]) >= 0
}

func lineEnd(s string) int {
	if n := strings.IndexByte(s, '\n'); n >= 0 {
		return n
	}
	return len(s)
}

func (f flavor) blockComment(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); {
		switch {
		case s[i] == '/' && s[i+1] == '*' && (depth == 0 || f.nested):
			depth++
			i += 2
		case s[i] == '*' && s[i+1] == '/':
			depth--
			i += 2
			if depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return len(s)
}

// quotation returns the length of what is quoted up to the mark; doubled marks stand for themselves.
func (f flavor) quotation(s string, mark byte) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && f.backslashes && mark != '`':
			i++
		case s[i] == mark && i+1 < len(s) && s[i+1] == mark:
			i++
		case s[i] == mark:
			return i + 1
		}
	}
	return len(s)
}

// dollarQuote returns the length of $tag$…$tag$; 0 when that is not what begins here.
func dollarQuote(s string) int {
	end := strings.IndexByte(s[1:], '$')
	if end < 0 {
		return 0
	}
	tag := s[:end+2]
	for i, r := range tag[1 : len(tag)-1] {
		if !unicode.IsLetter(r) && r != '_' && (i == 0 || !unicode.IsDigit(r)) {
			return 0
		}
	}
	if n := strings.Index(s[len(tag):], tag); n >= 0 {
		return n + 2*len(tag)
	}
	return len(s)
}

// oracleQuote returns the length of q'[…]'.
func oracleQuote(s string) int {
	closing := s[2:3]
	if i := strings.Index("[{(<", closing); i >= 0 {
		closing = "]})>"[i : i+1]
	}
	if n := strings.Index(s[3:], closing+"'"); n >= 0 {
		return 3 + n + 2
	}
	return len(s)
}

func wordLength(s string) int {
	for i, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && (i == 0 || r != '$') {
			return i
		}
	}
	return len(s)
}

// splitter cuts SQL text into statements.
type splitter struct {
	flavor
	text  string
	end   string // what ends a statement: ";" or what DELIMITER said
	start int    // of the present statement
	words []string
	depth int  // of BEGIN … END and CASE … END
	body  bool // the statement defines a routine or is a block: ; ends it only outside of BEGIN … END
	seen  bool // a BEGIN of the body was there
	last  string
	out   []string
}

// split cuts SQL text into its statements, without their ends. It knows texts, quoted names, comments, dollar quotes, blocks of
// BEGIN … END, DELIMITER (MySQL's client), GO (SQL Server's) and / on a line of its own (Oracle's).
func (f flavor) split(text string) []string {
	s := &splitter{flavor: f, text: text, end: ";"}
	s.reset(0)
	for i := 0; i < len(text); {
		if next := s.lineCommand(i); next > i {
			i = next
			continue
		}
		if strings.HasPrefix(text[i:], s.end) && !s.within() {
			s.cut(i)
			i += len(s.end)
			s.reset(i)
			continue
		}
		kind, end := f.token(text, i)
		s.see(kind, text[i:end])
		i = end
	}
	s.cut(len(text))
	return s.out
}

func (s *splitter) reset(at int) {
	s.start, s.words, s.depth, s.body, s.seen, s.last = at, nil, 0, false, false, ""
}

// cut ends the present statement at i.
func (s *splitter) cut(i int) {
	statement := strings.TrimSpace(s.text[s.start:i])
	if s.body && s.dialect == Oracle && s.seen && statement != "" {
		statement += ";" // PL/SQL keeps the last one
	}
	if !s.blank(statement) {
		s.out = append(s.out, statement)
	}
}

// blank reports whether there is nothing but comments.
func (s *splitter) blank(statement string) bool {
	for i := 0; i < len(statement); {
		kind, end := s.token(statement, i)
		if kind != space && kind != comment {
			return false
		}
		i = end
	}
	return true
}

// lineCommand takes DELIMITER, GO and / where they stand alone on a line, and returns where the next line begins.
func (s *splitter) lineCommand(i int) int {
	if i > 0 && s.text[i-1] != '\n' {
		return i
	}
	line := s.text[i : i+lineEnd(s.text[i:])]
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return i
	}
	next := min(i+len(line)+1, len(s.text))
	switch {
	case s.dialect == SQLServer && strings.EqualFold(fields[0], "GO"), s.dialect == Oracle && len(fields) == 1 && fields[0] == "/":
		s.cut(i)
	case s.dialect == MariaDB && strings.EqualFold(fields[0], "DELIMITER") && len(fields) == 2 && s.blank(s.text[s.start:i]):
		s.end = fields[1]
	default:
		return i
	}
	s.reset(next)
	return next
}

// within reports whether the end of a statement is not one here.
func (s *splitter) within() bool {
	if s.end != ";" {
		return false
	}
	return s.depth > 0 || s.body && (s.dialect == SQLServer || s.dialect == Oracle && !s.seen)
}

// see takes note of a token.
func (s *splitter) see(kind tokenKind, text string) {
	if kind == space || kind == comment {
		return
	}
	upper := ""
	if kind == word {
		upper = strings.ToUpper(text)
	}
	if len(s.words) < 8 {
		s.words = append(s.words, upper)
		s.body = s.body || s.isBody()
	}
	if s.body {
		s.nest(upper)
	}
	s.last = upper
}

// isBody reports whether the words so far begin what may hold ends of statements inside.
func (s *splitter) isBody() bool {
	first, newest := s.words[0], s.words[len(s.words)-1]
	switch first {
	case "CREATE", "ALTER":
		switch newest {
		case "PROCEDURE", "PROC", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE":
			return true
		}
	case "BEGIN":
		return len(s.words) == 2 && newest != "" && newest != "TRANSACTION" && newest != "TRAN" && newest != "WORK" &&
			newest != "IMMEDIATE" && newest != "DEFERRED" && newest != "EXCLUSIVE"
	case "DECLARE":
		return s.dialect == Oracle || s.dialect == SQLServer
	case "IF", "WHILE":
		return s.dialect == SQLServer
	}
	return false
}

// nest counts blocks.
func (s *splitter) nest(upper string) {
	if len(s.words) == 2 && s.words[0] == "BEGIN" && s.depth == 0 && !s.seen {
		s.depth, s.seen = 1, true // the BEGIN that made this a block
	}
	switch {
	case s.last == "END" && (upper == "IF" || upper == "LOOP" || upper == "WHILE" || upper == "REPEAT" || upper == "FOR" || upper == "TRY" || upper == "CATCH"):
		if upper != "TRY" && upper != "CATCH" {
			s.depth++ // END IF ends no block
		}
	case s.last == "END" && upper == "CASE":
	case upper == "BEGIN" && len(s.words) > 1, upper == "CASE":
		s.depth++
		s.seen = s.seen || upper == "BEGIN"
	case upper == "END" && s.depth > 0:
		s.depth--
	}
}
