package web

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// F50: whoever makes up a form, or changes one, gets nothing started.
func TestF50ForgedSeal(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		good := r.get(r.link()).form()
		raw, err := base64.RawURLEncoding.DecodeString(good)
		r.must(err)
		forms := map[string]string{"empty": "", "words": "let me in", "half": good[:len(good)/2], "longer": good + "AAAA", "json": base64.RawURLEncoding.EncodeToString([]byte(`{"k":"1"}`))}
		for i := range raw {
			changed := bytes.Clone(raw)
			changed[i] ^= 1
			forms["bit of byte "+string(rune('0'+i%10))+string(rune('a'+i/10))] = base64.RawURLEncoding.EncodeToString(changed)
		}
		for name, form := range forms {
			if a := r.press(form); a.Code != http.StatusBadRequest {
				r.Errorf("%s: %d", name, a.Code)
			}
		}
		r.wants(r.send(http.MethodPost, directInvoice.path, url.Values{"other": {good}}), 400, "This page is out of date")
		r.untouched()
	})
}

// A form of one installation is worth nothing at another one.
func TestFormOfAnotherJournal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		form := newRig(t, setup{}).get(itemURL(directInvoice.path, "2026/0042")).form()
		r := newRig(t, setup{})
		r.wants(r.press(form), 400, "This page is out of date")
		r.untouched()
	})
}

// Ids of the customer and the invoice are no business of a stranger who has the link.
func TestFormCannotBeRead(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		raw, err := base64.RawURLEncoding.DecodeString(r.get(r.link()).form())
		r.must(err)
		for _, word := range []string{r.Number, "57.50", "invoice", "guest-"} {
			if bytes.Contains(raw, []byte(word)) {
				r.Errorf("the form shows %q", word)
			}
		}
	})
}

func TestOldFormIsMadeAnew(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		form := r.get(r.link()).form()
		time.Sleep(formLife + time.Second) // virtual
		a := r.press(form)
		if !strings.Contains(a.find(noticeText), "open for a long time") || a.form() == "" || a.form() == form {
			r.Errorf("answer %d: notice %q", a.Code, a.find(noticeText))
		}
		r.untouched()
		if a := r.press(a.form()); a.Code != http.StatusSeeOther {
			r.Errorf("the new form leads to %d %s", a.Code, a.title())
		}
	})
}

// F46: a clock that was set back does not make strangers of our forms.
func TestF46FormOfAClockThatWasSetBack(t *testing.T) {
	for ahead, status := range map[time.Duration]int{59 * time.Minute: http.StatusSeeOther, time.Hour: http.StatusSeeOther, time.Hour + time.Second: http.StatusBadRequest} {
		t.Run(ahead.String(), func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				c := r.Config
				c.Now = func() time.Time { return time.Now().Add(ahead) }
				r.configure(c)
				form := r.get(r.link()).form()
				c.Now = time.Now
				r.configure(c)
				if a := r.press(form); a.Code != status {
					r.Errorf("answer is %d %s, want %d", a.Code, a.title(), status)
				}
			})
		})
	}
}

// An error behind the engine's back may hide a payment; what the engine refuses before it makes
// one does not.
func TestErrorsOfAStart(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		for err, want := range map[error]struct {
			status int
			title  string
		}{
			errors.New("disk is full"): {503, "Cannot be shown right now"},
			payment.ErrStopped:         {503, "Cannot be shown right now"},
			payment.ErrNoGeneration:    {503, "No payments right now"},
			payment.ErrNoCredentials:   {503, "No payments right now"},
			payment.ErrInFlight:        {409, "Being processed"},
			payment.ErrFormChanged:     {409, "This page is out of date"},
			&limitError{time.Minute}:   {429, "Too many tries"},
		} {
			r.wants(r.started(nil, fmt.Errorf("start: %w", err)), want.status, want.title)
		}
		a := r.started(r.put(goldenID, payment.Approved, approved), nil) // and it cannot be told where it stands
		r.wants(a, 503, "Cannot be shown right now")
		if !strings.Contains(a.Body.String(), goldenURL) {
			r.Errorf("no way leads to the payment:\n%s", a.Body)
		}
	})
}

// F50: the address beside a form decides nothing, and a number that moved to another invoice
// does not make its form pay that one.
func TestF50FormOfAnotherInvoice(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: r.Customer, Number: "2026/0099", Total: "1.00"})
		form := r.get(r.link()).form()
		a := r.send(http.MethodPost, itemURL(directInvoice.path, "2026/0099"), url.Values{"form": {form}, "item_id": {"2026/0099"}})
		if a.Code != http.StatusSeeOther {
			r.Fatalf("answer %d %s", a.Code, a.title())
		}
		if p := r.journal()[0]; p.DocumentID != r.Invoice || p.Amount.Number() != "57.50" {
			r.Errorf("payment is for %d, %s", p.DocumentID, p.Amount)
		}

		form = r.get(itemURL(directInvoice.path, "2026/0099")).form()
		r.Splynx.ChangeInvoice(r.Invoice+1, func(i *splynxtest.Invoice) { i.Number = "2026/0100" })
		r.Splynx.AddInvoice(splynxtest.Invoice{CustomerID: r.Customer, Number: "2026/0099", Total: "1.00"})
		r.wants(r.press(form), 409, "This page is out of date")
		if n := len(r.journal()); n != 1 {
			r.Errorf("%d payments were started, want 1", n)
		}
	})
}

// F50: whatever a browser adds to the form, what was sealed is charged.
func TestF50ChangedFieldsAreIgnored(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		form := r.get(r.link()).form()
		a := r.send(http.MethodPost, directInvoice.path+"?amount=0.01&currency=JPY", url.Values{
			"form": {form}, "amount": {"0.01"}, "currency": {"JPY"}, "customer": {"1"}, "item_id": {"1"}, "status": {"success"},
		})
		if a.Code != http.StatusSeeOther {
			r.Fatalf("answer %d %s", a.Code, a.title())
		}
		if e := r.Gateway.Log()[0]; e.Amount != "57.50" || e.Currency != "NZD" {
			r.Errorf("the gateway was asked for %s %s", e.Amount, e.Currency)
		}
	})
}

// F37: two forms in one body: the first counts, and nothing is paid twice.
func TestF37FormSentTwiceIsOnePayment(t *testing.T) {
	inBubble(t, setup{Gateway: windcavetest.Options{Latency: func(windcavetest.Op) time.Duration { return time.Second }}}, func(r *rig) {
		form := r.get(r.link()).form()
		var answers [5]answer
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = r.press(form) })
		}
		all.Wait()
		late := r.press(form)
		for _, a := range append(answers[:], late) {
			if a.Code != http.StatusSeeOther || a.location() != late.location() {
				r.Errorf("answer %d %s %s, want 303 to %s", a.Code, a.title(), a.location(), late.location())
			}
		}
		if n := len(r.journal()); n != 1 {
			r.Errorf("%d payments were started, want 1", n)
		}
	})
}

// The bank's word may still be under way for a page that was declined once: the form does not
// say then that nothing was charged.
func TestFormOfAPaymentThatIsNotJudged(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		a := sent(r, payment.Declined, pending(r))
		if a.Code != http.StatusSeeOther || a.location() != rigPublic+goldenURL {
			r.Errorf("the form leads to %d %q (%s)", a.Code, a.location(), a.title())
		}
	})
}

// F37: another tab of the same payer gets the page that is open; another payer gets an own one.
func TestF37OpenPageIsGivenToItsPayerAgain(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		first := r.pay()
		if again := r.pay(); again != first {
			r.Error("the same payer got a second page")
		}
		other := r.get(r.link(), stranger)
		if a := r.press(other.form(), stranger); a.Code != http.StatusSeeOther || a.location() == first {
			r.Errorf("a stranger got %d %s", a.Code, a.location())
		}
	})
}

// F53: another site's page cannot press our button, whichever way its browser says so.
func TestF53CrossSiteForm(t *testing.T) {
	for name, h := range map[string][2]string{
		"origin of another site":  {"https://evil.example", ""},
		"no origin at all":        {"null", ""},
		"same host, plain http":   {"http://isp.example:8080", ""},
		"fetched from elsewhere":  {rigPublic, "cross-site"},
		"fetched from a sibling":  {rigPublic, "same-site"},
		"other origin, told both": {"https://evil.example", "cross-site"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				form := r.get(r.link()).form()
				a := r.press(form, func(q *http.Request) {
					q.Header.Set("Origin", h[0])
					q.Header.Del("Sec-Fetch-Site")
					if h[1] != "" {
						q.Header.Set("Sec-Fetch-Site", h[1])
					}
				})
				r.wants(a, 403, "Not allowed from there")
				r.untouched()
			})
		})
	}
}

// F53: mail scanners, previews and prefetching follow links: that must not pay anything.
func TestF53GetNeverMovesMoney(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		form := r.get(r.link()).form()
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			a := r.send(method, r.link()+"&form="+form, nil)
			if a.Code != http.StatusOK {
				r.Errorf("%s gives %d", method, a.Code)
			}
		}
		for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
			r.wants(r.send(method, r.link(), url.Values{"form": {form}}), 405, "Not possible here")
		}
		r.untouched()
	})
}

// F49: what a browser claims about the outcome is not read at all.
func TestF49StatusSuccessInTheAddressIsIgnored(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.pay()
		p := r.journal()[0]
		claim := "?status=success&Success=1&result=0000840000aaaaaaaaaaaaaaaaaaaaaa"
		r.wants(r.get(Prefix+"/payment/"+string(p.ID)+claim), 200, "Not paid yet")
		if a := r.get(payment.ReturnPath + string(p.ID) + claim); a.Code != http.StatusSeeOther {
			r.Errorf("return gives %d", a.Code)
		}
		if now := r.journal()[0]; now.State != payment.Offered || now.HasMoney() {
			r.Errorf("payment is %s", now.State)
		}
		if i, _ := r.Splynx.Invoice(r.Invoice); i.Due != "57.5000" {
			r.Errorf("%s is due", i.Due)
		}
	})
}

func TestHugeForm(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		form := r.get(r.link()).form()
		a := r.send(http.MethodPost, directInvoice.path, url.Values{"form": {form}, "padding": {strings.Repeat("x", formLimit)}})
		r.wants(a, 413, "This page is out of date")
		r.untouched()
	})
}

// A replayed first flight of a connection could press the button again.
func TestEarlyData(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		form := r.get(r.link(), header("Early-Data", "1")).form() // looking is harmless
		r.wants(r.press(form, header("Early-Data", "1")), 425, "Please try again")
		r.untouched()
		if a := r.press(form); a.Code != http.StatusSeeOther {
			r.Errorf("sent once more it gives %d", a.Code)
		}
	})
}

// F12: only a full disk's own words differ: nothing new may start.
func TestF12NoRoomStartsNothing(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		form := r.get(r.link()).form()
		c := r.Config
		c.Room = func(int64) error { return http.ErrServerClosed }
		r.configure(c)
		r.wants(r.press(form), 503, "No payments right now")
		r.untouched()
	})
}

// The gateway out of reach: the page says so, with a form that can be sent again.
func TestGatewayDown(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.Gateway.Inject(windcavetest.Fault{Kind: windcavetest.HTTPStatus, Op: windcavetest.OpGenerate, Times: 1})
		r.Gateway.Inject(windcavetest.Fault{Kind: windcavetest.HTTPStatus, Op: windcavetest.OpGenerate, Times: -1})
		form := r.get(r.link()).form()
		a := r.press(form)
		if a.Code != http.StatusServiceUnavailable || !strings.Contains(a.find(noticeText), "cannot take payments right now") || a.form() == form {
			r.Fatalf("answer %d %s: %q", a.Code, a.title(), a.find(noticeText))
		}
		if a.Header().Get("Retry-After") == "" {
			r.Error("it is not said when to come back")
		}
	})
}
