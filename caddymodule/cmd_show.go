package caddymodule

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

func showCommand() *cobra.Command {
	var a asker
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID [--json]",
		Short: "Shows one payment and its history",
		Long: `Shows all that the journal of the running Caddy knows of one payment, and its history.
The id is the payment's receipt number in Splynx and its TxnId at Windcave.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var d detailAnswer
			if err := a.ask(http.MethodGet, paymentPath(args[0]), nil, &d); err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), d)
			}
			return d.print(cmd.OutOrStdout())
		},
	}
	a.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Say it as JSON")
	return cmd
}

// paymentPath is where the admin API has a payment; letters are taken as people write them.
func paymentPath(id string) string {
	return "payments/" + url.PathEscape(strings.ToUpper(strings.TrimSpace(id)))
}

const showIndent = 12

func (d detailAnswer) print(w io.Writer) error {
	p, c, v := &printer{w: w}, zonedIn(d.TimeZone), d.Payment
	p.line("Payment %s", v.ID)
	field := func(name, format string, args ...any) { p.folded(showIndent, "  "+name, fmt.Sprintf(format, args...)) }
	field("state", "%s since %s: %s (%s)", v.State, c.at(v.MovedAt), meaning.Reason(v.Reason), v.Reason)
	field("amount", "%s", v.money())
	field("for", "%s", v.purpose())
	field("started", "%s by %s, %s", c.at(v.CreatedAt), meaning.Origin(v.Origin), meaning.Way(v.Way))
	field("Windcave", "%s", v.atWindcave(c))
	field("Splynx", "%s", v.inSplynx(c))
	if v.Card.Key != "" {
		field("card", "%s ending in %s", cmp.Or(v.Card.Brand, "saved card"), v.Card.Ends)
	}
	if v.Save.Stage != payment.SaveNone {
		field("saving", "%s", v.saving())
	}
	for _, b := range v.GivenBack {
		field("refund", "%s: %s%s", b.ID, b.Amount.Number()+" "+v.Currency, map[bool]string{true: ", failed"}[b.Failed])
	}
	if v.Of != "" {
		field("refund of", "%s", v.Of)
	}
	if v.Run != "" {
		field("run", "%s, item %d", v.Run, v.Item)
	}
	if d.Waiting > 0 {
		field("results", "%s to be judged: Windcave could not be asked about what came back", counted(d.Waiting, "waits", "wait"))
	}
	if !v.NextAt.IsZero() {
		field("next look", "%s", c.at(v.NextAt))
	}
	p.line("")
	p.line("History, times in UTC%s", c.beside())
	for _, e := range d.Events {
		p.event(c, e)
	}
	if v.parked() {
		p.line("")
		p.advise(v)
	}
	return p.err
}

// saving says what became of the card that the page was to save.
func (v paymentView) saving() string {
	switch v.Save.Stage {
	case payment.SaveWanted:
		return "the card is to be saved once this is paid"
	case payment.SaveStoring:
		return "the card is on its way into Splynx"
	case payment.SaveDone:
		return "the card is saved"
	}
	return "the card was not saved: " + meaning.Reason(v.Save.Why)
}

// purpose says what it is for, and whose.
func (v paymentView) purpose() string {
	text := v.document()
	if v.DocumentID != 0 && v.DocumentNumber != "" {
		text += fmt.Sprintf(" (id %d)", v.DocumentID)
	}
	text += fmt.Sprintf(" of customer %d, partner %d", v.Customer, v.Partner)
	if v.Site != "" {
		text += ", at " + v.Site
	}
	return text
}

// atWindcave says what the gateway has said.
func (v paymentView) atWindcave(c zoned) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	switch {
	case v.DpsTxnRef != "" && !v.ApprovedAt.IsZero():
		add("approved %s, DpsTxnRef %s", c.at(v.ApprovedAt), v.DpsTxnRef)
	case v.DpsTxnRef != "":
		add("DpsTxnRef %s", v.DpsTxnRef)
	case v.Claimed != "":
		add("claims a charge, DpsTxnRef %s, but not as it was asked for", v.Claimed)
	default:
		add("no approval")
	}
	if v.Code != "" {
		add("ReCo %s", v.Code)
	}
	if v.TxnID != v.ID {
		add("TxnId %s", v.TxnID)
	}
	add("PxPay user %s", v.PxPayUser)
	if v.PxPostUser == "" {
		add("no pxpost")
	}
	add("%s", v.Endpoint)
	return strings.Join(parts, "; ")
}

// inSplynx says where the money stands.
func (v paymentView) inSplynx(c zoned) string {
	b, text := v.Booking, "not booked"
	switch {
	case b.To != "" && b.PaymentID != 0:
		text = fmt.Sprintf("payment %d, %s", b.PaymentID, meaning.Destination(b.To))
	case b.To != "":
		text = meaning.Destination(b.To)
	case b.Post == payment.PostUnclear, b.Post == payment.PostSent:
		text = "a booking has perhaps arrived"
		if !b.PostedAt.IsZero() {
			text += ", sent " + c.at(b.PostedAt)
		}
	case b.Post == payment.PostAnswered:
		text = "Splynx said that it booked"
	}
	if b.RecordID != 0 {
		text += fmt.Sprintf("; statement record %d", b.RecordID)
		if b.RecordStatus != "" {
			text += " (" + b.RecordStatus + ")"
		}
	}
	return text
}

// beside names the zone of the second column of a history.
func (c zoned) beside() string {
	if c.zone == nil {
		return ""
	}
	return " and in " + c.zone.String()
}

// event writes one move and, below it, what a person who looks needs.
func (p *printer) event(c zoned, e payment.Event) {
	when := e.At.UTC().Format("2006-01-02 15:04:05")
	if c.zone != nil {
		local, form := e.At.In(c.zone), "15:04"
		if local.Format("02") != e.At.UTC().Format("02") {
			form = "Jan 2 15:04"
		}
		when += fmt.Sprintf("  %-12s", local.Format(form))
	}
	move := string(e.To)
	if e.From != "" {
		move = fmt.Sprintf("%s -> %s", e.From, e.To)
	}
	p.line("  %s  %s", when, move)
	p.folded(6, "", fmt.Sprintf("%s (%s); by %s on %s", meaning.Reason(e.Why), e.Why, e.Who, e.Node))
	if e.Note != "" {
		p.folded(6, "", e.Note)
	}
}

// advise says how a parked payment can be ended.
func (p *printer) advise(v paymentView) {
	p.folded(0, "", "It waits for a person. Set right what is wrong in Splynx or at Windcave, then tell it:")
	p.line("  caddy paymentexpress settle %s --as WORD --reason \"…\"", v.ID)
	for _, s := range meaning.Settlements {
		p.folded(14, "  "+s.Word, s.Means)
	}
}
