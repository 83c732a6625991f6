package caddymodule

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/web"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// opening is a journal whose opening takes until the test says how it ends: nil opens it.
type opening chan error

func (o opening) open(ctx context.Context, path string) (*journal.SQLite, error) {
	if err := <-o; err != nil {
		return nil, err
	}
	return journal.Open(ctx, path)
}

func slowHost(t *testing.T) (*host, opening) {
	h, o := newHost(filepath.Join(t.TempDir(), "journal.db")), make(opening)
	h.opener = o.open
	return h, o
}

// quiet is a configuration without anybody to call.
func quiet() *payment.Generation { return &payment.Generation{Logger: zap.NewNop()} }

// took is what fn took.
func took(fn func()) time.Duration {
	begin := time.Now()
	fn()
	return time.Since(begin)
}

// A disk that hangs while the journal is opened hangs nobody else: not a reload, and requests
// for the first try only, and not for long.
func TestOpeningHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, o := slowHost(t)
		old, young := quiet(), quiet()
		h.push(old, web.GuestLimit{})
		synctest.Wait()
		if d := took(func() { h.push(young, web.GuestLimit{}); h.remove(old) }); d > 0 {
			t.Errorf("a reload took %s", d)
		}
		ask := func(ctx context.Context, want error, wait time.Duration) {
			t.Helper()
			d := took(func() {
				if _, err := h.Engine(ctx); !errors.Is(err, want) {
					t.Errorf("error is %v, not %v", err, want)
				}
			})
			if d != wait {
				t.Errorf("waited %s, not %s", d, wait)
			}
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		ask(t.Context(), errOpening, openingWait)
		ask(gone, errOpening, 0)
		o <- fs.ErrPermission
		synctest.Wait()
		ask(t.Context(), fs.ErrPermission, 0)
		time.Sleep(time.Minute) // it hangs again
		ask(t.Context(), fs.ErrPermission, 0)
		o <- nil
		synctest.Wait()
		ask(t.Context(), nil, 0)
		h.close(t.Context())
		ask(t.Context(), payment.ErrStopped, 0)
	})
}

// A request that comes before the app has started, and one while the first try is under way.
func TestEngineWaitsForTheFirstTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, o := slowHost(t)
		if d := took(func() {
			if _, err := h.Engine(t.Context()); !errors.Is(err, errOpening) {
				t.Error(err)
			}
		}); d != openingWait {
			t.Errorf("waited %s", d)
		}
		h.push(quiet(), web.GuestLimit{})
		time.AfterFunc(time.Second, func() { o <- nil })
		if d := took(func() {
			if _, err := h.Engine(t.Context()); err != nil {
				t.Error(err)
			}
		}); d != time.Second {
			t.Errorf("waited %s", d)
		}
		h.close(t.Context())
	})
}

// A configuration that is loaded has a journal tried at once that could not be opened.
func TestReloadOpensAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, o := slowHost(t)
		h.push(quiet(), web.GuestLimit{})
		for range 6 { // the pauses have grown
			o <- fs.ErrPermission
		}
		synctest.Wait()
		h.push(quiet(), web.GuestLimit{})
		if d := took(func() { o <- nil }); d > 0 {
			t.Errorf("tried after %s", d)
		}
		synctest.Wait()
		if _, err := h.Engine(t.Context()); err != nil {
			t.Error(err)
		}
		h.close(t.Context())
	})
}

// A process that ends does not wait for ever for a disk that hangs, and what is opened too
// late is given back.
func TestCloseWhileOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, o := slowHost(t)
		h.push(quiet(), web.GuestLimit{})
		if d := took(func() { h.close(t.Context()) }); d != closeTimeout {
			t.Errorf("waited %s", d)
		}
		h.push(quiet(), web.GuestLimit{})
		o <- nil
		<-h.ended
		if _, err := h.Engine(t.Context()); !errors.Is(err, payment.ErrStopped) {
			t.Error(err)
		}
		store, err := journal.Open(t.Context(), h.path)
		if err != nil {
			t.Fatal("it was not given back:", err)
		}
		_ = store.Close()
	})
}

// hanging is a gateway that does not answer before it is told to.
type hanging chan struct{}

func (h hanging) RoundTrip(*http.Request) (*http.Response, error) {
	<-h
	return nil, errors.New("the connection broke")
}

// While a call to the gateway is waited for at the end, requests are answered at once.
func TestCloseHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(filepath.Join(t.TempDir(), "journal.db"))
		gateway := make(hanging)
		pxPay, err := windcave.NewPxPay(windcave.Config{Endpoint: "http://127.0.0.1:1", Transport: gateway}, windcave.NewCredentials("User", pxPayKey))
		if err != nil {
			t.Fatal(err)
		}
		g := &payment.Generation{Logger: zap.NewNop(), Default: payment.Partner{Currency: "NZD", Credentials: payment.Credentials{PxPay: pxPay, PxPayUser: "User", Endpoint: "http://127.0.0.1:1"}}}
		h.push(g, web.GuestLimit{})
		e, err := h.Engine(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = e.Result(t.Context(), "AAAABBBBCCCCDDDD", secret.New(strings.Repeat("0", 32)), "User")
		}()
		synctest.Wait()
		closed := make(chan struct{})
		go func() { h.close(context.Background()); close(closed) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Fatal("a call under way was not waited for")
		default:
		}
		if d := took(func() {
			if _, err := h.Engine(t.Context()); !errors.Is(err, payment.ErrStopped) {
				t.Error(err)
			}
			h.remove(g)
		}); d > 0 {
			t.Errorf("waited %s", d)
		}
		close(gateway)
		<-closed
	})
}
