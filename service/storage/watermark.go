package storage

import (
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

// position is a watermark taken apart. In the log it is a number alone. While everything that exists is being read it also says
// how far that went, so that a reader who keeps it goes on where it was and continues in the log at seq afterwards.
type position struct {
	seq  int64
	typ  entry.Type // "" in the log
	last string     // id of the last object read of the type
}

// text forms: "17" in the log, "17.User.<id>" while reading everything.
func (p position) watermark() directory.Watermark {
	s := strconv.FormatInt(p.seq, 10)
	if p.typ != "" {
		s += "." + string(p.typ) + "." + p.last
	}
	return directory.Watermark(s)
}

func parsePosition(w directory.Watermark) (p position, err error) {
	parts := strings.SplitN(string(w), ".", 3)
	p.seq, err = strconv.ParseInt(parts[0], 10, 64)
	ok := err == nil && p.seq >= 0
	switch len(parts) {
	case 1:
	case 3:
		p.typ, p.last = entry.Type(parts[1]), parts[2]
		ok = ok && (p.typ == entry.User || p.typ == entry.Group)
	default:
		ok = false
	}
	if !ok {
		return p, fault.New(fault.Invalid, "read watermark", "%q is not a watermark of this directory", string(w)).
			WithHint("restart the job so that it begins with an initial cycle")
	}
	return p, nil
}
