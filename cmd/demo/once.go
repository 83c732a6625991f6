package main

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/payment/paymenttest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-paymentexpress/paymentexpress/caddymodule"
)

// once pays one invoice, declines one and cancels one, as a person with a browser would, and
// then compares what Splynx, the gateway and the journal say.
func (h *house) once(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	steps := []struct {
		number, wantPage, wantInvoice string
		act                           func(page string) (string, error)
	}{
		{"2026/0042", "Paid", "paid", func(page string) (string, error) { return windcavetest.Buyer{}.Pay(page, typed(windcavetest.CardApproved)) }},
		{"2026/0043", "Not approved", "not_paid", func(page string) (string, error) { return windcavetest.Buyer{}.Pay(page, typed(windcavetest.CardDeclined)) }},
		{"2026/0044", "Not paid", "not_paid", func(page string) (string, error) { return windcavetest.Buyer{}.Cancel(page) }},
	}
	for _, s := range steps {
		title, err := h.walk(ctx, s.number, s.act, s.wantPage)
		if err != nil {
			return fmt.Errorf("invoice %s: %w", s.number, err)
		}
		status, due, err := h.invoiceBecomes(ctx, s.number, s.wantInvoice)
		if err != nil {
			return err
		}
		fmt.Printf("invoice %s: the page says %q, Splynx says %s with %s due, the gateway has %d charge(s)\n", s.number, title, status, due, h.charges(s.number))
	}
	return h.agree(ctx)
}

// typed is a card as somebody types it.
func typed(c windcavetest.Card) windcavetest.Card {
	c.Holder, c.Expiry, c.CVC = "Demo Payer", time.Now().AddDate(2, 0, 0).Format("0106"), "123"
	return c
}

var (
	formValue = regexp.MustCompile(`name="form" value="([^"]+)"`)
	heading   = regexp.MustCompile(`(?s)<h1>(.*?)</h1>`)
	tag       = regexp.MustCompile(`<[^>]*>`)
)

// walk opens the link, presses the button, acts on the gateway's page, comes back, and waits
// for the page that is wanted.
func (h *house) walk(ctx context.Context, number string, act func(string) (string, error), want string) (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	link := h.public + "/paymentexpress/direct-pay-invoice?item_id=" + url.QueryEscape(number)
	var page string
	for page == "" { // under -seed, a person would try again as well
		_, body, err := fetch(ctx, browser, http.MethodGet, link, nil)
		if err != nil {
			return "", err
		}
		form := formValue.FindStringSubmatch(body)
		if form == nil {
			if err := pauseOr(ctx, "the link shows %q", title(body)); err != nil {
				return "", err
			}
			continue
		}
		to, body, err := fetch(ctx, browser, http.MethodPost, link, url.Values{"form": {html.UnescapeString(form[1])}})
		if err != nil {
			return "", err
		}
		if page = to; page == "" {
			if err := pauseOr(ctx, "the button leads to %q", title(body)); err != nil {
				return "", err
			}
		}
	}
	back, err := act(page)
	if err != nil {
		return "", fmt.Errorf("on the gateway's page: %w", err)
	}
	outcome, body, err := fetch(ctx, browser, http.MethodGet, back, nil)
	if err != nil {
		return "", err
	}
	if !strings.Contains(outcome, "/paymentexpress/payment/") {
		return "", fmt.Errorf("coming back leads to %q (%s)", outcome, title(body))
	}
	for {
		if _, body, err = fetch(ctx, browser, http.MethodGet, outcome, nil); err != nil {
			return "", err
		}
		if title(body) == want {
			return want, nil
		}
		if err := pauseOr(ctx, "payment %s shows %q, not %q", path.Base(outcome), title(body), want); err != nil {
			return "", err
		}
	}
}

// fetch makes one request as a browser does, and tells where a redirect leads.
func fetch(ctx context.Context, c *http.Client, method, address string, form url.Values) (location, body string, err error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", err
	}
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", r.URL.Scheme+"://"+r.URL.Host)
	}
	resp, err := c.Do(r)
	if err != nil {
		return "", "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.Header.Get("Location"), string(text), err
}

// title is the heading of a page, as a person reads it.
func title(body string) string {
	h := heading.FindStringSubmatch(body)
	if h == nil {
		return ""
	}
	return strings.TrimSpace(strings.Trim(html.UnescapeString(tag.ReplaceAllString(h[1], "")), "✓…✕ \n"))
}

// pauseOr waits a little, or says what was waited for in vain.
func pauseOr(ctx context.Context, format string, args ...any) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf(format, args...)
	case <-time.After(200 * time.Millisecond):
		return nil
	}
}

func (h *house) invoiceBecomes(ctx context.Context, number, want string) (status, due string, err error) {
	for {
		i, _ := h.splynx.Invoice(h.invoices[number])
		if i.Status == want {
			return i.Status, i.Due, nil
		}
		if err := pauseOr(ctx, "invoice %s is %s in Splynx, not %s", number, i.Status, want); err != nil {
			return "", "", err
		}
	}
}

func (h *house) charges(number string) (n int) {
	for _, c := range h.gateway.Charges() {
		if strings.Contains(c.Reference, number) {
			n++
		}
	}
	return n
}

// agree stops Caddy, and checks what the three sides say.
func (h *house) agree(ctx context.Context) error {
	if err := caddy.Stop(); err != nil {
		return err
	}
	caddymodule.Close(ctx)
	store, err := journal.Open(ctx, path.Join(h.dir, "paymentexpress.db"))
	if err != nil {
		return err
	}
	defer store.Close()
	rows, err := store.Find(ctx, payment.Filter{Limit: 1000})
	if err != nil {
		return err
	}
	broken := paymenttest.Check(paymenttest.Histories{Charges: h.gateway.Charges(), Payments: h.splynx.Payments(), Journal: rows, AtRest: true})
	for _, v := range broken {
		fmt.Fprintln(os.Stderr, v)
	}
	if len(broken) > 0 {
		return fmt.Errorf("%d promise(s) broken", len(broken))
	}
	fmt.Printf("Splynx, the gateway and the journal agree: %d payment(s), %d charge(s)\n", len(rows), len(h.gateway.Charges()))
	return nil
}
