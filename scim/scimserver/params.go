package scimserver

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// params are the query parameters of SCIM, from a URL or from a .search body. Unknown ones are ignored.
type params struct {
	filter, attributes, excluded   string
	sortBy, sortOrder              string
	startIndex, count, cursor      string
	hasFilter, hasCursor, hasCount bool
}

// parseParams reads a raw query without making a map of it.
func parseParams(raw string) (params, error) {
	var p params
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		key, value, _ := strings.Cut(pair, "=")
		if err := p.set(key, value); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (p *params) set(key, value string) error {
	to := p.field(key)
	if to == nil {
		return nil
	}
	text, err := unescape(value)
	if err != nil {
		return refuse(http.StatusBadRequest, scimTypeOfParam(key), "the parameter %s is not properly percent-encoded", key)
	}
	*to = text
	return nil
}

// field returns where a parameter goes and marks it as given; nil for an unknown one.
func (p *params) field(key string) *string {
	switch {
	case strings.EqualFold(key, "filter"):
		p.hasFilter = true
		return &p.filter
	case strings.EqualFold(key, "attributes"):
		return &p.attributes
	case strings.EqualFold(key, "excludedAttributes"):
		return &p.excluded
	case strings.EqualFold(key, "sortBy"):
		return &p.sortBy
	case strings.EqualFold(key, "sortOrder"):
		return &p.sortOrder
	case strings.EqualFold(key, "startIndex"):
		return &p.startIndex
	case strings.EqualFold(key, "count"):
		p.hasCount = true
		return &p.count
	case strings.EqualFold(key, "cursor"):
		p.hasCursor = true
		return &p.cursor
	}
	return nil
}

func scimTypeOfParam(key string) string {
	if strings.EqualFold(key, "filter") {
		return "invalidFilter"
	}
	return "invalidValue"
}

func unescape(s string) (string, error) {
	if !strings.ContainsAny(s, "%+") {
		return s, nil
	}
	return url.QueryUnescape(s)
}

// start returns the 1-based first index; below 1 counts as 1.
func (p *params) start() (int, error) {
	n, err := number("startIndex", p.startIndex, 1, "invalidValue")
	return max(n, 1), err
}

// size returns the page size: page when none is asked, at most limit, 0 for a negative one.
func (p *params) size(page, limit int) (int, error) {
	scimType := "invalidValue"
	if p.hasCursor {
		scimType = "invalidCount"
	}
	if p.hasCount && p.count == "" {
		return 0, refuse(http.StatusBadRequest, scimType, "count must be a whole number")
	}
	n, err := number("count", p.count, page, scimType)
	return min(max(n, 0), limit), err
}

func (p *params) descending() (bool, error) {
	switch {
	case p.sortOrder == "" || strings.EqualFold(p.sortOrder, "ascending"):
		return false, nil
	case strings.EqualFold(p.sortOrder, "descending"):
		return true, nil
	}
	return false, refuse(http.StatusBadRequest, "invalidValue", "sortOrder must be ascending or descending, not %q", p.sortOrder)
}

// number reads a decimal; one too large for an int is the largest int there is.
func number(name, text string, absent int, scimType string) (int, error) {
	if text == "" {
		return absent, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil && !isRange(err) {
		return 0, refuse(http.StatusBadRequest, scimType, "%s must be a whole number, not %q", name, text)
	}
	return int(n), nil
}

func isRange(err error) bool {
	return errors.Is(err, strconv.ErrRange)
}
