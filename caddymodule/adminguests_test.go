package caddymodule

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// A person closes payment links and opens them; health tells, and is well with it.
func TestAdminGuests(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	shown := func() guestsAnswer {
		t.Helper()
		v, err := o.showGuests(asks(http.MethodGet, "guests", "", ""))
		if err != nil {
			t.Fatal(err)
		}
		return v.(guestsAnswer)
	}
	if g := shown(); g != (guestsAnswer{}) {
		t.Errorf("at first: %+v", g)
	}
	for body, life := range map[string]time.Duration{
		`{"who":"anna"}`: time.Hour, `{"for":"90m","reason":"a visit","who":"anna"}`: 90 * time.Minute,
	} {
		begun := time.Now()
		v, err := o.closeGuests(asks(http.MethodPost, "guests/close", body, ""))
		if err != nil {
			t.Fatal(err)
		}
		g := v.(guestsAnswer)
		if !g.Closed || g.Who != "anna" || g.Until.Sub(g.Since) != life || g.Since.Before(begun) || g != shown() {
			t.Errorf("%s: %+v", body, g)
		}
	}
	if h := o.health(t.Context(), time.Now()); h.Guests == nil || !h.Guests.Closed || slices.ContainsFunc(h.Problems, isOfLinks) {
		t.Errorf("health says %+v, %q", h.Guests, h.Problems)
	}
	if v, err := o.openGuests(asks(http.MethodPost, "guests/open", `{"who":"anna"}`, "")); err != nil || v.(guestsAnswer) != (guestsAnswer{}) || shown().Closed {
		t.Errorf("%+v, %v", v, err)
	}
	now := time.Now().UTC()
	if err := web.SetGuests(t.Context(), o.engine, web.Guests{At: now, Until: now.Add(time.Hour), Why: "31 payments"}); err != nil {
		t.Fatal(err)
	}
	if h := o.health(t.Context(), time.Now()); h.Well || !slices.ContainsFunc(h.Problems, isOfLinks) {
		t.Errorf("closed by themselves, health says %q", h.Problems)
	}
}

func isOfLinks(problem string) bool { return strings.Contains(problem, "payment links are closed") }

// What may not be done, or is no word, changes nothing.
func TestAdminGuestsRefuses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	shut := func(body string) error {
		_, err := o.closeGuests(asks(http.MethodPost, "guests/close", body, ""))
		return err
	}
	for name, body := range map[string]string{
		"nobody": `{"for":"1h"}`, "no time": `{"for":"soon","who":"anna"}`, "past": `{"for":"-1h","who":"anna"}`, "none": `{"for":"0s","who":"anna"}`,
		"for ever": `{"for":"100000h","who":"anna"}`, "line ends": `{"reason":"a\nb","who":"anna"}`, "long": `{"reason":"` + strings.Repeat("x", 201) + `","who":"anna"}`,
		"field": `{"until":"x","who":"anna"}`, "text": `x`,
	} {
		if s := status(t, shut(body)); s != http.StatusBadRequest {
			t.Errorf("%s: %d", name, s)
		}
	}
	o.app.AdminCommands = "read"
	_, err1 := o.openGuests(asks(http.MethodPost, "guests/open", `{"who":"anna"}`, ""))
	_, err2 := o.rotateLinks(asks(http.MethodPost, "links/rotate", `{"who":"anna"}`, ""))
	for _, err := range []error{shut(`{"who":"anna"}`), err1, err2} {
		if status(t, err) != http.StatusForbidden {
			t.Errorf("with admin_commands read: %v", err)
		}
	}
	if g, err := web.GuestsOf(t.Context(), o.engine); err != nil || g != (web.Guests{}) {
		t.Errorf("%+v, %v", g, err)
	}
	if key, err := web.LinkKey(t.Context(), o.engine); key != 1 || err != nil {
		t.Errorf("key %d, %v", key, err)
	}
}

// Links are made by the command and followed by a guest; closed links open nothing.
func TestCommandsOfLinks(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	twin := s.addInvoice("TWIN", "1.00")
	second := s.addInvoice("TWIN", "2.00")
	proforma := s.splynx.AddProforma(splynxtest.Proforma{CustomerID: twin.CustomerID, Number: "P-1", Total: "9.00"})
	s.start("")
	s.until("the journal is open", func() bool { return s.ask("list").code == 0 })

	follows := func(got said, words string) {
		t.Helper()
		s.wants(got, 0)
		url, _, _ := strings.Cut(got.out, "\n")
		code, body := s.get(strings.TrimPrefix(url, s.public))
		if code != http.StatusOK || !strings.Contains(body, words) {
			t.Errorf("%s gives %d\n%s", url, code, body)
		}
	}
	made := s.ask("link", "invoice", "2026/0042")
	s.wants(made, 0, s.public+"/paymentexpress/direct-pay-invoice?item_id=2026%2F0042&ends=", "invoice 2026/0042", "57.50 NZD due", "work without a signature too")
	follows(made, "57.50")
	follows(s.ask("link", "invoice", "--id", number(second.ID)), "Invoice TWIN")
	follows(s.ask("link", "proforma", "P-1"), "9.00")
	follows(s.ask("link", "proforma", "--id", number(proforma), "--ends", time.Now().UTC().Format(time.DateOnly)), "9.00")
	var l linkAnswer
	asJSON := s.ask("link", "invoice", "2026/0042", "--json")
	s.must(json.Unmarshal([]byte(asJSON.out), &l))
	if l.Kind != payment.KindInvoice || l.Customer != s.invoice.CustomerID || l.Amount != "57.50" || l.Required {
		t.Errorf("%+v", l)
	}
	s.wants(s.ask("link", "invoice", "TWIN"), 1, "several documents have this number", "id "+number(twin.ID)+" of customer "+number(twin.CustomerID), "id "+number(second.ID)+" of customer "+number(second.CustomerID))
	s.wants(s.ask("link", "invoice", "1999/1"), 1, "there is no such document in Splynx")
	s.wants(s.ask("link", "invoice", "2026/0042", "--ends", "2001-01-01"), 1, "from today on")
	s.wants(s.ask("link", "invoice"), 1, "name one invoice")
	s.wants(s.ask("link", "invoice", "1", "--id", "1"), 1, "name one invoice")

	s.wants(s.ask("guests"), 0, "Payment links are open.")
	for _, words := range [][]string{{"link", "rotate"}, {"guests", "close"}, {"guests", "open"}} {
		s.wants(s.ask(words...), 1, "admin_commands all")
	}
	s.words = "admin_commands all"
	s.must(s.load(s.caddyfile("paymentexpress")))
	s.wants(s.ask("link", "rotate"), 0, "signed with key 2")
	follows(s.ask("link", "invoice", "2026/0042"), "57.50")
	follows(made, "57.50")
	s.wants(s.ask("guests", "close", "--for", "2h", "--reason", "cards are tried out"), 0, "closed until", "cards are tried out")
	s.wants(s.ask("guests", "status"), 0, "closed until")
	s.wants(s.ask("health"), 0, "All is well.", "links closed until")
	if code, body := s.get("/paymentexpress/direct-pay-invoice?item_id=2026/0042"); code != http.StatusServiceUnavailable || !strings.Contains(body, "Payment links are closed") {
		t.Errorf("%d\n%s", code, body)
	}
	s.wants(s.ask("guests", "open"), 0, "Payment links are open.")
	follows(made, "57.50")
	s.stop()
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// get opens an address of the site as a browser does.
func (s *site) get(target string) (status int, body string) {
	s.tb.Helper()
	q, err := http.NewRequestWithContext(s.hour(), http.MethodGet, s.public+target, nil)
	s.must(err)
	q.Header.Set("Accept", "text/html")
	resp, err := http.DefaultClient.Do(q)
	s.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	s.must(err)
	return resp.StatusCode, string(text)
}
