package graphapi_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestSecretsAreNotWipedByMistake: only a list that is there and empty says that there are to be none.
func TestSecretsAreNotWipedByMistake(t *testing.T) {
	h := newHouse(t)
	const at = "/v1.0/servicePrincipals/hr/synchronization/secrets"
	h.must(204, "PUT", at, `{"value":[{"key":"BaseAddress","value":"https://app.example.com/scim"},{"key":"SecretToken","value":"t0ken"}]}`)
	for _, body := range []string{
		``, `{}`, `null`, `{"displayName":1}`, `{"secrets":[{"key":"SecretToken","value":"x"}]}`, `{"value":null}`, `{"credentials":null}`, `{"value":null,"credentials":null}`, `[]`,
	} {
		h.must(400, "PUT", at, body)
		if got := h.secretKeys(at); !slices.Equal(got, []string{"BaseAddress", "SecretToken"}) {
			t.Fatalf("after %q there are %v", body, got)
		}
	}
	h.must(204, "PUT", at, `{"credentials":[{"key":"BaseAddress","value":"https://app.example.com/scim"}]}`)
	h.must(204, "PUT", at, `{"value":[]}`)
	if got := h.secretKeys(at); len(got) != 0 {
		t.Errorf("an empty list leaves %v", got)
	}
}

// TestKeysOfSecretsAreSpelledAsDocumented: whoever writes a known key in another case reads it back as it is documented.
func TestKeysOfSecretsAreSpelledAsDocumented(t *testing.T) {
	h := newHouse(t)
	const at = "/v1.0/servicePrincipals/hr/synchronization/secrets"
	h.must(204, "PUT", at, `{"value":[{"key":"baseaddress","value":"https://app.example.com/scim"},{"key":" SECRETTOKEN","value":"t0ken"},{"key":"myKey","value":"x"}]}`)
	if got := h.secretKeys(at); !slices.Equal(got, []string{"BaseAddress", "SecretToken", "myKey"}) {
		t.Errorf("got %v", got)
	}
}

// secretKeys returns the keys GET shows, in their order.
func (h *house) secretKeys(at string) (keys []string) {
	h.Helper()
	for key := range h.secretValues(at) {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (h *house) secretValues(at string) map[string]string {
	h.Helper()
	out := map[string]string{}
	for _, p := range h.must(200, "GET", at, "")["value"].([]any) {
		m := p.(map[string]any)
		out[m["key"].(string)] = m["value"].(string)
	}
	return out
}

// TestSecretsShowWhatAnApplyLeft: what an application's file and its secret say is what GET answers, so a client that sends back what it saw
// changes nothing.
func TestSecretsShowWhatAnApplyLeft(t *testing.T) {
	h := newHouse(t)
	const at = "/v1.0/servicePrincipals/hr/synchronization/secrets"
	bearer := func() string {
		t.Helper()
		b, err := h.api.Secrets.Get(h.ctx, "hr", "bearer")
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, tc := range map[string]struct{ sent, token string }{
		"wiped": {`{"value":[]}`, "SecretToken"},
		"older": {`{"value":[{"key":"BaseAddress","value":"https://old.example.com"},{"key":"SecretToken","value":"old"},{"key":"SyncAll","value":"true"},{"key":"MyKey","value":"mine"}]}`, "SecretToken"},
		"key":   {`{"value":[{"key":"AppKey","value":"old"}]}`, "AppKey"},
	} {
		h.must(204, "PUT", at, tc.sent)
		h.must(200, "PUT", "/sallyport/v1/apps/hr", `{"name":"hr.yaml","file":`+quote(appFile)+`,"bearer":"fresh"}`)
		saw := h.secretValues(at)
		if saw["BaseAddress"] == "" || strings.Contains(saw["BaseAddress"], "old.") || saw[tc.token] == "" || saw[tc.token] == "fresh" || (saw["MyKey"] == "") == (name == "older") {
			t.Errorf("%s: GET shows %v", name, saw)
		}
		back := []map[string]string{}
		for k, v := range saw {
			back = append(back, map[string]string{"key": k, "value": v})
		}
		text, _ := json.Marshal(map[string]any{"value": back})
		before := h.must(200, "GET", "/sallyport/v1/apps/hr", "")["file"]
		h.must(204, "PUT", at, string(text))
		if after := h.must(200, "GET", "/sallyport/v1/apps/hr", "")["file"]; bearer() != "fresh" || after != before {
			t.Errorf("%s: sent back, the secret is %q and the rules are\n%v\nno longer\n%v", name, bearer(), after, before)
		}
	}
}
