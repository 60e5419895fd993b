package cycle

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// record writes outcome and journal in one transaction.
func (t *turn) record(ctx context.Context, status plan.Status, cause error, o Outcome) error {
	r := t.entry(status, cause)
	if o.Link.Target != "" {
		r.Target.ID = o.Link.Target
	}
	if status == plan.Success && t.plan.Verb != plan.Skip {
		r.Image = t.image()
	}
	t.remember(r)
	o.Records = append(o.Records, r)
	return t.settle(ctx, o)
}

// buffer keeps the record of an object nothing was written for; such records go to the journal many at a time.
func (t *turn) buffer() {
	r := t.entry(plan.Skipped, nil)
	t.remember(r)
	t.mu.Lock()
	t.skips = append(t.skips, r)
	t.mu.Unlock()
}

func (t *turn) remember(r journal.Record) {
	t.mu.Lock()
	t.last = r
	t.mu.Unlock()
}

// flush stores the records that wait.
func (p *pass) flush(ctx context.Context) error {
	p.mu.Lock()
	rs := p.skips
	p.skips = nil
	p.mu.Unlock()
	if len(rs) == 0 {
		return nil
	}
	err := p.Log.Append(ctx, rs...)
	if err != nil { // they stay for the next try
		p.mu.Lock()
		p.skips = append(rs, p.skips...)
		p.mu.Unlock()
	}
	return err
}

// flushFull stores the records that wait when they have become many.
func (p *pass) flushFull(ctx context.Context) error {
	p.mu.Lock()
	full := len(p.skips) >= 512
	p.mu.Unlock()
	if !full {
		return nil
	}
	return p.flush(context.WithoutCancel(ctx))
}

func (t *turn) entry(status plan.Status, cause error) journal.Record {
	r := journal.Record{
		At: time.Now(), Job: string(t.id), Cycle: t.tally.cycle, Initiator: t.initiator,
		Action: action(t.plan.Verb), Status: string(status), Code: t.plan.Code, Reason: t.plan.Reason,
		Millis: time.Since(t.began).Milliseconds(),
		Source: journal.Identity{ID: t.change.Entry.ID, Type: string(t.change.Entry.Type), Name: cmp.Or(NameOf(t.plan), t.knownAs())},
		Target: journal.Identity{ID: t.plan.Link.Target, Type: string(t.plan.Type)},
		Steps:  steps(t.plan.Steps),
	}
	if t.plan.Verb != plan.Skip && t.plan.Verb != "" {
		r.Changes = ChangesOf(t.plan)
		r.Steps = append(r.Steps, t.export(status, cause))
	} else if cause == nil && t.plan.Code != "" {
		r.Steps = append(r.Steps, journal.Step{
			Name: "EntrySynchronizationSkip", Type: string(plan.Export), Status: string(plan.Skipped), Detail: t.plan.Reason,
			Facts: map[string]string{"SkipReason": t.plan.Code},
		})
	}
	if cause != nil {
		r.Code, r.Reason, r.Hint, r.Details = codeOf(cause), cause.Error(), fault.AdviceOf(cause), answered(cause)
	}
	return r
}

// answered is what the target said to a write that failed; "" when it said nothing.
func answered(cause error) string {
	a := fault.AnswerOf(cause)
	if a == nil {
		return ""
	}
	return strings.TrimSuffix(fmt.Sprintf("HTTP %d: %s", a.Status, a.Body), ": ")
}

// secrets is the plan with what else no log may show: the names by which an interrupted create is looked for, before there is a plan.
func (t *turn) secrets() plan.Plan {
	p := t.plan
	hidden := t.rules.Redacted(t.change.Entry.Type)
	for _, n := range t.receipt.Intent.Names {
		if hidden[n.Attr] {
			p.Hidden = append(p.Hidden[:len(p.Hidden):len(p.Hidden)], n.Value)
		}
	}
	return p
}

// knownAs is what the target calls somebody of whom the directory knows nothing any more: the record of a deletion should say who it was.
func (t *turn) knownAs() string {
	for _, attr := range t.rules.MatchAttrs(t.change.Entry.Type) {
		if name := t.plan.Have.Attrs.Text(attr); name != "" && !t.plan.Redacted[attr] {
			return name
		}
	}
	return ""
}

func (t *turn) export(status plan.Status, cause error) journal.Step {
	s := journal.Step{Name: t.plan.Code, Type: string(plan.Export), Status: string(status), Detail: t.plan.Reason}
	s.Facts = map[string]string{"SourceAnchor": t.change.Entry.ID}
	if t.plan.Link.Target != "" {
		s.Facts["TargetAnchor"] = t.plan.Link.Target
	}
	if cause != nil {
		s.Detail = cause.Error()
		s.Facts["ErrorCode"] = codeOf(cause)
	}
	return s
}

func action(v plan.Verb) string {
	if v == plan.Skip || v == "" {
		return "other"
	}
	return string(v)
}

// NameOf is what people call the source object.
func NameOf(p plan.Plan) string {
	for _, attr := range []string{directory.UserPrincipalName, directory.DisplayName} {
		if s := p.Source.Attrs.Text(attr); s != "" {
			return s
		}
	}
	return ""
}

func steps(in []plan.Step) []journal.Step {
	out := make([]journal.Step, len(in), len(in)+1)
	for i, s := range in {
		out[i] = journal.Step{Name: s.Name, Type: string(s.Type), Status: string(s.Status), Detail: s.Detail, Facts: s.Facts, Millis: s.Millis}
	}
	return out
}

// ChangesOf lists old and new values of what the plan writes.
func ChangesOf(p plan.Plan) []journal.Change {
	var cs []journal.Change
	if p.Verb == plan.Create {
		for name, values := range p.Want.Attrs {
			cs = append(cs, journal.Change{Name: name, New: shown(p, name, values)})
		}
		for _, r := range p.Refs {
			if len(r.Targets) > 0 {
				cs = append(cs, journal.Change{Name: r.Attr, New: brief(r.Targets)})
			}
		}
	}
	for _, e := range p.Edits {
		c := journal.Change{Name: e.Attr}
		switch e.Op {
		case entry.Remove:
			c.Old = shown(p, e.Attr, e.Values)
		case entry.Add:
			c.New = shown(p, e.Attr, e.Values)
		default:
			c.Old, c.New = shown(p, e.Attr, p.Have.Attrs[e.Attr]), shown(p, e.Attr, e.Values)
		}
		cs = append(cs, c)
	}
	slices.SortFunc(cs, func(a, b journal.Change) int { return strings.Compare(a.Name, b.Name) })
	return cs
}

const redacted = "[Redact]"

func shown(p plan.Plan, attr string, values []entry.Value) string {
	if len(values) == 0 {
		return ""
	}
	if p.Redacted[attr] {
		return redacted
	}
	texts := make([]string, 0, min(len(values), maxShown+1))
	for i, v := range values {
		if i == maxShown {
			break
		}
		texts = append(texts, valueText(v))
	}
	s := brief(texts)
	if more := len(values) - len(texts); more > 0 {
		s += fmt.Sprintf(", … and %d more", more)
	}
	return s
}

// Limits of what one record shows: a group of 50,000 members or a value of a megabyte must not swell the journal.
const (
	maxShown = 20
	maxValue = 1000
)

func brief(texts []string) string {
	more := len(texts) - maxShown
	if more > 0 {
		texts = texts[:maxShown]
	}
	s := strings.Join(texts, ", ")
	if more > 0 {
		s += fmt.Sprintf(", … and %d more", more)
	}
	return s
}

func valueText(v entry.Value) string {
	var s string
	switch v := v.(type) {
	case entry.Ref:
		s = v.ID
	case []byte:
		s = base64.StdEncoding.EncodeToString(v)
	case time.Time:
		s = v.UTC().Format(time.RFC3339)
	default:
		s = fmt.Sprint(v)
	}
	if len(s) > maxValue {
		s = strings.ToValidUTF8(s[:maxValue], "") + fmt.Sprintf("… (%d bytes)", len(s))
	}
	return s
}
