package caddymodule

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// allStates are the words of --state, in the order of a payment's life.
var allStates = []payment.State{
	payment.Created, payment.NotOffered, payment.Offered, payment.NotStarted, payment.Submitted, payment.Unknown,
	payment.Approved, payment.Declined, payment.Cancelled, payment.Expired, payment.NotDone,
	payment.Recorded, payment.Refunded, payment.Settled, payment.Parked,
}

// allKinds are the words of --kind.
var allKinds = []payment.Kind{payment.KindInvoice, payment.KindProforma, payment.KindTopUp, payment.KindCardCheck, payment.KindRefund}

// printer writes lines for a terminal and keeps the first error. What others have written,
// such as the number of a document or a note of a gateway, must not steer the terminal.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(plain(fmt.Sprintf(format, args...)), " "))
	}
}

// folded writes a text below a hanging indent, within 100 columns.
func (p *printer) folded(indent int, first, text string) {
	line := first + strings.Repeat(" ", max(0, indent-utf8.RuneCountInString(first)))
	empty := true
	for _, word := range strings.Fields(text) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > 100 {
			p.line("%s", line)
			line, empty = strings.Repeat(" ", indent), true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	p.line("%s", line)
}

// plain replaces what a terminal would act upon.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// zoned writes times in UTC and, where it is another one, in the provider's zone.
type zoned struct{ zone *time.Location }

// zonedIn is UTC alone where the zone is not known by a name.
func zonedIn(name string) zoned {
	if name == "" || name == "UTC" || name == "Local" {
		return zoned{}
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return zoned{}
	}
	return zoned{zone}
}

func (c zoned) at(t time.Time) string {
	if c.zone == nil {
		return utc(t)
	}
	return utc(t) + " (" + t.In(c.zone).Format("2006-01-02 15:04 MST") + ")"
}

// joined writes words with commas between.
func joined[T ~string](words []T) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	return strings.Join(list, ", ")
}
