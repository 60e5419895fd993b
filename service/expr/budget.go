package expr

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Limits of one evaluation. Work bounds what grows with the size of the data and is the same on every machine; the time bounds regular
// expressions, whose cost no count foretells.
const (
	maxWork  = 32 << 20        // bytes of all values that the parts of an expression yield
	maxTime  = 2 * time.Second // of all regular expressions together
	itemWork = 16              // what a value costs beside its text
)

var (
	errTooMuch = fmt.Errorf("the expression does too much: its parts yield more than %d MiB on these values", maxWork>>20)
	errTooSlow = fmt.Errorf("the expression takes longer than %v on these values; make its regular expressions simpler", maxTime)
)

// charge counts a value that a part of the expression yields.
func (r *run) charge(v value) error {
	switch v := v.(type) {
	case string:
		r.work += len(v)
	case []byte:
		r.work += len(v)
	case list:
		for _, x := range v {
			s, _ := x.(string)
			r.work += itemWork + len(s)
		}
	}
	if r.work += itemWork; r.work > maxWork {
		return errTooMuch
	}
	return r.late()
}

// alarm is a timer that says when an evaluation has taken too long. It decides nothing but that.
type alarm struct {
	timer *time.Timer
	rang  atomic.Bool
}

// freeMatches is how many matches an evaluation makes before a timer is worth its cost; each is bounded by its own limit.
const freeMatches = 8

// watch counts a match of a regular expression, starts the time limit when they become many, and is an error when the time is over.
func (r *run) watch() error {
	if r.matches++; r.matches < freeMatches || r.alarm != nil {
		return r.late()
	}
	a := &alarm{}
	a.timer = time.AfterFunc(r.limit, func() { a.rang.Store(true) })
	r.alarm = a
	return nil
}

// late is an error when the time is over.
func (r *run) late() error {
	if r.alarm != nil && r.alarm.rang.Load() {
		return errTooSlow
	}
	return nil
}

// done ends the time limit.
func (r *run) done() {
	if r.alarm != nil {
		r.alarm.timer.Stop()
	}
}
