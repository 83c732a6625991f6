package caddymodule

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/payer"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// F60: whole flows, good and bad, with the access log on and at debug level; then everything
// that came out is searched for what must not be in it.
func TestF60NoSecretComesOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.start("")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var seen strings.Builder // every page
	look := func(person *payer.Payer, address string) payer.Page {
		page, err := person.Open(ctx, address)
		s.must(err)
		seen.WriteString(page.Body)
		return page
	}

	// A decline, a success on the same page, seen by the payer and by a stranger.
	person := payer.New()
	seen.WriteString(look(person, s.link(s.invoice.Number)).Body)
	page, err := person.Start(ctx, s.link(s.invoice.Number))
	s.must(err)
	declined, err := windcavetest.Buyer{}.Pay(page, card(windcavetest.CardDeclined))
	s.must(err)
	_, err = person.ComeBack(ctx, declined, "Not approved")
	s.must(err)
	approved := s.payOn(page)
	_, err = person.ComeBack(ctx, approved, "Paid")
	s.must(err)
	back, err := url.Parse(approved)
	s.must(err)
	outcome := strings.Replace(back.Path, payment.ReturnPath, "/paymentexpress/payment/", 1)
	look(person, s.public+outcome)
	look(payer.New(), s.public+outcome)

	// Everything that can go wrong with the two systems.
	for i, kind := range []windcavetest.Kind{windcavetest.HTML, windcavetest.HalfXML, windcavetest.Empty, windcavetest.CutBefore, windcavetest.StrangeText} {
		s.gateway.Inject(windcavetest.Fault{Kind: kind, Op: windcavetest.OpProcess, Times: 2})
		forged := back.Query()
		forged.Set("result", strings.Repeat(string(rune('a'+i)), 8)+"markedtoken")
		look(payer.New(), s.public+back.Path+"?"+forged.Encode())
	}
	for _, op := range []windcavetest.Op{windcavetest.OpGenerate, windcavetest.OpProcess} {
		s.gateway.Inject(windcavetest.Fault{Kind: windcavetest.CredentialsU5, Op: op})
	}
	for _, f := range []splynxtest.Fault{
		{Op: "LIST invoices", Kind: splynxtest.LoginPage},
		{Op: "LIST invoices", Kind: splynxtest.Status, Status: 401},
		{Op: "LIST invoices", Kind: splynxtest.Garbage},
		{Op: "LIST invoices", Kind: splynxtest.ToLogin},
		{Op: "LIST invoices", Kind: splynxtest.Cut, Times: 4},
	} {
		s.splynx.Inject(f)
		look(payer.New(), s.link(s.invoice.Number))
	}
	look(payer.New(), s.link(`"><script>alert(1)</script>`))
	look(payer.New(), s.public+payment.ReturnPath+"AAAABBBBCCCCDDDD?result=markedtoken0123456789&userid=SitePxPay")
	r, err := http.Get(s.public + back.Path + "?" + back.RawQuery)
	s.must(err)
	_ = r.Body.Close()

	config, err := s.adminGet("/config/")
	s.must(err)
	s.paid(s.invoice.ID)
	s.stop()
	autosave, err := os.ReadFile(filepath.Join(s.dir, "caddy", "autosave.json"))
	s.must(err)

	if !strings.Contains(s.logged(), "handled request") || !strings.Contains(s.logged(), "splynx call") {
		t.Fatal("the access log or the debug log is not on: nothing would be found in it")
	}
	for where, text := range map[string]string{"log": s.logged(), "pages": seen.String(), "admin API": config, "autosave.json": string(autosave)} {
		if text == "" {
			t.Errorf("%s is empty", where)
		}
		for what, secret := range map[string]string{
			"PxPay key": pxPayKey, "PxPost password": pxPostKey, "Splynx secret": splynxSecret, "card holder": cardHolder, "card holder in capitals": strings.ToUpper(cardHolder),
			"card": "4111111111111111", "declined card": windcavetest.CardDeclined.Number, "masked card": "411111....", "result token": back.Query().Get("result"),
			"declined token": query(t, declined).Get("result"), "forged token": "markedtoken", "access token": "eyJ", "customer": "Private Person", "e-mail": "private@example.net",
			"markup": "<script>alert",
		} {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s shows the %s: …%s…", where, what, text[max(0, i-200):min(len(text), i+100)])
			}
		}
	}
}

func query(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// F75: a reload that names another journal is refused while this one has payments under way.
func TestF75ReloadToAnotherJournal(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.start("")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	person := payer.New()
	page, err := person.Start(ctx, s.link(s.invoice.Number))
	s.must(err)
	other := strings.Replace(s.caddyfile("paymentexpress"), s.journal(), filepath.Join(s.dir, "other.db"), 1)
	if err := s.load(other); err == nil || !strings.Contains(err.Error(), "has 1 unfinished payments") {
		t.Fatalf("the reload ended with %v", err)
	}
	_, err = person.ComeBack(ctx, s.payOn(page), "Paid")
	s.must(err)
	s.until("it is recorded", func() bool { return strings.Contains(s.logged(), `"why":"booked"`) })
	s.must(s.load(other))
	s.settled()
}
