package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// link is the payment link of the rig's invoice.
func (r *rig) link() string { return itemURL(directInvoice.path, r.Number) }

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
}

func (a answer) location() string { return a.Header().Get("Location") }

var (
	headingText = regexp.MustCompile(`(?s)<h1>(.*?)</h1>`)
	noticeText  = regexp.MustCompile(`(?s)<p class="notice" role="status">(.*?)</p>`)
	formText    = regexp.MustCompile(`name="form" value="([^"]*)"`)
)

func (a answer) find(e *regexp.Regexp) string {
	if m := e.FindStringSubmatch(a.Body.String()); m != nil {
		return m[1]
	}
	return ""
}

func (a answer) title() string { return a.find(headingText) }
func (a answer) form() string  { return a.find(formText) }

// send makes one request as the guest's browser does; edit changes it before.
func (r *rig) send(method, target string, form url.Values, edit ...func(*http.Request)) answer {
	r.Helper()
	q := httptest.NewRequest(method, rigPublic+target, strings.NewReader(form.Encode()))
	q.RequestURI, q.RemoteAddr = target, "203.0.113.9:4711"
	q.Header.Set("Accept", "text/html,application/xhtml+xml")
	q.Header.Set("User-Agent", "Mozilla/5.0")
	q.AddCookie(&http.Cookie{Name: guestCookie, Value: rigCookie})
	if form != nil {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.Header.Set("Origin", rigPublic)
		q.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, f := range edit {
		f(q)
	}
	w := httptest.NewRecorder()
	r.Handler.ServeHTTP(w, q)
	return answer{w}
}

func (r *rig) get(target string, edit ...func(*http.Request)) answer {
	r.Helper()
	return r.send(http.MethodGet, target, nil, edit...)
}

// press sends a sealed form.
func (r *rig) press(form string, edit ...func(*http.Request)) answer {
	r.Helper()
	return r.send(http.MethodPost, directInvoice.path, url.Values{"form": {form}}, edit...)
}

// as says that the connection comes from an address.
func as(address string) func(*http.Request) {
	return func(q *http.Request) { q.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(address), 4711).String() }
}

func header(name, value string) func(*http.Request) {
	return func(q *http.Request) { q.Header.Set(name, value) }
}

func stranger(q *http.Request) { q.Header.Del("Cookie") }
