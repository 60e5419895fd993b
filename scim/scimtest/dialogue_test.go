package scimtest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest"
)

func TestDialogues(t *testing.T) {
	list, err := scimtest.Dialogues()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 2 {
		t.Fatalf("%d dialogues", len(list))
	}
	for _, surface := range []scimserver.Surface{scimserver.HostEndpoint, scimserver.InboundEndpoint} {
		base := serve(t, func(c *scimserver.Config) { c.Surface = surface })
		for _, d := range list {
			t.Run(d.Name, func(t *testing.T) {
				if err := d.Play(t.Context(), scimtest.Options{BaseURL: base, Token: token}); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

func TestPlayNoticesWrongAnswers(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":"1","name":"x","list":[1,2],"extra":true}`)) // what was not asked for does not matter
	}))
	t.Cleanup(srv.Close)
	for want, text := range map[string]string{
		"status":         "-- GET /x --\n-- 404 --\n",
		"/name":          "-- GET /x --\n-- 200 --\n{\"name\":\"y\"}\n",
		"/extra":         "-- GET /x --\n-- 200 --\n{\"extra\":null}\n",
		"elements":       "-- GET /x --\n-- 200 --\n{\"list\":[1]}\n",
		"lacks element":  "-- GET /x --\n-- 200 --\n{\"list\":[1,3]}\n",
		"as before":      "-- GET /x --\n-- 200 --\n{\"id\":\"$v\"}\n-- GET /x --\n-- 200 --\n{\"name\":\"$v\"}\n",
		"header":         "-- GET /x --\n-- 200 --\nContent-Type: application/scim+json\n\n",
		"want a string":  "-- GET /x --\n-- 200 --\n{\"none\":\"$v\"}\n",
		"want an object": "-- GET /x --\n-- 200 --\n{\"name\":{\"a\":1}}\n",
	} {
		t.Run(want, func(t *testing.T) {
			d, err := scimtest.ParseDialogue("t", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Play(t.Context(), scimtest.Options{BaseURL: srv.URL}); err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestParseDialogueErrInvalid(t *testing.T) {
	for _, text := range []string{"", "-- GET /x --\n", "-- GET --\n-- 200 --\n", "-- GET /x --\n-- fine --\n", "-- GET /x --\n-- 200 --\n{\n"} {
		if _, err := scimtest.ParseDialogue("t", []byte(text)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseDialogue(f *testing.F) {
	f.Add([]byte("-- GET /x --\nA: b\n\n{}\n-- 200 204 --\n{\"a\":[null]}\n"))
	f.Add([]byte("-- GET /x --\n-- 200 --\nA\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := scimtest.ParseDialogue("f", text)
		if err == nil && len(d.Turns) == 0 {
			t.Fatal("no turns and no error")
		}
	})
}
