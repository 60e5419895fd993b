package expr

import (
	"fmt"
	"slices"
	"strings"
)

// listFunctions take lists apart and put them together.
func listFunctions() []*builtin {
	return []*builtin{
		define("Join(separator, source+)", "The sources with a separator between them; empty ones are skipped.", evalJoin).checked(checkJoin),
		define("Split(source, delimiter)", "The trimmed pieces of a text.", evalSplit),
		define("Count(source)", "The number of values.", evalCount),
		define("Item(source, index:Integer)", "One value of several, counted from 1; an error when there is none.", evalItem),
		define("RemoveDuplicates(source)", "Each value once, in the order of first appearance.", evalRemoveDuplicates),
	}
}

func evalJoin(r *run, c *call) (value, error) {
	separator, err := r.text(c, 0)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for i := 1; i < len(c.args); i++ {
		v, err := r.arg(c, i)
		if err != nil {
			return nil, err
		}
		if err := joinItems(&b, separator, v); err != nil {
			return nil, err
		}
	}
	return b.String(), nil
}

// joinItems appends a value, or every value of a list, but for empty ones.
func joinItems(b *strings.Builder, separator string, v value) error {
	if s, ok := v.(string); ok { // the common case, without a list
		return joinOne(b, separator, s)
	}
	for _, item := range items(v) {
		if err := joinOne(b, separator, text(item)); err != nil {
			return err
		}
	}
	return nil
}

func joinOne(b *strings.Builder, separator, s string) error {
	if s == "" {
		return nil
	}
	if b.Len() > 0 {
		b.WriteString(separator)
	}
	if b.Len()+len(s) > maxText {
		return errTooLong
	}
	b.WriteString(s)
	return nil
}

// checkJoin refuses Join(attribute, delimiter), a related product's form: here the separator comes first.
func checkJoin(c *call) (problem, expected string) {
	if len(c.args) != 2 {
		return "", ""
	}
	_, first := c.args[0].(*attribute)
	_, second := c.constant(1)
	if first && second {
		return "Join with the list before the delimiter is another product's form", "Join(separator, source, …)"
	}
	return "", ""
}

func evalSplit(r *run, c *call) (value, error) {
	s, err := r.texts(c, 2)
	if err != nil || s[0] == "" {
		return nil, err
	}
	if s[1] == "" {
		return strings.TrimSpace(s[0]), nil
	}
	var out list
	for piece := range strings.SplitSeq(s[0], s[1]) {
		out = append(out, strings.TrimSpace(piece))
	}
	return out, nil
}

func evalCount(r *run, c *call) (value, error) {
	v, err := r.arg(c, 0)
	if err != nil {
		return nil, err
	}
	return int64(len(items(v))), nil
}

func evalItem(r *run, c *call) (value, error) {
	all, n, err := r.itemsAndIndex(c)
	if err != nil {
		return nil, err
	}
	if n < 1 || n > int64(len(all)) {
		return nil, fmt.Errorf("there is no value %d, there are %d", n, len(all))
	}
	return all[n-1], nil
}

func (r *run) itemsAndIndex(c *call) ([]any, int64, error) {
	v, err := r.arg(c, 0)
	if err != nil {
		return nil, 0, err
	}
	n, err := r.integer(c, 1)
	return items(v), n, err
}

func evalRemoveDuplicates(r *run, c *call) (value, error) {
	v, err := r.arg(c, 0)
	if err != nil {
		return nil, err
	}
	l, ok := v.(list)
	if !ok {
		return v, nil
	}
	seen := make(map[string][]any, len(l)) // by text, which equal values share
	var out list
	for _, item := range l {
		key := text(item)
		if slices.ContainsFunc(seen[key], func(x any) bool { return equalValues(x, item) }) {
			continue
		}
		seen[key] = append(seen[key], item)
		out = append(out, item)
	}
	return out, nil
}
