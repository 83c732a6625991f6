package office

import (
	"errors"
	"net/http"
	"time"

	"github.com/bojanz/currency"
	"github.com/google/uuid"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

const (
	formBox   = "office-form"
	formLife  = 8 * time.Hour // a day in the office
	clockBack = time.Hour     // how far our clock may be set back meanwhile
)

// act is what a form does. One of another act is none.
type act string

const (
	actPay    act = "pay"
	actRefund act = "refund"
	actSettle act = "settle"
	actRebook act = "rebook"
	actAsk    act = "ask"
	actSeen   act = "seen"
	actLink   act = "link"
	actGuests act = "guests"

	actPlan   act = "plan"
	actTick   act = "tick"
	actStart  act = "start"
	actPause  act = "pause"
	actResume act = "resume"
	actStop   act = "stop"
	actAgain  act = "again"
)

// form is what a page has shown that changes something. The browser carries it and can neither
// read nor change it; what it says is compared with what is true when it comes back.
type form struct {
	Act   act       `json:"a"`
	Key   string    `json:"k"` // unique for each page: sent twice it is one
	Staff int64     `json:"s"` // whom the page was made for
	Made  time.Time `json:"m"`

	Kind     payment.Kind     `json:"t,omitempty"`
	Document int64            `json:"d,omitempty"`
	Customer int64            `json:"c,omitempty"`
	Amount   *currency.Amount `json:"n,omitempty"`
	Card     payment.CardUsed `json:"w,omitzero"`

	Payment payment.ID         `json:"p,omitempty"`
	Moved   time.Time          `json:"z,omitzero"` // when it had moved last, as the page has shown it
	How     payment.Settlement `json:"h,omitempty"`
	Reason  string             `json:"r,omitempty"`
	Final   bool               `json:"f,omitempty"` // the page has shown all, and its button does it

	Run  payment.ID   `json:"u,omitempty"`
	Seqs []int64      `json:"q,omitempty"` // the items that the page has shown
	Seen []charge.Sum `json:"y,omitempty"` // what is to be charged, as the page has shown it
	Plan int64        `json:"v,omitempty"` // the revision of that plan

	Kept charge.Keeping `json:"x,omitzero"` // whom it is about; with a time: as the page has shown it
}

// seal gives a form its key and its owner.
func (d *desk) seal(f form) (string, error) {
	key, err := uuid.NewRandom()
	if err != nil {
		return "", err
	}
	f.Key, f.Staff, f.Made = key.String(), d.staff.ID, d.Now().UTC()
	return web.Seal(d.r.Context(), d.e, formBox, f)
}

// form reads the form of an act. One that somebody else was shown is not taken: another
// administrator may have signed in meanwhile with the same browser.
func (d *desk) form(of act) (form, error) {
	var f form
	if err := d.r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return f, problem{status: http.StatusRequestEntityTooLarge, key: "bad_form"}
		}
		return f, errBadForm
	}
	err := web.Open(d.r.Context(), d.e, formBox, d.r.PostForm.Get("form"), &f)
	age := d.Now().Sub(f.Made)
	switch {
	case errors.Is(err, web.ErrSeal):
		return form{}, errBadForm
	case err != nil:
		return form{}, err
	case f.Act != of, age < -clockBack:
		return form{}, errBadForm
	case f.Staff != d.staff.ID:
		return form{}, problem{status: http.StatusForbidden, key: "other_staff"}
	case age > formLife:
		return form{}, problem{status: http.StatusConflict, key: "old_form"}
	}
	return f, nil
}

// current refuses the form of a page that was opened before the payment moved: it was about another
// matter.
func (f form) current(p *payment.Payment) error {
	if f.Moved.Equal(p.MovedAt) {
		return nil
	}
	return problem{status: http.StatusConflict, key: "cannot_settle", detail: "It has moved since you opened the page. Look at it again.", link: link{"The payment", paymentPath(p.ID)}}
}
