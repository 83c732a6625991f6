package caddymodule

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/payer"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	officepages "github.com/caddy-paymentexpress/paymentexpress/web/office"
)

func TestOfficeOfTheConfiguration(t *testing.T) {
	t.Parallel()
	a := &App{Office: Office{See: []string{"manager"}}, AdminFrom: []string{"203.0.113.9/24", "2001:db8::1"}, EntryPoints: EntryPoints{AddMoneyByAdmin: "off"}}
	a.setDefaults()
	c, err := a.office()
	if err != nil {
		t.Fatal(err)
	}
	if want := []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::1/128")}; !slices.Equal(c.From, want) {
		t.Errorf("from %v, want %v", c.From, want)
	}
	if c.AddMoney || !c.Charge || !slices.Equal(c.Rights[officepages.See], []string{"manager"}) || len(c.Rights[officepages.Refund]) != 0 {
		t.Errorf("%+v", c)
	}
}

func TestOfficeThatCannotBe(t *testing.T) {
	t.Parallel()
	for says, a := range map[string]*App{
		`admin_from "office"`:        {AdminFrom: []string{"10.0.0.0/8", "office"}},
		"charge: a role has no name": {Office: Office{Charge: []string{" "}}},
	} {
		if _, err := a.office(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
}

const staffSession = "staff000staff000staff000staff000"

// An administrator charges a customer's saved card by the pay icon, through Caddy; another role,
// and what is off, is refused.
func TestOfficeThroughCaddy(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.words = "office {\n charge financial-manager\n}\nadmin_from 127.0.0.0/8\nentry_points {\n add_money_by_admin off\n}"
	s.savedCard()
	s.splynx.AddAdministratorSession(staffSession, s.splynx.AddAdministrator(splynxtest.Administrator{Login: "marked-login", Name: "Marked Clerk", Role: "financial-manager"}))
	s.splynx.AddAdministratorSession(portalSession, s.splynx.AddAdministrator(splynxtest.Administrator{Login: "other", Role: "manager"}))
	s.start("")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	staff, other := signedIn(staffSession), signedIn(portalSession)
	at, page := s.icon(s.invoice.Number), payer.Page{}
	s.until("the page has its button", func() bool { // the journal is compared with Splynx first
		var err error
		if page, err = staff.Open(ctx, at); err == nil && page.Location != "" {
			at = s.public + page.Location
		}
		return err == nil && page.HasForm()
	})
	if refused, err := other.Open(ctx, at); err != nil || refused.Status != http.StatusForbidden || refused.HasForm() {
		t.Errorf("another role is given %d %q (%v)", refused.Status, refused.Title, err)
	}
	if off, err := staff.Open(ctx, s.public+"/paymentexpress/admin/customers/1/balance?amount=20"); err != nil || off.Status != http.StatusNotFound {
		t.Errorf("what is off is %d (%v)", off.Status, err)
	}
	page, err := staff.Press(ctx, at, page)
	s.must(err)
	if !strings.HasPrefix(page.Location, "/paymentexpress/admin/payments/") {
		t.Fatalf("the button leads to %d %q %q", page.Status, page.Title, page.Location)
	}
	s.paid(s.invoice.ID)
	if p := s.settled()[0]; p.Origin != payment.OriginAdministrator || p.Way != payment.WaySavedCard {
		t.Errorf("it is %s by %s", p.Way, p.Origin)
	}
	for _, secret := range []string{staffSession, "marked-login", "Marked Clerk"} {
		if strings.Contains(s.logged(), secret) {
			t.Errorf("the log shows %s", secret)
		}
	}
}

// A run that is watched on its page neither holds up a reload's old server nor the end of Caddy.
func TestWatchedRunDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{gateway: slowly(200 * time.Millisecond)})
	s.words = "admin_commands all\ncharge {\n concurrency 1\n}"
	s.crowd(60, "good")
	s.splynx.AddAdministratorSession(staffSession, s.splynx.AddAdministrator(splynxtest.Administrator{Login: "marked-login", Role: "financial-manager"}))
	s.start("")
	r := s.preview()
	s.runOf(s.begin(r), 0)
	watch := func() <-chan error {
		t.Helper()
		ask, err := http.NewRequestWithContext(s.hour(), http.MethodGet, s.public+"/paymentexpress/admin/charge/"+string(r.Run.ID)+"/events", nil)
		s.must(err)
		ask.AddCookie(&http.Cookie{Name: "PHPSESSID", Value: staffSession})
		resp, err := http.DefaultClient.Do(ask)
		s.must(err)
		in := bufio.NewReader(resp.Body)
		for line := ""; !strings.HasPrefix(line, "event: progress"); {
			if line, err = in.ReadString('\n'); err != nil {
				t.Fatalf("%s: nothing is told of the run: %v", resp.Status, err)
			}
		}
		ended := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, in)
			ended <- errors.Join(err, resp.Body.Close())
		}()
		return ended
	}
	first := watch()
	s.must(s.load(s.caddyfile("paymentexpress")))
	s.must(<-first)
	second := watch()
	s.stop()
	s.must(<-second)
	s.start("")
	s.until("the run is stopped", func() bool { return s.ask("charge", "stop", string(r.Run.ID)).code == 0 })
	s.comes(r.Run.ID, charge.Stopped)
	s.stop()
	s.check()
}
