package access

import (
	"cmp"
	"context"
	"crypto/rand"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Source is the role of a system that fills the directory through the SCIM door: it may use nothing else, and nobody else may
// use that door. A source is named; each of its tokens has the source's name and a part of its own.
const Source Role = "source"

// LiveTokens is how many tokens of one source are valid at once, so that a secret is replaced without an outage.
const LiveTokens = 2

const sourceMark = "source:"

var sourceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// SourceInfo is a source as people see it.
type SourceInfo struct {
	Name   string
	Tokens []Token // oldest first; expired ones included
}

// SourceName returns the source that a token belongs to, "" when its role is another.
func (t Token) SourceName() string {
	if t.Role != Source {
		return ""
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(t.Name, sourceMark), "/")
	return name
}

// NewSource makes a token of a source, as New does. fault.Invalid when the name is not letters, digits, dots, dashes or underscores.
func NewSource(name string, now time.Time, ttl time.Duration) (Token, string, error) {
	if !sourceName.MatchString(name) {
		return Token{}, "", fault.New(fault.Invalid, "name the source", "%q is not a name for a source", name).
			WithHint("use up to 64 letters, digits, dots, dashes and underscores, like entra or hr-system")
	}
	t, secret := New(sourceMark+name+"/"+strings.ToLower(rand.Text()[:12]), Source, now, ttl)
	return t, secret, nil
}

// AddSource gives a source, new or known, one more token. Of those it had only the newest stays valid.
func AddSource(ctx context.Context, s Store, name string, now time.Time, ttl time.Duration) (Token, string, error) {
	t, secret, err := NewSource(name, now, ttl)
	if err != nil {
		return t, "", err
	}
	if err := s.Put(ctx, t); err != nil {
		return t, "", err
	}
	src, err := findSource(ctx, s, name)
	if err != nil {
		return t, "", err
	}
	old := slices.DeleteFunc(src.Tokens, func(o Token) bool { return o.Name == t.Name })
	return t, secret, deleteAll(ctx, s, old[:max(0, len(old)-LiveTokens+1)])
}

// Sources returns all sources in the order of name.
func Sources(ctx context.Context, s Store) ([]SourceInfo, error) {
	all, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	byName := map[string][]Token{}
	for _, t := range all {
		if t.Role == Source {
			byName[t.SourceName()] = append(byName[t.SourceName()], t)
		}
	}
	out := make([]SourceInfo, 0, len(byName))
	for name, ts := range byName {
		slices.SortFunc(ts, func(a, b Token) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Name, b.Name)) })
		out = append(out, SourceInfo{name, ts})
	}
	slices.SortFunc(out, func(a, b SourceInfo) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// RevokeSource ends all tokens of a source, or with old all but the newest. It returns how many it ended.
func RevokeSource(ctx context.Context, s Store, name string, old bool) (int, error) {
	src, err := findSource(ctx, s, name)
	if err != nil {
		return 0, err
	}
	ts := src.Tokens
	if old {
		ts = ts[:len(ts)-1]
	}
	return len(ts), deleteAll(ctx, s, ts)
}

// findSource returns a source with one token at least; fault.NotFound when there is none.
func findSource(ctx context.Context, s Store, name string) (SourceInfo, error) {
	all, err := Sources(ctx, s)
	if err != nil {
		return SourceInfo{}, err
	}
	for _, src := range all {
		if src.Name == name {
			return src, nil
		}
	}
	return SourceInfo{}, fault.New(fault.NotFound, "find the source", "there is no source of this name").About(name).
		WithHint("'sallyport scim source list' names them all")
}

func deleteAll(ctx context.Context, s Store, ts []Token) error {
	for _, t := range ts {
		if err := s.Delete(ctx, t.Name); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return nil
}
