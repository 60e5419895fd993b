package scimserver

import (
	"encoding/json"
	"net/http"
	"strings"
)

// searchRequest is the body of .search (RFC 7644 §3.4.3); keys are matched without regard to case.
type searchRequest struct {
	Attributes         []string
	ExcludedAttributes []string
	Filter             *string
	SortBy             string
	SortOrder          string
	StartIndex         json.RawMessage
	Count              json.RawMessage
	Cursor             *string
}

// search answers POST /Users/.search and POST /.search: the query parameters come in the body; those of the URL count for nothing.
func (c *call) search() (answer, error) {
	var s searchRequest
	if err := json.Unmarshal(c.body, &s); err != nil {
		return answer{}, refuse(http.StatusBadRequest, "invalidSyntax", "the body is not a SearchRequest: %v", err)
	}
	c.params = params{
		attributes: strings.Join(s.Attributes, ","), excluded: strings.Join(s.ExcludedAttributes, ","),
		sortBy: s.SortBy, sortOrder: s.SortOrder, startIndex: text(s.StartIndex), count: text(s.Count), hasCount: text(s.Count) != "",
	}
	if s.Filter != nil {
		c.params.filter, c.params.hasFilter = *s.Filter, true
	}
	if s.Cursor != nil {
		c.params.cursor, c.params.hasCursor = *s.Cursor, true
	}
	if len(c.params.filter) > c.h.config.Limits.Filter {
		return answer{}, refuse(http.StatusBadRequest, "invalidFilter", "the filter is longer than %d bytes", c.h.config.Limits.Filter)
	}
	if c.route.place == rootSearch {
		return c.listAll()
	}
	return c.list(c.route.k)
}

// text returns a JSON number, or a number in quotes, as it stands; "" for null and absent.
func text(raw json.RawMessage) string {
	if s := strings.Trim(string(raw), `"`); s != "null" {
		return s
	}
	return ""
}
