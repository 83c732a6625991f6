package office

import (
	"bytes"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// page is what a template shows.
type page struct {
	Status   int    // default: 200
	Title    string // the heading
	Template string
	Data     any
	Notice   *notice // what happened before
	Tabs     []place // of several lists, this one and the others
	Errors   []link  // what is wrong with what was typed, and in which field
	Refresh  bool    // the page renews itself
	Live     string  // address of the events that renew it where there is script

	// What every page has around it.
	Places  []place
	Framed  bool // in Splynx's dialog: without places of its own
	Brand   web.Brand
	Style   string
	Script  string
	Staff   string // login of who is signed in
	Zone    string
	Renewal string // for the meta element
}

// errorsOf lists what is wrong with fields, in the order of their names.
func errorsOf(wrong map[string]string) (all []link) {
	for _, field := range slices.Sorted(maps.Keys(wrong)) {
		all = append(all, link{wrong[field], "#" + field})
	}
	return all
}

// notice is a sentence above a page, with its mark.
type notice struct {
	Mark string
	Text string
}

// show writes a page.
func (d *desk) show(p page) {
	if p.Status == 0 {
		p.Status = http.StatusOK
	}
	var partner int64
	if d.staff != nil {
		partner = d.staff.PartnerID
		p.Staff, p.Places = d.staff.Login, d.placesHere()
	}
	p.Brand, p.Style = d.pages.Brand(d.r, partner), d.style
	p.Zone = d.Now().In(d.zone).Format("MST")
	p.Framed = d.r.Header.Get("Sec-Fetch-Dest") == "iframe"
	if p.Live != "" {
		p.Script = d.script
		d.w.Header().Set("Content-Security-Policy", d.w.Header().Get("Content-Security-Policy")+"; script-src 'self'; connect-src 'self'")
	}
	if p.Refresh {
		pause, n := web.Renewal(d.r)
		again := d.r.URL.Query()
		again.Set("n", strconv.Itoa(n))
		p.Renewal = fmt.Sprintf("%d;url=%s?%s", pause, d.r.URL.Path, again.Encode())
	}
	var body bytes.Buffer
	if err := d.templates.ExecuteTemplate(&body, p.Template+".html", p); err != nil {
		panic(fmt.Errorf("render the office's page %s: %w", p.Template, err))
	}
	header := d.w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", "en")
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	d.w.WriteHeader(p.Status)
	if d.r.Method == http.MethodHead {
		return
	}
	if _, err := d.w.Write(body.Bytes()); err != nil {
		d.Logger.Debug("a page was not read to its end", zap.Error(err))
	}
}

// placesHere are the places that the administrator may go to.
func (d *desk) placesHere() (all []place) {
	for _, p := range d.places {
		if !d.may(p.right) {
			continue
		}
		p.Here = p.Path == d.r.URL.Path || p.Path != web.AdminPath && strings.HasPrefix(d.r.URL.Path, p.Path+"/") ||
			p.Or != "" && strings.HasPrefix(d.r.URL.Path+"/", web.AdminPath+p.Or+"/")
		all = append(all, p)
	}
	return all
}

// funcs are what templates can call.
func (o *Office) funcs() template.FuncMap {
	return template.FuncMap{
		"money": web.Money,
		"at":    o.at,
		"clock": func(t time.Time) string { return t.In(o.zone).Format("2 Jan 15:04:05") },
		"office": func(path string) string {
			return web.AdminPath + path
		},
		"splynx":   func(customer int64) string { return "/admin/customers/view?id=" + strconv.FormatInt(customer, 10) }, // as the admin's own pages call it; unproven on a real one
		"standing": standingOf,
		"became":   became,
		"began":    began,
		"lower":    strings.ToLower,
		"purpose":  purpose,
		"reason":   func(typed, wrong string) map[string]string { return map[string]string{"Typed": typed, "Wrong": wrong} },
		"listing": func(caption string, rows []row, sums []sum) map[string]any {
			return map[string]any{"Caption": caption, "Rows": rows, "Sums": sums}
		},
		"payment":   func(id payment.ID) string { return web.AdminPath + "payments/" + string(id) },
		"run":       runPath,
		"charged":   historyOf,
		"count":     grouped,
		"why":       meaning.RunWhy,
		"counted":   counted,
		"barWidth":  func() int { return barWidth },
		"field":     fieldOf,
		"whichRuns": runsWords,
	}
}

// at is a time in the provider's zone.
func (o *Office) at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(o.zone).Format("2 Jan 2006 15:04")
}

// purpose is what a payment is for.
func purpose(p *payment.Payment) string {
	number := p.DocumentNumber
	if number == "" && p.DocumentID != 0 {
		number = "with the id " + strconv.FormatInt(p.DocumentID, 10)
	}
	return strings.TrimSpace(kindWords[p.Kind] + " " + number)
}

// list are the sums, in the order of their currencies.
func (m moneys) list() (all []currency.Amount) {
	for _, code := range slices.Sorted(maps.Keys(m)) {
		all = append(all, m[code])
	}
	return all
}

// moneys are amounts that are added up, each currency apart.
type moneys map[string]currency.Amount

func (m moneys) add(a currency.Amount) {
	sum, ok := m[a.CurrencyCode()]
	if !ok {
		m[a.CurrencyCode()] = a
		return
	}
	if more, err := sum.Add(a); err == nil { // of one currency
		m[a.CurrencyCode()] = more
	}
}
