package gsql

import "github.com/sallyport-id/sallyport/host/connector"

// Capabilities says what the configuration provides for.
func (s *session) Capabilities() connector.Capabilities {
	c := connector.Capabilities{
		Export: true, Shape: connector.AttributeUpdate, Batch: batchSize, Delta: s.layout.delta != deltaNone, Push: s.pushes(), Lookup: true,
		Deletions: s.deletions(), Password: s.sets("password"), OldPassword: s.sets("changepassword"), Rename: true, Count: true, Test: true, Writers: s.Writers(),
		Excuses: map[string]string{"partitions": "each object type is a table of its own; list those to be read in the setting types", "hierarchy": "rows of a table form no tree"},
	}
	for name, missing := range map[string]string{
		"delta":     "the setting delta is none; watermark or history reads only what changed",
		"deletions": "a watermark column does not show deletions; set deltaDeletes, or use history tables",
		"push":      "only history tables are watched: set delta to history",
		"password":  "the setting statements has no [Type password] section",
	} {
		has := map[string]bool{"delta": c.Delta, "deletions": c.Delta && c.Deletions, "push": c.Push, "password": c.Password}[name]
		if !has {
			c.Excuses[name] = missing
		}
	}
	c.Deletions = c.Deletions && c.Delta
	return c
}
