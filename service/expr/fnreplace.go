package expr

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dlclark/regexp2"
)

// Limits of regular expressions.
const (
	maxPattern   = 2000                   // characters of a pattern that is computed
	regexTimeout = 250 * time.Millisecond // of one match
)

// Places of Replace's arguments.
const (
	replaceSource = iota
	replaceOld
	replaceRegex
	replaceGroup
	replaceReplacement
	replaceAttribute
	replaceTemplate
)

func replaceFunctions() []*builtin {
	f := define("Replace(source, Find?, RegularExpression?, RegularExpressionGroupName?, Replacement?, ReplacementPropertyName?, Template?)",
		"Replaces text, the matches of a .NET regular expression, or one group of them.", evalReplace)
	return []*builtin{f.checked(checkReplace).linted(lintReplace)}
}

// checkReplace refuses Replace(s, old, new), a related product's form, and compiles a constant pattern.
func checkReplace(c *call) (problem, expected string) {
	if len(c.args) == 3 && c.given(1) && c.given(2) {
		return "Replace with three arguments is another product's form", `Replace(source, "old", , , "new", , )`
	}
	pattern, ok := c.constant(replaceRegex)
	if !ok {
		return "", ""
	}
	re, err := compileRegex(pattern)
	if err != nil {
		return err.Error(), "a .NET regular expression"
	}
	c.re = re
	return "", ""
}

func lintReplace(c *call) []string {
	group, ok := c.constant(replaceGroup)
	if !ok || c.re == nil || slices.Contains(c.re.GetGroupNames(), group) {
		return nil
	}
	return []string{fmt.Sprintf("the regular expression of Replace has no group %s", quoteShort(group))}
}

func compileRegex(pattern string) (*regexp2.Regexp, error) {
	if len(pattern) > MaxLength {
		return nil, errors.New("the regular expression is too long")
	}
	re, err := regexp2.Compile(pattern, regexp2.None)
	if err != nil {
		return nil, fmt.Errorf("the regular expression is wrong: %w", err)
	}
	re.MatchTimeout = regexTimeout
	return re, nil
}

// regex returns the call's pattern, compiled at save time or now.
func (r *run) regex(c *call) (*regexp2.Regexp, error) {
	if err := r.watch(); err != nil {
		return nil, err
	}
	if c.re != nil {
		return c.re, nil
	}
	pattern, err := r.text(c, replaceRegex)
	if err != nil {
		return nil, err
	}
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("a computed regular expression has at most %d characters", maxPattern)
	}
	re, err := compileRegex(pattern)
	return re, r.hide(err)
}

// evalReplace takes the first mode whose arguments are given.
func evalReplace(r *run, c *call) (value, error) {
	source, err := r.text(c, replaceSource)
	if err != nil {
		return nil, err
	}
	regex, group, replacement := c.given(replaceRegex), c.given(replaceGroup), c.given(replaceReplacement)
	switch {
	case regex && group && c.given(replaceAttribute) && !replacement:
		return r.replaceMissing(c, source)
	case regex && group && replacement:
		return r.replaceGroups(c, source)
	case regex && replacement:
		return r.replaceMatches(c, source)
	case c.given(replaceOld) && c.given(replaceTemplate):
		return r.fillTemplate(c, source)
	case c.given(replaceOld) && replacement:
		return r.replaceOld(c, source)
	case regex && group: // a missing replacement is ""
		return r.replaceGroups(c, source)
	case regex:
		return r.replaceMatches(c, source)
	}
	return source, nil
}

// replaceMissing keeps a source that is there, and else extracts the group from another attribute.
func (r *run) replaceMissing(c *call, source string) (value, error) {
	if source != "" {
		return source, nil
	}
	re, err := r.regex(c)
	if err != nil {
		return nil, err
	}
	group, err := r.text(c, replaceGroup)
	if err != nil {
		return nil, err
	}
	other, err := r.text(c, replaceAttribute)
	if err != nil {
		return nil, err
	}
	m, err := patiently(func() (*regexp2.Match, error) { return re.FindStringMatch(other) })
	if err != nil {
		return nil, regexFailure(err)
	}
	if m == nil || m.GroupByName(group) == nil {
		return "", nil
	}
	return m.GroupByName(group).String(), nil
}

// replaceGroups keeps the text of each match but for the group's span.
func (r *run) replaceGroups(c *call, source string) (value, error) {
	group, err := r.text(c, replaceGroup)
	if err != nil {
		return nil, err
	}
	replacement, err := r.text(c, replaceReplacement)
	if err != nil {
		return nil, err
	}
	return r.rewrite(c, source, func(m *regexp2.Match, all []rune) (from, to int, with string) {
		g := m.GroupByName(group)
		if g == nil || len(g.Captures) == 0 {
			return m.Index, m.Index + m.Length, m.String()
		}
		return g.Index, g.Index + g.Length, replacement
	})
}

// replaceMatches is .NET's Regex.Replace.
func (r *run) replaceMatches(c *call, source string) (value, error) {
	pattern, err := r.text(c, replaceReplacement)
	if err != nil {
		return nil, err
	}
	re, err := r.regex(c)
	if err != nil {
		return nil, err
	}
	parts := parseReplacement(pattern, re)
	return r.rewrite(c, source, func(m *regexp2.Match, all []rune) (from, to int, with string) {
		return m.Index, m.Index + m.Length, expand(parts, m, all)
	})
}

// rewrite walks over the matches and replaces the span that span names in each.
func (r *run) rewrite(c *call, source string, span func(*regexp2.Match, []rune) (from, to int, with string)) (value, error) {
	re, err := r.regex(c)
	if err != nil {
		return nil, err
	}
	all := []rune(source)
	var b strings.Builder
	done := 0
	m, err := patiently(func() (*regexp2.Match, error) { return re.FindRunesMatch(all) })
	for ; m != nil && err == nil; m, err = patiently(func() (*regexp2.Match, error) { return re.FindNextMatch(m) }) {
		from, to, with := span(m, all)
		b.WriteString(string(all[done:from]))
		b.WriteString(with)
		if done = to; b.Len() > maxText {
			return nil, errTooLong
		}
		if err := r.watch(); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, regexFailure(err)
	}
	if done == 0 && b.Len() == 0 {
		return source, nil
	}
	b.WriteString(string(all[done:]))
	return limited(b.String())
}

// patiently matches once more when the time was over: it is the clock's, which also runs while the machine is busy with something else. What is
// slow twice is slow.
func patiently(match func() (*regexp2.Match, error)) (*regexp2.Match, error) {
	m, err := match()
	if err != nil {
		m, err = match()
	}
	return m, err
}

// regexFailure is the only way a match can fail: it took too long.
func regexFailure(err error) error {
	return fmt.Errorf("the regular expression takes longer than %v on this value: %w", regexTimeout, err)
}

func (r *run) fillTemplate(c *call, source string) (value, error) {
	old, err := r.text(c, replaceOld)
	if err != nil {
		return nil, err
	}
	template, err := r.text(c, replaceTemplate)
	if err != nil {
		return nil, err
	}
	return replaceAll(template, old, source)
}

func (r *run) replaceOld(c *call, source string) (value, error) {
	old, err := r.text(c, replaceOld)
	if err != nil {
		return nil, err
	}
	replacement, err := r.text(c, replaceReplacement)
	if err != nil {
		return nil, err
	}
	return replaceAll(source, old, replacement)
}

// replaceAll refuses before it grows. Nothing is replaced when there is nothing to look for.
func replaceAll(s, old, with string) (value, error) {
	if old == "" {
		return s, nil
	}
	if len(s)+strings.Count(s, old)*(len(with)-len(old)) > maxText {
		return nil, errTooLong
	}
	return strings.ReplaceAll(s, old, with), nil
}
