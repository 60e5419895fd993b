package cli

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

// places are links into a list: to its middle, and near its end.
type places struct{ byID, byName, members [3]string }

// steady measures one kind of request at the steady rate, the bare server in turn.
func (b *apiBench) steady(ctx context.Context, op apiOperation) (apiRow, error) {
	bare := apiOperation{"bare", func(int) apiAsk { return apiAsk{method: "GET", path: "/"} }}
	rate, err := b.bearable(ctx, op)
	if err != nil {
		return apiRow{}, err
	}
	var p50, p99, bare50, bare99 []float64
	before, asked := b.service.usage(), 0
	for round := range b.rounds {
		e, err := b.bare.paced(ctx, bare, 0, rate, b.span)
		if err != nil {
			return apiRow{}, err
		}
		m, err := b.api.paced(ctx, op, round*1_000_003, rate, b.span)
		if err != nil {
			return apiRow{}, err
		}
		bare50, bare99 = append(bare50, share(e, 0.5)), append(bare99, share(e, 0.99))
		p50, p99 = append(p50, share(m, 0.5)), append(p99, share(m, 0.99))
		asked += len(m)
	}
	r := apiRow{Operation: op.name, PerSecond: float64(rate), P50: median(p50), P99: median(p99), BareP50: median(bare50), BareP99: median(bare99)}
	r.Ratio, r.CPU = r.P50/r.BareP50, (b.service.usage().CPU-before.CPU)*1000/float64(asked)
	return r, nil
}

// bearable is the rate that is asked for, or what leaves half of one processor when a request takes long: a queue that only grows says
// nothing of a request.
func (b *apiBench) bearable(ctx context.Context, op apiOperation) (int, error) {
	least := 0.0
	for i := range 3 {
		seconds, err := timed(func() error { return b.api.send(ctx, op.make(i), drop) })
		if err != nil {
			return 0, err
		}
		if i == 0 || seconds < least {
			least = seconds
		}
	}
	return max(1, min(b.rate, int(0.5/least))), nil
}

// The lists whose depth is measured.
const (
	usersByID   = "/v1.0/users?$top=100"
	usersByName = "/v1.0/users?$top=100&$count=true&$orderby=displayName"
)

func (b *apiBench) membersPath() string {
	return "/v1.0/groups/" + b.filled.group + "/members?$top=100"
}

// walk follows every link of the lists once, as a client does that reads all of them, and keeps the links to places far inside.
func (b *apiBench) walk(ctx context.Context) (apiRow, places, error) {
	var p places
	row := apiRow{Operation: "users read a second, following @odata.nextLink"}
	before := b.service.usage()
	seconds, err := timed(func() (err error) {
		p.byID, err = b.follow(ctx, usersByID, b.users)
		return err
	})
	if err != nil {
		return row, p, err
	}
	row.PerSecond, row.CPU = float64(b.users)/seconds, (b.service.usage().CPU-before.CPU)*1000*999/float64(b.users)
	if p.byName, err = b.follow(ctx, usersByName, b.users); err != nil {
		return row, p, err
	}
	p.members, err = b.follow(ctx, b.membersPath(), b.members)
	return row, p, err
}

// follow reads a list of n objects to its end in large steps, and returns links to pages of its usual size at its start, in its middle
// and near its end.
func (b *apiBench) follow(ctx context.Context, path string, n int) (at [3]string, err error) {
	at[0], at[1], at[2] = path, path, path
	large := strings.NewReplacer("$top=100", "$top=999", "%24top=100", "%24top=999")
	usual := strings.NewReplacer("$top=999", "$top=100", "%24top=999", "%24top=100")
	next := large.Replace(path) + "&$select=id"
	for seen := 0; next != ""; {
		var page struct {
			Next  string     `json:"@odata.nextLink"`
			Value []struct{} `json:"value"`
		}
		if err := b.api.get(ctx, next, &page); err != nil {
			return at, err
		}
		seen, next = seen+len(page.Value), page.Next
		if next == "" && seen != n {
			return at, fmt.Errorf("following %s showed %d objects, want %d", path, seen, n)
		}
		if next == "" {
			break
		}
		link := whole(usual.Replace(next))
		if at[1] == path || seen <= n/2 {
			at[1] = link
		}
		if at[2] == path || seen <= n-100 {
			at[2] = link
		}
	}
	return at, nil
}

// whole takes $select out of a link, so that the page shows what a page usually shows.
func whole(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	q := u.Query()
	q.Del("$select")
	u.RawQuery = q.Encode()
	return u.String()
}

func (b *apiBench) reads(p places) []apiOperation {
	get := func(path string) func(int) apiAsk {
		return func(int) apiAsk { return apiAsk{method: "GET", path: path} }
	}
	some := func(all []string, path string) func(int) apiAsk {
		return func(i int) apiAsk {
			return apiAsk{method: "GET", path: fmt.Sprintf(path, url.QueryEscape(strings.ReplaceAll(all[i*7919%len(all)], "'", "''")))}
		}
	}
	f := b.filled
	return []apiOperation{
		{pageStart, get(p.byID[0])}, {pageMiddle, get(p.byID[1])}, {pageEnd, get(p.byID[2])},
		{"page of 100 ordered by displayName, start", get(usersByName)},
		{"… in the middle", get(p.byName[1])}, {"… at the end", get(p.byName[2])},
		{"members of a large group, page of 100, start", get(p.members[0])}, {"… at the end of the members", get(p.members[2])},
		{"one user by userPrincipalName", some(f.names, "/v1.0/users/%s")},
		{"$filter=userPrincipalName eq", some(f.names, "/v1.0/users?$filter=userPrincipalName+eq+'%s'")},
		{"$filter=displayName eq, first 100", some(f.shown, "/v1.0/users?$filter=displayName+eq+'%s'")},
		{"$filter=startswith(displayName), first 100", some(prefixes(f.shown), "/v1.0/users?$filter=startswith(displayName,'%s')")},
		{"$search of two words, first 100", some(f.shown, "/v1.0/users?$count=true&$search=%%22displayName:%s%%22")},
		{"/users/$count", get("/v1.0/users/$count")},
	}
}

// prefixes cuts names to what somebody types into a search box.
func prefixes(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = string([]rune(n)[:min(4, len([]rune(n)))])
	}
	return out
}
