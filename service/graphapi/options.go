package graphapi

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/graphapi/odata"
)

// options are the query options of a request, read once (graph-api P1, P16).
type options struct {
	selected  []string // nil: the default set
	expand    []odata.Expansion
	filter    *odata.Filter
	search    *odata.Search
	order     []odata.Order
	top       int
	skip      string // opaque
	delta     string // opaque
	count     bool   // @odata.count is wanted
	eventual  bool   // ConsistencyLevel: eventual
	preferred bool   // top is the page size of the Prefer header

	given url.Values // as they came, names in their canonical form, for links
}

// systemOptions are the options of OData that are understood, by lower-case name without '$'.
var systemOptions = map[string]string{
	"select": "$select", "expand": "$expand", "filter": "$filter", "search": "$search", "orderby": "$orderby", "top": "$top",
	"skiptoken": "$skiptoken", "deltatoken": "$deltatoken", "count": "$count", "format": "$format",
}

const (
	defaultTop = 100
	maxTop     = 999
)

// readOptions reads what stands behind the '?'. fault.Invalid names the option that is wrong; an unknown option of OData is refused, other
// parameters are left alone.
func readOptions(r *http.Request) (*options, error) {
	given, err := url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, ";", "%3B")) // OData parts options inside $expand by it, and the RFC allows it as it is
	if err != nil {
		return nil, fault.New(fault.Invalid, "read the query", "it is not properly percent-encoded")
	}
	o := &options{top: defaultTop, given: url.Values{}, eventual: strings.EqualFold(r.Header.Get("ConsistencyLevel"), "eventual")}
	for name, values := range given {
		short, system := strings.CutPrefix(strings.ToLower(strings.TrimSpace(name)), "$")
		canonical, known := systemOptions[short]
		switch {
		case system && !known:
			return nil, fault.New(fault.Invalid, "read the query", "the option %q is not known here", clip(name)).WithHint("there are $select, $expand, $filter, $search, $orderby, $top, $skiptoken and $count")
		case !known || !system && short != "select" && short != "filter" && short != "top" && short != "expand" && short != "orderby":
			continue
		case len(values) > 1 || o.given.Has(canonical):
			return nil, fault.New(fault.Invalid, "read the query", "%s is given twice", canonical)
		}
		o.given.Set(canonical, values[0])
	}
	if err := o.read(); err != nil {
		return nil, err
	}
	if n := preferredSize(r); n > 0 && !o.given.Has("$top") {
		o.top, o.preferred = n, true
	}
	return o, nil
}

func (o *options) read() (err error) {
	get := func(name string) string { return strings.TrimSpace(o.given.Get(name)) }
	if s := get("$select"); s != "" {
		if o.selected, err = odata.ParseSelect(s); err != nil {
			return err
		}
	}
	if s := get("$expand"); s != "" {
		if o.expand, err = odata.ParseExpand(s); err != nil {
			return err
		}
	}
	if s := get("$filter"); s != "" {
		if o.filter, err = odata.ParseFilter(s); err != nil {
			return err
		}
	}
	if s := get("$search"); s != "" {
		if o.search, err = odata.ParseSearch(s); err != nil {
			return err
		}
	}
	if s := get("$orderby"); s != "" {
		if o.order, err = odata.ParseOrder(s); err != nil {
			return err
		}
	}
	if o.top, err = number(get("$top"), defaultTop, maxTop); err != nil {
		return err
	}
	o.skip, o.delta = get("$skiptoken"), get("$deltatoken")
	switch s := strings.ToLower(get("$count")); s {
	case "true":
		o.count = true
	case "false", "":
	default:
		return fault.New(fault.Invalid, "read the query", "$count is %q, not true or false", clip(s))
	}
	return nil
}

// advanced refuses what Graph's directory answers only to those who say that they know what they ask (graph-api §5.2).
func (o *options) advanced() error {
	if o.eventual {
		if o.count || o.search == nil && (o.filter == nil || !o.filter.Advanced()) {
			return nil
		}
	} else {
		o.count = false // without the header it is ignored
	}
	if o.search == nil && (o.filter == nil || !o.filter.Advanced()) {
		return nil
	}
	return refuse(http.StatusBadRequest, "Request_UnsupportedQuery", fault.New(fault.Invalid, "read the query",
		"ne, not, endswith, $count in $filter, and $search are advanced").
		WithHint("send the header ConsistencyLevel: eventual and the option $count=true with the request"))
}

// expands reports whether the navigation is to be expanded.
func (o *options) expands(name string) bool {
	for _, e := range o.expand {
		if strings.EqualFold(e.Name, name) || e.Name == "*" {
			return true
		}
	}
	return false
}

// only refuses expansions of anything else than the names.
func (o *options) only(names ...string) error {
	for _, e := range o.expand {
		ok := e.Name == "*"
		for _, n := range names {
			ok = ok || strings.EqualFold(e.Name, n)
		}
		if !ok {
			return fault.New(fault.Invalid, "read $expand", "there is no navigation %q here", clip(e.Name)).WithHint("expand %s", strings.Join(names, ", "))
		}
	}
	return nil
}

// next returns the link to the page that begins after the cursor, with the options of this one.
func (o *options) next(r *http.Request, cursor any) string {
	q := url.Values{}
	for name, vs := range o.given {
		q[name] = vs
	}
	q.Set("$skiptoken", sealCursor(cursor))
	return here(r) + "?" + q.Encode()
}

// sealCursor writes a cursor as an opaque token.
func sealCursor(cursor any) string {
	b, err := json.Marshal(cursor)
	if err != nil {
		return "" // cursors are made of strings and numbers
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// openCursor reads a $skiptoken; an empty one leaves the cursor as it is.
func openCursor(token string, cursor any) error {
	if token == "" {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(b, cursor)
	}
	if err != nil {
		return fault.New(fault.Invalid, "read the query", "$skiptoken is not one of this service").WithHint("follow @odata.nextLink as it is")
	}
	return nil
}

func number(text string, def, most int) (int, error) {
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fault.New(fault.Invalid, "read the request", "%q is not a number from 1 to %d", clip(text), most)
	}
	return min(n, most), nil
}
