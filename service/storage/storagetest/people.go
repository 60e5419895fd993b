package storagetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

var importCases = []testCase{
	{"OK", importOK},
	{"SecondRunChangesNothing", importTwice},
	{"Merges", importMerges},
	{"BadLinesAlone", importBadLines},
	{"LongFile", importLong},
	{"ErrReader", importReader},
	{"ErrHeader", importHeader},
}

// sampleFile refers forward in every way a file can.
const sampleFile = `type,userPrincipalName,displayName,department,accountEnabled,manager,members,memberOf
User,ann@x,"Ann ""A"", O'Neil",R&D,true,boss@x,,All;Engineering
User,bob@x,Bob %,,false,ANN@X,,
User,boss@x,名前 🙂,Board,,,,All
Group,,All,,,,Engineering;bob@x,
Group,,Engineering,,,,bob@x,
`

func importFile(t testing.TB, ctx context.Context, s Stores, text string) directory.Report {
	t.Helper()
	return got(directory.Import(ctx, s.Directory, strings.NewReader(text), nil))(t)
}

func byUPN(t testing.TB, ctx context.Context, s Stores, upn string) entry.Entry {
	t.Helper()
	return got(s.Directory.Lookup(ctx, entry.User, directory.UserPrincipalName, upn))(t)
}

func importOK(t *testing.T, ctx context.Context, s Stores) {
	lines := 0
	r := got(directory.Import(ctx, s.Directory, strings.NewReader(sampleFile), func(n int, bytes int64) { lines = n }))(t)
	must(t, r.Err())
	equal(t, r, directory.Report{Lines: 5, Created: 5, References: 8})
	equal(t, lines, 6)
	ann, bob, boss := byUPN(t, ctx, s, "ann@x"), byUPN(t, ctx, s, "bob@x"), byUPN(t, ctx, s, "boss@x")
	equal(t, ann.Attrs.Text("displayName"), `Ann "A", O'Neil`)
	equal(t, boss.Attrs.Text("displayName"), "名前 🙂")
	equal(t, bob.Attrs.First(directory.AccountEnabled), entry.Value(false))
	equal(t, ann.Attrs[directory.Manager], []entry.Value{ref(boss)})
	equal(t, bob.Attrs[directory.Manager], []entry.Value{ref(ann)})
	eng := got(s.Directory.Lookup(ctx, entry.Group, directory.DisplayName, "Engineering"))(t)
	every := got(s.Directory.Lookup(ctx, entry.Group, directory.DisplayName, "All"))(t)
	equal(t, sorted(members(t, ctx, s.Directory, eng.ID)...), sorted(ann.ID, bob.ID))
	equal(t, sorted(members(t, ctx, s.Directory, every.ID)...), sorted(ann.ID, boss.ID, eng.ID, bob.ID))
}

func importTwice(t *testing.T, ctx context.Context, s Stores) {
	importFile(t, ctx, s, sampleFile)
	before := got(s.Directory.Now(ctx))(t)
	equal(t, importFile(t, ctx, s, sampleFile), directory.Report{Lines: 5, Unchanged: 5, References: 8})
	equal(t, got(s.Directory.Now(ctx))(t), before)
}

func importMerges(t *testing.T, ctx context.Context, s Stores) {
	importFile(t, ctx, s, sampleFile)
	ann := byUPN(t, ctx, s, "ann@x")
	r := importFile(t, ctx, s, "userPrincipalName,department,city,manager\nANN@x,Sales,Rome,\nnew@x,,,ann@x\nANN@x,Sales,Rome,\n")
	must(t, r.Err())
	equal(t, r, directory.Report{Lines: 3, Created: 1, Updated: 1, Unchanged: 1, References: 1})
	r = importFile(t, ctx, s, "userPrincipalName,department\nnew@x,A\nNEW@x,B\n") // two rows that contradict each other
	wantKind(t, r.Err(), fault.Partial)
	equal(t, []int{r.Updated, r.Refused, r.Errors[0].Line}, []int{1, 1, 3})
	want := ann.Clone()
	want.Attrs.Set(directory.UserPrincipalName, "ANN@x")
	want.Attrs.Set("city", "Rome")
	want.Attrs.Set("department", "Sales")
	want.Attrs.Set(directory.Manager)
	equal(t, byUPN(t, ctx, s, "ann@x"), want)
}

func importBadLines(t *testing.T, ctx context.Context, s Stores) {
	r := importFile(t, ctx, s, "\xef\xbb\xbfuserPrincipalName,displayName,accountEnabled,manager,memberOf\n"+
		"good1@x,Good,true,,\n"+ // 2
		"bad1@x,B\xffd,true,,\n"+ // 3
		"bad2@x,Bad,maybe,,\n"+ // 4
		"bad3@x,Bad\n"+ // 5
		",Nobody,true,,\n"+ // 6
		"good2@x,Good,true,nobody@x,Nowhere\n"+ // 7: in, but for its references
		"\"bad4@x\"x,Bad,true,,\n"+ // 8
		"good3@x,\"two\nlines\",true,,\n"+ // 9, 10
		"bad5@x,Bad,2,,\n") // 11
	equal(t, r.Created, 3)
	equal(t, r.Refused, 6)
	equal(t, r.Unresolved, 2)
	wantKind(t, r.Err(), fault.Partial)
	var where []string
	for _, e := range r.Errors {
		where = append(where, fmt.Sprintf("%d %s", e.Line, e.Column))
		if e.Reason == "" {
			t.Errorf("line %d without a reason", e.Line)
		}
	}
	equal(t, where, []string{"3 displayName", "4 accountEnabled", "5 ", "6 userPrincipalName", "7 manager", "7 memberOf", "8 ", "11 accountEnabled"})
	equal(t, got(s.Directory.Count(ctx, entry.User))(t), 3)
}

// importLong has more rows than a batch holds, each managed by the next.
func importLong(t *testing.T, ctx context.Context, s Stores) {
	const n = 1300
	var b strings.Builder
	b.WriteString("userPrincipalName,type,displayName,manager,memberOf\n,Group,All,,\n")
	for i := range n {
		fmt.Fprintf(&b, "u%d@x,,U %d,u%d@x,All\n", i, i, (i+1)%n)
	}
	r := importFile(t, ctx, s, b.String())
	must(t, r.Err())
	equal(t, r, directory.Report{Lines: n + 1, Created: n + 1, References: 2 * n})
	equal(t, byUPN(t, ctx, s, "u499@x").Attrs[directory.Manager], []entry.Value{ref(byUPN(t, ctx, s, "u500@x"))})
	g := got(s.Directory.Lookup(ctx, entry.Group, directory.DisplayName, "All"))(t)
	equal(t, len(g.Attrs[directory.Members]), n)
}

func importReader(t *testing.T, ctx context.Context, s Stores) {
	mine := errors.New("the line went dead")
	in := iotest.DataErrReader(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(sampleFile))))
	if _, err := directory.Import(ctx, s.Directory, in, nil); !errors.Is(err, iotest.ErrTimeout) {
		t.Fatalf("got %v", err)
	}
	_, err := directory.Import(ctx, s.Directory, iotest.ErrReader(mine), nil)
	if !errors.Is(err, mine) {
		t.Fatalf("got %v", err)
	}
}

func importHeader(t *testing.T, ctx context.Context, s Stores) {
	for _, text := range []string{"", "\n\n", "mail,displayName\n", "\"a\n"} {
		_, err := directory.Import(ctx, s.Directory, strings.NewReader(text), nil)
		wantKind(t, err, fault.Invalid)
		if fault.HintOf(err) == "" {
			t.Fatal("no hint")
		}
	}
}
