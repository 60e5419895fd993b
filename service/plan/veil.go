package plan

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// veiled is what stands where no log may show a value.
const veiled = "[Redact]"

// Veil returns the text without the values no log may show: those of redacted attributes, wanted or held, and what they are made of. A target
// quotes what it refuses, in any spelling and cut anywhere.
func (p Plan) Veil(text string) string {
	return newVeil(p.secrets()).text(text)
}

// VeilError returns the error with Veil laid over its text, its hint and the answer it carries. What it wraps is still found by errors.Is and
// errors.As; an error that shows nothing secret is returned as it is.
func (p Plan) VeilError(err error) error {
	if err == nil {
		return nil
	}
	v := newVeil(p.secrets())
	f := fault.Error{Kind: fault.KindOf(err), Code: fault.CodeOf(err), Hint: fault.HintOf(err), RetryAfter: fault.RetryAfterOf(err), Answer: fault.AnswerOf(err)}
	shown := f
	shown.Hint = v.text(f.Hint)
	if f.Answer != nil {
		shown.Answer = &fault.Answer{Status: f.Answer.Status, Body: v.text(f.Answer.Body)}
	}
	text := v.text(err.Error())
	if text == err.Error() && shown.Hint == f.Hint && (f.Answer == nil || *shown.Answer == *f.Answer) {
		return err
	}
	shown.Err = errors.New(text)
	return &behind{cause: err, shown: &shown}
}

// behind is an error of which only what may be shown is shown.
type behind struct {
	cause error
	shown *fault.Error
}

func (b *behind) Error() string { return b.shown.Err.Error() }
func (b *behind) Unwrap() error { return b.cause }

// As gives whoever asks for the fault the one that may be shown.
func (b *behind) As(target any) bool {
	f, ok := target.(**fault.Error)
	if ok {
		*f = b.shown
	}
	return ok
}

// secrets are the texts no log may show.
func (p Plan) secrets() []string {
	out := slices.Clone(p.Hidden)
	for attr := range p.Redacted {
		out = append(out, textsOf(p.Want.Attrs[attr])...)
		out = append(out, textsOf(p.Have.Attrs[attr])...)
	}
	for _, e := range p.Edits {
		if p.Redacted[e.Attr] {
			out = append(out, textsOf(e.Values)...)
		}
	}
	return out
}

// textsOf returns values as texts, those inside sub-objects too. True and false are left out: they tell nothing.
func textsOf(values []entry.Value) []string {
	var out []string
	for _, v := range values {
		switch v := v.(type) {
		case bool, entry.Ref:
		case []byte:
			out = append(out, string(v), base64.StdEncoding.EncodeToString(v))
		case entry.Complex:
			for _, part := range v {
				out = append(out, textsOf([]entry.Value{part})...)
			}
		default:
			s, _ := text(v)
			out = append(out, s)
		}
	}
	return out
}

// veil takes texts out of others.
type veil struct {
	whole *regexp.Regexp // any spelling of any of them, the longest first; nil: there are none
	parts []string       // the spellings in lower case, for what was cut
}

func newVeil(secrets []string) veil {
	var all []string
	for _, s := range secrets {
		if strings.TrimSpace(s) != "" {
			all = append(all, spellings(s)...)
		}
	}
	if len(all) == 0 {
		return veil{}
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	all = slices.Compact(all)
	patterns := make([]string, len(all))
	for i, s := range all {
		patterns[i] = pattern(s)
		all[i] = strings.ToLower(s)
	}
	return veil{regexp.MustCompile("(?i:" + strings.Join(patterns, "|") + ")"), all}
}

// pattern matches a text; a short one only as a word of its own, or half of every message would be hidden.
func pattern(s string) string {
	p := regexp.QuoteMeta(s)
	if utf8.RuneCountInString(s) >= 4 {
		return p
	}
	if isWord(s[0]) {
		p = `\b` + p
	}
	if isWord(s[len(s)-1]) {
		p += `\b`
	}
	return p
}

func isWord(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// spellings are the ways a target or a message may write a text.
func spellings(s string) []string {
	line := strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	out := []string{s, line, url.QueryEscape(s), url.PathEscape(s), html.EscapeString(s), strings.ReplaceAll(s, `'`, `''`)}
	for _, escapeHTML := range []bool{false, true} {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(escapeHTML)
		if enc.Encode(s) == nil {
			quoted := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
			out = append(out, quoted, strings.ReplaceAll(strings.ReplaceAll(quoted, `\`, `\\`), `"`, `\"`))
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

func (v veil) text(s string) string {
	if v.whole == nil || s == "" {
		return s
	}
	s = v.whole.ReplaceAllLiteralString(s, veiled)
	head, tail, cut := strings.Cut(s, "…")
	if !cut {
		return s
	}
	var b strings.Builder
	for ; cut; head, tail, cut = strings.Cut(tail, "…") {
		b.WriteString(v.begun(head))
		b.WriteString("…")
	}
	return b.String() + head
}

// begun takes the beginning of a secret off the end of a text that was cut there.
func (v veil) begun(head string) string {
	lower := strings.ToLower(head)
	if len(lower) != len(head) {
		lower = head
	}
	for _, secret := range v.parts {
		for n := min(len(secret), len(lower)); n >= 3; n-- {
			if strings.HasSuffix(lower, secret[:n]) {
				return head[:len(head)-n] + veiled
			}
		}
	}
	return head
}

// veilSteps lays the veil over the steps told so far.
func (p *Plan) veilSteps() {
	v := newVeil(p.secrets())
	if v.whole == nil {
		return
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		s.Detail = v.text(s.Detail)
		for name, fact := range s.Facts {
			s.Facts[name] = v.text(fact)
		}
	}
}
