package graphapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
)

// maxPageSize is the preference that RFC 7240 headers carry page sizes in (OData 4.01 §8.2.8.5).
const maxPageSize = "odata.maxpagesize"

// preferredSize returns how many items the client wants on a page; 0 when it does not say.
func preferredSize(r *http.Request) int {
	for _, line := range r.Header.Values("Prefer") {
		for item := range strings.SplitSeq(strings.ReplaceAll(line, ";", ","), ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(item), "=")
			if name = strings.TrimSpace(name); !strings.EqualFold(name, maxPageSize) && !strings.EqualFold(name, "maxpagesize") {
				continue
			}
			if n, err := strconv.Atoi(strings.Trim(strings.TrimSpace(value), `"`)); err == nil && n > 0 {
				return min(n, maxTop)
			}
		}
	}
	return 0
}

// applied says that the preferred page size was heeded.
func applied(w http.ResponseWriter, r *http.Request) {
	if n := preferredSize(r); n > 0 {
		w.Header().Set("Preference-Applied", maxPageSize+"="+strconv.Itoa(n))
	}
}

// precondition refuses what is only wanted if the object is as the client knows it: nothing here has an ETag, so nobody can know, and to
// go on would overwrite what somebody else wrote meanwhile (RFC 9110 §13.1.1). "*" asks only for the object to be there.
func precondition(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	if m := strings.TrimSpace(r.Header.Get("If-Match")); m == "" || m == "*" {
		return nil
	}
	return refuse(http.StatusPreconditionFailed, "PreconditionFailed", fault.New(fault.Conflict, "", "nothing here carries the ETag of If-Match").
		WithHint("leave If-Match out, or send If-Match: *"))
}
