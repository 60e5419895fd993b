package tunnel

import "context"

// Publisher sends one message to a subject. It has finished with data when it returns; it does not wait for delivery.
// It may be called by many goroutines. An error means that the message was not sent.
type Publisher interface {
	Publish(subject string, data []byte) error
}

// Carrier moves messages between the two ends. Messages from one publisher to one subscription arrive in the order sent;
// some may be lost, and some may come twice.
type Carrier interface {
	Publisher
	// Subscribe calls deliver, one message at a time, for every message to the subject ("*" matches one token) until stop is called.
	// deliver owns data; it does not block.
	Subscribe(subject string, deliver func(subject string, data []byte)) (stop func(), err error)
}

// Handler carries out one request at the agent's end. It returns a response whose body the tunnel closes, or an error whose fault kind
// travels: Unavailable promises that nothing took effect, Timeout that nobody knows. ctx ends at the deadline and when the caller gives up.
type Handler interface {
	Serve(ctx context.Context, r *Request) (*Response, error)
}

// HandlerFunc makes a function a Handler.
type HandlerFunc func(ctx context.Context, r *Request) (*Response, error)

// Serve calls f.
func (f HandlerFunc) Serve(ctx context.Context, r *Request) (*Response, error) { return f(ctx, r) }
