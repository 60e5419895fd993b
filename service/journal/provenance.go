package journal

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Written says of one attribute of an object in the target what was written there last, from what, by which mapping, in which run and when.
type Written struct {
	Attribute string    `json:"attribute"`
	Value     string    `json:"value"`             // as text; "" when it was cleared; "[Redact]" where no log may show it
	Removed   string    `json:"removed,omitempty"` // of a list, what was taken out
	Origin              // mapping and source values; empty for undo, and where the image is not kept any more
	At        time.Time `json:"activityDateTime"`
	Cycle     string    `json:"cycleId"`
	Record    string    `json:"recordId"`
	Initiator string    `json:"initiatedBy"`
}

// Story is where the attributes of one object in the target come from, sorted by name.
type Story struct {
	Source  Identity  `json:"sourceIdentity"`
	Target  Identity  `json:"targetIdentity"`
	Written []Written `json:"attributes"`
}

// Reader is what a story is read from.
type Reader interface {
	// Find is Store.Find.
	Find(ctx context.Context, q Query) ([]Record, error)
	// Image is Images.Image.
	Image(ctx context.Context, id string) (Image, error)
}

// storyPage is how many records are read at once.
const storyPage = 200

// Provenance reads the records of one object, newest first, until its account was created or the journal ends. The user is a source id or a
// source's name. fault.NotFound when nothing was written for it.
func Provenance(ctx context.Context, r Reader, job, user string) (Story, error) {
	var s Story
	newest, err := r.Find(ctx, Query{Job: job, User: user, Newest: true, Limit: 1})
	if err != nil {
		return s, err
	}
	if len(newest) == 0 {
		return s.done(user)
	}
	s.Source = newest[0].Source // names change, and are given away: whose the newest record is counts
	seen := map[string]bool{}
	q := Query{Job: job, User: cmp.Or(s.Source.ID, user), Newest: true, Limit: storyPage}
	for {
		rs, err := r.Find(ctx, q)
		if err != nil {
			return s, err
		}
		for _, rec := range rs {
			q.After = rec.ID
			if wrote(rec) {
				if err := s.add(ctx, r, rec, seen); err != nil {
					return s, err
				}
			}
			if wrote(rec) && (rec.Action == "create" || rec.Action == "delete") {
				return s.done(user)
			}
		}
		if len(rs) < storyPage {
			return s.done(user)
		}
	}
}

func wrote(rec Record) bool {
	return rec.Status == "success" && (len(rec.Changes) > 0 || rec.Action == "delete")
}

// add notes the attributes of a record that no newer one wrote.
func (s *Story) add(ctx context.Context, r Reader, rec Record, seen map[string]bool) error {
	if s.Target.ID == "" {
		s.Target = rec.Target
	}
	image, err := r.Image(ctx, rec.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	fresh := map[string]int{}
	for _, c := range rec.Changes {
		if i, again := fresh[c.Name]; again { // values taken out and values put in stand apart
			w := &s.Written[i]
			w.Value, w.Removed = cmp.Or(w.Value, c.New), cmp.Or(w.Removed, c.Old)
			continue
		}
		if seen[c.Name] {
			continue
		}
		seen[c.Name] = true
		fresh[c.Name] = len(s.Written)
		w := Written{
			Attribute: c.Name, Value: c.New, Origin: image.Origins[c.Name], At: rec.At, Cycle: rec.Cycle, Record: rec.ID, Initiator: rec.Initiator,
		}
		if c.New == "" {
			w.Removed = c.Old
		}
		s.Written = append(s.Written, w)
	}
	return nil
}

func (s Story) done(user string) (Story, error) {
	if len(s.Written) == 0 {
		return s, fault.New(fault.NotFound, "find where attributes come from", "the journal holds no write for %s", user).
			WithHint("nothing was written yet, or longer ago than the journal is kept")
	}
	slices.SortFunc(s.Written, func(a, b Written) int { return cmp.Compare(a.Attribute, b.Attribute) })
	return s, nil
}
