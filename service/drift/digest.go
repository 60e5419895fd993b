package drift

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// digest is a text that is the same for equal values, whatever their order.
func digest(values []entry.Value) string {
	texts := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case entry.Ref:
			texts[i] = "ref " + v.ID
		case time.Time:
			texts[i] = "time " + v.UTC().Format(time.RFC3339Nano)
		case []byte:
			texts[i] = "bytes " + base64.StdEncoding.EncodeToString(v)
		default:
			texts[i] = fmt.Sprintf("%T %v", v, v) // maps are printed in the order of their keys
		}
	}
	slices.Sort(texts)
	return fmt.Sprint(len(texts)) + "\x00" + strings.Join(texts, "\x00")
}
