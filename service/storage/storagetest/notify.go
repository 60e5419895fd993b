package storagetest

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/notify"
)

var messageCases = []testCase{
	{"OnceForEachEventAndChannel", messagesOnce},
	{"DueInTheirOrder", messagesDue},
	{"Retain", messagesRetain},
	{"StrangerSeesNothing", messagesStranger},
}

func message(channel, event string, due time.Time) notify.Message {
	return notify.Message{Channel: channel, Event: notify.Event{Key: event, Kind: notify.Held, App: job, Title: "名前"}, State: notify.Waiting, Due: due}
}

func messagesOnce(t *testing.T, ctx context.Context, s Stores) {
	equal(t, got(s.Messages.Post(ctx, []notify.Message{message("mail", "a", at0), message("web", "a", at0), message("mail", "a", at0)}))(t), 2)
	equal(t, got(s.Messages.Post(ctx, []notify.Message{message("mail", "a", at0)}))(t), 0)
	m := got(s.Messages.Due(ctx, at0, 10))(t)[0]
	m.State, m.Done, m.Attempts = notify.Sent, at0, 1
	must(t, s.Messages.Mark(ctx, m))
	equal(t, got(s.Messages.Post(ctx, []notify.Message{message(m.Channel, "a", at0)}))(t), 0) // not again, though it was sent
	both := got(s.Messages.Messages(ctx, "", 10))(t)
	equal(t, len(both), 2)
	equal(t, got(s.Messages.Messages(ctx, both[0].ID, 10))(t), both[1:])
	wantKind(t, s.Messages.Mark(ctx, notify.Message{ID: "none"}), fault.NotFound)
}

func messagesDue(t *testing.T, ctx context.Context, s Stores) {
	got(s.Messages.Post(ctx, []notify.Message{message("m", "late", at0.Add(2*time.Second)), message("m", "now", at0), message("m", "soon", at0.Add(time.Second))}))(t)
	due := func(after time.Duration, limit int) (keys []string) {
		for _, m := range got(s.Messages.Due(ctx, at0.Add(after), limit))(t) {
			keys = append(keys, m.Event.Key)
		}
		return keys
	}
	equal(t, due(0, 9), []string{"now"})
	equal(t, due(time.Minute, 9), []string{"now", "soon", "late"})
	equal(t, due(time.Minute, 2), []string{"now", "soon"})
	m := got(s.Messages.Due(ctx, at0, 1))(t)[0]
	m.Due, m.Attempts, m.Error = at0.Add(time.Hour), 1, "refused"
	must(t, s.Messages.Mark(ctx, m))
	equal(t, due(time.Minute, 9), []string{"soon", "late"})
	equal(t, got(s.Messages.Due(ctx, at0.Add(time.Hour), 9))(t)[2], m)
}

func messagesRetain(t *testing.T, ctx context.Context, s Stores) {
	got(s.Messages.Post(ctx, []notify.Message{message("m", "done", at0), message("m", "waits", at0)}))(t)
	m := got(s.Messages.Due(ctx, at0, 1))(t)[0]
	m.State, m.Done = notify.Dropped, at0
	must(t, s.Messages.Mark(ctx, m))
	equal(t, got(s.Messages.Retain(ctx, at0))(t), 0)
	equal(t, got(s.Messages.Retain(ctx, at0.Add(time.Second)))(t), 1)
	equal(t, len(got(s.Messages.Messages(ctx, "", 10))(t)), 1)
}

func messagesStranger(t *testing.T, ctx context.Context, s Stores) {
	got(s.Messages.Post(ctx, []notify.Message{message("m", "a", at0)}))(t)
	other := stranger(t)
	equal(t, len(got(s.Messages.Due(other, at0, 9))(t))+len(got(s.Messages.Messages(other, "", 9))(t)), 0)
	m := got(s.Messages.Due(ctx, at0, 1))(t)[0]
	m.State, m.Done = notify.Sent, at0
	wantKind(t, s.Messages.Mark(other, m), fault.NotFound)
	equal(t, got(s.Messages.Retain(other, at0.Add(time.Hour)))(t), 0)
	equal(t, len(got(s.Messages.Due(ctx, at0, 9))(t)), 1)
}
