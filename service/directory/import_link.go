package directory

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/sallyport-id/sallyport/entry"
)

// joinMost is how many memberships are gathered before they are written, one write for each group.
const joinMost = 5000

// linker makes the references that were put aside.
type linker struct {
	*importer
	joins    map[string][]join // by group id
	gathered int
	managers []managed
}

// join is a membership to be, with the line that asks for it.
type join struct {
	line   int
	member entry.Ref
}

// managed is a user with the manager to be.
type managed struct {
	line        int
	id, manager string
}

// link is the second pass: all names that the file brings are in the directory now.
func (im *importer) link(ctx context.Context) error {
	l := &linker{importer: im, joins: map[string][]join{}}
	err := im.spool.each(func(d deferred) error {
		if err := l.resolve(ctx, d); err != nil {
			return err
		}
		if l.gathered+len(l.managers) >= joinMost {
			return l.flush(ctx)
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	return l.flush(ctx)
}

func (l *linker) resolve(ctx context.Context, d deferred) error {
	for _, called := range d.Names {
		var err error
		switch d.Attr {
		case Manager:
			err = l.resolveManager(ctx, d, called)
		case Members:
			err = l.resolveMember(ctx, d, called)
		default:
			err = l.resolveGroup(ctx, d, called)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *linker) resolveManager(ctx context.Context, d deferred, called string) error {
	id, err := l.idOf(ctx, entry.User, called)
	if err != nil {
		return err
	}
	if id == "" {
		l.report.unresolved(d.Line, Manager, "user "+called, "add a row for the manager, or correct the userPrincipalName")
		return nil
	}
	l.managers = append(l.managers, managed{d.Line, d.ID, id})
	return nil
}

// resolveMember takes the name for a user's first, for a group's otherwise.
func (l *linker) resolveMember(ctx context.Context, d deferred, called string) error {
	for _, t := range []entry.Type{entry.User, entry.Group} {
		id, err := l.idOf(ctx, t, called)
		if err != nil {
			return err
		}
		if id != "" {
			l.gather(d.ID, join{d.Line, entry.Ref{Type: t, ID: id}})
			return nil
		}
	}
	l.report.unresolved(d.Line, Members, "user or group "+called, "add a row for the member, or correct the name")
	return nil
}

func (l *linker) resolveGroup(ctx context.Context, d deferred, called string) error {
	id, err := l.idOf(ctx, entry.Group, called)
	if err != nil {
		return err
	}
	if id == "" {
		l.report.unresolved(d.Line, columnMemberOf, "group "+called, "add a row of type Group with this displayName")
		return nil
	}
	l.gather(id, join{d.Line, entry.Ref{Type: d.Type, ID: d.ID}})
	return nil
}

func (l *linker) gather(group string, j join) {
	l.joins[group] = append(l.joins[group], j)
	l.gathered++
}

func (l *linker) flush(ctx context.Context) error {
	for group, js := range l.joins {
		if err := l.join(ctx, group, js); err != nil {
			return err
		}
	}
	clear(l.joins)
	l.gathered = 0
	return l.manage(ctx)
}

// join adds members to a group: all at once, or one by one when one of them is refused.
func (l *linker) join(ctx context.Context, group string, js []join) error {
	refs := make([]entry.Ref, len(js))
	for i, j := range js {
		refs[i] = j.member
	}
	err := l.store.Link(ctx, entry.Group, group, Members, refs, nil)
	switch {
	case err == nil:
		l.report.References += len(js)
	case !refusable(err):
		return err
	case len(js) == 1:
		l.report.unresolved(js[0].line, Members, "such object any more: "+err.Error(), "import the file again")
	default:
		for i := range js {
			if err := l.join(ctx, group, js[i:i+1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// manage sets managers, several at once so that they share commits.
func (l *linker) manage(ctx context.Context) error {
	errs := make([]error, len(l.managers))
	var g errgroup.Group
	g.SetLimit(importers)
	for i, m := range l.managers {
		g.Go(func() error {
			_, errs[i] = l.store.Put(ctx, entry.User, m.id, func(e entry.Entry) (entry.Entry, error) {
				return Merge(e, entry.Attrs{Manager: {entry.Ref{Type: entry.User, ID: m.manager}}}), nil
			})
			return nil
		})
	}
	_ = g.Wait() // errors are in errs, each with its row
	for i, m := range l.managers {
		switch {
		case errs[i] == nil:
			l.report.References++
		case refusable(errs[i]):
			l.report.unresolved(m.line, Manager, "way to set the manager: "+errs[i].Error(), "import the file again")
		default:
			return errs[i]
		}
	}
	l.managers = l.managers[:0]
	return nil
}
