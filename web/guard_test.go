package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

// F54: another Host is asked for: the way leads to the configured address, by GET only.
func TestF54OtherHost(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		for _, host := range []string{"other.example", "isp.example.evil.example", "isp.example:8443", "127.0.0.1", ""} {
			on := func(q *http.Request) { q.Host = host }
			a := r.get(r.link(), on)
			if want := rigPublic + r.link(); a.Code != http.StatusFound || a.location() != want {
				r.Errorf("%q: %d to %q, want 302 to %q", host, a.Code, a.location(), want)
			}
			r.wants(r.press("x", on), 421, "Wrong address")
		}
		for _, host := range []string{"isp.example", "ISP.example", "isp.example:443"} {
			if a := r.get(r.link(), func(q *http.Request) { q.Host = host }); a.Code != http.StatusOK {
				r.Errorf("%q: %d to %q", host, a.Code, a.location())
			}
		}
		r.untouched()
	})
}

// A browser leaves the usual port out of Host: with it in public_url, every page would
// redirect to itself for ever.
func TestUsualPortInPublicURLIsNoLoop(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		for _, public := range []string{"https://isp.example:443/", "https://ISP.example", "http://isp.example:80"} {
			c := r.Config
			c.PublicURL = public
			r.configure(c)
			if a := r.get(r.link()); a.Code != http.StatusOK {
				r.Errorf("%s: %d to %q", public, a.Code, a.location())
			}
		}
		for _, public := range []string{"", "isp.example", "ftp://isp.example", "/"} {
			c := r.Config
			c.PublicURL = public
			if _, err := New(c); err == nil || !strings.Contains(err.Error(), "public_url") {
				r.Errorf("%q: %v", public, err)
			}
		}
	})
}

// F59: line ends in an address must not become headers, here or in a redirect.
func TestF59HeaderInjection(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		for _, item := range []string{"1%0d%0aSet-Cookie:%20a=b", "%00", "a%1bb", "%ff%fe", "%C2%85", strings.Repeat("9", 65), "", "%20"} {
			target := directInvoice.path + "?item_id=" + item
			a := r.get(target)
			r.wants(a, 404, "Invoice not found")
			b := r.get(target, func(q *http.Request) { q.Host = "other.example" })
			for name, values := range b.Header() {
				if strings.ContainsAny(name+strings.Join(values, ""), "\r\n\x00") || name == "Set-Cookie" {
					r.Errorf("%s: header %s %q", item, name, values)
				}
			}
		}
		if n := len(slices.DeleteFunc(r.Splynx.Log(), func(e splynxtest.Entry) bool { return e.Resource != "invoices" })); n != 0 {
			r.Errorf("Splynx was searched %d time(s) for what can be no number", n)
		}
	})
}

func TestSplynxOutOfReach(t *testing.T) {
	for name, fault := range map[string]splynxtest.Fault{
		"down":    {Op: "*", Kind: splynxtest.Refuse},
		"cut":     {Op: "*", Kind: splynxtest.Cut},
		"slow":    {Op: "*", Kind: splynxtest.Slow, Delay: 5 * time.Minute},
		"failing": {Op: "*", Kind: splynxtest.Status, Status: 500},
		"html":    {Op: "*", Kind: splynxtest.LoginPage},
		"login":   {Op: "*", Kind: splynxtest.ToLogin},
		"garbage": {Op: "*", Kind: splynxtest.Garbage},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				form := r.get(r.link()).form()
				fault.Times = -1
				r.Splynx.Inject(fault)
				for what, ask := range map[string]func() answer{
					"link": func() answer { return r.get(r.link()) },
					"form": func() answer { return r.press(form) },
				} {
					begin := time.Now()
					a := ask()
					r.wants(a, 503, "No payments right now")
					if took := time.Since(begin); took > splynxTimeout+nameTimeout {
						r.Errorf("%s: the payer waited %s", what, took)
					}
					if a.Header().Get("Retry-After") == "" {
						r.Errorf("%s: it is not said when to come back", what)
					}
				}
				r.untouched()
			})
		})
	}
}

// The invoice of a customer who is gone is nobody's: no reason to say "try again".
func TestInvoiceOfARemovedCustomer(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.Splynx.RemoveCustomer(r.Customer)
		r.wants(r.get(r.link()), 404, "Invoice not found")
	})
}

// Unknown and deleted look the same, to the letter.
func TestDeletedInvoiceIsUnknown(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		unknown := r.get(itemURL(directInvoice.path, "1999/0001"))
		r.Splynx.DeleteInvoice(r.Invoice)
		deleted := r.get(r.link())
		if d := cmp.Diff(unknown.Body.String(), deleted.Body.String()); d != "" || deleted.Code != unknown.Code {
			r.Errorf("a stranger can tell them apart: %d, %d\n%s", unknown.Code, deleted.Code, d)
		}
	})
}

func TestEngineClosed(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		back := r.back(r.Gateway.Pay(r.pay(), windcavetest.CardApproved))
		form := r.get(r.link()).form()
		r.shut = errors.New("the journal is locked")
		r.wants(r.get(r.link()), 503, "No payments right now")
		r.wants(r.press(form), 503, "No payments right now")
		a := r.get(Prefix + "/payment/" + string(r.journal()[0].ID))
		r.wants(a, 503, "Cannot be shown right now")
		if strings.Contains(a.Body.String(), "Nothing was charged") {
			r.Error("whoever has just paid is told that nothing was charged")
		}
		if a := r.get(back); a.Code != http.StatusSeeOther {
			r.Errorf("the browser's return gives %d", a.Code)
		}
		if a := r.get(back, header("User-Agent", "PXL1")); a.Code != http.StatusServiceUnavailable {
			r.Errorf("the notification gets %d, want 503", a.Code)
		}
	})
}

// A page that panics answers nevertheless, and a notification is asked to come again.
func TestPanicIsAPage(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		form := r.get(r.link()).form()
		back := payment.ReturnPath + "AAAAAAAAAAAAAAAA?result=0000840000aaaaaaaaaaaaaaaaaaaaaa"
		c := r.Config
		c.Room = func(int64) error { panic("room") }
		r.configure(c)
		r.wants(r.press(form), 500, "This page could not be made")
		r.Handler.Engine = nil
		r.wants(r.get(r.link()), 500, "This page could not be made")
		if a := r.get(back); a.Code != http.StatusSeeOther {
			r.Errorf("the browser's return gives %d", a.Code)
		}
		if a := r.get(back, header("User-Agent", "PXL1")); a.Code != http.StatusServiceUnavailable {
			r.Errorf("the notification gets %d, want 503", a.Code)
		}
		r.Handler.Generation = nil // every page needs it
		a := r.get(r.link())
		if a.Code != http.StatusServiceUnavailable || !strings.Contains(a.Body.String(), "do not pay again") {
			r.Errorf("answer %d %q", a.Code, a.Body)
		}
	})
}

func TestAbortedHandlerStaysAborted(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		form := r.get(r.link()).form()
		c := r.Config
		c.Room = func(int64) error { panic(http.ErrAbortHandler) }
		r.configure(c)
		defer func() {
			if cause := recover(); cause != http.ErrAbortHandler {
				r.Errorf("cause is %v", cause)
			}
		}()
		r.press(form)
	})
}

func TestSecurityHeadersOnEveryAnswer(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		form := r.get(r.link()).form()
		back := r.back(r.Gateway.Pay(r.pay(), windcavetest.CardApproved))
		answers := map[string]answer{
			"link": r.get(r.link()), "unknown": r.get(itemURL(directInvoice.path, "1")), "head": r.send(http.MethodHead, r.link(), nil),
			"button": r.press(form), "forged": r.press("x"), "foreign": r.press("x", header("Sec-Fetch-Site", "cross-site")),
			"method": r.send(http.MethodDelete, r.link(), nil), "nothing": r.get(Prefix), "other host": r.get(r.link(), func(q *http.Request) { q.Host = "x" }),
			"return": r.get(back), "notification": r.get(back, header("User-Agent", "PXL1")), "bad return": r.get(payment.ReturnPath + "x"),
			"payment": r.get(Prefix + "/payment/" + string(r.journal()[0].ID)), "style": r.get(r.Handler.wardrobe.of(0).style),
			"no style": r.get(Prefix + "/assets/x.css"), "not clean": r.get(Prefix + "//payment/../payment/x"),
		}
		for name, a := range answers {
			want := map[string]string{
				"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'self'; form-action 'self' http://127.0.0.1:1",
				"X-Content-Type-Options":  "nosniff", "X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
			}
			if name == "style" {
				want["Cache-Control"] = "public, max-age=31536000, immutable"
			}
			for header, value := range want {
				if got := a.Header().Get(header); got != value {
					r.Errorf("%s: %s is %q, want %q", name, header, got, value)
				}
			}
		}
	})
}

func TestFormsMayLeadToTheGatewaysPages(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"https://sec.windcave.com":      "https://sec.windcave.com https://windcave.com https://*.windcave.com",
		"https://a.b.windcave.com":      "https://a.b.windcave.com https://windcave.com https://*.windcave.com",
		"https://windcave.com":          "https://windcave.com https://*.windcave.com",
		"https://pay.example.co.nz:844": "https://pay.example.co.nz:844 https://example.co.nz https://*.example.co.nz https://example.co.nz:844 https://*.example.co.nz:844",
		"https://example.co.nz":         "https://example.co.nz https://*.example.co.nz", // and not *.co.nz
		"http://127.0.0.1:8080":         "http://127.0.0.1:8080",
		"https://localhost:8080":        "https://localhost:8080",
		"https://[::1]:1":               "https://[::1]:1",
	} {
		csp, err := contentSecurity([]string{endpoint, endpoint})
		if err != nil {
			t.Fatal(err)
		}
		_, forms, _ := strings.Cut(csp, "form-action 'self' ")
		if forms != want {
			t.Errorf("%s: forms may lead to\n%s, want\n%s", endpoint, forms, want)
		}
	}
	if _, err := contentSecurity([]string{"nowhere"}); err == nil {
		t.Error("an address without a host is taken")
	}
}

func TestMethodsAreNamed(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		for target, want := range map[string]string{r.link(): "GET, HEAD, POST", goldenURL: "GET, HEAD", Prefix + "/assets/x": "GET, HEAD"} {
			a := r.send(http.MethodPut, target, url.Values{})
			r.wants(a, 405, "Not possible here")
			if got := a.Header().Get("Allow"); got != want {
				r.Errorf("%s: Allow is %q, want %q", target, got, want)
			}
		}
		for _, target := range []string{Prefix + "/admin/", Prefix + "/direct-pay-invoice/", Prefix + "/pay-invoice/"} {
			r.wants(r.get(target), 404, "Page not found")
		}
	})
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		for _, target := range []string{r.link(), itemURL(directInvoice.path, "1"), goldenURL, r.Handler.wardrobe.of(0).style} {
			get, head := r.get(target), r.send(http.MethodHead, target, nil)
			if head.Code != get.Code || head.Body.Len() != 0 {
				r.Errorf("%s: HEAD gives %d with %d bytes, GET %d", target, head.Code, head.Body.Len(), get.Code)
			}
			if d := cmp.Diff(get.Header(), head.Header()); d != "" {
				r.Errorf("%s: %s", target, d)
			}
		}
	})
}

func TestGuestCookie(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		set := r.get(r.link(), stranger).Header().Get("Set-Cookie")
		for _, part := range []string{guestCookie + "=", "Path=/paymentexpress", "HttpOnly", "Secure", "SameSite=Lax"} {
			if !strings.Contains(set, part) {
				r.Errorf("cookie %q lacks %s", set, part)
			}
		}
		if again := r.get(r.link()).Header().Get("Set-Cookie"); again != "" {
			r.Errorf("a known browser got another cookie: %q", again)
		}
		made := r.get(r.link(), func(q *http.Request) { q.Header.Set("Cookie", guestCookie+"=<script>") })
		if made.Header().Get("Set-Cookie") == "" {
			r.Error("a cookie that is none of ours was kept")
		}
		c := r.Config
		c.PublicURL = "http://isp.example"
		r.configure(c)
		if set := r.get(r.link(), stranger).Header().Get("Set-Cookie"); strings.Contains(set, "Secure") {
			r.Errorf("over plain http the cookie would be lost: %q", set)
		}
	})
}
