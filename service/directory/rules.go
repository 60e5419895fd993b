package directory

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/cases"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// Limits of what one object may hold.
const (
	MaxValue  = 2 << 20 // bytes of one string or binary value
	MaxName   = 256     // characters of an attribute's name, a userPrincipalName, or a group's displayName
	MaxValues = 10_000  // values of one attribute, references not counted
)

// NewID returns a fresh object id: a GUID, later ones sorting after earlier ones so that imports append to the index.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Fold returns the form under which a name is unique: without regard to case in any script.
func Fold(name string) string {
	for i := range len(name) {
		if name[i] >= utf8.RuneSelf {
			return cases.Fold().String(name)
		}
	}
	return strings.ToLower(name)
}

// Key returns the text under which the entry must be unique among live objects of its type: the folded userPrincipalName of a
// user, the folded displayName of a group. "" when it has none or is soft-deleted.
func Key(e entry.Entry) string {
	switch {
	case len(e.Attrs[DeletedDateTime]) > 0:
		return ""
	case e.Type == entry.User:
		return Fold(e.Attrs.Text(UserPrincipalName))
	}
	return Fold(e.Attrs.Text(DisplayName))
}

// LookupKey is Key for a question: fault.Unsupported when objects of the type are not unique by the attribute.
func LookupKey(t entry.Type, attr, value string) (string, error) {
	switch {
	case t == entry.User && attr == UserPrincipalName, t == entry.Group && attr == DisplayName:
		return Fold(value), nil
	}
	return "", fault.New(fault.Unsupported, "look up", "a %s is not unique by %s", t, attr).
		WithHint("ask for a User by %s or a Group by %s", UserPrincipalName, DisplayName)
}

// Validate returns fault.Invalid, with the attribute and what to do, when the entry may not be in the directory: an unknown
// type, no name, a value of the wrong type or too large, text that is not UTF-8. It does not look at other objects.
func Validate(e entry.Entry) error {
	if err := validateName(e); err != nil {
		return err
	}
	for attr, vs := range e.Attrs {
		if err := validateAttr(e, attr, vs); err != nil {
			return err
		}
	}
	return nil
}

func validateName(e entry.Entry) error {
	attr := DisplayName
	switch e.Type {
	case entry.User:
		attr = UserPrincipalName
	case entry.Group:
	default:
		return invalid(e, "type", "type %q is not known", e.Type).WithHint("use %s or %s", entry.User, entry.Group)
	}
	name := e.Attrs.Text(attr)
	switch {
	case len(e.Attrs[attr]) != 1 || name == "":
		return invalid(e, attr, "a %s needs exactly one %s", e.Type, attr).WithHint("give it a %s", attr)
	case utf8.RuneCountInString(name) > MaxName:
		return invalid(e, attr, "it is longer than %d characters", MaxName).WithHint("shorten the %s", attr)
	case strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl):
		return invalid(e, attr, "it begins or ends with a space, or holds a control character").WithHint("clean the %s up", attr)
	}
	return nil
}

func validateAttr(e entry.Entry, attr string, vs []entry.Value) error {
	if attr == "" || !utf8.ValidString(attr) || utf8.RuneCountInString(attr) > MaxName {
		return invalid(e, attr, "the attribute's name is empty, too long or not UTF-8").WithHint("use a name of at most %d characters", MaxName)
	}
	want, single := knownShape(attr)
	if single && len(vs) > 1 {
		return invalid(e, attr, "it holds %d values, but takes one", len(vs)).WithHint("keep one value")
	}
	refs := 0
	for _, v := range vs {
		if want != nil && !want(v) {
			return invalid(e, attr, "a value of type %T does not belong there", v).WithHint("see the attribute's type in the Graph reference")
		}
		if _, ok := v.(entry.Ref); ok {
			refs++
		}
		if err := validateValue(e, attr, v); err != nil {
			return err
		}
	}
	if len(vs)-refs > MaxValues {
		return invalid(e, attr, "it holds %d values, more than %d", len(vs), MaxValues).WithHint("split the values over several attributes")
	}
	return nil
}

func validateValue(e entry.Entry, attr string, v entry.Value) error {
	switch v := v.(type) {
	case string:
		return validateText(e, attr, v)
	case []byte:
		if len(v) > MaxValue {
			return tooLarge(e, attr, len(v))
		}
	case entry.Ref:
		if v.ID == "" {
			return invalid(e, attr, "a reference has no id").WithHint("refer to an object by its id")
		}
	case entry.Complex:
		for sub, w := range v {
			if err := validateValue(e, attr+"."+sub, w); err != nil {
				return err
			}
		}
	case bool, int64, float64, time.Time:
	default:
		return invalid(e, attr, "a value of type %T cannot be kept", v).WithHint("use text, a boolean, a number, a time or binary data")
	}
	return nil
}

func validateText(e entry.Entry, attr, s string) error {
	if len(s) > MaxValue {
		return tooLarge(e, attr, len(s))
	}
	if !utf8.ValidString(s) {
		return invalid(e, attr, "the text is not valid UTF-8").WithHint("save the source as UTF-8 and send it again")
	}
	return nil
}

func tooLarge(e entry.Entry, attr string, n int) error {
	return invalid(e, attr, "a value of %d bytes is larger than %d", n, MaxValue).WithHint("keep large data elsewhere and store a link to it")
}

func invalid(e entry.Entry, attr, format string, args ...any) *fault.Error {
	object := attr
	if name := nameOf(e); name != "" {
		object = attr + " of " + name
	}
	return fault.New(fault.Invalid, "check", format, args...).About(object)
}

// nameOf returns what people call the entry, cut so that a hostile name cannot flood a message.
func nameOf(e entry.Entry) string {
	name := e.Attrs.Text(UserPrincipalName)
	if name == "" {
		name = e.Attrs.Text(DisplayName)
	}
	if name == "" {
		name = e.ID
	}
	if len(name) > 100 {
		name = strings.ToValidUTF8(name[:100], "") + "…"
	}
	return name
}
