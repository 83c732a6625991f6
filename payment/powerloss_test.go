package payment_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// disk is a journal's file, as a machine that loses its power at this moment leaves it.
type disk struct {
	t    *testing.T
	file string

	mu   sync.Mutex
	seen map[string]int // calls that were looked at
}

func (d *disk) note(call string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen[call]++
}

func (d *disk) noted(call string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.seen[call]
}

// left opens a copy of the journal's files as they are.
func (d *disk) left(look func(*journal.SQLite)) {
	copied := filepath.Join(d.t.TempDir(), "journal.db")
	for _, tail := range []string{"", "-wal"} {
		data, err := os.ReadFile(d.file + tail)
		if err == nil {
			err = os.WriteFile(copied+tail, data, 0o600)
		}
		if err != nil {
			d.t.Error(err)
			return
		}
	}
	s, err := journal.Open(background, copied)
	if err != nil {
		d.t.Errorf("the journal does not open after a power loss: %v", err)
		return
	}
	look(s)
	if err := s.Close(); err != nil {
		d.t.Error(err)
	}
}

var txnID = regexp.MustCompile(`<Txn(?:Id|Ref)>([^<]+)<`)

// gateway looks at the disk before each call reaches the gateway.
func (d *disk) gateway(next http.RoundTripper) http.RoundTripper {
	return over(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		d.left(func(s *journal.SQLite) {
			if strings.Contains(string(body), "<ProcessResponse>") {
				d.note("result")
				if n, err := s.UnjudgedTokens(background); err != nil || n == 0 {
					d.t.Errorf("asked about a result that is not on the disk (%v)", err)
				}
				return
			}
			m := txnID.FindSubmatch(body)
			if m == nil {
				d.t.Errorf("a call names no payment: %s", r.URL.Path)
				return
			}
			d.note("payment")
			if _, err := s.Get(background, payment.ID(m[1])); err != nil {
				d.t.Errorf("the intent of payment %s is not on the disk: %v", m[1], err)
			}
		})
		return next.RoundTrip(r)
	})
}

// splynx looks at the disk before each POST of a payment reaches Splynx.
func (d *disk) splynx(next http.RoundTripper) http.RoundTripper {
	return over(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/payments") {
			d.left(func(s *journal.SQLite) {
				d.note("booking")
				all, err := s.Find(background, payment.Filter{States: []payment.State{payment.Approved}, Limit: 10})
				if err != nil || len(all) != 1 || all[0].Booking.Post != payment.PostSent {
					d.t.Errorf("the intent to book is not on the disk: %+v, %v", all, err)
				}
			})
		}
		return next.RoundTrip(r)
	})
}

// F10: the power is lost at the moment at which the gateway or Splynx is asked for something.
// The journal opens, and has the intent of every call that was made.
func TestF10PowerLossAtEachCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &disk{t: t, file: filepath.Join(t.TempDir(), "journal.db"), seen: map[string]int{}}
		w := paymenttest.New(t, option{NoJournal: true, OnGateway: d.gateway, OnSplynx: d.splynx})
		var err error
		if w.Store, err = journal.Open(background, d.file); err != nil {
			t.Fatal(err)
		}
		w.Engine = payment.New(w.Store, payment.Options{Node: "world"})
		w.Engine.Push(w.Gen)
		prove(t, w)
		w.Pass(time.Second)
		w.Gateway.HoldNotifications(true)
		w.Gateway.Inject(fault{Op: windcavetest.OpGenerate, Kind: windcavetest.CutBefore})
		p := start(t, w, "form-1", "payer")
		w.Pay(p, windcavetest.CardDeclined)
		w.Pass(3 * time.Minute) // asked about by itself
		if _, err := w.Return(w.Pay(p, windcavetest.CardApproved)); err != nil {
			t.Fatal(err)
		}
		w.Until(p.ID, time.Minute, payment.Recorded)
		if d.noted("payment") < 3 || d.noted("result") != 1 || d.noted("booking") != 1 {
			t.Errorf("looked at %d payments, %d results, %d bookings", d.noted("payment"), d.noted("result"), d.noted("booking"))
		}
		w.Pass(restful)
		w.Check(atRest)
	})
}
