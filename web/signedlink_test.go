package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

func signedLinks(which string) func(*Config) {
	return func(c *Config) { c.SignedLinks = which }
}

// signs makes a signed link, and returns its path and query.
func (r *rig) signs(q LinkRequest) string {
	r.Helper()
	l, err := r.Handler.SignLink(context.Background(), r.Engine, q)
	r.must(err)
	return strings.TrimPrefix(l.URL, rigPublic)
}

func (r *rig) byID() string { return itemURL(directInvoice.path+"-by-id", fmt.Sprint(r.Invoice)) }

// Which links must be signed.
func TestWhichLinksAreSigned(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		which         string
		number, byID  int // what a link without a signature is answered
		signedNumbers bool
	}{
		{SignedNone, 200, 200, true},
		{SignedByID, 200, 404, true},
		{SignedAll, 404, 404, true},
	} {
		for style, s := range map[string]splynxtest.Style{"v4": splynxtest.V4, "v5": splynxtest.V5} {
			t.Run(c.which+" "+style, func(t *testing.T) {
				inBubble(t, setup{Edit: signedLinks(c.which), Splynx: splynxtest.Options{Style: s}}, func(r *rig) {
					proforma := r.proforma()
					for target, want := range map[string]int{
						r.link(): c.number, r.byID(): c.byID, itemURL(directRequest.path, proforma): c.number,
						itemURL(Prefix+"/direct-pay-request", proforma): c.number, itemURL(directRequest.path+"-by-id", "1"): c.byID,
						r.signs(LinkRequest{Kind: payment.KindInvoice, Number: r.Number}):  200,
						r.signs(LinkRequest{Kind: payment.KindInvoice, ID: r.Invoice}):     200,
						r.signs(LinkRequest{Kind: payment.KindProforma, Number: proforma}): 200,
						r.signs(LinkRequest{Kind: payment.KindProforma, ID: 1}):            200,
					} {
						if a := r.get(target); a.Code != want || (a.form() != "") != (want == 200) {
							r.Errorf("%s: %d %q, want %d", target, a.Code, a.title(), want)
						}
					}
					r.wants(r.get(r.icon(), r.signedIn()), 200, "Invoice 2026/0042") // the portal signs nothing
				})
			})
		}
	}
}

// Whatever is changed in a signed link, there is no such document, as for one that is not there,
// and Splynx is not asked.
func TestLinksThatAreNotOurs(t *testing.T) {
	inBubble(t, setup{Edit: signedLinks(SignedAll)}, func(r *rig) {
		other := r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: r.Customer, Number: "2026/0043", Total: "9.00"})
		good := r.signs(LinkRequest{Kind: payment.KindInvoice, ID: r.Invoice, Ends: time.Now().UTC().Format(time.DateOnly)})
		u, err := url.Parse(good)
		r.must(err)
		edit := func(path string, pairs ...string) string {
			q := u.Query()
			for i := 0; i < len(pairs); i += 2 {
				if q.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
					q.Del(pairs[i])
				}
			}
			return path + "?" + q.Encode()
		}
		sign := u.Query().Get("sign")
		unknown, err := signLink(context.Background(), r.Engine, u.Path, "4711", u.Query().Get("ends"))
		r.must(err)
		none := r.get(unknown)
		r.wants(none, 404, "Invoice not found")
		synctest.Wait()
		asked := len(r.Splynx.Log())
		for name, target := range map[string]string{
			"another id": edit(u.Path, "item_id", fmt.Sprint(other)), "by number": edit(directInvoice.path),
			"a later end": edit(u.Path, "ends", "2099-12-31"),
			"no end":      edit(u.Path, "ends", ""), "an end that is no day": edit(u.Path, "ends", "never"),
			"another key": edit(u.Path, "key", "2"), "key 0": edit(u.Path, "key", "0"), "key x": edit(u.Path, "key", "x"), "no key": edit(u.Path, "key", ""),
			"no signature": edit(u.Path, "sign", ""), "half of it": edit(u.Path, "sign", sign[:11]), "another": edit(u.Path, "sign", strings.Repeat("A", 22)),
			"padded": edit(u.Path, "sign", sign+"=="), "lines in the id": edit(u.Path, "item_id", fmt.Sprintf("%d\n2099-12-31", r.Invoice)),
		} {
			if a := r.get(target); a.Code != 404 || a.Body.String() != none.Body.String() {
				r.Errorf("%s: %d %q", name, a.Code, a.title())
			}
		}
		r.wants(r.get(edit(directRequest.path+"-by-id")), 404, "Proforma invoice not found")
		if len(r.Splynx.Log()) != asked {
			r.Error("Splynx was asked")
		}
		r.wants(r.get(good), 200, "Invoice 2026/0042") // what was signed may show the number
		r.wants(r.get(edit(u.Path, "item_id", " "+u.Query().Get("item_id"))), 200, "Invoice 2026/0042")
	})
}

// A key counts once it was rotated to, and nobody but rotation makes one.
func TestLinkOfAKeyThatIsNotYet(t *testing.T) {
	inBubble(t, setup{Edit: signedLinks(SignedAll)}, func(r *rig) {
		ctx, path, id := context.Background(), directInvoice.path+"-by-id", fmt.Sprint(r.Invoice)
		sign, err := linkSign(ctx, r.Engine, path, id, "2099-12-31", 2)
		r.must(err)
		link := r.byID() + "&ends=2099-12-31&key=2&sign=" + sign
		r.wants(r.get(link), 404, "Invoice not found")
		_, err = RotateLinkKey(ctx, r.Engine)
		r.must(err)
		r.wants(r.get(link), 200, "Invoice 2026/0042")
	})
}

// What the page was reached by is known to all that follows from its form.
func TestFormOfASignedLink(t *testing.T) {
	inBubble(t, setup{Edit: signedLinks(SignedAll)}, func(r *rig) {
		path := directInvoice.path + "-by-id"
		form := r.get(r.signs(LinkRequest{Kind: payment.KindInvoice, ID: r.Invoice})).form()
		r.Splynx.ChangeInvoice(r.Invoice, func(i *splynxtest.Invoice) { i.Due = "12.00" })
		anew := r.send(http.MethodPost, path, url.Values{"form": {form}})
		r.wants(anew, 409, "Invoice 2026/0042")
		f, err := unseal(context.Background(), r.Engine, anew.form(), time.Now())
		r.must(err)
		look := r.Handler.at(context.Background(), visit{way: way{path: path, kind: payment.KindInvoice, byID: true}, e: r.Engine, ends: f.Ends}, &bill{document: document{id: f.Document}})
		r.wants(r.get(look), 200, "Invoice 2026/0042")
		r.leads(r.send(http.MethodPost, path, url.Values{"form": {anew.form()}}))
	})
}

// Signatures that are tried out count for the address.
func TestTryingOutSignaturesIsLimited(t *testing.T) {
	inBubble(t, setup{Edit: signedLinks(SignedAll), Limit: GuestLimit{Document: 1, Address: 2, All: 600}}, func(r *rig) {
		for range 2 * viewsPerStart {
			r.wants(r.get(r.byID()+"&ends=2099-12-31&key=1&sign=AAAAAAAAAAAAAAAAAAAAAA"), 404, "Invoice not found")
		}
		r.wants(r.get(r.byID()), 429, "Too many tries")
	})
}

// A link ends with its last day, in UTC; a form that was open then can still be sent.
func TestLinkEnds(t *testing.T) {
	inBubble(t, setup{Edit: signedLinks(SignedAll)}, func(r *rig) {
		ends := time.Now().UTC().AddDate(0, 0, 2)
		link := r.signs(LinkRequest{Kind: payment.KindInvoice, Number: r.Number, Ends: ends.Format(time.DateOnly)})
		midnight := time.Date(ends.Year(), ends.Month(), ends.Day()+1, 0, 0, 0, 0, time.UTC)
		time.Sleep(time.Until(midnight) - time.Second) // virtual
		page := r.get(link)
		r.wants(page, 200, "Invoice 2026/0042")
		time.Sleep(time.Second)
		ended := r.get(link)
		r.wants(ended, 410, "This link has ended")
		if strings.Contains(ended.Body.String(), "57.50") || ended.form() != "" {
			r.Error("it shows the document all the same")
		}
		r.leads(r.press(page.form()))
		c := r.Config
		c.SignedLinks = SignedByID
		r.configure(c)
		r.wants(r.get(link), 200, "Invoice 2026/0042") // without a signature it would be good too
	})
}

// New links have a new key after a rotation, and those of before live on.
func TestRotation(t *testing.T) {
	inBubble(t, setup{Edit: signedLinks(SignedAll)}, func(r *rig) {
		ask := LinkRequest{Kind: payment.KindInvoice, Number: r.Number}
		before := r.signs(ask)
		if n, err := RotateLinkKey(context.Background(), r.Engine); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		after := r.signs(ask)
		if !strings.Contains(before, "&key=1&") || !strings.Contains(after, "&key=2&") {
			r.Errorf("%s\n%s", before, after)
		}
		r.wants(r.get(before), 200, "Invoice 2026/0042")
		r.wants(r.get(after), 200, "Invoice 2026/0042")
		sign := func(link string) string { u, _ := url.Parse(link); return u.Query().Get("sign") }
		r.wants(r.get(strings.Replace(after, sign(after), sign(before), 1)), 404, "Invoice not found")
	})
}

var tryAgain = regexp.MustCompile(`<a class="button" href="([^"]+)">Try again</a>`)

// endsOf is the day with which a link ends.
func endsOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Query().Get("ends")
}

// Whoever came by a signed link pays, fails and tries again without meeting a closed door.
func TestPayingBySignedLink(t *testing.T) {
	inBubble(t, setup{Edit: signedLinks(SignedAll)}, func(r *rig) {
		link := r.signs(LinkRequest{Kind: payment.KindInvoice, ID: r.Invoice})
		path := directInvoice.path + "-by-id"
		pays := func(at string, card windcavetest.Card) string {
			form := r.get(at).form()
			to := r.leads(r.send(http.MethodPost, path, url.Values{"form": {form}}))
			return strings.TrimPrefix(r.get(r.back(r.Gateway.Pay(to, card))).location(), rigPublic)
		}
		declined := r.get(pays(link, windcavetest.CardDeclined))
		r.wants(declined, 200, "Not approved")
		m := tryAgain.FindStringSubmatch(declined.Body.String())
		if m == nil {
			r.Fatalf("it does not lead back\n%s", declined.Body)
		}
		again := strings.ReplaceAll(m[1], "&amp;", "&")
		if body := r.get(Prefix+"/payment/"+string(r.journal()[0].ID), stranger).Body.String(); strings.Contains(body, "sign=") {
			r.Error("somebody else is given a signed link")
		}
		if ends := endsOf(again); ends == "" || ends != endsOf(link) {
			r.Errorf("the link ends with %s, and the way back from its payment with %s", endsOf(link), ends)
		}
		paid := pays(again, windcavetest.CardApproved)
		time.Sleep(time.Minute) // virtual
		r.wants(r.get(paid), 200, "Paid")
		r.wants(r.get(link), 200, "Already paid")
		time.Sleep(32 * 24 * time.Hour)
		r.wants(r.get(again), 410, "This link has ended")
		r.promises()
	})
}

// A link is made for a document that is there, and for one alone.
func TestSignLinkRefuses(t *testing.T) {
	t.Parallel()
	for style, s := range map[string]splynxtest.Style{"v4": splynxtest.V4, "v5": splynxtest.V5} {
		t.Run(style, func(t *testing.T) {
			inBubble(t, setup{Splynx: splynxtest.Options{Style: s}}, func(r *rig) {
				twin := r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: r.Customer, Number: "TWIN", Total: "1.00"})
				second := r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: r.Customer, Number: "TWIN", Total: "2.00"})
				today := time.Now().UTC()
				for name, c := range map[string]struct {
					ask  LinkRequest
					want error
					says string
				}{
					"unknown number": {LinkRequest{Kind: payment.KindInvoice, Number: "1999/1"}, ErrNoDocument, "1999/1"},
					"unknown id":     {LinkRequest{Kind: payment.KindInvoice, ID: 4711}, ErrNoDocument, "4711"},
					"no proforma":    {LinkRequest{Kind: payment.KindProforma, Number: r.Number}, ErrNoDocument, r.Number},
					"several":        {LinkRequest{Kind: payment.KindInvoice, Number: "TWIN"}, ErrSeveralDocs, fmt.Sprintf("id %d of customer %d, id %d of customer %d", twin, r.Customer, second, r.Customer)},
					"nothing":        {LinkRequest{Kind: payment.KindInvoice}, ErrLinkAsked, "its id"},
					"both":           {LinkRequest{Kind: payment.KindInvoice, Number: "1", ID: 1}, ErrLinkAsked, "its id"},
					"control":        {LinkRequest{Kind: payment.KindInvoice, Number: "1\x1b"}, ErrLinkAsked, "number"},
					"kind":           {LinkRequest{Kind: payment.KindTopUp, Number: "1"}, ErrLinkAsked, "invoice and proforma"},
					"yesterday":      {LinkRequest{Kind: payment.KindInvoice, Number: r.Number, Ends: today.AddDate(0, 0, -1).Format(time.DateOnly)}, ErrLinkAsked, "from today on"},
					"far ahead":      {LinkRequest{Kind: payment.KindInvoice, Number: r.Number, Ends: today.AddDate(0, 0, linkMost+1).Format(time.DateOnly)}, ErrLinkAsked, "366 days"},
					"no day":         {LinkRequest{Kind: payment.KindInvoice, Number: r.Number, Ends: "31.12.2026"}, ErrLinkAsked, "2026-12-31"},
				} {
					_, err := r.Handler.SignLink(context.Background(), r.Engine, c.ask)
					if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
						r.Errorf("%s: %v", name, err)
					}
				}
				l, err := r.Handler.SignLink(context.Background(), r.Engine, LinkRequest{Kind: payment.KindInvoice, ID: twin})
				if err != nil || l.ID != twin || l.Customer != r.Customer || l.Number != "TWIN" || l.Due.String() != "1.00 NZD" || l.Ends != today.AddDate(0, 0, linkLife).Format(time.DateOnly) || l.Required {
					r.Errorf("%+v, %v", l, err)
				}
				if !strings.HasPrefix(l.URL, rigPublic+directInvoice.path+"-by-id?item_id=") {
					r.Errorf("it leads to %s", l.URL)
				}
				r.Splynx.SetOutage(true)
				if _, err := r.Handler.SignLink(context.Background(), r.Engine, LinkRequest{Kind: payment.KindInvoice, ID: twin}); err == nil || errors.Is(err, ErrNoDocument) {
					r.Errorf("with Splynx out: %v", err)
				}
				c := r.Config
				c.DirectPay = false
				r.configure(c)
				if _, err := r.Handler.SignLink(context.Background(), r.Engine, LinkRequest{Kind: payment.KindInvoice, ID: twin}); !errors.Is(err, ErrLinkAsked) || !strings.Contains(err.Error(), "direct_pay") {
					r.Errorf("with links off: %v", err)
				}
				c.DirectPay, c.SignedLinks = true, "some"
				if _, err := New(c); err == nil || !strings.Contains(err.Error(), "signed_links") {
					r.Errorf("a word that is not known: %v", err)
				}
			})
		})
	}
}
