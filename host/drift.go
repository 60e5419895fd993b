package host

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Drift is how a target's schema differs from the one the host began with.
type Drift struct {
	Problems []string // by name: "Person.mail is gone"
	Fatal    bool     // a column in use is gone: what is imported would look as if everybody had lost its values
}

// Compare reads the target's schema again and says what differs in the attributes that are in use. Lengths and what is required are
// taken over at once. autosync asks before each full import, and the coordinator itself after a write was refused as invalid.
func (c *Coordinator) Compare(ctx context.Context, s connector.Session) (Drift, error) {
	schema, err := s.Schema(ctx)
	if err != nil {
		return Drift{}, fault.Wrap(fault.Unavailable, "read the target's schema", err)
	}
	var d Drift
	for _, k := range c.kinds {
		d.Problems = append(d.Problems, k.compare(schema, &d.Fatal)...)
	}
	c.mu.Lock()
	before := strings.Join(c.drift.Problems, "; ")
	c.drift = d
	c.mu.Unlock()
	if now := strings.Join(d.Problems, "; "); now != before {
		c.log.Warn("the target's schema changed", "event", "host.schema.changed", "connector", c.cfg.Name, "now", d.Problems)
	}
	return d, nil
}

// Drift returns what Compare found last.
func (c *Coordinator) Drift() Drift {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drift
}

// Err is a refusal to import, nil while nothing in use is gone.
func (d Drift) Err() error {
	if !d.Fatal {
		return nil
	}
	return fault.New(fault.Conflict, "compare the target's schema", "%s", strings.Join(d.Problems, "; ")).
		WithHint("the old cache stays; bring the attribute back in the target, or take it out of the host's configuration and restart the host")
}

func (k *kind) compare(schema connector.Schema, fatal *bool) []string {
	now, ok := schema.Type(k.object)
	if !ok {
		*fatal = true
		return []string{fmt.Sprintf("the type %s is gone", k.object)}
	}
	var problems []string
	lengths := map[string]int{}
	for column := range k.alias {
		was, _ := k.b.Attribute(column)
		is, ok := now.Attribute(column)
		lengths[column] = is.Length
		if !ok {
			*fatal = true
		}
		if p := differs(was, is, ok); p != "" {
			problems = append(problems, string(k.object)+"."+column+" "+p)
		}
	}
	for _, a := range now.Attributes {
		if _, known := k.b.Object().Attribute(a.Name); !known && a.Required && !a.ReadOnly {
			problems = append(problems, fmt.Sprintf("%s.%s is new and required", k.object, a.Name))
		}
	}
	k.lengths.Store(&lengths)
	slices.Sort(problems)
	return problems
}

// differs says how an attribute changed, "" when it did not.
func differs(was, is connector.Attribute, there bool) string {
	switch {
	case !there:
		return "is gone"
	case was.Type != is.Type:
		return fmt.Sprintf("is %s now and was %s", is.Type, was.Type)
	case was.MultiValued != is.MultiValued:
		return "takes another number of values now"
	case is.Length > 0 && (was.Length == 0 || is.Length < was.Length):
		return fmt.Sprintf("is narrower now: %d", is.Length)
	case is.Required && !was.Required:
		return "is required now"
	case is.ReadOnly && !was.ReadOnly:
		return "cannot be written any more"
	}
	return ""
}

// length is how long a column's values may be, as last seen.
func (k *kind) length(a connector.Attribute) int {
	if m := k.lengths.Load(); m != nil {
		if n, ok := (*m)[a.Name]; ok {
			return n
		}
	}
	return a.Length
}

// compareEvery is how often refused writes have the schema read again.
const compareEvery = time.Minute

// suspect reads the schema again after the target has refused a write as invalid: a column may have gone or changed.
func (c *Coordinator) suspect(ctx context.Context, err error) error {
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	c.mu.Lock()
	due := time.Since(c.compared) >= compareEvery
	if due {
		c.compared = time.Now()
	}
	c.mu.Unlock()
	if due {
		readErr := c.pool.with(ctx, func(ctx context.Context, s connector.Session) error {
			_, err := c.Compare(ctx, s)
			return err
		})
		if readErr != nil {
			c.log.Debug("schema not read again", "event", "host.schema.unread", "connector", c.cfg.Name, "error", readErr)
		}
	}
	if problems := c.Drift().Problems; len(problems) > 0 {
		return fault.WrapHint(fault.Invalid, "", err, "the target's schema changed: %s", strings.Join(problems, "; "))
	}
	return err
}
