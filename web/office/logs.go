package office

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// logView is the list of what was done, with its filters.
type logView struct {
	Rows        []deed
	Next, First string
	CSV         string
	Deeds       []choice
	logTyped
	Who, Run, Text string
}

// logTyped is what both logs are searched by, as it was typed, and what is wrong with it.
type logTyped struct {
	Customer, Payment, Partner string
	From, To                   string
	Partners                   bool // the administrator may choose one
	Wrong                      string
}

// deed is something that was done, in words.
type deed struct {
	payment.Act
	Words string
	Name  string // the customer's
}

// deedOrder is the order of the deeds in the filter.
var deedOrder = []payment.Deed{
	payment.DeedCharge, payment.DeedRefund, payment.DeedSettle, payment.DeedRebook, payment.DeedSeen, payment.DeedAsk, payment.DeedRemoveCard,
	payment.DeedPreview, payment.DeedTickOff, payment.DeedStart, payment.DeedPause, payment.DeedResume, payment.DeedStop, payment.DeedHandlerOff,
	payment.DeedKeepOut, payment.DeedLetIn, payment.DeedLink, payment.DeedOpenGuests, payment.DeedCloseGuests, payment.DeedAccept, payment.DeedExport,
}

// deedWords say what was done.
var deedWords = map[payment.Deed]string{
	payment.DeedCharge: "charged a saved card", payment.DeedRefund: "gave money back", payment.DeedSettle: "ended a payment by hand", payment.DeedRebook: "booked a payment elsewhere",
	payment.DeedSeen: "has seen a notice", payment.DeedAsk: "had a payment asked about", payment.DeedRemoveCard: "removed a saved card", payment.DeedLink: "made a payment link",
	payment.DeedOpenGuests: "opened payment links", payment.DeedCloseGuests: "closed payment links", payment.DeedAccept: "accepted the journal", payment.DeedExport: "downloaded a file",
	payment.DeedPreview: "looked at a charge run before it", payment.DeedTickOff: "ticked charges off or on", payment.DeedStart: "started a charge run", payment.DeedPause: "paused a charge run",
	payment.DeedResume: "resumed a charge run", payment.DeedStop: "stopped a charge run", payment.DeedHandlerOff: "stated that Splynx’s own charges are off",
	payment.DeedKeepOut: "kept somebody out of charge runs", payment.DeedLetIn: "let somebody into charge runs again",
}

// deedOf says what was done; a deed of a newer version is shown as it is.
func deedOf(w payment.Deed) string {
	if words, ok := deedWords[w]; ok {
		return words
	}
	return string(w)
}

// logTabs leads from one log to the other.
func (d *desk) logTabs(here string) []place {
	return []place{
		{Name: "Operations", Path: web.AdminPath + "logs", Here: here == "logs"},
		{Name: "Charges", Path: web.AdminPath + "logs/charges", Here: here == "logs/charges"},
	}
}

// operations lists who did what, the newest first.
func (d *desk) operations() error {
	q := d.r.URL.Query()
	f, v, ok := d.actFilter(q)
	if after := q.Get("after"); after != "" {
		seq, err := strconv.ParseInt(after, 10, 64)
		if err != nil || seq < 1 {
			return errNoPage
		}
		f.Before, v.First = seq, next(d.r.URL.Path, q, "")
	}
	if ok {
		f.Limit = pageRows + 1
		list, err := d.e.Acts(d.r.Context(), f)
		if err != nil {
			return err
		}
		if len(list) > pageRows {
			list = list[:pageRows]
			v.Next = next(d.r.URL.Path, q, payment.ID(strconv.FormatInt(list[pageRows-1].Seq, 10)))
		}
		v.Rows = d.deeds(list)
	}
	v.CSV = csvPath("logs/csv", q)
	d.show(page{Title: "Operations", Template: "operations", Data: v, Tabs: d.logTabs("logs")})
	return nil
}

// deeds are acts with the names of their customers.
func (d *desk) deeds(list []payment.Act) []deed {
	var ids []int64
	for _, a := range list {
		if a.Customer != 0 {
			ids = append(ids, a.Customer)
		}
	}
	names := d.named(ids...)
	rows := make([]deed, 0, len(list))
	for _, a := range list {
		rows = append(rows, deed{a, deedOf(a.What), names[a.Customer].Name})
	}
	return rows
}

// actFilter reads what is asked for. ok is false where nothing is to be shown.
func (d *desk) actFilter(q url.Values) (f payment.ActFilter, v *logView, ok bool) {
	v = &logView{Who: trimmed(q.Get("who")), Run: trimmed(q.Get("run")), Text: trimmed(q.Get("text"))}
	span := d.logTyped(q, &v.logTyped)
	f = payment.ActFilter{
		Who: v.Who, Text: v.Text, Run: payment.ID(upper(v.Run)), Payment: payment.ID(upper(v.Payment)),
		Customer: span.customer, Partner: span.partner, Since: span.from, Until: span.until,
	}
	if _, err := strconv.ParseInt(v.Who, 10, 64); err == nil {
		f.Who = "administrator " + v.Who
	}
	v.Deeds = []choice{{"", "All", q.Get("what") == ""}}
	for _, w := range deedOrder {
		chosen := q.Get("what") == string(w)
		v.Deeds = append(v.Deeds, choice{string(w), upperFirst(deedWords[w]), chosen})
		if chosen {
			f.What = w
		}
	}
	return f, v, v.Wrong == "" && span.ok
}

// logSpan is what both logs are held to.
type logSpan struct {
	customer, partner int64
	from, until       time.Time
	ok                bool // the administrator may see anything
}

// logTyped reads what both logs are searched by. An administrator of one partner is held to it.
func (d *desk) logTyped(q url.Values, v *logTyped) (s logSpan) {
	v.Customer, v.Partner, v.Payment = trimmed(q.Get("customer")), trimmed(q.Get("partner")), trimmed(q.Get("payment"))
	v.From, v.To = trimmed(q.Get("from")), trimmed(q.Get("to"))
	for _, one := range []struct {
		text string
		into *int64
	}{{v.Customer, &s.customer}, {v.Partner, &s.partner}} {
		var err error
		if one.text == "" {
			continue
		}
		if *one.into, err = strconv.ParseInt(one.text, 10, 64); err != nil || *one.into < 1 {
			v.Wrong = "Customer and partner are looked for by their ids in Splynx, which are numbers."
		}
	}
	for _, one := range []struct {
		text string
		into *time.Time
		days int
	}{{v.From, &s.from, 0}, {v.To, &s.until, 1}} {
		if one.text == "" {
			continue
		}
		day, err := time.ParseInLocation(time.DateOnly, one.text, d.zone)
		if err != nil {
			v.Wrong = "Type days as year, month and day, such as " + d.Now().In(d.zone).Format(time.DateOnly) + "."
			continue
		}
		*one.into = day.AddDate(0, 0, one.days)
	}
	var held int64
	if held, s.ok = onlyPartner(d.staff); held != 0 {
		s.partner = held
	}
	v.Partners = held == 0
	return s
}

// csvPath is the file of a list as it is filtered.
func csvPath(path string, q url.Values) string {
	return next(web.AdminPath+path, q, "")
}

var operationsHead = []string{"number", "time", "who", "what", "customer", "name", "partner", "payment", "run", "note", "node"}

// operationsCSV is the list as it is filtered, whole.
func (d *desk) operationsCSV() error {
	f, v, ok := d.actFilter(d.r.URL.Query())
	if v.Wrong != "" || !ok {
		return errNoPage
	}
	f.Limit = exportPage
	return d.export("operations.csv", payment.Act{Partner: f.Partner, Note: "operations"}, operationsHead, func(ctx context.Context, s *sheet) error {
		for {
			list, err := d.e.Acts(ctx, f)
			if err != nil {
				return err
			}
			if err := s.acts(ctx, list); err != nil || len(list) < f.Limit {
				return err
			}
			f.Before = list[len(list)-1].Seq
		}
	})
}

func (s *sheet) acts(ctx context.Context, list []payment.Act) error {
	ids := make([]int64, 0, len(list))
	for _, a := range list {
		ids = append(ids, a.Customer)
	}
	s.meet(ctx, ids)
	for _, a := range list {
		if err := s.csv.Write([]string{
			decimalOf(a.Seq), s.d.when(a.At), safe(a.Who), safe(deedOf(a.What)), decimalOf(a.Customer), safe(s.known[a.Customer]), decimalOf(a.Partner),
			safe(string(a.Payment)), safe(string(a.Run)), safe(a.Note), safe(a.Node),
		}); err != nil {
			return err
		}
	}
	return s.page()
}

// originOf says who began a payment.
func originOf(o payment.Origin) string { return meaning.Origin(o) }
