// Package payer acts for a person with a browser, over real HTTP: it opens payment links,
// presses buttons and reads headings. The demo and the tests of whole flows use it.
package payer

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Payer is one person's browser.
type Payer struct {
	client  *http.Client
	wait    time.Duration
	cookies []*http.Cookie // sent beside those that sites have set
}

// New makes a browser with no cookies.
func New() *Payer {
	jar, _ := cookiejar.New(nil) // fails never without options
	return &Payer{
		client: &http.Client{Jar: jar, Timeout: 90 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		wait:   100 * time.Millisecond,
	}
}

// Cookie gives the browser a cookie that it sends everywhere, such as a portal's session.
func (p *Payer) Cookie(name, value string) {
	p.cookies = append(p.cookies, &http.Cookie{Name: name, Value: value})
}

// Page is what a browser shows.
type Page struct {
	Status   int
	Title    string // the heading, without its mark
	Location string // where a redirect leads
	Body     string
	form     string
}

var (
	formValue = regexp.MustCompile(`name="form" value="([^"]+)"`)
	heading   = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)
	tag       = regexp.MustCompile(`<[^>]*>`)
)

// Open makes a GET request.
func (p *Payer) Open(ctx context.Context, address string) (Page, error) {
	return p.fetch(ctx, http.MethodGet, address, nil)
}

// Press sends the form of a page that Open gave for address, with pairs of names and values that
// were chosen in it. Sent twice, it is the same form.
func (p *Payer) Press(ctx context.Context, address string, page Page, chosen ...string) (Page, error) {
	form := url.Values{"form": {page.form}}
	for i := 0; i+1 < len(chosen); i += 2 {
		form.Set(chosen[i], chosen[i+1])
	}
	return p.fetch(ctx, http.MethodPost, address, form)
}

// HasForm tells whether a page has a button that moves money.
func (p Page) HasForm() bool { return p.form != "" }

func (p *Payer) fetch(ctx context.Context, method, address string, form url.Values) (Page, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return Page{}, err
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	r.Header.Set("User-Agent", "Mozilla/5.0")
	for _, c := range p.cookies {
		r.AddCookie(c)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", r.URL.Scheme+"://"+r.URL.Host)
	}
	resp, err := p.client.Do(r)
	if err != nil {
		return Page{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	page := Page{Status: resp.StatusCode, Location: resp.Header.Get("Location"), Body: string(text)}
	if h := heading.FindStringSubmatch(page.Body); h != nil {
		page.Title = strings.Trim(html.UnescapeString(tag.ReplaceAllString(h[1], "")), "✓…✕! \n")
	}
	if f := formValue.FindStringSubmatch(page.Body); f != nil {
		page.form = html.UnescapeString(f[1])
	}
	return page, err
}

// Start opens a page with a form and presses its button, with what is chosen as for Press, until
// that leads on, as a patient person would: to the gateway's page, or to a payment with a saved
// card. It returns where.
func (p *Payer) Start(ctx context.Context, link string, chosen ...string) (string, error) {
	for {
		page, err := p.Open(ctx, link)
		saw := page.Title
		if err == nil && page.HasForm() {
			page, err = p.Press(ctx, link, page, chosen...)
			if err == nil && page.Location != "" {
				return page.Location, nil
			}
			saw = page.Title
		}
		if err := p.pause(ctx, fmt.Errorf("the link shows %q: %w", saw, orNothing(err))); err != nil {
			return "", err
		}
	}
}

// ComeBack follows the gateway's redirect, or goes to a payment's page, and waits until that has
// one of the titles, which it returns.
func (p *Payer) ComeBack(ctx context.Context, back string, titles ...string) (string, error) {
	outcome := ""
	if strings.Contains(back, "/paymentexpress/payment/") {
		outcome = back
	}
	for {
		var page Page
		var err error
		if outcome == "" {
			if page, err = p.Open(ctx, back); err == nil && strings.Contains(page.Location, "/paymentexpress/payment/") {
				outcome = page.Location
			}
		} else {
			page, err = p.Open(ctx, outcome)
			for _, t := range titles {
				if err == nil && page.Title == t {
					return t, nil
				}
			}
		}
		if err := p.pause(ctx, fmt.Errorf("%s shows %q, not one of %q: %w", outcome, page.Title, titles, orNothing(err))); err != nil {
			return "", err
		}
	}
}

var errNothing = errors.New("no error")

func orNothing(err error) error {
	if err == nil {
		return errNothing
	}
	return err
}

// pause waits a little, or says what was waited for in vain.
func (p *Payer) pause(ctx context.Context, vain error) error {
	select {
	case <-ctx.Done():
		return vain
	case <-time.After(p.wait):
		return nil
	}
}
