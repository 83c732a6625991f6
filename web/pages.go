package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/bojanz/currency"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.uber.org/zap"
	"golang.org/x/text/language"

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
	AsCustomer string       // this page, for who is signed in as an administrator too

	Form, Action string           // a sealed form and where it goes
	Notice       string           // key of what happened before
	Value        string           // what was typed, or is suggested
	Owed         *currency.Amount // what is owed, and suggested
	Wrong        string           // key of what is wrong with it
	Least, Most  *currency.Amount // what may be typed
	Link         string           // the hosted page, while it lives
	Again        string           // where to try again
	See          string           // the caller's own payment
	Look         string           // this page, to look again by hand
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

// pages holds the parsed templates, the words and the style sheet.
type pages struct {
	templates *template.Template
	bundle    *i18n.Bundle
	style     []byte
	styleName string // changes with its content, so that it may be kept for ever
}

func newPages() (*pages, error) {
	p := &pages{bundle: i18n.NewBundle(language.English)}
	p.bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	if _, err := p.bundle.LoadMessageFileFS(files, "messages/active.en.json"); err != nil {
		return nil, fmt.Errorf("read the messages: %w", err)
	}
	var err error
	if p.templates, err = template.New("").ParseFS(files, "templates/*.html"); err != nil {
		return nil, fmt.Errorf("read the templates: %w", err)
	}
	if p.style, err = files.ReadFile("assets/style.css"); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(p.style)
	p.styleName = "style." + hex.EncodeToString(sum[:6]) + ".css"
	return p, nil
}

// style serves the style sheet.
func (h *Handler) style(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("file") != h.pages.styleName {
		h.show(w, r, page{Status: http.StatusNotFound, Key: "no_page"})
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(h.pages.style)))
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	if r.Method != http.MethodHead {
		_, _ = w.Write(h.pages.style)
	}
}

// show writes a page.
func (h *Handler) show(w http.ResponseWriter, r *http.Request, p page) {
	if p.Template == "" {
		p.Template = "page"
	}
	lang := language.English
	v := view{
		page: p, Lang: lang.String(), Host: h.public.Host, Style: Prefix + "/assets/" + h.pages.styleName,
		Name:  h.names.of(r.Context(), h.Generation, p.Partner, h.Now()),
		words: i18n.NewLocalizer(h.pages.bundle, lang.String()), locale: currency.NewLocale(lang.String()), zone: h.zone,
	}
	var body bytes.Buffer
	if err := h.pages.templates.ExecuteTemplate(&body, p.Template+".html", v); err != nil {
		panic(fmt.Errorf("render page %s: %w", p.Key, err))
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	if p.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(ceil(p.RetryAfter, time.Second)))
	}
	w.WriteHeader(p.Status)
	if r.Method == http.MethodHead {
		return
	}
	if _, err := w.Write(body.Bytes()); err != nil {
		h.Logger.Debug("a page was not read to its end", zap.Error(err))
	}
}

// ceil counts the units that cover d.
func ceil(d, unit time.Duration) int { return int((d + unit - 1) / unit) }
