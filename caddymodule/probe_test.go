package caddymodule

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-paymentexpress/paymentexpress/internal/payer"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// odd stands before a Splynx: out of reach, or without the payment method 3.
type odd struct {
	http.RoundTripper
	down, without atomic.Bool
}

func (o *odd) RoundTrip(r *http.Request) (*http.Response, error) {
	if o.down.Load() {
		return nil, errors.New("no way there")
	}
	resp, err := o.RoundTripper.RoundTrip(r)
	if err == nil && o.without.Load() && strings.HasSuffix(r.URL.Path, "/payment-methods") {
		_ = resp.Body.Close()
		resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(`[{"id":"1","name":"Cash"}]`)), -1
	}
	return resp, err
}

// A payment method that is not there lets nothing new start, and is looked for until it is
// there. That Splynx cannot be asked is no reason to close.
func TestMethodIsLookedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := splynxtest.New(splynxtest.Options{Keys: []splynxtest.APIKey{{Key: "0123456789abcdef0123456789abcdef", Secret: splynxSecret}}})
		defer server.Close()
		way := &odd{RoundTripper: server.Transport()}
		api, err := splynx.New(splynx.Config{URL: "http://127.0.0.1:2/", Key: "0123456789abcdef0123456789abcdef", Secret: splynxSecret, Transport: way})
		if err != nil {
			t.Fatal(err)
		}
		core, logged := observer.New(zapcore.InfoLevel)
		a := &App{
			PaymentMethod: 3, log: zap.New(core), trouble: new(trouble), host: newHost(""), generation: &payment.Generation{Splynx: api, Default: payment.Partner{PaymentMethod: 3}},
			noMethods: new(missing), space: newSpace(t.TempDir()),
		}
		const missing, there = "payment_method is not in splynx: no payment can start until it is", "payment_method is in splynx"
		want := func(open bool, missed, found int) {
			t.Helper()
			synctest.Wait()
			if err := a.room(1); (err == nil) != open || err != nil && !strings.Contains(err.Error(), "payment_method 3") {
				t.Errorf("room: %v", err)
			}
			if m, f := logged.FilterMessage(missing).Len(), logged.FilterMessage(there).Len(); m != missed || f != found {
				t.Errorf("logged as missing %d times, as there %d times", m, f)
			}
		}
		way.down.Store(true)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan struct{})
		go func() { a.probe(ctx); close(ended) }()
		want(true, 0, 0)
		way.down.Store(false)
		way.without.Store(true)
		time.Sleep(5 * time.Second)
		want(false, 1, 0)
		time.Sleep(time.Hour)
		want(false, 1, 0)
		way.down.Store(true) // what was known last holds
		time.Sleep(missingPause)
		want(false, 1, 0)
		way.down.Store(false)
		way.without.Store(false)
		time.Sleep(missingPause)
		want(true, 1, 1)
		<-ended
	})
}

// With a payment method that Splynx does not have nobody is charged; the right one opens the
// way without a restart.
func TestWrongPaymentMethod(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.method = 999
	s.start("")
	s.until("it is found missing", func() bool { return strings.Contains(s.logged(), "payment_method is not in splynx") })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	person, link := payer.New(), s.link(s.invoice.Number)
	s.until("the journal is open", func() bool { return strings.Contains(s.logged(), "journal is open") })
	page, err := person.Open(ctx, link)
	s.must(err)
	if page, err = person.Press(ctx, link, page); err != nil || page.Status != http.StatusServiceUnavailable || page.Title != "No payments right now" {
		t.Errorf("%d %q %v", page.Status, page.Title, err)
	}
	for _, e := range s.gateway.Log() {
		if e.Op == windcavetest.OpGenerate {
			t.Error("the gateway was asked for a page")
		}
	}
	for _, line := range []string{"payment_method 999 is not in splynx: what is paid could not be booked", "windcave endpoint is not the live host"} {
		s.until("the log says "+line, func() bool { return strings.Contains(s.logged(), line) })
	}
	s.method = 3
	s.must(s.load(s.caddyfile("paymentexpress")))
	s.must(s.payInvoice(ctx, s.invoice.Number))
	s.settled()
}
