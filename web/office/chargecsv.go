package office

import (
	"context"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// planHead names the columns of a run's list.
var planHead = []string{
	"number", "state", "reason", "customer", "name", "partner", "invoice id", "invoice", "planned", "currency", "credit", "card", "charged", "class", "code", "try again", "payment", "changed",
}

// planCSV is the list of a run as the page has it, with all its rows.
func (d *desk) planCSV() error {
	runs, run, err := d.run()
	if err != nil {
		return err
	}
	f, _, wrong := itemFilter(d.r.URL.Query())
	if wrong != "" {
		return errNoPage
	}
	act := payment.Act{Run: run.ID, Note: "list of the run"}
	return d.export("charge-run-"+string(run.ID)+".csv", act, planHead, func(ctx context.Context, s *sheet) error {
		return s.items(ctx, runs, run.ID, f, s.planRow)
	})
}

// items writes the items of a run, a page at a time.
func (s *sheet) items(ctx context.Context, runs *charge.Runs, run payment.ID, f charge.ItemFilter, row func(charge.Item) error) error {
	ids := make([]int64, 0, exportPage)
	for after := int64(0); ; {
		list, err := runs.Items(ctx, run, f, after, exportPage)
		if err != nil {
			return err
		}
		ids = ids[:0]
		for _, i := range list {
			ids = append(ids, i.Customer)
		}
		s.meet(ctx, ids)
		for _, i := range list {
			if err := row(i); err != nil {
				return err
			}
		}
		if err := s.page(); err != nil || len(list) < exportPage {
			return err
		}
		after = list[len(list)-1].Seq
	}
}

func (s *sheet) planRow(i charge.Item) error {
	return s.csv.Write([]string{
		decimalOf(i.Seq), itemStandings[i.State].Word, safe(reasonOf(i)), decimalOf(i.Customer), safe(s.known[i.Customer]), decimalOf(i.Partner), decimalOf(i.DocumentID), safe(i.Number),
		i.Amount.Number(), i.Amount.CurrencyCode(), numberOf(i.Credit), cardText(i.Card), numberOf(i.Charged), i.Class, safe(i.Code), tryAgain(i), string(i.Payment), s.d.when(i.MovedAt),
	})
}

// tryAgain says in a word whether what has failed is worth another try.
func tryAgain(i charge.Item) string {
	if i.State != charge.ItemDeclined && i.State != charge.ItemNotCharged {
		return ""
	}
	return againOf(i.Class, i.Code).Word
}

// resultHead names the columns of a run's result.
var resultHead = []string{
	"number", "state", "reason", "customer", "name", "partner", "invoice id", "invoice", "amount", "currency", "card", "class", "code", "try again",
	"payment", "txn id", "dps txn ref", "approved", "splynx payment", "changed",
}

// resultCSV is what became of each charge that was begun, with what the bank has called it and
// where it stands in Splynx: what the accounts are compared with.
func (d *desk) resultCSV() error {
	runs, run, err := d.run()
	if err != nil {
		return err
	}
	act := payment.Act{Run: run.ID, Note: "result of the run"}
	return d.export("charge-result-"+string(run.ID)+".csv", act, resultHead, func(ctx context.Context, s *sheet) error {
		return s.items(ctx, runs, run.ID, charge.ItemFilter{}, func(i charge.Item) error { return s.resultRow(ctx, i) })
	})
}

func (s *sheet) resultRow(ctx context.Context, i charge.Item) error {
	if i.Payment == "" {
		return nil
	}
	p, err := s.d.e.Get(ctx, i.Payment)
	if err != nil {
		return err
	}
	return s.csv.Write([]string{
		decimalOf(i.Seq), itemStandings[i.State].Word, safe(reasonOf(i)), decimalOf(i.Customer), safe(s.known[i.Customer]), decimalOf(i.Partner), decimalOf(i.DocumentID), safe(i.Number),
		i.Charged.Number(), i.Charged.CurrencyCode(), cardText(i.Card), i.Class, safe(i.Code), tryAgain(i),
		string(p.ID), string(p.TxnID), safe(p.DpsTxnRef), s.d.when(p.ApprovedAt), decimalOf(p.Booking.PaymentID), s.d.when(i.MovedAt),
	})
}

// cardText is a card as lists have it.
func cardText(c payment.CardUsed) string {
	if c.Key == "" {
		return ""
	}
	return cardName(c.Brand, c.Ends)
}
