package audit_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/audit"
)

func TestRedact(t *testing.T) {
	shown := audit.Show("displayName value/key value/value file passwordToken", "tokens list/days list")
	for name, tc := range map[string]struct{ in, want string }{
		"password":            {`{"passwordProfile":{"password":"canary"},"displayName":"Ann"}`, `{"displayName":"Ann","passwordProfile":"[Redact]"}`},
		"secret pair":         {`{"value":[{"key":"SecretToken","value":"canary"},{"key":"BaseAddress","value":"https://x"}]}`, `{"value":[{"key":"SecretToken","value":"[Redact]"},{"key":"BaseAddress","value":"https://x"}]}`},
		"bearer":              {`{"file":"id: hr","bearer":"canary","ca":"pem"}`, `{"bearer":"[Redact]","ca":"[Redact]","file":"id: hr"}`},
		"empty is shown":      {`{"clientSecret":"","token":null,"x":true}`, `{"clientSecret":"","token":null,"x":true}`},
		"list of secrets":     {`{"tokens":["canary"]}`, `{"tokens":"[Redact]"}`},
		"not listed":          {`{"tomorrow":{"displayName":"canary"},"pin":4711,"many":["canary"],"none":[]}`, `{"many":"[Redact]","none":"[Redact]","pin":"[Redact]","tomorrow":"[Redact]"}`},
		"listed, another way": {`{"DISPLAYNAME":"Ann","list":[{"days":3,"canary":"canary"}]}`, `{"DISPLAYNAME":"Ann","list":[{"canary":"[Redact]","days":3}]}`},
		"a secret's name":     {`{"passwordToken":"canary"}`, `{"passwordToken":"[Redact]"}`},
		"password of address": {`{"file":"url: https://u:canary@h/x and ldap://canary@h"}`, `{"file":"url: https://[Redact]@h/x and ldap://[Redact]@h"}`},
		"a list in a value":   {`{"value":["canary"],"displayName":{"displayName":"canary"}}`, `{"displayName":{"displayName":"[Redact]"},"value":["[Redact]"]}`},
		"no object":           {`["a",1,true,null]`, `"[Redact]"`},
		"a text":              {`"canary"`, `"[Redact]"`},
		"no JSON":             {`canary`, `"[6 bytes]"`},
		"large":               {`{"list":["` + strings.Repeat("a", 900) + strings.Repeat(`","`+strings.Repeat("b", 900), 20) + `"]}`, `"[18973 bytes]"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := string(audit.Redact(json.RawMessage(tc.in), shown))
			if got != tc.want || strings.Contains(string(audit.Redact(json.RawMessage(tc.in), nil)), `:"canary`) {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestActs(t *testing.T) {
	ctx, act := audit.Begin(tenant.With(t.Context(), "default"), audit.Entry{Action: "x"}, audit.Show("a"))
	audit.Before(ctx, map[string]any{"a": 1, "b": 2})
	audit.After(ctx, map[string]any{"a": 3})
	e, waits := audit.Of(ctx).Waiting()
	if !waits || string(e.Before) != `{"a":1}` || string(e.After) != `{"a":3}` || e.Phase != audit.Done {
		t.Fatalf("%+v %v", e, waits)
	}
	act.Written(7)
	if _, waits := act.Waiting(); waits || act.Seq() != 7 {
		t.Error("it waits although it is written")
	}
	if _, waits := audit.Of(audit.Detach(ctx)).Waiting(); waits {
		t.Error("a detached context has an act")
	}
	audit.Before(t.Context(), 1) // without an act nothing happens
}
