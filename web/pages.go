package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

//go:embed templates/*.html messages/*.json assets/style.css
var files embed.FS

// page is what a template shows. Key names its words: "<key>.title" and "<key>.lead".
type page struct {
	Status     int
	Key        string
	Template   string // default: page
	Partner    int64
	RetryAfter time.Duration // when it is worth coming back; zero: not said
	Mark       mark

	Number    string
	Amount    *currency.Amount
	Reference string
	When      time.Time // of approval
	Moved     bool      // the amount is money that moved
	Receipt   bool      // worth printing

	Kind       payment.Kind // of the document or payment that it is about
	Customer   bool         // it is a page of the customer portal: the way back leads there
	SignIn     string       // where to sign in
	SignOut    string       // the form with which to sign out where it was here; empty: not here
	AsCustomer string       // this page, for who is signed in as an administrator too
	AsStaff    string       // the office's, for the same; empty: there is none

	Cards    []tile           // to choose from, or the one that is shown
	Rows     []entry          // of payments
	Due      []entry          // of documents that are not paid
	OwnList  string           // the list of the customer's payments, from a page that leads there
	OwnCard  string           // the page of the card, likewise
	Held     bool             // what checks a card is held, and not taken
	Framed   bool             // a part of the portal's dashboard: without our own head and foot
	Together bool             // all that is due can be paid with one button
	Next     string           // the next page of a list
	Note     string           // key of a second sentence
	Back     *currency.Amount // what was given back of the payment

	Form, Action string           // a sealed form and where it goes
	Notice       string           // key of what happened before
	Value        string           // what was typed, or is suggested
	Owed         *currency.Amount // what is owed, and suggested
	Wrong        string           // key of what is wrong with it
	Field        string           // which field that is, of several
	Least, Most  *currency.Amount // what may be typed
	Suggested    []currency.Amount
	Link         string // the hosted page, while it lives
	Again        string // where to try again
	See          string // the caller's own payment
	Look         string // this page, to look again by hand
	Refresh      bool
	RefreshAfter string // for the meta element
}

// mark is the sign above a title, with its colour.
type mark string

const (
	markDone mark = "done"
	markWait mark = "wait"
	markStop mark = "stop"
)

// pages holds the parsed templates and the words.
type pages struct {
	templates *template.Template
	languages *languages
	shown     func(view) // tests look at what is shown
}

func newPages(own fs.FS) (*pages, error) {
	p := &pages{shown: func(view) {}}
	var err error
	if p.languages, err = newLanguages(own); err != nil {
		return nil, err
	}
	if p.templates, err = template.New("").ParseFS(files, "templates/*.html"); err != nil {
		return nil, fmt.Errorf("read the templates: %w", err)
	}
	return p, nil
}

// reader is who asks for a page of a partner.
func (h *Handler) reader(r *http.Request, partner int64) reader {
	return h.pages.languages.choose(h.wardrobe.of(partner).language, r)
}

// show writes a page.
func (h *Handler) show(w http.ResponseWriter, r *http.Request, p page) {
	if p.Template == "" {
		p.Template = "page"
	}
	if p.Customer && !p.Framed {
		p.SignOut = h.signOutForm(r)
	}
	d := h.wardrobe.of(p.Partner)
	v := view{
		page: p, reader: h.reader(r, p.Partner), Host: h.public.Host, Style: d.style, Logo: d.logo,
		Name: h.names.of(r.Context(), h.Generation, p.Partner, h.Now()), zone: h.zone,
	}
	body, err := h.pages.render(v)
	if err != nil {
		panic(fmt.Errorf("render page %s: %w", p.Key, err))
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Content-Language", v.Lang())
	if v.asked {
		header.Add("Vary", "Accept-Language")
	}
	if p.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(ceil(p.RetryAfter, time.Second)))
	}
	w.WriteHeader(p.Status)
	if r.Method == http.MethodHead {
		return
	}
	if _, err := w.Write(body); err != nil {
		h.Logger.Debug("a page was not read to its end", zap.Error(err))
	}
}

func (p *pages) render(v view) ([]byte, error) {
	p.shown(v)
	var body bytes.Buffer
	err := p.templates.ExecuteTemplate(&body, v.Template+".html", v)
	return body.Bytes(), err
}

// ceil counts the units that cover d.
func ceil(d, unit time.Duration) int { return int((d + unit - 1) / unit) }
