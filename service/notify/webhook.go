package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Headers of a webhook's request.
const (
	SignatureHeader = "Sallyport-Signature" // t=SECONDS,v1=HEX: HMAC-SHA256 of "SECONDS.BODY" under the key
	EventHeader     = "Sallyport-Event"     // the event's kind
	DeliveryHeader  = "Sallyport-Delivery"  // the message's id: the same when it is delivered again
)

// payload is a webhook's body. text makes chat systems that show it understand the message as it is.
type payload struct {
	Event
	Text string `json:"text"`
}

// hook posts a message to a webhook. read gets the file that holds its address, which is a secret and stands in no error.
func (c Config) hook(ctx context.Context, h Hook, read func(string) (string, error), m Message) error {
	const op = "call a webhook"
	address, err := read(h.URLFile)
	if err != nil {
		return err
	}
	if err := usable(address); err != nil {
		return fault.New(fault.Invalid, op, "%w", err).About(h.URLFile).WithHint("the file holds one line: https://…")
	}
	body, err := json.Marshal(payload{m.Event, m.Event.Title + "\n\n" + m.Event.Text()})
	if err != nil {
		return fault.Wrap(fault.Internal, op, err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return fault.New(fault.Invalid, op, "the address is not a URL").About(h.URLFile)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Sallyport")
	req.Header.Set(EventHeader, string(m.Event.Kind))
	req.Header.Set(DeliveryHeader, m.ID)
	if err := c.sign(req, h, body); err != nil {
		return err
	}
	return post(req, h.URLFile)
}

func (c Config) sign(req *http.Request, h Hook, body []byte) error {
	file := h.KeyFile
	if file == "" {
		file = c.KeyFile
	}
	if file == "" {
		return nil
	}
	key, err := c.secret(file)
	if err != nil {
		return err
	}
	req.Header.Set(SignatureHeader, Signature(key, time.Now(), body))
	return nil
}

// Signature is the value of SignatureHeader for a body sent at the time.
func Signature(key string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// usable refuses what is no address to post to.
func usable(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return errors.New("the file does not hold a web address")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return errors.New("the address is not https")
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return errors.New("the message would travel unencrypted; http is accepted for this machine only")
	}
	return nil
}

// caller does not follow redirects: the address in the file is the one that was meant.
var caller = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// post sends the request and judges the answer. name stands for the address in errors.
func post(req *http.Request, name string) error {
	const op = "call a webhook"
	resp, err := caller.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // without the address
		}
		return fault.New(fault.Unavailable, op, "%s", strings.ReplaceAll(err.Error(), req.URL.Host, "the server")).About(name).
			WithHint("is the address right, and may the service reach it?")
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode < 300 {
		return nil
	}
	f := fault.New(fault.OfStatus(max(resp.StatusCode, 400)), op, "it answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode)).About(name)
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		f.RetryAfter = min(time.Duration(s)*time.Second, time.Hour)
	}
	return f.WithHint("the receiver does not take it; 'sallyport notify test' tries again")
}
