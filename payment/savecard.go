package payment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/faultpoint"
	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/windcave"
)

// CardSave is what becomes of a card that a hosted page was to save. Its token is nowhere in
// it: until it stands in Splynx, the result token that it can be read with is kept.
type CardSave struct {
	Stage   SaveStage `json:"stage,omitempty"`
	Why     Reason    `json:"why,omitempty"` // of SaveFailed
	Brand   string    `json:"brand,omitempty"`
	Ends    string    `json:"ends,omitempty"`
	Expires string    `json:"expires,omitempty"` // MM/YY
	PutAt   time.Time `json:"put_at,omitzero"`   // the last write to Splynx that nobody has seen the end of
	Unclear bool      `json:"unclear,omitempty"` // more than one was sent: an earlier one may still arrive
	NextAt  time.Time `json:"next_at,omitzero"`
	Step    int       `json:"step,omitempty"`
}

// SaveStage says how far the saving of a card has come.
type SaveStage string

// The stages of saving a card.
const (
	SaveNone    SaveStage = ""
	SaveWanted  SaveStage = "wanted"  // the page is to save it
	SaveStoring SaveStage = "storing" // the payment is approved; the card is on its way into Splynx
	SaveDone    SaveStage = "saved"   // read back from Splynx
	SaveFailed  SaveStage = "failed"  // not saved; a card that was there before stays
)

// Why a card was not saved.
const (
	ReasonNoToken   Reason = "no_token"   // the gateway has approved the payment and saved no card
	ReasonTooLate   Reason = "too_late"   // it could not be stored in time, or nobody can be asked for it any more
	ReasonNewerCard Reason = "newer_card" // the customer has saved another one since
	ReasonRemoved   Reason = "removed"    // the customer has removed the card meanwhile
)

const (
	// saveLife is how long it is tried to store a card.
	saveLife = 24 * time.Hour
	// methodTries is how often it is tried to set the payment method of a customer whose card
	// is stored.
	methodTries = 20
	// savesLooked is how many payments of a customer are looked through for other saves.
	savesLooked = 50
)

var errNotThere = errors.New("the card that was written does not stand in Splynx")

// storeCard brings the card of an approved payment into Splynx and reads it back.
func (e *Engine) storeCard(ctx context.Context, g *Generation, p *Payment) error {
	defer e.saves.lock(fmt.Sprint(p.Customer))()
	late := e.now().Sub(p.ApprovedAt) > saveLife
	newer, wait, err := e.otherSaves(ctx, p, g.Settings.BookingQuietTime)
	switch {
	case err != nil:
		return err
	case newer:
		return e.saveEnds(ctx, g, p, SaveFailed, ReasonNewerCard)
	case late && (p.Save.PutAt.IsZero() || e.now().Sub(p.ApprovedAt) > tokenLife):
		return e.saveEnds(ctx, g, p, SaveFailed, ReasonTooLate)
	case wait:
		return e.saveLater(ctx, g, p, nil)
	}
	card, err := e.cardOf(ctx, g, p)
	switch {
	case errors.Is(err, ErrNoCard):
		return e.saveEnds(ctx, g, p, SaveFailed, ReasonNoToken)
	case err != nil:
		return e.saveLater(ctx, g, p, err)
	}
	err = e.putCard(ctx, g, p, card, late)
	switch {
	case errors.Is(err, errNotThere) && late:
		return e.saveEnds(ctx, g, p, SaveFailed, ReasonTooLate)
	case err != nil:
		return e.saveLater(ctx, g, p, err)
	}
	if err := e.setMethod(ctx, g, p); err != nil && p.Save.Step < methodTries {
		return e.saveLater(ctx, g, p, err)
	}
	p.Save.Brand, p.Save.Ends, p.Save.Expires = brandOf(card.Brand), endOf(card.Number), expires(card.Expiry)
	if err := e.saveEnds(ctx, g, p, SaveDone, ""); err != nil {
		return err
	}
	e.tellSaved(g, p)
	return nil
}

// otherSaves looks for saves of the same customer: a newer one makes this one void, and one
// whose write may still arrive has to be waited for.
func (e *Engine) otherSaves(ctx context.Context, p *Payment, quiet time.Duration) (newer, wait bool, err error) {
	all, err := e.store.Find(ctx, Filter{Customer: p.Customer, Since: p.CreatedAt.Add(-saveLife), Limit: savesLooked})
	if err != nil {
		return false, false, err
	}
	for _, o := range all {
		if o.ID == p.ID || o.Save.Stage == SaveNone {
			continue
		}
		// By when they were asked for: when an approval is heard of says little.
		later := cmp.Or(o.CreatedAt.Compare(p.CreatedAt), o.ApprovedAt.Compare(p.ApprovedAt), cmp.Compare(o.ID, p.ID)) > 0
		if later && (o.Save.Stage == SaveStoring || o.Save.Stage == SaveDone) {
			newer = true
		}
		if !o.Save.PutAt.IsZero() && e.now().Sub(o.Save.PutAt).Abs() < quiet {
			wait = true
		}
	}
	return newer, wait, nil
}

// cardOf reads the card from the gateway: by the result token that was kept, else by Status.
// ErrNoCard: the payment is approved, and no card was saved with it.
func (e *Engine) cardOf(ctx context.Context, g *Generation, p *Payment) (windcave.SavedCard, error) {
	tokens, err := e.store.KeptTokens(ctx, p.ID)
	if err != nil {
		return windcave.SavedCard{}, err
	}
	var none bool
	for _, t := range tokens {
		keys, err := g.pxPay(p.Endpoint, p.PxPayUser)
		if err != nil {
			return windcave.SavedCard{}, err
		}
		result, err := processResponse(ctx, keys, t.Value)
		if isInvalidToken(err) {
			continue
		}
		if err != nil {
			return windcave.SavedCard{}, err
		}
		if card, ok := result.SavedCard(p.expect()); ok {
			return card, nil
		}
		none = none || result.Judge(p.expect()).Outcome == windcave.Approved
	}
	if none {
		return windcave.SavedCard{}, ErrNoCard
	}
	return e.cardByStatus(ctx, g, p)
}

// cardByStatus asks for the card of a page that nobody came back from. Whether Status tells it
// is unproven, so that it does not proves nothing, and it is asked again until the time is over.
func (e *Engine) cardByStatus(ctx context.Context, g *Generation, p *Payment) (windcave.SavedCard, error) {
	passwords, err := g.pxPost(p.Endpoint, p.PxPostUser)
	if err != nil {
		return windcave.SavedCard{}, err
	}
	for _, password := range passwords {
		answer, err := password.Status(ctx, string(p.TxnID))
		if err != nil {
			return windcave.SavedCard{}, err
		}
		if card, ok := answer.SavedCard(p.expect()); ok {
			return card, nil
		}
	}
	return windcave.SavedCard{}, errors.New("status does not tell the card")
}

// putCard writes the card into Splynx, unless it stands there, and reads it back. When it is too
// late to write, it only looks whether an earlier write has arrived: errNotThere.
func (e *Engine) putCard(ctx context.Context, g *Generation, p *Payment, card windcave.SavedCard, late bool) error {
	account, err := g.cardAccount(ctx, e.now())
	if err != nil {
		return err
	}
	fields := account.fields.of(card, p.PxPostUser)
	if there, err := e.standsThere(ctx, g, p.Customer, account.id, fields); there || err != nil {
		return err
	} else if late {
		return errNotThere
	}
	key, err := e.cardKey(ctx, card.DpsBillingID.Reveal())
	if err != nil {
		return err
	}
	fresh := cardNote{Customer: p.Customer, Endpoint: p.Endpoint, User: p.PxPostUser, Saved: e.now()}
	if err := e.noteCard(ctx, key, func(n *cardNote) bool { *n = fresh; return true }); err != nil {
		return err
	}
	q, err := e.change(ctx, g, p.ID, fenced(p, func(q *Payment) (Writes, error) {
		if q.Save.Stage != SaveStoring {
			return Writes{}, errFenced
		}
		q.Save.Unclear = q.Save.Unclear || !q.Save.PutAt.IsZero()
		q.Save.PutAt = e.now()
		return Writes{}, nil
	}))
	if err != nil {
		return err
	}
	p.Save.PutAt, p.Save.Unclear = q.Save.PutAt, q.Save.Unclear
	faultpoint.Hit("card_intent")
	putErr := g.Splynx.SetAccountData(ctx, p.Customer, account.id, fields)
	faultpoint.Hit("card_written")
	there, err := e.standsThere(ctx, g, p.Customer, account.id, fields)
	if err == nil && !there {
		err = errors.Join(errNotThere, putErr)
	}
	return err
}

// standsThere tells whether a customer's payment account holds these values.
func (e *Engine) standsThere(ctx context.Context, g *Generation, customer, account int64, fields map[int]secret.Secret) (bool, error) {
	row, err := g.Splynx.AccountData(ctx, customer, account)
	if err != nil || row == nil {
		return false, err
	}
	for n, want := range fields {
		if row.Fields[n-1].Reveal() != want.Reveal() {
			return false, nil
		}
	}
	return true, nil
}

// of is what is written into the fields of a payment account.
func (f CardFields) of(card windcave.SavedCard, user string) map[int]secret.Secret {
	fields := map[int]secret.Secret{}
	set := func(n int, v string) {
		if n != 0 {
			fields[n] = secret.New(v)
		}
	}
	set(f.Number, card.Number)
	set(f.Expires, expires(card.Expiry))
	set(f.Brand, card.Brand)
	set(f.User, user)
	fields[f.Token] = card.DpsBillingID
	return fields
}

// expires writes the gateway's MMYY as it stands on a card.
func expires(mmyy string) string {
	if len(mmyy) != 4 {
		return ""
	}
	return mmyy[:2] + "/" + mmyy[2:]
}

// setMethod makes cards the customer's payment method, where that is wanted. What Splynx
// refuses for good does not undo a card that is saved.
func (e *Engine) setMethod(ctx context.Context, g *Generation, p *Payment) error {
	method := g.Settings.Cards.PaymentMethod
	if method == 0 {
		return nil
	}
	err := g.Splynx.SetPaymentMethod(ctx, p.Customer, method)
	if err != nil && forGood(err) {
		g.logger().Error("the customer's payment method could not be set after a card was saved", append(describe(p), zap.Int64("payment_method", method), zap.Error(err))...)
		return nil
	}
	return err
}

// saveEnds ends the saving of a card. Only now the result token is forgotten. errFenced if it has
// ended meanwhile, in another process.
func (e *Engine) saveEnds(ctx context.Context, g *Generation, p *Payment, s SaveStage, why Reason) error {
	tokens, err := e.store.KeptTokens(ctx, p.ID)
	if err != nil {
		return err
	}
	for i, t := range tokens {
		tokens[i] = e.judged(t)
		tokens[i].Judged = TokenApproved
	}
	faultpoint.Hit("card_stored")
	_, err = e.change(ctx, g, p.ID, fenced(p, func(q *Payment) (Writes, error) {
		storing := q.Save.Stage == SaveStoring
		if !storing && q.Save.Stage != SaveWanted {
			return Writes{}, errFenced
		}
		q.Save.Stage, q.Save.Why, q.Save.NextAt = s, why, time.Time{}
		q.Save.Brand, q.Save.Ends, q.Save.Expires = p.Save.Brand, p.Save.Ends, p.Save.Expires
		if s == SaveDone && !p.Save.Unclear {
			q.Save.PutAt = time.Time{}
		}
		if storing { // else somebody may be making its page
			e.rest(q, e.now())
		}
		return Writes{Tokens: tokens}, nil
	}))
	if err != nil {
		return err
	}
	switch fields := append(describe(p), zap.String("why", string(why))); {
	case s == SaveDone:
		g.logger().Info("card saved", fields...)
	case why == ReasonNewerCard || why == ReasonRemoved: // as the customer wanted it
		g.logger().Info("card is not wanted any more", fields...)
	default:
		g.logger().Error("card not saved", fields...)
	}
	return nil
}

// saveLater tries again, with growing pauses.
func (e *Engine) saveLater(ctx context.Context, g *Generation, p *Payment, why error) error {
	if errors.Is(why, errFenced) {
		return why
	}
	if why != nil {
		g.logger().Warn("card could not be stored in splynx; it is tried again", append(describe(p), zap.Error(why))...)
	}
	_, err := e.change(ctx, g, p.ID, fenced(p, func(q *Payment) (Writes, error) {
		q.Save.NextAt = e.now().Add(pause(bookingPauses, q.Save.Step))
		q.Save.Step++
		e.rest(q, e.now())
		return Writes{}, nil
	}))
	return err
}

// RemoveCard removes a customer's saved card from Splynx, and reads back that it is gone. A
// card that is on its way there, or that a page begun before was to save, is not stored any
// more. Removing none is no error. ErrInFlight while a card that was written may still arrive
// there, or while the card is being charged.
func (e *Engine) RemoveCard(ctx context.Context, customer int64, who string) error {
	g, land, err := e.takeOff()
	if err != nil {
		return err
	}
	defer land()
	defer e.saves.lock(fmt.Sprint(customer))()
	defer e.wallets.lock(fmt.Sprint(customer))()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	account, err := g.cardAccount(ctx, e.now())
	if err != nil {
		return err
	}
	all, err := e.store.Find(ctx, Filter{Customer: customer, Since: e.now().Add(-2 * saveLife), Limit: savesLooked})
	if err != nil {
		return err
	}
	for _, p := range all {
		if !p.Save.PutAt.IsZero() && e.now().Sub(p.Save.PutAt).Abs() < g.Settings.BookingQuietTime {
			return ErrInFlight // what was written last may still arrive
		}
		if p.Way == WaySavedCard && (p.State == Created || p.State == Submitted) && p.LeaseUntil.After(e.now()) {
			return ErrInFlight // nothing is charged after the card is said to be gone
		}
	}
	for _, p := range all {
		if p.Save.Stage == SaveStoring || p.Save.Stage == SaveWanted {
			if err := e.saveEnds(ctx, g, p, SaveFailed, ReasonRemoved); err != nil {
				return fmt.Errorf("stop the saving of a card: %w", err)
			}
		}
	}
	if err := g.Splynx.DeleteAccountData(ctx, customer, account.id); err != nil {
		return fmt.Errorf("remove the card from splynx: %w", err)
	}
	row, err := g.Splynx.AccountData(ctx, customer, account.id)
	if err != nil {
		return fmt.Errorf("read back that the card is gone: %w", err)
	}
	if row != nil && !row.Fields[account.fields.Token-1].Empty() {
		return errors.New("the card still stands in splynx after it was removed")
	}
	g.logger().Info("card removed", zap.Int64("customer", customer), zap.String("who", who))
	of := &Payment{Customer: customer}
	if c, err := g.Splynx.Customer(ctx, customer); err == nil { // for whoever may see the partner's acts alone
		of.Partner = c.PartnerID
	}
	e.did(ctx, g, DeedRemoveCard, of, who, "")
	return nil
}

// Saving tells whether a card of the customer is on its way into Splynx, and how the last one
// that was to be saved ended.
func (e *Engine) Saving(ctx context.Context, customer int64) (*Payment, error) {
	all, err := e.store.Find(ctx, Filter{Customer: customer, Limit: savesLooked})
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.Save.Stage != SaveNone && p.Save.Stage != SaveWanted {
			return p, nil
		}
	}
	return nil, nil
}
