package windcave

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"go.uber.org/zap"
)

// caller is the one place that does HTTP, for both interfaces.
type caller struct {
	endpoint  *url.URL
	http      *http.Client
	log       *zap.Logger
	now       func() time.Time
	userAgent string
	timeouts  map[limit]time.Duration
	gate      Gate // nil: none
}

// newCaller checks what both clients are made of.
func newCaller(cfg Config, cred Credentials) (*caller, error) {
	cfg, endpoint, err := cfg.withDefaults()
	if err == nil {
		err = cred.check()
	}
	if err != nil {
		return nil, inputError(OpConfig, err)
	}
	return &caller{
		endpoint: endpoint,
		http: &http.Client{
			Transport: cfg.Transport,
			// Credentials go to the configured host and to no other.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		log:       cfg.Logger,
		now:       cfg.Now,
		userAgent: cfg.UserAgent,
		timeouts:  map[limit]time.Duration{pageLimit: cfg.PageTimeout, chargeLimit: cfg.ChargeTimeout},
		gate:      cfg.Gate,
	}, nil
}

// answer is a whole body with a status that may carry one: 2xx, or 4xx, which may refuse but
// never approve.
type answer struct {
	body   []byte
	status int
}

func (a answer) refusesOnly() bool { return a.status >= http.StatusBadRequest }

// call posts a document and returns the answer, or an *Error that tells how far it came.
func (c *caller) call(ctx context.Context, op operation, document []byte) (answer, error) {
	if err := ctx.Err(); err != nil {
		return answer{}, &Error{Op: op.name, Kind: KindNotSent, Key: KeyNotSent, Err: safeCause(err)}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeouts[op.limit])
	defer cancel()

	start, t := c.now(), new(trail)
	a, err := c.pass(ctx, t, op, document)
	if err != nil {
		err = failure(op.name, a.status, t, err)
	}
	c.log.Debug("windcave call",
		zap.String("operation", op.name), zap.Int("status", a.status),
		zap.Duration("took", c.now().Sub(start)), zap.Error(err))
	return a, err
}

func (c *caller) post(ctx context.Context, op operation, document []byte) (answer, error) {
	address := *c.endpoint
	address.Path = op.path
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, address.String(), document)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/xml")
	req.Header.Set("User-Agent", c.userAgent)

	// The logger stays nil: the default one prints addresses.
	client := &retryablehttp.Client{
		HTTPClient: c.http, RetryMax: repeats, RetryWaitMin: repeatMin, RetryWaitMax: repeatMax,
		CheckRetry: op.repeat, Backoff: retryablehttp.LinearJitterBackoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	return readAnswer(res)
}

func readAnswer(res *http.Response) (answer, error) {
	a := answer{status: res.StatusCode}
	switch class := res.StatusCode / 100; {
	case class == 3:
		return a, errRedirect
	case class != 2 && class != 4:
		return a, errStatus
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return a, err
	case len(body) > maxAnswer:
		return a, errTooLarge
	case len(bytes.TrimSpace(body)) == 0:
		return a, errEmpty
	}
	a.body = body
	return a, nil
}

// failure tells a request that surely did not go out from one that may have.
func failure(op string, status int, t *trail, err error) *Error {
	if k, ok := errors.AsType[keptBack](err); ok {
		return &Error{Op: op, Kind: KindNotSent, Key: KeyNotSent, Err: k}
	}
	if !t.surelyNotSent() {
		return noAnswer(op, status, safeCause(err))
	}
	// No byte was received before a connection was had, so the cause quotes none: host,
	// address and certificate are all it holds. The address of the request is taken off.
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return &Error{Op: op, Kind: KindNotSent, Key: KeyNotSent, Err: err}
}

// safeCause puts an error of the transport in our own words, since it may quote the answer.
func safeCause(err error) error {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("given up by the caller: %w", context.Canceled)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("no whole answer in time: %w", context.DeadlineExceeded)
	}
	for _, own := range []error{errRedirect, errStatus, errTooLarge, errEmpty} {
		if errors.Is(err, own) {
			return own
		}
	}
	return errCut
}
