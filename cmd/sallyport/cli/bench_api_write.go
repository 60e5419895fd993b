package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

const (
	deltaChanges = 100 // how often one user is changed
	batchSize    = 20  // most that a $batch holds
	bulkSize     = 50  // most that a bulkUpload holds
	bulkApps     = 4   // applications that bulkUpload goes to: each takes 40 requests a second
	created      = 12_000
)

// delta changes one user at a time and asks each time what changed.
func (b *apiBench) delta(ctx context.Context) (apiRow, error) {
	row := apiRow{Operation: deltaOne}
	var page struct {
		Link  string `json:"@odata.deltaLink"`
		Value []struct {
			ID string `json:"id"`
		} `json:"value"`
	}
	if err := b.api.get(ctx, "/v1.0/users/delta?$deltatoken=latest", &page); err != nil {
		return row, err
	}
	var took, bare []float64
	before := b.service.usage()
	for i := range deltaChanges {
		name := b.filled.names[i*7919%len(b.filled.names)]
		if err := b.api.send(ctx, apiAsk{method: "PATCH", path: "/v1.0/users/" + name, body: fmt.Appendf(nil, `{"jobTitle":"Title %d"}`, i)}, drop); err != nil {
			return row, err
		}
		link := page.Link
		page.Link, page.Value = "", nil
		began := time.Now()
		if err := b.api.get(ctx, link, &page); err != nil {
			return row, err
		}
		took = append(took, millis(time.Since(began)))
		if len(page.Value) != 1 || page.Link == "" {
			return row, fmt.Errorf("delta showed %d users after one was changed", len(page.Value))
		}
		began = time.Now()
		if err := b.bare.send(ctx, apiAsk{method: "GET", path: "/small"}, drop); err != nil {
			return row, err
		}
		bare = append(bare, millis(time.Since(began)))
	}
	slices.Sort(took)
	slices.Sort(bare)
	row.P50, row.P99, row.BareP50, row.BareP99 = share(took, 0.5), share(took, 0.99), share(bare, 0.5), share(bare, 0.99)
	row.Ratio, row.CPU = row.P50/row.BareP50, (b.service.usage().CPU-before.CPU)*1000/deltaChanges
	row.PerSecond = 1000 / row.P50
	return row, nil
}

// batch creates users, twenty in a $batch.
func (b *apiBench) batch(ctx context.Context) (apiRow, error) {
	return b.creating(ctx, batchCreate, batchSize, func(i int) apiAsk {
		type request struct {
			ID      string            `json:"id"`
			Method  string            `json:"method"`
			URL     string            `json:"url"`
			Headers map[string]string `json:"headers"`
			Body    map[string]any    `json:"body"`
		}
		var body struct {
			Requests []request `json:"requests"`
		}
		for k := range batchSize {
			name := fmt.Sprintf("batch.%d.%d", i, k)
			body.Requests = append(body.Requests, request{fmt.Sprint(k), "POST", "/users", map[string]string{"Content-Type": "application/json"}, map[string]any{
				"userPrincipalName": name + "@contoso.example", "displayName": "Batch " + name, "mailNickname": name, "accountEnabled": true,
				"givenName": "Batch", "surname": name, "jobTitle": "Clerk", "department": "Sales", "passwordProfile": map[string]any{"password": "not-kept-anywhere-1"},
			}})
		}
		return apiAsk{method: "POST", path: "/v1.0/$batch", body: plain(body)}
	})
}

// bulk creates users, fifty in a bulkUpload, of several applications.
func (b *apiBench) bulk(ctx context.Context) (apiRow, error) {
	var jobs []string
	for i := range bulkApps {
		job, err := b.instantiate(ctx, fmt.Sprintf("Source %d", i))
		if err != nil {
			return apiRow{}, err
		}
		jobs = append(jobs, job)
	}
	return b.creating(ctx, bulkCreate, bulkSize, func(i int) apiAsk {
		var ops []any
		for k := range bulkSize {
			name := fmt.Sprintf("bulk.%d.%d", i, k)
			ops = append(ops, map[string]any{"method": "POST", "bulkId": fmt.Sprint(k), "path": "/Users", "data": map[string]any{
				"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "externalId": name, "userName": name + "@contoso.example", "displayName": "Bulk " + name,
				"active": true, "title": "Clerk", "name": map[string]any{"givenName": "Bulk", "familyName": name},
				"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": map[string]any{"department": "Sales", "employeeNumber": name},
			}})
		}
		body := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"}, "Operations": ops}
		return apiAsk{method: "POST", path: jobs[i%len(jobs)] + "/bulkUpload", body: plain(body), kind: "application/scim+json"}
	})
}

func plain(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		return nil // made of texts and maps
	}
	return text
}

// instantiate makes an application with a job, and returns the job's path.
func (b *apiBench) instantiate(ctx context.Context, name string) (string, error) {
	var made struct {
		Principal struct {
			ID string `json:"id"`
		} `json:"servicePrincipal"`
	}
	var job struct {
		ID string `json:"id"`
	}
	into := func(out any) func(io.Reader) error {
		return func(r io.Reader) error { return json.NewDecoder(r).Decode(out) }
	}
	const generic = "/v1.0/applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621/instantiate"
	if err := b.api.send(ctx, apiAsk{method: "POST", path: generic, body: plain(map[string]any{"displayName": name})}, into(&made)); err != nil {
		return "", err
	}
	jobs := "/v1.0/servicePrincipals/" + made.Principal.ID + "/synchronization/jobs"
	err := b.api.send(ctx, apiAsk{method: "POST", path: jobs, body: plain(map[string]any{"templateId": "scim"})}, into(&job))
	return jobs + "/" + job.ID, err
}

// creating creates users as fast as they are taken, several in each request, the bare server reading the same requests in turn.
func (b *apiBench) creating(ctx context.Context, name string, size int, body func(i int) apiAsk) (apiRow, error) {
	n := max(apiConns, min(created, b.users)/size/b.rounds)
	var rates, bare, ratios []float64
	had, err := b.count(ctx)
	if err != nil {
		return apiRow{}, err
	}
	before := b.service.usage()
	for round := range b.rounds {
		e, err := b.bare.crowd(ctx, apiOperation{"bare", func(i int) apiAsk {
			a := body(i)
			a.path = "/"
			return a
		}}, 0, n)
		if err != nil {
			return apiRow{}, err
		}
		m, err := b.api.crowd(ctx, apiOperation{name, body}, round*n, n)
		if err != nil {
			return apiRow{}, err
		}
		rates, bare, ratios = append(rates, m*float64(size)), append(bare, e*float64(size)), append(ratios, m/e)
	}
	r := apiRow{Operation: name, PerSecond: median(rates), BareRate: median(bare), Ratio: median(ratios)}
	r.CPU = (b.service.usage().CPU - before.CPU) * 1000 / float64(n*b.rounds)
	has, err := b.count(ctx)
	if err == nil && has-had != n*b.rounds*size {
		err = fmt.Errorf("%s: %d users more, want %d", name, has-had, n*b.rounds*size)
	}
	return r, err
}

// count asks how many users there are.
func (b *apiBench) count(ctx context.Context) (n int, err error) {
	err = b.api.get(ctx, "/v1.0/users/$count", &n)
	return n, err
}
