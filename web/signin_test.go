package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

func ownSignIn(c *Config) { c.SignIn = SignInOwn }

// asksSignIn opens the page to sign in on.
func (r *rig) asksSignIn(back string, edit ...func(*http.Request)) answer {
	r.Helper()
	return r.get(ownSignInPath+"?return="+url.QueryEscape(back), edit...)
}

// signsIn fills in the form of the page.
func (r *rig) signsIn(back, login, password string, edit ...func(*http.Request)) answer {
	r.Helper()
	form := r.asksSignIn(back, edit...).form()
	return r.send(http.MethodPost, ownSignInPath, url.Values{"form": {form}, "login": {login}, "password": {password}}, edit...)
}

// isIn signs a customer in, and returns the browser's cookie.
func (r *rig) isIn(customer int64) *http.Cookie {
	r.Helper()
	login, password := splynxtest.DefaultLogin(customer)
	a := r.signsIn(r.icon(), login, password)
	c := a.cookie()
	if a.Code != http.StatusSeeOther || c == nil {
		r.Fatalf("signing in: %d %q", a.Code, a.title())
	}
	return c
}

// cookie is the sign-in that an answer gives; nil if it gives none.
func (a answer) cookie() *http.Cookie {
	for _, c := range a.Result().Cookies() {
		if c.Name == customerCookie {
			return c
		}
	}
	return nil
}

func with(c *http.Cookie) func(*http.Request) { return cookie(c.Name, c.Value) }

// Whoever no session of Splynx proves signs in on our page, and pays from there.
func TestOwnSignIn(t *testing.T) {
	t.Parallel()
	for name, style := range map[string]splynxtest.Style{"v4": splynxtest.V4, "v5": splynxtest.V5} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, setup{Edit: ownSignIn, Splynx: splynxtest.Options{Style: style}}, func(r *rig) {
				to := r.get(r.icon()).location()
				if to != rigPublic+ownSignInPath+"?return=%2Fpaymentexpress%2Fpay-invoice%3Fitem_id%3D2026%252F0042" {
					t.Fatalf("nobody is led to %s", to)
				}
				login, password := splynxtest.DefaultLogin(r.Customer)
				a := r.send(http.MethodPost, ownSignInPath, url.Values{
					"form": {r.get(strings.TrimPrefix(to, rigPublic)).form()}, "login": {" " + login + " "}, "password": {password},
				})
				if a.Code != http.StatusSeeOther || a.location() != itemURL(payInvoice.path, r.Number)+"&signed_in=1" {
					t.Fatalf("after signing in: %d to %s", a.Code, a.location())
				}
				c := a.cookie()
				if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != Prefix || c.MaxAge != 1800 {
					t.Errorf("the cookie is %+v", c)
				}
				r.wants(r.get(a.location()), 403, "Sign-in not seen") // a browser without cookies is not sent in a circle
				page := r.get(a.location(), with(c))
				r.wants(page, 200, "Invoice 2026/0042")
				if !strings.Contains(page.Body.String(), signOutPath) {
					t.Error("the page does not lead to signing out")
				}
				back := r.back(r.Gateway.Pay(r.leads(r.pressIcon(page.form(), with(c))), windcavetest.CardApproved))
				at := strings.TrimPrefix(r.get(back, with(c)).location(), rigPublic)
				time.Sleep(time.Minute) // virtual
				if body := r.get(at, with(c)).Body.String(); !strings.Contains(body, "received and booked") {
					t.Errorf("the receipt is\n%s", body)
				}
				if p := r.journal()[0]; p.Origin != payment.OriginCustomer || p.Payer != customerPayer(r.Customer) || p.State != payment.Recorded {
					t.Errorf("payment is %s, %s of %s", p.State, p.Origin, p.Payer)
				}
				r.promises()
			})
		})
	}
}

// Where it is not configured there is no such page, and its cookie says nothing.
func TestOwnSignInIsOff(t *testing.T) {
	inBubble(t, setup{Edit: ownSignIn}, func(r *rig) {
		c := r.isIn(r.Customer)
		config := r.Config
		config.SignIn = SignInSplynx
		r.configure(config)
		r.wants(r.asksSignIn(r.icon()), 404, "Page not found")
		if a := r.get(r.icon(), with(c)); a.Code != http.StatusFound || !strings.HasPrefix(a.location(), rigPublic+signInPath) {
			r.Errorf("%d to %s", a.Code, a.location())
		}
		config.SignIn = "splynx"
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), "sign_in") {
			r.Errorf("a word that is not known: %v", err)
		}
	})
}

// The way back leads to pages of ours and nowhere else.
func TestSignInLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	for back, want := range map[string]string{
		"/paymentexpress/pay-invoice?item_id=1%2F2&a=b": "/paymentexpress/pay-invoice?item_id=1%2F2&a=b",
		"/paymentexpress/":                             "/paymentexpress/",
		"/paymentexpress":                              "/paymentexpress",
		"":                                             paymentsPath,
		"https://evil.example/paymentexpress/":         paymentsPath,
		"//evil.example/paymentexpress/":               paymentsPath,
		"///paymentexpress/":                           paymentsPath,
		"/\\evil.example/paymentexpress/":              paymentsPath,
		"/paymentexpress/\\..\\..":                     paymentsPath,
		"/paymentexpress/../admin":                     paymentsPath,
		"/paymentexpress/%2e%2e/admin":                 paymentsPath,
		"/paymentexpress//evil":                        paymentsPath,
		"/paymentexpressive":                           paymentsPath,
		"/portal/":                                     paymentsPath,
		"javascript:alert(1)":                          paymentsPath,
		"user@paymentexpress/":                         paymentsPath,
		"/paymentexpress/\r\nSet-Cookie: a=b":          paymentsPath,
		ownSignInPath + "?return=x":                    paymentsPath,
		signOutPath:                                    paymentsPath,
		"/paymentexpress/" + strings.Repeat("x", 3000): paymentsPath,
	} {
		if got := ownWay(back); got != want {
			t.Errorf("%q leads to %q, want %q", back, got, want)
		}
	}
}

// Whatever is wrong, the answer is the same to the byte, and comes after the same time: it is
// never told whether a login is there.
func TestSignInTellsNothing(t *testing.T) {
	var bodies []string
	for name, c := range map[string]struct {
		login, password string
		splynx          splynxtest.Options
	}{
		"wrong password":       {login: "marla", password: "wrong"},
		"no such login":        {login: "marla", password: "wrong", splynx: splynxtest.Options{Style: splynxtest.V4}}, // nobody is added there
		"disabled":             {login: "marla", password: "cave"},
		"refused":              {login: "marla", password: "cave", splynx: splynxtest.Options{RefusedStatuses: []string{"active"}}},
		"too many, at Splynx":  {login: "marla", password: "cave", splynx: splynxtest.Options{MaxAttempts: 1}},
		"control in the login": {login: "marla", password: "\xff"},
	} {
		inTheSame := setup{Edit: ownSignIn, Splynx: c.splynx}
		t.Run(name, func(t *testing.T) {
			inBubbleHere(t, inTheSame, func(r *rig) {
				if name != "no such login" {
					id := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Marla", Login: "marla", Password: "cave"})
					if name == "disabled" {
						r.Splynx.SetStatus(id, name)
					}
				}
				if name == "too many, at Splynx" {
					r.signsIn("", c.login, "wrong")
				}
				begun := time.Now()
				a := r.signsIn("", c.login, c.password)
				if took := time.Since(begun); took != signInPace {
					t.Errorf("it took %s", took)
				}
				if a.Code != 422 || a.cookie() != nil || a.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("%d, %v, %q", a.Code, a.cookie(), a.Header().Get("Cache-Control"))
				}
				bodies = append(bodies, formText.ReplaceAllString(a.Body.String(), ""))
			})
		})
	}
	for _, b := range bodies {
		if b != bodies[0] {
			t.Errorf("two answers differ:\n%s\n%s", bodies[0], b)
		}
	}
}

// Neither the login nor the password is in a log or an address, whatever comes of it.
func TestSignInKeepsSecrets(t *testing.T) {
	inBubble(t, setup{Edit: ownSignIn}, func(r *rig) {
		r.Splynx.AddCustomer(splynxtest.Customer{Name: "Marla", Login: "marked-login", Password: "marked-password"})
		answers := []answer{r.signsIn("", "marked-login", "marked-password"), r.signsIn("", "marked-login", "marked-password-2")}
		r.Splynx.SetOutage(true)
		out := r.signsIn("", "marked-login", "marked-password")
		r.wants(out, 503, "No sign-in right now")
		r.Splynx.SetOutage(false)
		for range 10 {
			answers = append(answers, r.signsIn("", "marked-login", "marked-password-3"))
		}
		r.wants(answers[len(answers)-1], 429, "Too many tries")
		for _, a := range append(answers, out) {
			if strings.Contains(a.location(), "marked") || strings.Contains(a.Body.String(), "marked-password") || strings.Contains(fmt.Sprint(a.Header()), "marked") {
				r.Errorf("an answer tells %s\n%s", a.location(), a.Body)
			}
		}
		for _, l := range r.Logs.All() {
			if text := fmt.Sprint(l.Message, l.ContextMap()); strings.Contains(text, "marked-") {
				r.Errorf("the log tells %s", text)
			}
		}
		if r.Logs.FilterMessage("a sign-in was refused").Len() == 0 {
			r.Error("a refusal is not logged")
		}
	})
}

// Who guesses waits longer and longer, by the login from wherever, and by the address; the
// right password in between ends that for the login.
func TestGuessingWaits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		login func(i int) string
		from  func(i int) string
		free  int
	}{
		"a login from many addresses": {func(int) string { return "marla" }, func(i int) string { return fmt.Sprintf("198.51.100.%d", i) }, waitsLogin},
		"the same in other letters":   {func(i int) string { return []string{"marla", "MARLA", " Marla"}[i%3] }, func(i int) string { return fmt.Sprintf("198.51.100.%d", i) }, waitsLogin},
		"many logins from an address": {func(i int) string { return fmt.Sprint("guess", i) }, func(int) string { return "198.51.100.1" }, waitsAddress},
		"from a household's IPv6":     {func(i int) string { return fmt.Sprint("guess", i) }, func(i int) string { return fmt.Sprintf("2001:db8::%x", i) }, waitsAddress},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, now := NewLimits(GuestLimit{}), noon
			fails := func(i int) time.Duration {
				try, wait := l.SignIn(c.login(i), netip.MustParseAddr(c.from(i)), now)
				if wait == 0 {
					try.wrong(true)
				}
				return wait
			}
			for i := range c.free {
				if wait := fails(i); wait != 0 {
					t.Fatalf("try %d waits %s", i, wait)
				}
			}
			for i, want := range append(growing, time.Hour) {
				if wait := fails(200 + i); wait != want {
					t.Errorf("wait %d is %s, want %s", i, wait, want)
				}
				now = now.Add(want)
				if wait := fails(200 + i); wait != 0 {
					t.Errorf("after wait %d it waits %s", i, wait)
				}
			}
			try, wait := l.SignIn("another", two, now)
			if wait != 0 {
				t.Fatalf("another login from another address waits %s", wait)
			}
			try.right()
			if now = now.Add(failuresLast + time.Hour); fails(0) != 0 {
				t.Error("a day later it waits still")
			}
		})
	}
}

func TestRightPasswordEndsTheWaiting(t *testing.T) {
	t.Parallel()
	l := NewLimits(GuestLimit{})
	for range 10 {
		for range waitsLogin - 1 {
			try, wait := l.SignIn("marla", one, noon)
			if wait != 0 {
				t.Fatalf("it waits %s", wait)
			}
			try.wrong(true)
		}
		try, _ := l.SignIn("marla", one, noon)
		try.right()
		l.attempts.failed[limitKey{"sign in", networkOf(one)}].n = 0 // its address is apart
	}
	for range 200 { // nobody was asked: nothing counts
		try, wait := l.SignIn("marla", one, noon)
		if wait != 0 {
			t.Fatalf("it waits %s", wait)
		}
		try.void()
	}
}

// Guessing from everywhere does not lock this machine, and with it the API key, out of Splynx.
func TestGuessingDoesNotLockUsOut(t *testing.T) {
	inBubble(t, setup{Edit: ownSignIn, Splynx: splynxtest.Options{MaxAttempts: 10, AttemptsByAddress: true}}, func(r *rig) {
		guess := func(i int) answer {
			return r.signsIn("", fmt.Sprint("guess", i), "x", as(fmt.Sprintf("198.51.%d.%d", i/200, i%200+1)))
		}
		for i := range 10 + restAfter {
			r.wants(guess(i), 422, "Sign in")
		}
		synctest.Wait()
		asked := exchanges(r)
		for i := range 20 {
			r.wants(guess(100+i), 429, "Too many tries")
		}
		if exchanges(r) != asked {
			r.Error("Splynx is asked on")
		}
		if r.Logs.FilterMessageSnippet("splynx looks at no more sign-ins").Len() != 1 {
			r.Error("nobody is told")
		}
		time.Sleep(restFor) // virtual
		r.isIn(r.Customer)
	})
	t.Run("over all", func(t *testing.T) {
		t.Parallel()
		l := NewLimits(GuestLimit{})
		for i := range signInsAll {
			try, wait := l.SignIn(fmt.Sprint(i), netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), noon)
			if wait != 0 {
				t.Fatalf("try %d waits %s", i, wait)
			}
			try.wrong(true)
		}
		before := len(l.attempts.failed)
		for i := range 1000 {
			if _, wait := l.SignIn(fmt.Sprint("more", i), netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), noon); wait != time.Hour/signInsAll {
				t.Fatalf("one more waits %s", wait)
			}
		}
		if len(l.attempts.failed) != before {
			t.Error("those who were refused are remembered")
		}
	})
}

// A customer who mistypes now and then, and signs in each time, or comes while Splynx is out,
// does not wait.
func TestMistypingDoesNotWait(t *testing.T) {
	inBubble(t, setup{Edit: ownSignIn}, func(r *rig) {
		login, _ := splynxtest.DefaultLogin(r.Customer)
		for i := range 4 {
			from := as(fmt.Sprintf("198.51.100.%d", i))
			for range waitsLogin - 1 {
				r.wants(r.signsIn("", login, "mistyped", from), 422, "Sign in")
			}
			r.isIn(r.Customer)
		}
		r.Splynx.SetOutage(true)
		for range 2 * waitsAddress {
			r.wants(r.signsIn("", login, "x"), 503, "No sign-in right now")
		}
		r.Splynx.SetOutage(false)
		r.isIn(r.Customer)
	})
}

// Forms that are not ours, or are sent from elsewhere, sign nobody in or out.
func TestSignInFormsAreOurs(t *testing.T) {
	inBubble(t, setup{Edit: ownSignIn}, func(r *rig) {
		login, password := splynxtest.DefaultLogin(r.Customer)
		post := func(path, form string, edit ...func(*http.Request)) answer {
			return r.send(http.MethodPost, path, url.Values{"form": {form}, "login": {login}, "password": {password}}, edit...)
		}
		form := r.asksSignIn("").form()
		synctest.Wait() // the engine asks for a token of its own
		asked := exchanges(r)
		r.wants(post(ownSignInPath, "forged"), 400, "This page is out of date")
		r.wants(post(ownSignInPath, r.get(r.link()).form()), 400, "This page is out of date")
		r.wants(post(ownSignInPath, form, header("Sec-Fetch-Site", "cross-site")), 403, "Not allowed from there")
		big := r.send(http.MethodPost, ownSignInPath, url.Values{"form": {form}, "login": {strings.Repeat("x", formLimit)}})
		r.wants(big, 413, "This page is out of date")
		if exchanges(r) != asked {
			r.Error("Splynx was asked")
		}
		c := r.isIn(r.Customer)
		r.wants(post(signOutPath, "forged", with(c)), 400, "This page is out of date")
		r.wants(post(signOutPath, form, header("Sec-Fetch-Site", "cross-site"), with(c)), 403, "Not allowed from there")
		r.wants(r.get(signOutPath, with(c)), 405, "Not possible here")
		r.wants(r.get(r.icon(), with(c)), 200, "Invoice 2026/0042")
	})
}
