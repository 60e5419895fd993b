package app_test

import (
	"testing"

	"github.com/sallyport-id/sallyport/service/app"
)

func TestAt(t *testing.T) {
	text := []byte("id: hr\nobjects:\n  - source: User\n    mappings:\n      - {target: a, source: b}\n      - target: c\n        expression: 'Join('\n")
	for path, want := range map[string][2]int{
		"objects[0].mappings[0].target":     {5, 10},
		"objects[0].mappings[1].expression": {7, 9},
		"objects[0].mappings[9].expression": {0, 0},
	} {
		if line, column := app.At(text, path); line != want[0] || column == 0 != (want[1] == 0) {
			t.Errorf("%s at %d:%d, want line %d", path, line, column, want[0])
		}
	}
}
