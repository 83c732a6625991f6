package caddymodule

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/payer"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// idleReturns is how many connections hang on the return address at once.
const idleReturns = 300

// passes fails unless paths that are not ours are served as ever.
func (s *site) passes() {
	s.tb.Helper()
	r, err := http.Get(s.public + "/portal/")
	s.must(err)
	if r.StatusCode != http.StatusOK {
		s.tb.Error("the site is not served:", r.Status)
	}
	_ = r.Body.Close()
}

// F61: hundreds of clients call the return address and never finish what they say, and others
// bring tokens that the gateway is silent about. The rest of the site is served to everybody
// meanwhile, somebody pays, and nothing of them is left over.
func TestF61SlowReturns(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := newSite(t, siteOptions{})
	s.start("")
	s.must(s.payInvoice(ctx, s.invoice.Number)) // all that is made once is made
	open := s.addInvoice("2026/0043", "12.00")
	page, err := payer.New().Start(ctx, s.link(open.Number))
	s.must(err)
	before := s.counts()

	address := payment.ReturnPath + "AAAABBBBCCCCDDDD?userid=SitePxPay&result="
	var slow []net.Conn
	hangUp := sync.OnceFunc(func() {
		for _, c := range slow {
			_ = c.Close()
		}
	})
	defer hangUp()
	for i := range idleReturns {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(s.public, "http://"))
		s.must(err)
		slow = append(slow, c)
		half := fmt.Sprintf("GET %s%032x HTTP/1.1\r\nHost: %s\r\nX-Slow: ", address, i, strings.TrimPrefix(s.public, "http://"))
		if i%2 == 0 { // a body that never comes
			half = fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60\r\n\r\nresult=", address, strings.TrimPrefix(s.public, "http://"))
		}
		_, err = c.Write([]byte(half))
		s.must(err)
	}
	silent := s.gateway.Inject(windcavetest.Fault{Op: windcavetest.OpProcess, Kind: windcavetest.DelayBefore, Hold: true, Times: 10})
	var waiting sync.WaitGroup
	for i := range 10 {
		waiting.Go(func() {
			r, err := http.Get(s.public + strings.Replace(address, "AAAABBBBCCCCDDDD", fmt.Sprintf("AAAABBBBCCCC%04d", i), 1) + fmt.Sprintf("%032x", i))
			if err == nil {
				_ = r.Body.Close()
			}
		})
	}
	<-silent.Reached()

	for range 50 {
		s.passes()
	}
	s.until("all are silent", func() bool { return silent.Hits() == 10 })
	s.payOn(page)
	s.paid(open.ID)
	silent.Release()
	waiting.Wait()
	hangUp()
	s.until("nothing of them is left", func() bool {
		now := s.counts()
		return now.files <= before.files+5 && now.threads <= before.threads+10
	})
	s.settled()
}
