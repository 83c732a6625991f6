package web

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

const (
	formLife  = 24 * time.Hour // how long a page's form may be sent
	clockBack = time.Hour      // how far our clock may be set back meanwhile
)

// Errors of unseal; callers compare with errors.Is.
var (
	errSeal = errors.New("the form is not one that we made")
	errOld  = errors.New("the form is too old")
)

// sealedForm is what a page that moves money has shown. The browser carries it and can
// neither change nor read it: it holds ids that a stranger with a link has no business with.
// What it says is compared with what is true when it comes back.
type sealedForm struct {
	Key      string          `json:"k"` // unique for each page: sent twice it is one payment
	Kind     payment.Kind    `json:"t"`
	Document int64           `json:"d"`
	Number   string          `json:"n"`
	Customer int64           `json:"c"`
	Amount   currency.Amount `json:"a"`
	Payer    string          `json:"p"`
	// Card is the saved card that the page has offered.
	Card   payment.CardUsed `json:"w,omitzero"`
	ByID   bool             `json:"i,omitempty"` // the page was reached by the document's id
	Ends   string           `json:"e,omitempty"` // and by a signed link that ends with this day
	Signed bool             `json:"s,omitempty"` // the page was that of a customer who is signed in
	Made   time.Time        `json:"m"`

	Together []sealedDocument `json:"g,omitempty"` // documents that one button pays
}

// sealedDocument is one of several that a form pays.
type sealedDocument struct {
	Kind     payment.Kind    `json:"t"`
	Document int64           `json:"d"`
	Number   string          `json:"n"`
	Amount   currency.Amount `json:"a"`
}

// box is the value of the document's box.
func (d sealedDocument) box() string { return fmt.Sprintf("%s-%d", d.Kind, d.Document) }

// seal writes a form so that unseal can tell that it is ours.
func seal(ctx context.Context, e *payment.Engine, f sealedForm) (string, error) {
	return sealBox(ctx, e, formBox, f)
}

// unseal reads what seal wrote: errOld together with the form where its time is over,
// errSeal for anything that is not ours.
func unseal(ctx context.Context, e *payment.Engine, s string, now time.Time) (sealedForm, error) {
	var f sealedForm
	if err := openBox(ctx, e, formBox, s, &f); err != nil {
		return sealedForm{}, err
	}
	err := ageOf(f.Made, now)
	if errors.Is(err, errSeal) {
		return sealedForm{}, err
	}
	return f, err
}

// ageOf tells whether what was made then may still be sent: errOld if it is too old, errSeal
// if it is of a time that has not come.
func ageOf(made, now time.Time) error {
	switch age := now.Sub(made); {
	case age < -clockBack:
		return errSeal
	case age > formLife:
		return errOld
	}
	return nil
}
