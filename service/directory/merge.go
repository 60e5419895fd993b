package directory

import "github.com/sallyport-id/sallyport/entry"

// Merge returns what have becomes when somebody says patch of it, in the manner of a Graph PATCH: an attribute that patch names
// holds exactly patch's values afterwards, one that patch names without values is cleared, all others stay. have and patch
// themselves are not changed. The result is not checked; see Validate.
func Merge(have entry.Entry, patch entry.Attrs) entry.Entry {
	out := have.Clone()
	if out.Attrs == nil {
		out.Attrs = entry.Attrs{}
	}
	for attr, vs := range patch {
		out.Attrs.Set(attr, entry.CloneValues(vs)...)
	}
	return out
}
