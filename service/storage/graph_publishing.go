package storage

import (
	"context"

	"github.com/sallyport-id/sallyport/service/agents"
)

var _ agents.PublishingStore = (*Agents)(nil)

const (
	getPublishing Query = `SELECT version, doc FROM agent_publishing WHERE tenant = $1`

	putPublishing Query = `INSERT INTO agent_publishing (tenant, version, doc) VALUES ($1, $2, $3)
		ON CONFLICT (tenant) DO UPDATE SET version = excluded.version, doc = excluded.doc`
)

// Publishing returns what the tenant has set about agents, see agents.PublishingStore.
func (s *Agents) Publishing(ctx context.Context) (p agents.Publishing, err error) {
	var version int64
	err = s.read(ctx, "read agent groups", func(tx tx) error {
		p, version, err = tx.publishing()
		return err
	})
	if err != nil || version > 0 {
		return p, err
	}
	return s.Publish(ctx, func(p agents.Publishing) (agents.Publishing, error) { return p, nil }) // the default group keeps its id
}

// Publish changes it in one transaction.
func (s *Agents) Publish(ctx context.Context, fn func(agents.Publishing) (agents.Publishing, error)) (p agents.Publishing, err error) {
	err = s.write(ctx, "change agent groups", func(tx tx) error {
		var version int64
		if p, version, err = tx.publishing(); err != nil {
			return err
		}
		if p, err = fn(p.Clone()); err != nil {
			return err
		}
		doc, err := sealJSON(p)
		if err != nil {
			return err
		}
		_, err = tx.exec(putPublishing, version+1, doc)
		return err
	})
	return p, err
}

func (t tx) publishing() (p agents.Publishing, version int64, err error) {
	var doc []byte
	found, err := t.one(getPublishing, nil, &version, &doc)
	if err != nil || !found {
		return agents.NewPublishing(), 0, err
	}
	err = openJSON(doc, &p)
	return p, version, err
}

// nameGroups fills in the groups of agents that were put into others than the one they enrolled in.
func (t tx) nameGroups(as []agents.Agent) error {
	if len(as) == 0 {
		return nil
	}
	p, _, err := t.publishing()
	if err != nil {
		return err
	}
	for i := range as {
		if _, set := p.Members[as[i].ID]; !set {
			continue
		}
		for _, g := range p.GroupsOf(as[i]) {
			as[i].Groups = append(as[i].Groups, g.Name)
		}
	}
	return nil
}
