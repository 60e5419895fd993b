package expr

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
)

// randomFunctions yield something new each time; they are evaluated only when the attribute is about to be written.
func randomFunctions() []*builtin {
	return []*builtin{
		define("Guid()", "A new random GUID.", evalGuid),
		define("RandomString(length:Integer, minDigits:Integer, minSpecial:Integer, minUpper:Integer, minLower:Integer, avoid?)",
			"A random text with at least so many characters of each class.", evalRandomString),
		define("SelectUniqueValue(uniqueValueRule+)", "The first value that the target does not hold yet; outermost function only.", evalSelectUnique).checked(checkUnique),
	}
}

var errNoRandomness = errors.New("no source of randomness is available here")

func evalGuid(r *run, _ *call) (value, error) {
	if !r.env.Writing {
		return nil, errIgnoreAttribute
	}
	if r.env.Rand == nil {
		return nil, errNoRandomness
	}
	var b [16]byte
	if _, err := io.ReadFull(r.env.Rand, b[:]); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4, RFC 9562 §5.4
	s := hex.EncodeToString(b[:])
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-"), nil
}

// The classes of RandomString, in the order of its parameters.
var classes = [...]string{
	"0123456789",
	"~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
	"abcdefghijklmnopqrstuvwxyz",
}

const maxRandom = 256 // longest RandomString

func evalRandomString(r *run, c *call) (value, error) {
	length, err := r.integer(c, 0)
	if err != nil {
		return nil, err
	}
	var least [len(classes)]int64
	for i := range least {
		if least[i], err = r.integerOr(c, i+1, 0); err != nil {
			return nil, err
		}
	}
	avoid, err := r.text(c, 5)
	if err != nil {
		return nil, err
	}
	if err := checkRandom(length, least[:]); err != nil {
		return nil, err
	}
	if !r.env.Writing {
		return nil, errIgnoreAttribute
	}
	if r.env.Rand == nil {
		return nil, errNoRandomness
	}
	return randomString(r.env.Rand, int(length), least[:], avoid)
}

func checkRandom(length int64, least []int64) error {
	sum := int64(0)
	for _, n := range least {
		if n < 0 || n > maxRandom {
			return fmt.Errorf("a minimum of %d is not between 0 and %d", n, maxRandom)
		}
		sum += n
	}
	if length < sum || length > maxRandom || length < 1 {
		return fmt.Errorf("the length %d is not between the sum of the minima, %d, and %d", length, max(sum, 1), maxRandom)
	}
	return nil
}

// randomString takes the least of each class, fills up from the classes in use, and shuffles.
func randomString(random io.Reader, length int, least []int64, avoid string) (value, error) {
	var out, pool []byte
	for i, class := range classes {
		if least[i] == 0 {
			continue
		}
		letters := without(class, avoid)
		pool = append(pool, letters...)
		picked, err := pick(random, letters, int(least[i]))
		if err != nil {
			return nil, err
		}
		out = append(out, picked...)
	}
	if len(pool) == 0 {
		pool = without(classes[0]+classes[2]+classes[3], avoid)
	}
	rest, err := pick(random, pool, length-len(out))
	if err != nil {
		return nil, err
	}
	out = append(out, rest...)
	if err := shuffle(random, out); err != nil {
		return nil, err
	}
	return string(out), nil
}

func without(class, avoid string) []byte {
	return []byte(strings.Map(func(ch rune) rune {
		if strings.ContainsRune(avoid, ch) {
			return -1
		}
		return ch
	}, class))
}

func pick(random io.Reader, from []byte, n int) ([]byte, error) {
	if n > 0 && len(from) == 0 {
		return nil, errors.New("every character of a required class is to be avoided")
	}
	out := make([]byte, n)
	for i := range out {
		k, err := below(random, len(from))
		if err != nil {
			return nil, err
		}
		out[i] = from[k]
	}
	return out, nil
}

// shuffle is Fisher and Yates'.
func shuffle(random io.Reader, b []byte) error {
	for i := len(b) - 1; i > 0; i-- {
		k, err := below(random, i+1)
		if err != nil {
			return err
		}
		b[i], b[k] = b[k], b[i]
	}
	return nil
}

// below returns an unbiased number under n (at most 256), by rejection. A source that yields nothing but rejects is given up.
func below(random io.Reader, n int) (int, error) {
	var b [1]byte
	limit := 256 - 256%n
	for range 10_000 {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return 0, fmt.Errorf("read randomness: %w", err)
		}
		if int(b[0]) < limit {
			return int(b[0]) % n, nil
		}
	}
	return 0, errors.New("the source of randomness is broken")
}

func checkUnique(c *call) (problem, expected string) {
	if len(c.args) < 2 {
		return "SelectUniqueValue needs at least two rules", "SelectUniqueValue(rule1, rule2, …)"
	}
	return "", ""
}

// evalSelectUnique asks the target rule by rule. Rules after the first free value are not evaluated.
func evalSelectUnique(r *run, c *call) (value, error) {
	if !r.env.Writing {
		return nil, errIgnoreAttribute
	}
	for i := range c.args {
		s, err := r.text(c, i)
		if err != nil {
			return nil, err
		}
		if s == "" {
			continue
		}
		taken, err := r.taken(s)
		if err != nil {
			return nil, err
		}
		if !taken {
			return s, nil
		}
	}
	return nil, fmt.Errorf("none of the %d rules yields a value that is free in the target; add a rule with a number or a random part", len(c.args))
}

func (r *run) taken(s string) (bool, error) {
	if r.env.Taken == nil {
		return false, nil
	}
	taken, err := r.env.Taken(s)
	return taken, fault.Wrap(fault.Unavailable, "ask whether the value is taken", err)
}
