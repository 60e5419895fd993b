package mapping

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/expr"
)

// evaluation is one pass over the rules for one source object.
type evaluation struct {
	in  *Input
	out Output
	env *expr.Env // made for the first expression; direct mappings need none
}

// result is what a rule yields; ignore is "" unless it says to leave something out.
type result struct {
	values   []entry.Value
	kind     expr.Kind
	redacted bool
}

// apply evaluates a rule and puts its result where it belongs.
func (ev *evaluation) apply(r *rule) error {
	if r.flow == app.OnCreate && !ev.in.Creating {
		ev.note(r.notes.onlyAtCreate)
		return nil
	}
	res, err := ev.value(r)
	if err != nil {
		return err
	}
	if res.redacted {
		ev.redact(r.target)
	}
	switch {
	case res.kind == expr.IgnoreObject:
		ev.out.IgnoreObject = true
		ev.note(r.notes.object)
	case r.target == objectFilter: // never written
	case res.kind == expr.IgnoreAttribute:
		ev.note(r.notes.ignored)
	case r.reference || isReference(res.values):
		return ev.refer(r, res.values)
	case res.kind == expr.Null || r.clearNull && res.values[0] == "":
		return ev.absent(r)
	default:
		return ev.hold(r, res.values)
	}
	return nil
}

// hold converts values to the target's type before they are wanted; what conversion makes nothing of is absent.
func (ev *evaluation) hold(r *rule, values []entry.Value) error {
	values, err := r.fit(values)
	if err != nil {
		return err
	}
	if len(values) == 0 {
		return ev.absent(r)
	}
	ev.want(r, values)
	return nil
}

func (ev *evaluation) note(s string) { ev.out.Notes = append(ev.out.Notes, s) }

func (ev *evaluation) redact(target string) { mark(&ev.out.Redacted, target) }

func (ev *evaluation) want(r *rule, values []entry.Value) {
	ev.out.Want[r.target] = values
	switch {
	case r.addOnly:
		mark(&ev.out.AddOnly, r.target)
	case r.fillOnly:
		mark(&ev.out.FillOnly, r.target)
	case r.assertive:
		mark(&ev.out.Whole, r.target)
	}
}

func mark(set *map[string]bool, target string) {
	if *set == nil {
		*set = map[string]bool{}
	}
	(*set)[target] = true
}

// absent decides about a source without a value: the default at create, clearing at update if that was asked for, else the target stays.
func (ev *evaluation) absent(r *rule) error {
	switch {
	case r.standard != "" && (ev.in.Creating || r.none):
		values, err := r.fit([]entry.Value{r.standard})
		if err != nil {
			return err
		}
		if len(values) > 0 {
			ev.want(r, values)
		}
	case !ev.in.Creating && r.clearNull && !r.addOnly:
		ev.out.Want[r.target] = []entry.Value{}
	default:
		ev.note(r.notes.empty)
	}
	return nil
}

// isReference reports whether the values point to objects; one look is enough, refer checks the rest.
func isReference(vs []entry.Value) bool {
	if len(vs) == 0 {
		return false
	}
	_, ok := vs[0].(entry.Ref)
	return ok
}

// refer puts references apart. At create, none is nothing to say; at update it means that the target should hold none.
func (ev *evaluation) refer(r *rule, values []entry.Value) error {
	if len(values) == 0 && ev.in.Creating {
		ev.note(r.notes.empty)
		return nil
	}
	ref := Ref{Attr: r.target, Single: r.single, AddOnly: r.addOnly, IDs: make([]string, 0, len(values))}
	for _, v := range values {
		to, ok := v.(entry.Ref)
		if !ok {
			return r.fault(fmt.Errorf("the source mixes references and other values"))
		}
		ref.IDs = append(ref.IDs, to.ID)
	}
	if ref.Single && len(ref.IDs) > 1 {
		return r.fault(fault.New(fault.Invalid, "", "the source has %d references, the target holds one", len(ref.IDs)).
			WithCode(fault.CodeOneValueOnly))
	}
	ev.out.Refs = append(ev.out.Refs, ref)
	return nil
}

// value evaluates a rule. Direct mappings and constants take the short way.
func (ev *evaluation) value(r *rule) (result, error) {
	switch {
	case r.expression != nil:
		return ev.compute(r)
	case r.none:
		return result{kind: expr.Null}, nil
	case r.constant != nil:
		return result{values: []entry.Value{r.constant[0]}, kind: expr.Value}, nil
	}
	values := ev.attribute(r.source)
	if len(values) == 0 {
		return result{kind: expr.Null}, nil
	}
	return result{values: values[:len(values):len(values)], kind: expr.Value}, nil
}

func (ev *evaluation) compute(r *rule) (result, error) {
	if ev.env == nil {
		ev.env = &expr.Env{
			Attrs: ev.attribute, Now: ev.in.Now, Rand: ev.in.Rand, DefaultDomain: ev.in.DefaultDomain, Writing: ev.in.Creating,
		}
	}
	env := *ev.env
	if taken := ev.in.Taken; taken != nil && r.expression.Calls("SelectUniqueValue") {
		env.Taken = func(v string) (bool, error) { return taken(r.target, v) }
	}
	res, err := r.expression.Eval(env)
	if err != nil {
		return result{}, r.fault(unanswered(err))
	}
	return result{values: res.Values, kind: res.Kind, redacted: res.Redacted}, nil
}

// unanswered gives the failure of an expression its code; where the target was asked and failed, its own stays.
func unanswered(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if ok && (f.Kind != fault.Invalid || fault.AnswerOf(err) != nil) {
		return err
	}
	if !ok {
		f = &fault.Error{Kind: fault.Invalid, Err: err}
	}
	return f.WithCode(fault.CodeMissingValues)
}

// fault names the target attribute and the expression, unless that is redacted.
func (r *rule) fault(err error) error {
	from := "[" + r.source + "]"
	switch {
	case r.expression != nil && r.expression.Redacted():
		from = "[Redact]"
	case r.expression != nil:
		from = r.expression.String()
	}
	return about(r.target, fault.Wrap(fault.Invalid, "from "+from, err))
}

// attribute reads the source, the virtual attributes included. The list belongs to the source: it must not be changed.
func (ev *evaluation) attribute(name string) []entry.Value {
	src := &ev.in.Source
	switch name {
	case softDeleted:
		return []entry.Value{ev.in.IsSoftDeleted}
	case "objectId", "id":
		if src.ID != "" {
			return []entry.Value{src.ID}
		}
	case "accountEnabled":
		if len(src.Attrs[name]) == 0 && src.Type == entry.User {
			return []entry.Value{true}
		}
	case "userPrincipalName":
		return homePrincipal(src.Attrs[name])
	case "originalUserPrincipalName":
		return src.Attrs["userPrincipalName"]
	}
	return src.Attrs[name]
}

// homePrincipal turns a guest's user principal name into the one at home: bob_fabrikam.com#EXT#@contoso.com into bob@fabrikam.com.
func homePrincipal(vs []entry.Value) []entry.Value {
	if len(vs) != 1 {
		return vs
	}
	s, _ := vs[0].(string)
	local, _, guest := strings.Cut(s, "#EXT#@")
	at := strings.LastIndexByte(local, '_')
	if !guest || at < 0 {
		return vs
	}
	return []entry.Value{local[:at] + "@" + local[at+1:]}
}
