package splynxtest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/caddy-paymentexpress/paymentexpress/internal/chromium"
)

// addOnSite is the simulator with a stand-in for the add-on in front, at one address.
func addOnSite(t *testing.T, s *Server) string {
	t.Helper()
	backend, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target, _ := url.Parse(backend)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	transport := &http.Transport{}
	proxy.Transport = transport
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/paymentexpress/") {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(`<!DOCTYPE html><a id="pay" target="_top" href="/portal/finance/payments/list">Pay ` + r.URL.Query().Get("model") + `</a>`))
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		site.Close()
		transport.CloseIdleConnections()
	})
	return site.URL
}

// A click on the icon opens the dialog over the invoices, and the add-on's page in it can leave the frame.
func TestDialogInABrowser(t *testing.T) {
	t.Parallel()
	browser, stop, err := chromium.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	ctx, cancel := chromedp.NewContext(browser)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	defer cancel()
	s, _, _ := house(t, Options{})
	s.AddWidgetEntryPoint()
	at := addOnSite(t, s)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			where, _ := chromedp.Run(ctx, chromedp.Location())
			t.Fatalf("%v, at %s", err, where)
		}
	}
	do(chromedp.EmulateViewport(390, 800), chromedp.Navigate(at+"/portal/finance/invoices"), chromedp.SetValue(chromedp.CSS(`input[name="login"]`), "tyler"),
		chromedp.SetValue(chromedp.CSS(`input[name="password"]`), "soap"))
	do(chromedp.Click(chromedp.CSS("form.sign button")), chromedp.WaitVisible(chromedp.CSS("a.action")))
	do(chromedp.Click(chromedp.CSS("a.action")), chromedp.WaitVisible(chromedp.CSS("dialog[open] iframe")))
	frames, err := chromedp.Run(ctx, chromedp.Nodes(chromedp.CSS("iframe")))
	if err != nil {
		t.Fatal(err)
	}
	do(chromedp.WaitVisible(chromedp.CSS("#pay"), chromedp.FromNode(frames[0])))
	do(chromedp.Click(chromedp.CSS("#pay"), chromedp.FromNode(frames[0])),
		chromedp.WaitVisible(chromedp.Search(`//h1[contains(., "Payments")]`)))

	// The widget stands on the dashboard, and the menu opens the add-on's page inside the portal's.
	do(chromedp.Navigate(at+"/portal/"), chromedp.WaitVisible(chromedp.CSS(`iframe[src="/paymentexpress/widget"]`)),
		chromedp.Click(chromedp.Search(`//nav/a[.="Credit card via Payment Express"]`)),
		chromedp.WaitVisible(chromedp.CSS(`iframe[src^="/paymentexpress/card?"]`)))

	// A session that ended meanwhile leads to the sign-in page, not into the dialog.
	do(chromedp.Navigate(at+"/portal/finance/invoices"), chromedp.WaitVisible(chromedp.CSS("a.action")))
	s.ExpireSessions()
	do(chromedp.Click(chromedp.CSS("a.action")), chromedp.WaitVisible(chromedp.CSS("form.sign")))
	where, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil || !strings.HasPrefix(where, at+"/portal/login/?return=") {
		t.Errorf("at %s, %v", where, err)
	}
}
