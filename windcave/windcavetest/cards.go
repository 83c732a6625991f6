package windcavetest

import (
	"fmt"
	"hash/crc32"
	"strings"
	"time"
	"unicode/utf8"
)

// A Card as a buyer types it. Expiry is MMYY. Empty Holder, Expiry and CVC are
// filled with values that pass.
type Card struct {
	Number, Holder, Expiry, CVC string
}

// Test cards by what they do on the page and through PxPost.
var (
	CardApproved   = Card{Number: "4111111111111111"} // Visa
	CardMastercard = Card{Number: "5431111111111111"}
	CardAmex       = Card{Number: "371111111111114"}
	CardDiners     = Card{Number: "36000000000008"}
	CardDeclined   = Card{Number: "5431111111111228"} // ReCo 51
	CardRefused    = Card{Number: "4000000000000002"} // ReCo 05
	CardRetry      = Card{Number: "4999999999999202"} // declined with Retry 1
	CardBadDigit   = Card{Number: "4111111111111112"} // declined on the page
	CardWrongType  = Card{Number: "4444555566669999"} // the page does not take it; QK by PxPost
)

// verdict is what the bank says.
type verdict struct {
	Approved   bool
	ReCo, Text string
	Retry      bool
}

var approved = verdict{Approved: true, ReCo: "00", Text: "APPROVED"}

func declined(reco string) verdict {
	texts := map[string]string{
		"05": "DO NOT HONOUR", "51": "INSUFFICIENT FUNDS", "54": "EXPIRED CARD",
		"91": "ISSUER NOT AVAILABLE", "QK": "INVALID CARD NUMBER",
	}
	text, ok := texts[reco]
	if !ok {
		text = "DECLINED"
	}
	return verdict{ReCo: reco, Text: text, Retry: reco == "91"}
}

type testCard struct {
	Card
	Brand string
	verdict
	Note string
}

var testCards = []testCard{
	{CardApproved, "Visa", approved, "approved"},
	{CardMastercard, "MasterCard", approved, "approved"},
	{CardAmex, "Amex", approved, "approved"},
	{CardDiners, "Diners", approved, "approved"},
	{CardDeclined, "MasterCard", declined("51"), "declined: funds"},
	{CardRefused, "Visa", declined("05"), "declined by the bank"},
	{CardRetry, "Visa", declined("91"), "declined, may be tried again"},
	{CardBadDigit, "Visa", declined("76"), "declined: bad number"},
	{CardWrongType, "", declined("QK"), "card type not taken"},
}

func findCard(number string) (testCard, bool) {
	for _, c := range testCards {
		if c.Number == number {
			return c, true
		}
	}
	return testCard{}, false
}

// decide asks the bank. Unknown cards are refused: no real number is processed.
func (c Card) decide(a amount, now time.Time) verdict {
	known, ok := findCard(c.Number)
	switch {
	case !ok:
		return declined("QK")
	case known.Approved && c.expired(now):
		return declined("54")
	case known.Approved && a.endsIn76():
		return declined("76")
	}
	return known.verdict
}

// expired is also true for a date that cannot be read.
func (c Card) expired(now time.Time) bool {
	end, err := time.Parse("0106", c.Expiry)
	return err != nil || !now.Before(end.AddDate(0, 1, 0))
}

// filled gives the values that a buyer would add.
func (c Card) filled(now time.Time) Card {
	if c.Holder == "" {
		c.Holder = "TEST HOLDER"
	}
	if c.Expiry == "" {
		c.Expiry = now.AddDate(3, 0, 0).Format("0106")
	}
	if c.CVC == "" {
		c.CVC = "123"
	}
	return c
}

// fault says in words why the page does not take what was typed, or nothing.
func (c Card) fault(now time.Time) string {
	known, ok := findCard(c.Number)
	switch {
	case !ok:
		return "This simulator takes only the test cards listed below."
	case known.ReCo == "QK":
		return "This type of card is not accepted."
	case c.expired(now):
		return "The expiry date must be MM/YY and not in the past."
	case c.Holder == "" || utf8.RuneCountInString(c.Holder) > 64:
		return "Enter the name on the card."
	case len(c.CVC) < 3 || len(c.CVC) > 4 || strings.Trim(c.CVC, "0123456789") != "":
		return "The CVC has three or four digits."
	}
	return ""
}

func (c Card) brand() string {
	known, _ := findCard(c.Number)
	return known.Brand
}

// masked keeps six digits in front and two behind, as replies do.
func (c Card) masked() string {
	if len(c.Number) < 9 || c.brand() == "" {
		return "000000........00"
	}
	n := c.Number
	return n[:6] + strings.Repeat(".", len(n)-8) + n[len(n)-2:]
}

// mac is a fingerprint of the card number; it signs nothing.
func (c Card) mac() string {
	return fmt.Sprintf("%08X", crc32.ChecksumIEEE([]byte(c.Number)))
}
