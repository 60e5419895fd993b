package wire

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
)

// Limits of a failure on its way: a connector that wraps an error in itself must not stop the stream.
const (
	maxCauses = 32
	maxText   = 16 << 10
)

// FromError writes an error with its causes; nil for nil.
func FromError(err error) *pb.Failure {
	if err == nil {
		return nil
	}
	m := &pb.Failure{}
	for err != nil && len(m.Causes) < maxCauses {
		if f, ok := err.(*fault.Error); ok { //nolint:errorlint // this link of the chain, not the next fault in it
			m.Causes = append(m.Causes, &pb.Cause{Kind: f.Kind.String(), Op: clean(f.Op), Object: clean(f.Object), Hint: clean(f.Hint), RetryAfterMillis: f.RetryAfter.Milliseconds()})
			err = f.Err
			continue
		}
		m.Causes = append(m.Causes, &pb.Cause{Message: clean(err.Error())})
		f, ok := errors.AsType[*fault.Error](err)
		if !ok {
			break
		}
		err = f
	}
	return m
}

// clean makes a text that a message may hold.
func clean(s string) string {
	if len(s) > maxText {
		s = s[:maxText] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// said is an error that is no fault: its whole text, and what it wraps.
type said struct {
	text string
	err  error
}

func (s *said) Error() string { return s.text }
func (s *said) Unwrap() error { return s.err }

// ToError reads an error; nil for nil. Whatever the plugin sent, the error says something.
func ToError(m *pb.Failure) error {
	if m == nil {
		return nil
	}
	var err error
	for i := len(m.GetCauses()) - 1; i >= 0; i-- {
		c := m.GetCauses()[i]
		if c.GetKind() == "" {
			err = &said{text: c.GetMessage(), err: err}
			continue
		}
		err = &fault.Error{Op: c.GetOp(), Kind: fault.ParseKind(c.GetKind()), Object: c.GetObject(), Hint: c.GetHint(),
			RetryAfter: time.Duration(c.GetRetryAfterMillis()) * time.Millisecond, Err: err}
	}
	if err == nil {
		return fault.New(fault.Internal, "", "the plugin failed without saying why")
	}
	return err
}

// Status makes the status that ends a call with err; nil for nil.
func Status(err error) error {
	if err == nil {
		return nil
	}
	s, detailErr := status.New(codeOf(err), clean(err.Error())).WithDetails(FromError(err))
	if detailErr != nil {
		return status.Error(codes.Internal, clean(err.Error()))
	}
	return s.Err()
}

func codeOf(err error) codes.Code {
	switch {
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	}
	return codes.Unknown
}

// FailureOf returns the connector's failure that ended a call; nil when the call itself failed, since plugin or connection are gone.
func FailureOf(err error) *pb.Failure {
	s, ok := status.FromError(err)
	if !ok {
		return nil
	}
	for _, d := range s.Details() {
		if f, ok := d.(*pb.Failure); ok {
			return f
		}
	}
	return nil
}
