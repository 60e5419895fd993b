package storage

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/journal"
)

var _ journal.Images = (*Journal)(nil)

const (
	getImage Query = `SELECT image FROM journal_record WHERE tenant = $1 AND id = $2`

	dropImages Query = `UPDATE journal_record SET image = NULL WHERE tenant = $1 AND id IN
		(SELECT id FROM journal_record WHERE tenant = $1 AND cycle > '' AND image IS NOT NULL AND at < $2 LIMIT $3)`
)

// imageRest is what of an image is no list of values.
type imageRest struct {
	Partial []string                  `json:"p,omitempty"`
	Hidden  []string                  `json:"h,omitempty"`
	Active  bool                      `json:"a,omitempty"`
	Left    bool                      `json:"l,omitempty"`
	Fresh   bool                      `json:"f,omitempty"` // Before was nil
	Gone    bool                      `json:"g,omitempty"` // After was nil
	Origins map[string]journal.Origin `json:"o,omitempty"`
}

// encodeImage returns nil for no image, else three sealed parts, each after its length: before, after, the rest.
func encodeImage(i *journal.Image) (any, error) {
	if i == nil {
		return nil, nil
	}
	before, err := encodeAttrs(i.Before)
	if err != nil {
		return nil, err
	}
	after, err := encodeAttrs(i.After)
	if err != nil {
		return nil, err
	}
	rest, err := sealJSON(imageRest{i.Partial, i.Hidden, i.Active, i.Left, i.Before == nil, i.After == nil, i.Origins})
	if err != nil {
		return nil, err
	}
	var b []byte
	for _, part := range [][]byte{before, after, rest} {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	return b, nil
}

func decodeImage(b []byte) (i journal.Image, err error) {
	var parts [3][]byte
	for n := range parts {
		size, used := binary.Uvarint(b)
		if used <= 0 || size > uint64(len(b)-used) {
			return i, damaged("an image ends early")
		}
		parts[n], b = b[used:used+int(size)], b[used+int(size):]
	}
	if i.Before, err = decodeAttrs(parts[0]); err != nil {
		return i, err
	}
	if i.After, err = decodeAttrs(parts[1]); err != nil {
		return i, err
	}
	var rest imageRest
	if err := openJSON(parts[2], &rest); err != nil {
		return i, err
	}
	i.Partial, i.Hidden, i.Active, i.Left, i.Origins = rest.Partial, rest.Hidden, rest.Active, rest.Left, rest.Origins
	if rest.Fresh {
		i.Before = nil
	}
	if rest.Gone {
		i.After = nil
	}
	return i, nil
}

// Image returns the image of a record. See journal.Images.
func (j *Journal) Image(ctx context.Context, id string) (i journal.Image, err error) {
	const op = "read what a write changed"
	n, err := parseID(id)
	if err != nil {
		return i, err
	}
	var doc []byte
	err = j.read(ctx, op, func(tx tx) error {
		_, err := tx.one(getImage, []any{n}, &doc)
		return err
	})
	if err != nil {
		return i, err
	}
	if doc == nil {
		return i, fault.New(fault.NotFound, op, "nothing is kept of it").About(id).
			WithHint("the record wrote nothing, or is older than before-images are kept")
	}
	return decodeImage(doc)
}

// RetainImages drops the images of records older than the time, batch by batch, and returns how many.
func (j *Journal) RetainImages(ctx context.Context, before time.Time) (int, error) {
	total := 0
	for {
		var n int64
		err := j.write(ctx, "trim journal", func(tx tx) (err error) {
			n, err = tx.exec(dropImages, moment(before), retainBatch)
			return err
		})
		total += int(n)
		if err != nil || n < retainBatch {
			return total, err
		}
	}
}
