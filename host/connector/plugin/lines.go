package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
)

// maxLine bounds one line of a plugin's log; what is longer is cut.
const maxLine = 64 << 10

// lines turns what a plugin writes into records of the host's log: JSON of log/slog or hclog keeps its level and attributes, anything
// else is a text.
type lines struct {
	log   *slog.Logger
	masks *masks
	mu    sync.Mutex
	part  []byte
}

// other is a second writer with lines of its own into the same log.
func (l *lines) other() io.Writer { return &lines{log: l.log, masks: l.masks} }

// Write never fails: a log that is full is no reason to stop a connector.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(p)
	for {
		line, rest, ended := bytes.Cut(p, []byte{'\n'})
		if room := maxLine - len(l.part); room > 0 {
			l.part = append(l.part, line[:min(len(line), room)]...)
		}
		if !ended {
			return n, nil
		}
		l.say(l.part)
		l.part, p = l.part[:0], rest
	}
}

func (l *lines) say(line []byte) {
	if len(bytes.TrimSpace(line)) == 0 {
		return
	}
	var m map[string]any
	if json.Unmarshal(line, &m) != nil {
		l.log.Info("plugin says", "event", "plugin.said", "text", l.masks.hide(strings.ToValidUTF8(string(line), "\uFFFD")))
		return
	}
	level, message := levelOf(m), wordOf(m, "msg", "@message")
	for _, key := range []string{"time", "@timestamp", "@caller", "@module"} {
		delete(m, key)
	}
	var attrs []slog.Attr
	for _, key := range slices.Sorted(maps.Keys(m)) {
		attrs = append(attrs, slog.String(l.masks.hide(key), l.masks.hide(textOf(m[key]))))
	}
	l.log.LogAttrs(context.Background(), level, l.masks.hide(message), attrs...)
}

func levelOf(m map[string]any) slog.Level {
	var level slog.Level
	word := strings.ToUpper(wordOf(m, "level", "@level"))
	if word == "TRACE" || level.UnmarshalText([]byte(word)) != nil {
		return slog.LevelDebug
	}
	return level
}

// wordOf takes the first of the keys out.
func wordOf(m map[string]any, keys ...string) string {
	for _, key := range keys {
		if v, ok := m[key]; ok {
			delete(m, key)
			return fmt.Sprint(v)
		}
	}
	return ""
}

func textOf(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
