package plugin

import (
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// live returns the running process and starts one where there is none. After the second death in a row it waits longer and longer
// between starts; meanwhile it is fault.Unavailable with how long.
func (d *Driver) live() (*process, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, d.cfg.wrong(fault.Unavailable, "the host is stopping")
	}
	if d.now != nil && d.now.alive() {
		return d.now, nil
	}
	if d.now != nil {
		d.died(time.Since(d.now.begun))
		d.now = nil
	}
	if left := time.Until(d.wait); left > 0 {
		f := d.cfg.wrong(fault.Unavailable, "it died again and again, and is not started again yet").
			WithHint("look into the host's log for what it said last; it is started again by itself")
		f.RetryAfter = left.Round(time.Millisecond)
		return nil, f
	}
	p, err := start(d.cfg, d.log, d.masks)
	if err != nil {
		d.died(0)
		return nil, err
	}
	d.now = p
	d.log.Info("plugin started", "event", "plugin.started", "pid", p.child.ID(), "again", d.deaths)
	return p, nil
}

// died counts a death and sets the pause after it.
func (d *Driver) died(lived time.Duration) {
	if lived >= goodLife {
		d.deaths = 0
	}
	d.deaths++
	first := d.cfg.first
	if first == 0 {
		first = firstPause
	}
	d.wait = time.Now().Add(pause(d.deaths, first))
}

// pause is how long to wait after so many deaths in a row: not at all after the first, then longer each time.
func pause(deaths int, first time.Duration) time.Duration {
	if deaths < 2 {
		return 0
	}
	return min(first<<min(deaths-2, 16), max(longestPause, first))
}
