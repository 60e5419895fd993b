package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/people"
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

const (
	groupSize = 100_000 // most members of the large group
	fillBatch = 2000    // users stored in one transaction
	pattern   = 20_000  // made-up people whose names are used again and again
)

// filled is what the throwaway directory holds.
type filled struct {
	group   string   // id of the large group
	names   []string // userPrincipalNames of some, from all over
	shown   []string // displayNames of some
	seconds float64
	bytes   int64
}

// fill makes the database of a service that has never run, and fills it.
func (b *apiBench) fill(ctx context.Context) (err error) {
	data := filepath.Join(b.dir, "service")
	if err := os.Mkdir(data, 0o700); err != nil {
		return fault.Wrap(fault.Internal, "make a temporary folder", err)
	}
	file := filepath.Join(data, "sallyport.db")
	ctx = tenant.With(ctx, tenant.Default)
	db, err := sqlite.Open(ctx, file)
	if err != nil {
		return err
	}
	b.filled = &filled{}
	b.filled.seconds, err = timed(func() error { return b.fillPeople(ctx, db.Directory()) })
	if end := db.Close(); err == nil {
		err = end
	}
	if info, e := os.Stat(file); e == nil {
		b.filled.bytes = info.Size()
	}
	return err
}

func (b *apiBench) fillPeople(ctx context.Context, store directory.Store) error {
	bar := b.progress("fill", int64(b.users), "users")
	defer bar.done()
	made := people.Company(min(b.users, pattern))
	members := make([]entry.Ref, 0, b.members)
	batch := make([]entry.Entry, 0, fillBatch)
	every := max(1, b.users/1000)
	for i := range b.users {
		e := apiPerson(i, made[i%len(made)])
		if i%every == 0 {
			b.filled.names = append(b.filled.names, e.Attrs.Text(directory.UserPrincipalName))
			b.filled.shown = append(b.filled.shown, e.Attrs.Text(directory.DisplayName))
		}
		if len(members) < b.members {
			members = append(members, entry.Ref{Type: entry.User, ID: e.ID})
		}
		if batch = append(batch, e); len(batch) == fillBatch || i == b.users-1 {
			if err := store.PutMany(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
			bar.set(int64(i + 1))
		}
	}
	b.filled.group = directory.NewID()
	group := entry.Entry{Type: entry.Group, ID: b.filled.group, Attrs: entry.Attrs{directory.DisplayName: {"Everybody"}, directory.SecurityEnabled: {true}}}
	if err := store.PutMany(ctx, []entry.Entry{group}); err != nil {
		return err
	}
	return store.Link(ctx, entry.Group, group.ID, directory.Members, members, nil)
}

// apiPerson is one of a million: names as people have them, and a number that makes each somebody else.
func apiPerson(i int, p people.Person) entry.Entry {
	upn := fmt.Sprintf("%s.%d@%s", p.Nickname(), i, people.Domain)
	text := func(s string) []entry.Value { return []entry.Value{s} }
	return entry.Entry{Type: entry.User, ID: directory.NewID(), Attrs: entry.Attrs{
		directory.UserPrincipalName: text(upn), directory.DisplayName: text(p.Display()), "givenName": text(p.Given), "surname": text(p.Surname), "mail": text(upn),
		"jobTitle": text(p.Title), "department": text(p.Department), "officeLocation": text(p.Office), "city": text(p.City), "country": text(p.Country),
		"employeeId": text(fmt.Sprintf("E%07d", i)), "mobilePhone": text(p.Phone), directory.AccountEnabled: {true},
		directory.CreatedDateTime: {time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
	}}
}
