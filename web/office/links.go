package office

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// linkView is the page that makes a signed payment link.
type linkView struct {
	Form   string
	Kinds  []choice
	Number string
	ID     string
	Ends   string
	Wrong  string
	Made   *web.Link
	Name   string // of the customer

	LastDay string // of the link that was made
}

// askLink asks for the document and the link's last day.
func (d *desk) askLink() error {
	q := d.r.URL.Query()
	v := &linkView{ID: trimmed(q.Get("id")), Number: trimmed(q.Get("number")), Ends: d.Now().UTC().AddDate(0, 0, 30).Format(time.DateOnly)}
	return d.showLink(v, payment.Kind(q.Get("kind")), page{})
}

func (d *desk) showLink(v *linkView, kind payment.Kind, shown page) (err error) {
	for _, k := range d.pages.OpensForGuests() {
		v.Kinds = append(v.Kinds, choice{string(k), kindWords[k], k == kind})
	}
	if v.Form, err = d.seal(form{Act: actLink}); err != nil {
		return err
	}
	shown.Title, shown.Template, shown.Data = "Payment link", "links", v
	d.show(shown)
	return nil
}

// makeLink makes a signed link of a document that the administrator may see.
func (d *desk) makeLink() error {
	if _, err := d.form(actLink); err != nil {
		return err
	}
	q := d.r.PostForm
	kind := payment.Kind(q.Get("kind"))
	v := &linkView{Number: trimmed(q.Get("number")), ID: trimmed(q.Get("id")), Ends: trimmed(q.Get("ends"))}
	ctx, cancel := context.WithTimeout(d.r.Context(), splynxTimeout)
	defer cancel()
	made, err := d.pages.SignLink(ctx, d.e, v.asks(kind))
	switch {
	case errors.Is(err, web.ErrNoDocument):
		v.Wrong = "There is no such document, or not one that you may see."
	case errors.Is(err, web.ErrSeveralDocs):
		v.Wrong = "Several documents have this number. Make the link from the page of the one that is meant."
	case errors.Is(err, web.ErrLinkAsked):
		v.Wrong = sentence(err)
	case err != nil:
		return err
	}
	if v.Wrong == "" {
		c, err := d.customer(ctx, made.Customer)
		switch {
		case errors.Is(err, errNoCustomer):
			v.Wrong = "There is no such document, or not one that you may see."
		case err != nil:
			return err
		default:
			v.Made, v.Name, v.LastDay = &made, c.Name, lastDay(made.Ends)
			v.Number, v.ID = "", "" // for another one
			d.notes(payment.Act{What: payment.DeedLink, Partner: c.PartnerID, Customer: c.ID, Note: string(kind) + " " + made.Number + " until " + made.Ends})
		}
	}
	if v.Wrong != "" {
		return d.showLink(v, kind, page{Status: http.StatusUnprocessableEntity, Errors: []link{{v.Wrong, "#number"}}})
	}
	d.did("made a payment link", zap.String("kind", string(kind)), zap.Int64("document", made.ID), zap.String("ends", made.Ends))
	return d.showLink(v, kind, page{})
}

// lastDay is a link's last day as pages show days.
func lastDay(day string) string {
	d, err := splynx.ParseDate(day)
	if err != nil {
		return day
	}
	return dayOf(d)
}

// asks is what the form asks for: the document of a number or, without one, of an id.
func (v *linkView) asks(kind payment.Kind) web.LinkRequest {
	q := web.LinkRequest{Kind: kind, Number: v.Number, Ends: v.Ends}
	if v.ID != "" && v.Number == "" {
		var err error
		if q.ID, err = strconv.ParseInt(v.ID, 10, 64); err != nil {
			q.ID = -1 // which is none
		}
	}
	return q
}

// guestsView is the page that opens payment links again.
type guestsView struct {
	Guests web.Guests
	Closed bool
	Form   string // empty: the administrator may not
}

// askGuests shows whether payment links are closed.
func (d *desk) askGuests() error {
	g, err := web.GuestsOf(d.r.Context(), d.e)
	if err != nil {
		return err
	}
	v := guestsView{Guests: g, Closed: g.Closed(d.Now())}
	if d.ofAll() {
		if v.Form, err = d.seal(form{Act: actGuests}); err != nil {
			return err
		}
	}
	d.show(page{Title: "Payment links", Template: "guests", Data: v})
	return nil
}

// ofAll tells whether the administrator may decide for the customers of all partners.
func (d *desk) ofAll() bool { return d.staff.PartnerID == 0 }

const ofAllWords = "It concerns the customers of all partners, and you are bound to one."

// openGuests opens them.
func (d *desk) openGuests() error {
	if _, err := d.form(actGuests); err != nil {
		return err
	}
	if !d.ofAll() {
		return problem{status: http.StatusForbidden, key: "no_right", detail: ofAllWords}
	}
	if err := web.SetGuests(d.r.Context(), d.e, web.Guests{At: d.Now().UTC(), Who: d.who()}); err != nil {
		return err
	}
	d.notes(payment.Act{What: payment.DeedOpenGuests})
	d.did("opened payment links")
	return d.to("guests")
}
