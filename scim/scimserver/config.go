package scimserver

import (
	"context"
	"time"

	"github.com/sallyport-id/sallyport/scim"
)

// Surface says which of the two SCIM surfaces a handler is.
type Surface uint8

// The surfaces. They differ only in what a request over all types and a request about oneself mean.
const (
	HostEndpoint    Surface = iota // one connector: root search and /Me answer 501
	InboundEndpoint                // fills the directory: root search works, /Me redirects a person to its own resource
)

// Config is everything a handler needs beside its Store. The zero value of each field but Types and Authenticate is usable.
type Config struct {
	Types   []*scim.ResourceType // what is served, in the order of /ResourceTypes
	Mode    scim.Mode            // how bodies and PATCH requests are read
	Surface Surface

	// Base is the path prefix the handler answers under ("/ecma2host_HR/scim"), without a trailing slash. A segment in braces
	// ("/scim/v2/{tenant}") matches any one segment and is available to Authenticate as r.PathValue("tenant").
	Base string
	// URL is the public base URL for meta.location; "" derives it from the request's Host, TLS state and path.
	URL string

	// Authenticate judges the bearer token of every request before anything else; nil refuses everything.
	Authenticate Authenticate
	Limits       Limits
	Docs         Docs
	Async        Async

	// CursorKey authenticates page cursors; hosts of one group share it. Empty: a random key, so that cursors end with the process.
	CursorKey []byte
	// Now is the clock for cursor ages, idempotency and rate; nil is time.Now.
	Now func() time.Time
	// Log, when set, is called once after every request. It must not block.
	Log func(ctx context.Context, r RequestLog)
}

// Limits bound what one request or one caller may ask. Zero fields take the defaults of DefaultLimits.
type Limits struct {
	Body           int64         // bytes of a request body; also bulk.maxPayloadSize
	Depth          int           // nesting of a JSON body
	Filter         int           // bytes of a filter
	PageSize       int           // page when no count is given
	MaxPageSize    int           // cap of count; also filter.maxResults
	BulkOperations int           // operations of one Bulk request
	CursorAge      time.Duration // how long a cursor lives
	Rate           float64       // requests a second for each tenant; below 0: no limit
	Burst          int           // requests at once on top of the rate
	IdempotencyAge time.Duration // how long an Idempotency-Key is remembered
	IdempotencyMax int           // how many keys are remembered
	BodyTime       time.Duration // to receive a whole body
	AnswerTime     time.Duration // to take a whole answer
}

// DefaultLimits returns the limits of scim.md: 1 MiB bodies, pages of 100 up to 1,000, filters of 8 KiB.
func DefaultLimits() Limits {
	return Limits{
		Body: 1 << 20, Depth: 32, Filter: 8 << 10, PageSize: 100, MaxPageSize: 1000, BulkOperations: 1000,
		CursorAge: 10 * time.Minute, Rate: 100_000, Burst: 100_000,
		IdempotencyAge: 10 * time.Minute, IdempotencyMax: 10_000,
		BodyTime: 30 * time.Second, AnswerTime: 30 * time.Second,
	}
}

// Docs are the words for people in /ServiceProviderConfig.
type Docs struct {
	URI             string // documentationUri; "" leaves it out
	AuthName        string // of the authentication scheme
	AuthDescription string
	AuthURI         string // "" leaves it out
	ChangePassword  bool   // whether a password may be set
}

// RequestLog is what is known of an answered request. It holds no query, no token and no body.
type RequestLog struct {
	ID       string // request id, also in the X-Request-Id header of the answer
	Method   string
	Path     string // below the base, without the query
	Status   int    // 499 when the caller went away before the answer
	Bytes    int    // of the answer's body
	Duration time.Duration
	Caller   string // Caller.ID
	Tenant   string
	Err      error // why it was refused or failed; nil for a success
}

func (c Config) withDefaults() Config {
	c.Limits = c.Limits.withDefaults()
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Docs.AuthName == "" {
		c.Docs.AuthName = "OAuth Bearer Token"
	}
	if c.Docs.AuthDescription == "" {
		c.Docs.AuthDescription = "A bearer token in the Authorization header."
	}
	return c
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	orElse(&l.Body, d.Body)
	orElse(&l.Depth, d.Depth)
	orElse(&l.Filter, d.Filter)
	orElse(&l.PageSize, d.PageSize)
	orElse(&l.MaxPageSize, d.MaxPageSize)
	orElse(&l.BulkOperations, d.BulkOperations)
	orElse(&l.CursorAge, d.CursorAge)
	orElse(&l.Rate, d.Rate)
	orElse(&l.Burst, d.Burst)
	orElse(&l.IdempotencyAge, d.IdempotencyAge)
	orElse(&l.IdempotencyMax, d.IdempotencyMax)
	orElse(&l.BodyTime, d.BodyTime)
	orElse(&l.AnswerTime, d.AnswerTime)
	return l
}

func orElse[T comparable](v *T, other T) {
	var zero T
	if *v == zero {
		*v = other
	}
}
