package splynx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/hashicorp/go-retryablehttp"
	"go.uber.org/zap"
)

// request is what varies between two calls of the same operation.
type request struct {
	element string // the path's last element; may be a secret
	query   string // encoded
	body    []byte // JSON, or nil
	token   secret.Secret
	nonce   int64 // signs the call; 0 does not
}

// answer is a 2xx answer.
type answer struct {
	status int
	body   []byte
	date   time.Time // when the server gave it, by its own clock; zero when it did not say
}

// send sends a request and reads its answer. The URL is in no error and in no log, because
// it may hold a refresh token.
func (c *Client) send(ctx context.Context, op operation, r request) (*answer, error) {
	start := c.now()
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	req, err := c.prepare(ctx, op, r)
	if err != nil {
		return nil, inputError(op, "the request cannot be made")
	}
	resp, err := c.sender(op, r).Do(req)
	if err != nil {
		kind := KindUnclear
		if c.traced && !connected.Load() || neverSent(err) {
			kind = KindUnavailable
		}
		c.logCall(op, 0, start)
		return nil, &Error{Op: op.name, Kind: kind, Permission: op.permission, read: op.reads(), Err: withoutURL(err)}
	}
	defer resp.Body.Close()
	body, err := readAll(resp.Body, op.answerLimit())
	c.logCall(op, resp.StatusCode, start)
	if resp.StatusCode/100 != 2 {
		return nil, refusal(op, resp, body, r.token, c.key)
	}
	a := &answer{resp.StatusCode, body, dateOf(resp)}
	if err != nil {
		return nil, unreadable(op, a, err)
	}
	return a, nil
}

// prepare makes the HTTP request.
func (c *Client) prepare(ctx context.Context, op operation, r request) (*retryablehttp.Request, error) {
	address := c.base + op.path
	if r.element != "" {
		address += "/" + url.PathEscape(r.element)
	}
	if r.query != "" {
		address += "?" + r.query
	}
	var body any // an untyped nil sends no body
	if r.body != nil {
		body = r.body
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, op.method, address, body)
	if err != nil {
		return nil, err
	}
	req.Host = c.host
	req.Header.Set("X-Forwarded-Proto", c.scheme)
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", "application/json")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	switch {
	case r.nonce != 0:
		req.Header.Set("Authorization", signedHeader(c.key, c.secret, r.nonce))
	case !r.token.Empty():
		req.Header.Set("Authorization", tokenHeader(r.token))
	}
	return req, nil
}

// sender returns the library's client with the operation's own rule for repeating.
func (c *Client) sender(op operation, r request) *retryablehttp.Client {
	sender := &retryablehttp.Client{
		HTTPClient:   c.http,
		RetryMax:     retriesOfRead,
		CheckRetry:   op.retry,
		Backoff:      func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return c.pause() },
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	if r.nonce != 0 {
		sender.PrepareRetry = c.resign
	}
	return sender
}

// dateOf reads the Date header.
func dateOf(resp *http.Response) time.Time {
	t, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return t
}

func (c *Client) logCall(op operation, status int, start time.Time) {
	c.log.Debug("splynx call", zap.String("operation", op.name), zap.Int("status", status),
		zap.Duration("duration", c.now().Sub(start)))
}

// readAll reads at most limit bytes; a longer body is an error.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, withoutURL(err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("it is longer than %d bytes", limit)
	}
	return body, nil
}

// neverSent tells by the error alone that no byte of the request left: for transports that
// do not report their connections. Whatever it does not know may have been sent.
func neverSent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns) || errors.As(err, &cert)
}

// transportError is what went wrong on the way, in words that hold nothing of the address
// or the answer. The cause stays for errors.Is.
type transportError struct {
	text  string
	cause error
}

func (e *transportError) Error() string { return e.text }
func (e *transportError) Unwrap() error { return e.cause }

// withoutURL takes the URL out of an error of net/http and gives it a text.
func withoutURL(err error) error {
	for {
		var u *url.Error
		if !errors.As(err, &u) {
			break
		}
		err = u.Err
	}
	var timeout net.Error
	var op *net.OpError
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.Is(err, context.Canceled):
		return &transportError{"given up by the caller", err}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return &transportError{"no answer in time", err}
	case errors.As(err, &op):
		return &transportError{op.Error(), err}
	case errors.As(err, &dns):
		return &transportError{dns.Error(), err}
	case errors.As(err, &cert):
		return &transportError{cert.Error(), err}
	}
	return &transportError{"the connection broke, or something else than HTTP was spoken", err}
}
