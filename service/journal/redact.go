package journal

import "maps"

// Redacted is what stands in place of a value that the journal must not show.
const Redacted = "[Redact]"

// Redact returns a copy of the record in which every value of the named attributes reads Redacted: old and new values, and the
// facts of steps that go by the attribute's name. An empty value stays empty, so that one sees whether there was any.
func Redact(r Record, hidden func(attr string) bool) Record {
	r.Changes = redactChanges(r.Changes, hidden)
	r.Steps = redactSteps(r.Steps, hidden)
	return r
}

func redactChanges(cs []Change, hidden func(string) bool) []Change {
	out := make([]Change, len(cs))
	for i, c := range cs {
		if hidden(c.Name) {
			c.Old, c.New = redactText(c.Old), redactText(c.New)
		}
		out[i] = c
	}
	return out
}

func redactSteps(ss []Step, hidden func(string) bool) []Step {
	out := make([]Step, len(ss))
	for i, s := range ss {
		s.Facts = maps.Clone(s.Facts)
		for name, v := range s.Facts {
			if hidden(name) {
				s.Facts[name] = redactText(v)
			}
		}
		out[i] = s
	}
	return out
}

func redactText(s string) string {
	if s == "" {
		return ""
	}
	return Redacted
}
