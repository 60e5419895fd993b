package sqlite

import "sync"

// hub wakes those who wait for a topic.
type hub struct {
	mu    sync.Mutex
	waits map[string]chan struct{}
}

func newHub() *hub { return &hub{waits: map[string]chan struct{}{}} }

// watch returns the channel that the next signal of the topic closes; all who wait share it.
func (h *hub) watch(topic string) <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.waits[topic]
	if !ok {
		c = make(chan struct{})
		h.waits[topic] = c
	}
	return c
}

func (h *hub) signal(topics map[string]struct{}) {
	if len(topics) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for t := range topics {
		if c, ok := h.waits[t]; ok {
			close(c)
			delete(h.waits, t)
		}
	}
}
