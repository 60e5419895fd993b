package audit_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/audit"
)

func TestRedact(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"password":        {`{"passwordProfile":{"password":"canary"},"displayName":"Ann"}`, `{"displayName":"Ann","passwordProfile":"[Redact]"}`},
		"secret pair":     {`{"value":[{"key":"SecretToken","value":"canary"},{"key":"BaseAddress","value":"https://x"}]}`, `{"value":[{"key":"SecretToken","value":"[Redact]"},{"key":"BaseAddress","value":"https://x"}]}`},
		"bearer":          {`{"file":"id: hr","bearer":"canary","ca":"pem"}`, `{"bearer":"[Redact]","ca":"pem","file":"id: hr"}`},
		"empty is shown":  {`{"clientSecret":"","token":null}`, `{"clientSecret":"","token":null}`},
		"list of secrets": {`{"tokens":["canary"]}`, `{"tokens":"[Redact]"}`},
		"plain":           {`["a",1,true,null]`, `["a",1,true,null]`},
		"no JSON":         {`canary`, `"[6 bytes]"`},
		"large":           {`["` + strings.Repeat("a", 900) + strings.Repeat(`","`+strings.Repeat("b", 900), 20) + `"]`, `"[18964 bytes]"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := string(audit.Redact(json.RawMessage(tc.in)))
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestActs(t *testing.T) {
	ctx, act := audit.Begin(tenant.With(t.Context(), "default"), audit.Entry{Action: "x"})
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
