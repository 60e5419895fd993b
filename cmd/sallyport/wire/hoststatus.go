package wire

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/secrets"
)

// How long a host may take to say how it is, and how much it may say.
const (
	hostTime = 20 * time.Second
	hostMost = 256 << 10
)

// hostStatus asks the host behind an application, through the agents of its group or directly.
func (t *targets) hostStatus(ctx context.Context, a app.App) (json.RawMessage, error) {
	const op = "ask the host"
	ctx, cancel := context.WithTimeout(ctx, hostTime)
	defer cancel()
	bearer, err := t.secrets.Get(ctx, string(a.ID), secrets.Bearer)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	base, transport, err := t.route(ctx, a)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base.String(), "/")+"/status", nil)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, op, err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(bearer)))
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, fault.WrapHint(fault.Unavailable, op, err, "is its agent connected? 'sallyport agents list'")
	}
	defer resp.Body.Close()
	return hostAnswer(op, resp)
}

var errStrange = errors.New("no connector is named")

// hostAnswer reads what only a connector host answers: a JSON object that names its connector.
func hostAnswer(op string, resp *http.Response) (json.RawMessage, error) {
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		return nil, fault.New(fault.Unavailable, op, "the host refuses the application's secret (%s)", resp.Status).WithHint("apply the application again with its secretFile")
	}
	if resp.StatusCode == http.StatusBadGateway || resp.StatusCode == http.StatusServiceUnavailable || resp.StatusCode == http.StatusGatewayTimeout {
		return nil, fault.New(fault.Unavailable, op, "it answered %s", resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, hostMost+1))
	var says struct {
		Connector *string `json:"connector"`
	}
	if err == nil && (len(text) > hostMost || json.Unmarshal(text, &says) != nil || says.Connector == nil) {
		err = errStrange
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, fault.New(fault.Unsupported, op, "the target answered %s, as no connector host of Sallyport does", resp.Status).
			WithHint("only connector hosts say how they are; 'sallyport job status' says what the service knows")
	}
	return text, nil
}
