package directory

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// Sizes of an import's steps.
const (
	batchRows    = 500     // rows looked up and stored at once
	batchBytes   = 4 << 20 // the same in bytes of the file
	importers    = 16      // updates at work at once; they share commits
	rememberMost = 50_000  // names whose id is kept in memory
)

// Import reads a people file and brings the directory up to it. The file is CSV in UTF-8; its first line names the columns:
// Graph properties, and type (User or Group), manager (a userPrincipalName), members and memberOf (names separated by ;).
// It streams: memory grows by 16 bytes a person, to notice two rows that contradict each other. Users are found by userPrincipalName, groups by displayName; a name that is
// not there yet is created, one that is there is merged (see Merge): the columns of the file are set, an empty cell clears its
// attribute, attributes without a column stay. Memberships are added, never taken away. References may point to rows further down.
//
// A row that is wrong is left out and reported with its line, all others are imported; the Report says how many, and its Err is
// not nil then. The error is for what ends the import: an unreadable header or file, a store that fails. Importing the same
// file again changes nothing. progress, if not nil, is called after each batch with the lines and bytes read so far.
func Import(ctx context.Context, store Store, r io.Reader, progress func(lines int, bytes int64)) (Report, error) {
	im := &importer{store: store, rows: newRowReader(r), progress: progress, ids: map[name]string{}}
	im.report = Report{Errors: []LineError{}, Notes: []string{}}
	defer im.spool.close()
	err := im.run(ctx)
	im.report.sort()
	return im.report, err
}

// name names an object as a people file does.
type name struct {
	typ entry.Type
	key string // as Key
}

type importer struct {
	store    Store
	rows     *rowReader
	progress func(int, int64)
	header   header
	batch    []person
	inBatch  map[name]bool
	began    int64           // bytes read when the batch began
	ids      map[name]string // of names met lately
	told     map[uint64]told // what each name was said to be, by hash: 16 bytes a person
	spool    spool
	report   Report
}

func (im *importer) run(ctx context.Context) error {
	fields, _, err := im.rows.next()
	if err != nil {
		return headerFault(err)
	}
	if im.header, err = parseHeader(fields); err != nil {
		return err
	}
	im.report.Notes = append(im.report.Notes, im.header.notes...)
	for {
		err := im.row(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if err := im.flush(ctx); err != nil {
		return err
	}
	return im.link(ctx)
}

func headerFault(err error) error {
	if errors.Is(err, io.EOF) {
		return badHeader("the file is empty")
	}
	if _, ok := errors.AsType[*rowError](err); ok {
		return badHeader("%w", err)
	}
	return unreadable(err)
}

func unreadable(err error) error {
	return fault.Wrap(fault.Unavailable, "read people file", err)
}

// told is what a row said of a name: its line and a fingerprint of the attributes.
type told struct {
	line  int32
	print uint32
}

var toldSeed = maphash.MakeSeed()

// repeats returns the line of an earlier row that said something else of the same person or group, 0 when there is none. Without
// this each import of the file would change the person twice. Rows that only add memberships may repeat.
func (im *importer) repeats(n name, p person) int {
	var h maphash.Hash
	h.SetSeed(toldSeed)
	for _, attr := range slices.Sorted(maps.Keys(p.patch)) {
		fmt.Fprintf(&h, "%q=%q;", attr, p.patch[attr])
	}
	fmt.Fprintf(&h, "%q", p.manager)
	now := told{int32(p.line), uint32(h.Sum64())}
	key := maphash.Comparable(toldSeed, n)
	if before, ok := im.told[key]; ok && before.print != now.print {
		return int(before.line)
	}
	if im.told == nil {
		im.told = map[uint64]told{}
	}
	im.told[key] = now
	return 0
}

// row reads one row into the batch; a bad one into the report.
func (im *importer) row(ctx context.Context) error {
	fields, line, err := im.rows.next()
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	if _, bad := errors.AsType[*rowError](err); err != nil && !bad {
		return unreadable(err)
	}
	im.report.Lines++
	var p person
	if err == nil {
		p, err = im.header.person(line, fields)
	}
	if err != nil {
		im.report.refuse(line, im.header, err)
		return nil
	}
	n := name{p.typ, Key(entry.Entry{Type: p.typ, Attrs: p.patch})}
	if before := im.repeats(n, p); before > 0 {
		im.report.refuse(line, im.header, &rowError{line, -1, fmt.Sprintf("line %d says something else of the same %s; keep one of the two", before, strings.ToLower(string(p.typ)))})
		return nil
	}
	if im.inBatch[n] || len(im.batch) == batchRows || im.rows.bytes-im.began > batchBytes {
		if err := im.flush(ctx); err != nil {
			return err
		}
	}
	if im.inBatch == nil {
		im.inBatch = make(map[name]bool, batchRows)
	}
	im.inBatch[n] = true
	im.batch = append(im.batch, p)
	return nil
}
