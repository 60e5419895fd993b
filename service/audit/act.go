package audit

import (
	"context"
	"encoding/json"
	"sync"
)

// Act is an administrative act under way. A store that writes for its context writes the entry in the same transaction.
type Act struct {
	mu    sync.Mutex
	entry Entry
	shown Shown // of what was sent
	held  bool  // stores leave it alone: it was written as an intent
	seq   int64 // of the entry that is on disk, 0 when none is

	failed error
}

type actKey struct{}

// Begin returns a context in which the entry waits for the first transaction that changes something. Of what the act is sent, the
// properties in shown are kept, no others.
func Begin(ctx context.Context, e Entry, shown Shown) (context.Context, *Act) {
	e.Phase, e.Result = Done, Success
	a := &Act{entry: e, shown: shown}
	return context.WithValue(ctx, actKey{}, a), a
}

// Of returns the act of the context, nil when there is none.
func Of(ctx context.Context) *Act {
	a, _ := ctx.Value(actKey{}).(*Act)
	return a
}

// Detach returns a context without the act, for what is written on the log's own account.
func Detach(ctx context.Context) context.Context {
	if Of(ctx) == nil {
		return ctx
	}
	return context.WithValue(ctx, actKey{}, (*Act)(nil))
}

// Waiting returns the entry that the next transaction is to write; false when none waits. A store that wrote it calls Written after
// the commit. It may be called on nil.
func (a *Act) Waiting() (Entry, bool) {
	if a == nil {
		return Entry{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.entry, !a.held && a.seq == 0
}

// Written says that the entry is on disk.
func (a *Act) Written(seq int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seq == 0 {
		a.seq = seq
	}
}

// Hold keeps stores from writing the entry: it is written as an intent and a result instead.
func (a *Act) Hold() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held = true
}

// Seq returns the seq of the entry that is on disk, 0 when none is.
func (a *Act) Seq() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seq
}

// Entry returns the entry as it is known so far.
func (a *Act) Entry() Entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.entry
}

// Before notes what the act's object was, as the API answers it. It may be called without an act.
func Before(ctx context.Context, v any) {
	if a := Of(ctx); a != nil {
		a.note(func(e *Entry) { e.Before = RedactAnswer(v) })
	}
}

// After notes what was sent of what the act's object is to be: of it, the properties that the act may show. Of what the object was, only
// the properties that After names are kept. It may be called without an act.
func After(ctx context.Context, v any) {
	if a := Of(ctx); a != nil {
		text := Redact(v, a.shown)
		a.note(func(e *Entry) { e.Before, e.After = narrow(e.Before, text), text })
	}
}

// narrow drops from an object what the other does not name.
func narrow(before, after json.RawMessage) json.RawMessage {
	var was, is map[string]json.RawMessage
	if json.Unmarshal(before, &was) != nil || json.Unmarshal(after, &is) != nil || len(is) == 0 {
		return before
	}
	for name := range was {
		if _, named := is[name]; !named {
			delete(was, name)
		}
	}
	out, err := json.Marshal(was)
	if err != nil {
		return before
	}
	return out
}

// Fail says that the act failed although its handler answered.
func Fail(ctx context.Context, err error) {
	if a := Of(ctx); a != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.failed = err
	}
}

// Failed returns what Fail was told.
func (a *Act) Failed() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

// Target names what the act is about, when its path does not.
func Target(ctx context.Context, target string) {
	if a := Of(ctx); a != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.entry.Target = target
	}
}

func (a *Act) note(set func(*Entry)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	set(&a.entry)
}
