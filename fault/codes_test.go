package fault_test

import (
	"fmt"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
)

// TestEveryKindHasAdvice: whatever fails, somebody is told what to try next.
func TestEveryKindHasAdvice(t *testing.T) {
	for _, k := range fault.Kinds() {
		if err := fault.New(k, "x", "y"); fault.AdviceOf(err) == "" || fault.CodeOf(err) != k.Door().Log {
			t.Errorf("%v: code %q, advice %q", k, fault.CodeOf(err), fault.AdviceOf(err))
		}
	}
	for _, status := range []int{400, 402, 405, 409, 422, 500, 501} {
		for _, scimType := range []string{"", "uniqueness", "invalidPath", "noTarget", "mutability", "invalidValue"} {
			if code := fault.CodeOfStatus(status, scimType); code != "" && fault.Advice(code) == "" {
				t.Errorf("%d %s: no advice for %s", status, scimType, code)
			}
		}
	}
}

// TestCodeOf: the outermost word counts, and wrapping keeps it with the answer.
func TestCodeOf(t *testing.T) {
	base := fault.New(fault.Invalid, "map", "x").WithCode(fault.CodeMandatoryMissing)
	base.Answer = &fault.Answer{Status: 400, Body: "no"}
	err := fmt.Errorf("given up: %w", fault.Wrap(fault.Internal, "export", base))
	if fault.CodeOf(err) != fault.CodeMandatoryMissing || fault.AnswerOf(err) != base.Answer {
		t.Errorf("%s %+v", fault.CodeOf(err), fault.AnswerOf(err))
	}
	if fault.CodeOf(nil) != "" || fault.AnswerOf(nil) != nil || fault.CodeOf(fmt.Errorf("x")) != fault.CodeInternal {
		t.Error("an error without a fault has the code of an internal one")
	}
}
