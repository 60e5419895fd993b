package cycle

import (
	"cmp"
	"errors"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
)

// Thresholds of failures in one cycle, unless the application says otherwise (provisioning semantics §8.1). Up to the floor
// nothing is counted, so that a handful of bad entries never slows a job.
const (
	failureFloor   = 5_000
	failureShare   = 40 // percent
	failureLimit   = 40_000
	referenceLimit = 60_000 // with those of references
)

// quarantineLife is how long a job may be quarantined before it is switched off.
const quarantineLife = 28 * 24 * time.Hour

// Quarantine reasons, as the Graph API names them.
const (
	ReasonException  = "EncounteredQuarantineException"
	ReasonProportion = "EncounteredEscrowProportionThreshold"
	ReasonBase       = "EncounteredBaseEscrowThreshold"
	ReasonTotal      = "EncounteredTotalEscrowThreshold"
	ReasonDeletes    = "TooManyDeletes"
	ReasonOnDemand   = "QuarantinedOnDemand"
)

// slower is how the frequency falls while a job is quarantined.
var slower = []time.Duration{6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// awayAfter is how long a job waits after its target was away for longer than a cycle's patience.
const awayAfter = 5 * time.Minute

// critical is an answer to the test of the connection that no waiting mends: whoever answers speaks no SCIM.
type critical struct{ error }

func (c critical) Unwrap() error { return c.error }

func asCritical(err error) error {
	if _, foreign := errors.AsType[interface {
		error
		NotSCIM()
	}](err); foreign {
		return critical{err}
	}
	return err
}

func isCritical(err error) bool {
	_, is := errors.AsType[critical](err)
	return is
}

// quarantineAfter is the quarantine after a cycle that ended early.
func quarantineAfter(before *Quarantine, cause error, now time.Time) *Quarantine {
	q := begin(before, now, ReasonException)
	q.Detail, q.Hint = cause.Error(), fault.HintOf(cause)
	q.Next = now.Add(slower[min(q.Series, len(slower))-1])
	if transport(cause) && !isCritical(cause) {
		q.Next = now.Add(awayAfter)
	}
	return q
}

// quarantineOf is the quarantine after a cycle that ran to its end; nil lifts it.
func quarantineOf(limits app.Quarantine, held int, done Progress, before *Quarantine, now time.Time) *Quarantine {
	if held > 0 { // deletions wait for a release, everything else goes on: no Next
		q := begin(before, now, ReasonDeletes)
		q.Detail = "disables and deletes are held because there are as many as the limit"
		q.Hint = "look at the held entries; release them with 'sallyport job restart APP --allow-deletes', or restore the people in the directory"
		return q
	}
	reason := tooMany(limits, done)
	if reason == "" {
		return nil
	}
	q := begin(before, now, reason)
	q.Detail, q.Hint = done.LastError, "correct what the failures have in common, then restart the job"
	q.Next = now.Add(slower[min(q.Series, len(slower))-1])
	return q
}

// tooMany returns the threshold of failures a cycle reached, "" when none. Failures of references count toward the total alone.
func tooMany(limits app.Quarantine, done Progress) string {
	own := done.Failed - done.References
	switch floor, share := cmp.Or(limits.Failures, failureFloor), cmp.Or(limits.Percent, failureShare); {
	case own > cmp.Or(limits.Base, failureLimit):
		return ReasonBase
	case done.Failed > cmp.Or(limits.References, referenceLimit):
		return ReasonTotal
	case own >= floor && own*100 > share*max(1, done.Done):
		return ReasonProportion
	}
	return ""
}

// begin is the quarantine that follows on another, or on none. A series goes on while failures do, whatever their reason; deletions
// that are held are no failures, so they neither begin nor continue a series.
func begin(before *Quarantine, now time.Time, reason string) *Quarantine {
	if before == nil || before.Reason != reason && (reason == ReasonDeletes || before.Reason == ReasonDeletes) {
		return &Quarantine{Reason: reason, Since: now, Began: now, Series: 1}
	}
	q := *before
	q.Series++
	q.Next = time.Time{}
	if q.Reason != reason {
		q.Reason, q.Began = reason, now
	}
	return &q
}

// tired switches a job off that was quarantined for four weeks, and says whether it did. Held deletions tire nobody: all else goes on.
func (s *State) tired(now time.Time) bool {
	q := s.Quarantine
	if q == nil || q.Reason == ReasonDeletes || now.Sub(q.Since) <= quarantineLife {
		return false
	}
	s.Mode, s.Disabled = Paused, "quarantined for four weeks: "+q.Detail
	return true
}

// renewed is the state once new rules are taken up: what failed under the old ones says nothing any more.
func (s State) renewed(version int) State {
	s.Taken, s.Failures = version, 0
	if q := s.Quarantine; q != nil && q.Reason != ReasonDeletes && q.Reason != ReasonOnDemand {
		s.Quarantine = nil
	}
	return s
}
