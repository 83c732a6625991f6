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
	"net/url"
	"strings"
	"time"

	"github.com/bojanz/currency"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.uber.org/zap"
	"golang.org/x/text/language"
)

//go:embed templates/*.html messages/*.json assets/style.css
var files embed.FS

// page is what a template shows. Key names its words: "<key>.title" and "<key>.lead".
type page struct {
	Status   int
	Key      string
	Template string // default: message
	Partner  int64
	Retry    bool // worth coming back in a while

	Number    string
	Amount    *currency.Amount
	Reference string
	When      time.Time // of approval

	Form, Action string // a sealed form and where it goes
	Notice       string // key of what happened before
	Link         string // the hosted page, while it lives
	Again        string // where to try again
	Mark         string // done, wait, stop: the sign beside the title
	Refresh      bool
	RefreshAfter string // for the meta element
}

// view is a page with everything that its words need.
type view struct {
	page
	Provider string
	Lang     string
	Style    string // address of the style sheet
	words    *i18n.Localizer
	locale   currency.Locale
	zone     *time.Location
}

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

// asset serves the style sheet.
func (p *pages) asset(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("file") != p.styleName {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(p.style)
}

// show writes a page.
func (h *Handler) show(w http.ResponseWriter, r *http.Request, p page) {
	if p.Template == "" {
		p.Template = "message"
	}
	lang := language.English
	v := view{
		page: p, Provider: h.names.of(r.Context(), h.Generation, p.Partner), Lang: lang.String(),
		Style: Prefix + "/assets/" + h.pages.styleName,
		words: i18n.NewLocalizer(h.pages.bundle, lang.String()), locale: currency.NewLocale(lang.String()),
		zone: h.Generation.Settings.TimeZone,
	}
	var body bytes.Buffer
	if err := h.pages.templates.ExecuteTemplate(&body, p.Template+".html", v); err != nil {
		h.Logger.Error("a page could not be rendered", zap.String("page", p.Key), zap.Error(err))
		http.Error(w, "This page could not be made. Nothing was charged.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if p.Retry {
		w.Header().Set("Retry-After", "120")
	}
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body.Bytes())
	}
}

// T is the text of a message, with the page's values in it.
func (v view) T(id string) (string, error) {
	return v.words.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: v})
}

// Title is the page's heading.
func (v view) Title() (string, error) { return v.T(v.Key + ".title") }

// Lead is the sentence below it.
func (v view) Lead() (string, error) { return v.T(v.Key + ".lead") }

// Money is the amount as the reader writes it.
func (v view) Money() string {
	if v.Amount == nil {
		return ""
	}
	return currency.NewFormatter(v.locale).Format(*v.Amount)
}

// Date is the time of approval in the provider's zone.
func (v view) Date() string {
	if v.When.IsZero() {
		return ""
	}
	zone := v.zone
	if zone == nil {
		zone = time.UTC
	}
	return v.When.In(zone).Format("2 January 2006, 15:04 MST")
}

// Sign stands before the title, for those who cannot tell colours.
func (v view) Sign() string {
	switch v.Mark {
	case "done":
		return "✓"
	case "wait":
		return "…"
	case "stop":
		return "✕"
	}
	return ""
}

// directPayURL is the payment link of an invoice.
func directPayURL(number string) string {
	return Prefix + "/direct-pay-invoice?item_id=" + strings.ReplaceAll(url.QueryEscape(number), "+", "%20")
}
