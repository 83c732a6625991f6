package payment

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/secret"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// Errors about saved cards that callers tell apart with errors.Is.
var (
	ErrNoCardAccount = errors.New("splynx has no payment account to keep cards in")
	ErrNoCard        = errors.New("no card is saved")
)

// Card is what Splynx holds as a customer's card, as far as it may be shown. Staff can type
// into these fields by hand, so nothing in them is believed: what cannot be a card is
// CardUnreadable.
type Card struct {
	Key      string // names the card without telling its token; empty: none is saved
	Brand    string // may be empty
	Ends     string // the last figures of its number; may be empty
	Expires  string // MM/YY; may be empty
	Standing CardStanding
	// Refused: in the last 30 days it was declined with a code after which no bank approves.
	// TriedEnough: it was declined as often as the card schemes allow. Runs leave either alone;
	// people need not.
	Refused, TriedEnough bool
	token                secret.Secret
}

// CardStanding tells whether a card can be charged.
type CardStanding string

// The standings of cards.
const (
	CardGood       CardStanding = "good"
	CardExpired    CardStanding = "expired"
	CardDead       CardStanding = "dead"       // the gateway or the bank has refused it for good
	CardElsewhere  CardStanding = "elsewhere"  // saved for another account at the gateway, or another customer
	CardUnreadable CardStanding = "unreadable" // what stands there is no card
)

// Usable tells whether the card can be charged, as far as is known.
func (c Card) Usable() bool { return c.Key != "" && c.Standing == CardGood }

// cardNote is what the journal knows of a card: never its token, which is in Splynx.
type cardNote struct {
	Customer int64     `json:"customer,omitempty"` // 0: it was neither saved nor charged here
	Endpoint string    `json:"endpoint,omitempty"`
	User     string    `json:"user,omitempty"` // the PxPost user that can charge it
	Saved    time.Time `json:"saved,omitzero"`
	Dead     time.Time `json:"dead,omitzero"`
	Code     string    `json:"code,omitempty"` // what it was refused with for good
	Hard     time.Time `json:"hard,omitzero"`  // when a code said so of a card that may live: for 30 days, or until it is approved

	Declines map[ID]time.Time `json:"declines,omitempty"` // by payment, of the last 30 days; the newest 15
}

func cardMark(key string) string { return "card " + key }

// Card reads a customer's saved card from Splynx. With none there the Card is empty.
// ErrNoCardAccount.
func (e *Engine) Card(ctx context.Context, partner, customer int64) (Card, error) {
	g, err := e.current()
	if err != nil {
		return Card{}, err
	}
	return e.card(ctx, g, partner, customer)
}

// Cards reads the saved cards of several customers, by the customers' ids; who has none is not in
// it. ErrNoCardAccount.
func (e *Engine) Cards(ctx context.Context, of []splynx.Customer) (map[int64]Card, error) {
	g, err := e.current()
	if err != nil {
		return nil, err
	}
	return e.readCards(ctx, g, of)
}

func (e *Engine) readCards(ctx context.Context, g *Generation, of []splynx.Customer) (map[int64]Card, error) {
	account, err := g.cardAccount(ctx, e.now())
	if err != nil {
		return nil, err
	}
	ids := make([]int64, 0, len(of))
	for _, c := range of {
		ids = append(ids, c.ID)
	}
	rows, err := g.Splynx.AccountDataOf(ctx, account.id, ids)
	if err != nil {
		return nil, err
	}
	cards := make(map[int64]Card, len(rows))
	for _, c := range of {
		row, ok := rows[c.ID]
		if !ok {
			continue
		}
		card, err := e.readCard(ctx, g, c.PartnerID, c.ID, account.fields, &row)
		if err != nil {
			return nil, err
		}
		if card.Key != "" {
			cards[c.ID] = card
		}
	}
	return cards, nil
}

func (e *Engine) card(ctx context.Context, g *Generation, partner, customer int64) (Card, error) {
	account, err := g.cardAccount(ctx, e.now())
	if err != nil {
		return Card{}, err
	}
	row, err := g.Splynx.AccountData(ctx, customer, account.id)
	if err != nil || row == nil {
		return Card{}, err
	}
	return e.readCard(ctx, g, partner, customer, account.fields, row)
}

// readCard judges what stands in the fields.
func (e *Engine) readCard(ctx context.Context, g *Generation, partner, customer int64, f CardFields, row *splynx.AccountData) (Card, error) {
	field := func(n int) string {
		if n == 0 {
			return ""
		}
		return strings.TrimSpace(row.Fields[n-1].Reveal())
	}
	token := field(f.Token)
	if token == "" {
		return Card{}, nil
	}
	key, err := e.cardKey(ctx, token)
	if err != nil {
		return Card{}, err
	}
	c := Card{Key: key, Brand: brandOf(field(f.Brand)), Ends: endOf(field(f.Number)), Standing: CardGood, token: secret.New(token)}
	month, known := expiryOf(field(f.Expires))
	if known {
		c.Expires = month.Format("01/06")
	}
	note, _, err := readMark[cardNote](ctx, e.store, cardMark(key))
	if err != nil {
		return Card{}, err
	}
	c.Refused, c.TriedEnough = note.refused(e.now()), note.triedEnough(e.now())
	with := g.Partner(partner)
	switch {
	case !tokenForm.MatchString(token) || isCardNumber(token):
		c.Standing = CardUnreadable
	case note.Customer != 0 && (note.Customer != customer || !with.charges(note.Endpoint, note.User)),
		field(f.User) != "" && !with.charges(with.Endpoint, field(f.User)):
		c.Standing = CardElsewhere
	case !note.Dead.IsZero():
		c.Standing = CardDead
	case known && !e.now().In(g.Settings.TimeZone).Before(month.AddDate(0, 1, 0)):
		c.Standing = CardExpired
	}
	return c, nil
}

// charges tells whether cards of a PxPost user can be charged by the partner's: it is the same
// user, or one that the partner had before.
func (p Partner) charges(endpoint, user string) bool {
	return slices.ContainsFunc(append([]Credentials{p.Credentials}, p.Retired...), func(c Credentials) bool {
		return c.Endpoint == endpoint && c.PxPostUser == user
	})
}

// cardKey names a token for the journal and for forms.
func (e *Engine) cardKey(ctx context.Context, token string) (string, error) {
	key, err := e.store.Key(ctx, "card")
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil)[:16]), nil
}

// noteCard changes what the journal knows of a card. change tells whether there is anything to
// write.
func (e *Engine) noteCard(ctx context.Context, key string, change func(*cardNote) bool) error {
	defer e.cards.lock(key)()
	note, _, err := readMark[cardNote](ctx, e.store, cardMark(key))
	if err != nil {
		return err
	}
	if !change(&note) {
		return nil
	}
	return setMark(ctx, e.store, cardMark(key), note)
}

var (
	tokenForm   = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)
	figuresOnly = regexp.MustCompile(`^[2-6][0-9]{12,18}$`)
	lastFigures = regexp.MustCompile(`[0-9]{1,4}$`)
)

// isCardNumber tells whether text is a number that stands on a card, by its check digit. It
// must never be sent as a token, nor be shown.
func isCardNumber(text string) bool {
	if !figuresOnly.MatchString(text) {
		return false
	}
	sum := 0
	for i := range len(text) {
		d := int(text[len(text)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// endOf is what may be shown of a masked number: two figures where nearly all of it stands
// there.
func endOf(number string) string {
	end := lastFigures.FindString(number)
	if len(strings.Map(onlyFigures, number)) > 10 {
		end = end[max(len(end)-2, 0):]
	}
	return end
}

// onlyFigures drops what is no figure.
func onlyFigures(r rune) rune {
	if r >= '0' && r <= '9' {
		return r
	}
	return -1
}

// brands are the names that a brand is shown by; others are not shown, for anybody may have
// typed them.
var brands = []string{"Visa", "Mastercard", "Amex", "American Express", "Diners", "Discover", "JCB", "UnionPay", "Maestro", "EFTPOS"}

func brandOf(text string) string {
	for _, b := range brands {
		if strings.EqualFold(strings.ReplaceAll(text, " ", ""), strings.ReplaceAll(b, " ", "")) {
			return b
		}
	}
	return ""
}

// expiryOf reads the month after which a card is over, as we write it or as staff may.
func expiryOf(text string) (time.Time, bool) {
	for _, layout := range []string{"01/06", "0106", "01/2006", "1/06", "1/2006"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Used is the card as a payment keeps it.
func (c Card) Used() CardUsed { return CardUsed{Key: c.Key, Brand: c.Brand, Ends: c.Ends} }
