package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

var changeCases = []testCase{
	{"EverythingUsersFirst", everything},
	{"ResumeAnywhere", resumeAnywhere},
	{"OncePerObject", oncePerObject},
	{"ChangesMeanwhile", changesMeanwhile},
	{"ManyPages", manyPages},
	{"ReadAndWriteAtOnce", readAndWrite},
	{"ErrWatermark", errWatermark},
	{"WaitAtOnce", waitAtOnce},
	{"WaitForChange", waitForChange},
	{"WaitErrContext", waitContext},
}

func everything(t *testing.T, ctx context.Context, s Stores) {
	equal(t, len(all(t, s.Directory.After(ctx, ""))), 0)
	g := put(t, ctx, s.Directory, group("G"))
	us := people(t, ctx, s.Directory, 3)
	must(t, s.Directory.SoftDelete(ctx, entry.User, us[1].ID, time.Unix(1, 0)))
	must(t, s.Directory.HardDelete(ctx, entry.User, us[2].ID))
	cs := all(t, s.Directory.After(ctx, ""))
	equal(t, names(cs), []string{us[0].ID, us[1].ID, g.ID})
	equal(t, len(cs[1].Entry.Attrs[directory.DeletedDateTime]), 1)
	equal(t, cs[2].At, got(s.Directory.Now(ctx))(t))
	equal(t, len(all(t, s.Directory.After(ctx, cs[2].At))), 0)
}

// resumeAnywhere keeps the watermark of each change in turn and goes on from there.
func resumeAnywhere(t *testing.T, ctx context.Context, s Stores) {
	people(t, ctx, s.Directory, 3)
	put(t, ctx, s.Directory, group("A.b.c"))
	put(t, ctx, s.Directory, group("B"))
	cs := all(t, s.Directory.After(ctx, ""))
	for i, c := range cs {
		equal(t, names(all(t, s.Directory.After(ctx, c.At))), names(cs[i+1:]))
	}
}

func oncePerObject(t *testing.T, ctx context.Context, s Stores) {
	us := people(t, ctx, s.Directory, 3)
	from := got(s.Directory.Now(ctx))(t)
	for i := range 3 {
		edit(t, ctx, s.Directory, us[0], "city", fmt.Sprint(i))
		edit(t, ctx, s.Directory, us[2], "city", fmt.Sprint(i))
	}
	must(t, s.Directory.HardDelete(ctx, entry.User, us[0].ID))
	cs := all(t, s.Directory.After(ctx, from))
	equal(t, names(cs), []string{us[2].ID, "-" + us[0].ID})
	equal(t, cs[0].Entry.Attrs.Text("city"), "2")
	equal(t, cs[1].Entry, entry.Entry{Type: entry.User, ID: us[0].ID})
	equal(t, names(all(t, s.Directory.After(ctx, cs[0].At))), []string{"-" + us[0].ID})
}

// changesMeanwhile changes, adds and removes objects while everything is being read: reading on from the last watermark brings
// whatever the reading did not.
func changesMeanwhile(t *testing.T, ctx context.Context, s Stores) {
	us := people(t, ctx, s.Directory, 4)
	g := put(t, ctx, s.Directory, group("G"))
	seen := map[string]string{}
	var last directory.Watermark
	note := func(c directory.Change) {
		last = c.At
		seen[c.Entry.ID] = c.Entry.Attrs.Text("city")
		if c.Deleted {
			delete(seen, c.Entry.ID)
		}
	}
	for c, err := range s.Directory.After(ctx, "") {
		must(t, err)
		note(c)
		if c.Entry.ID == us[1].ID {
			edit(t, ctx, s.Directory, us[0], "city", "behind")
			edit(t, ctx, s.Directory, us[3], "city", "ahead")
			early := user("early@x")
			early.ID = "a"
			put(t, ctx, s.Directory, early)
			must(t, s.Directory.HardDelete(ctx, entry.User, us[2].ID))
			edit(t, ctx, s.Directory, g, "city", "group")
		}
	}
	for c, err := range s.Directory.After(ctx, last) {
		must(t, err)
		note(c)
	}
	equal(t, seen, map[string]string{us[0].ID: "behind", us[1].ID: "", us[3].ID: "ahead", "a": "", g.ID: "group"})
}

func manyPages(t *testing.T, ctx context.Context, s Stores) {
	us := people(t, ctx, s.Directory, 1100)
	g := group("G")
	for _, u := range us {
		g.Attrs[directory.Members] = append(g.Attrs[directory.Members], ref(u))
	}
	g = put(t, ctx, s.Directory, g)
	cs := all(t, s.Directory.After(ctx, ""))
	equal(t, len(cs), 1101)
	equal(t, len(cs[1100].Entry.Attrs[directory.Members]), 1100)
	for i := range us {
		us[i].Attrs.Set("city", "Rome")
	}
	slices.Reverse(us)
	must(t, s.Directory.PutMany(ctx, us))
	later := all(t, s.Directory.After(ctx, cs[1100].At))
	equal(t, len(later), 1100)
	equal(t, later[0].Entry.ID, us[0].ID) // in the order of change, not of id
}

// readAndWrite follows the log while others write; at the end the reader knows what the directory holds.
func readAndWrite(t *testing.T, ctx context.Context, s Stores) {
	us := people(t, ctx, s.Directory, 20)
	done := make(chan error, 1)
	go func() {
		for i := range 100 {
			_, err := s.Directory.Put(ctx, entry.User, us[i%len(us)].ID, func(e entry.Entry) (entry.Entry, error) {
				e.Attrs.Set("n", int64(i))
				return e, nil
			})
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	seen := map[string]entry.Entry{}
	var at directory.Watermark
	read := func() {
		for c, err := range s.Directory.After(ctx, at) {
			must(t, err)
			seen[c.Entry.ID], at = c.Entry, c.At
		}
	}
	for writing := true; writing; {
		select {
		case err := <-done:
			must(t, err)
			writing = false
		default:
		}
		read()
	}
	for _, u := range us {
		equal(t, seen[u.ID], got(s.Directory.Get(ctx, entry.User, u.ID))(t))
	}
}

func errWatermark(t *testing.T, ctx context.Context, s Stores) {
	for w, k := range map[directory.Watermark]fault.Kind{"x": fault.Invalid, "1.2": fault.Invalid, "-1": fault.Invalid, "1.Device.x": fault.Invalid, "999": fault.Conflict} {
		var err error
		for _, err = range s.Directory.After(ctx, w) {
			break
		}
		wantKind(t, err, k)
		if fault.HintOf(err) == "" {
			t.Fatal("no hint")
		}
		wantKind(t, s.Directory.Wait(ctx, w), k)
	}
}

func waitAtOnce(t *testing.T, ctx context.Context, s Stores) {
	before := got(s.Directory.Now(ctx))(t)
	people(t, ctx, s.Directory, 2)
	must(t, s.Directory.Wait(ctx, before))
	must(t, s.Directory.Wait(ctx, ""))
	cs := all(t, s.Directory.After(ctx, ""))
	must(t, s.Directory.Wait(ctx, cs[0].At)) // in the middle of reading everything
}

func waitForChange(t *testing.T, ctx context.Context, s Stores) {
	us := people(t, ctx, s.Directory, 2)
	g := put(t, ctx, s.Directory, group("G"))
	for name, change := range map[string]func() error{
		"Put": func() error { edit(t, ctx, s.Directory, us[0], "city", "Rome"); return nil },
		"Link": func() error {
			return s.Directory.Link(ctx, entry.Group, g.ID, directory.Members, []entry.Ref{ref(us[0])}, nil)
		},
		"Soft": func() error { return s.Directory.SoftDelete(ctx, entry.User, us[0].ID, time.Unix(1, 0)) },
		"Hard": func() error { return s.Directory.HardDelete(ctx, entry.User, us[1].ID) },
	} {
		now := got(s.Directory.Now(ctx))(t)
		woke := make(chan error, 1)
		go func() { woke <- s.Directory.Wait(ctx, now) }()
		select {
		case err := <-woke:
			t.Fatalf("%s: woke before the change: %v", name, err)
		default:
		}
		must(t, change())
		must(t, <-woke)
	}
}

func waitContext(t *testing.T, ctx context.Context, s Stores) {
	stop, cancel := context.WithCancel(ctx)
	woke := make(chan error, 1)
	go func() { woke <- s.Directory.Wait(stop, "") }()
	cancel()
	if err := <-woke; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}
