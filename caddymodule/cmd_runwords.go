package caddymodule

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// stands tells whether a run waits for a person, by itself.
func (v runView) stands() bool {
	return (&charge.Run{State: v.State, Why: v.Why, Unseen: v.Unseen}).Stands()
}

const runIndent = 13

func (a runAnswer) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, a)
	}
	p, c, v := &printer{w: w}, zonedIn(a.TimeZone), a.Run
	p.line("Run %s", v.ID)
	field := func(name, format string, args ...any) { p.folded(runIndent, "  "+name, fmt.Sprintf(format, args...)) }
	field("state", "%s since %s: %s (%s)", v.State, c.at(a.since()), meaning.RunWhy(v.Why), v.Why)
	field("about", "%s", v.about())
	field("made", "%s by %s (%s)", c.at(v.CreatedAt), v.Who, v.Source)
	if !v.StartedAt.IsZero() {
		field("progress", "%s", a.progress())
	}
	p.sums(a)
	p.line("")
	p.line("History, times in UTC%s", c.beside())
	for _, e := range a.Events {
		p.runEvent(c, e)
	}
	p.runAdvice(a)
	return p.err
}

// since is when its state began.
func (a runAnswer) since() time.Time {
	for _, e := range slices.Backward(a.Events) {
		if e.From != e.To {
			return e.At
		}
	}
	return a.Run.MovedAt
}

// about says what a run charges.
func (v runView) about() string {
	if v.Of != "" {
		return fmt.Sprintf("%s that have failed in run %s", v.Sort, v.Of)
	}
	f, parts := v.Filter, []string{string(v.Sort)}
	add := func(there bool, format string, args ...any) {
		if there {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(!f.Issued.From.IsZero() || !f.Issued.To.IsZero(), "issued %s..%s", f.Issued.From, f.Issued.To)
	add(!f.DueWithin.From.IsZero() || !f.DueWithin.To.IsZero(), "due %s..%s", f.DueWithin.From, f.DueWithin.To)
	add(len(f.Numbers) > 0, "numbers %s", strings.Join(f.Numbers, ", "))
	add(v.Sort == charge.Invoices && len(f.Statuses) > 0, "%s", strings.Join(f.Statuses, " or "))
	add(len(f.Partners) > 0, "partners %s", ids(f.Partners))
	add(f.Location != 0, "location %d", f.Location)
	add(f.PaymentMethod != 0, "payment method %d", f.PaymentMethod)
	add(len(f.CustomerStatuses) > 0, "customers that are %s", strings.Join(f.CustomerStatuses, " or "))
	add(len(f.Customers) > 0, "customers %s", ids(f.Customers))
	add(f.From != "", "from %s", f.From)
	add(f.To != "", "to %s", f.To)
	add(v.DespiteCredit, "credit or not")
	return strings.Join(parts, "; ")
}

func ids(list []int64) string {
	var texts []string
	for _, id := range list {
		texts = append(texts, strconv.FormatInt(id, 10))
	}
	return strings.Join(texts, ", ")
}

// progress says how far it is.
func (c runCounts) progress() string {
	parts := []string{fmt.Sprintf("%d left, %d under way", c.Left, c.UnderWay)}
	if c.Unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d unknown", c.Unknown))
	}
	if c.PerMinute > 0 {
		parts = append(parts, fmt.Sprintf("%d a minute", c.PerMinute))
	}
	if c.Seconds > 0 {
		parts = append(parts, "done in about "+(time.Duration(c.Seconds)*time.Second).String())
	}
	return strings.Join(parts, ", ")
}

// sums writes what the items come to, as a table.
func (p *printer) sums(a runAnswer) {
	if len(a.Sums) == 0 || p.err != nil {
		return
	}
	p.line("")
	t := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	for _, s := range a.Sums {
		text := meaning.Item(s.State)
		switch {
		case s.Out != "":
			text += ": " + meaning.Out(s.Out)
		case s.Class != "":
			text += " (" + meaning.Class(s.Class) + ")"
		}
		fmt.Fprintf(t, "  %d\t%s %s\t%s\n", s.Count, s.Amount, s.Currency, plain(text))
	}
	if err := t.Flush(); err != nil {
		p.err = err
	}
}

func (p *printer) runEvent(c zoned, e charge.Event) {
	when := e.At.UTC().Format("2006-01-02 15:04:05")
	if c.zone != nil {
		when += "  " + e.At.In(c.zone).Format("Jan 2 15:04")
	}
	move := string(e.To)
	if e.From != "" {
		move = fmt.Sprintf("%s -> %s", e.From, e.To)
	}
	p.line("  %s  %s", when, move)
	p.folded(6, "", fmt.Sprintf("%s (%s); by %s on %s", meaning.RunWhy(e.Why), e.Why, e.Who, e.Node))
	if e.Note != "" {
		p.folded(6, "", e.Note)
	}
}

// runAdvice says what can be done next.
func (p *printer) runAdvice(a runAnswer) {
	v := a.Run
	switch seen := a.toCharge(); {
	case v.State == charge.Planned && len(seen) == 0:
		p.line("")
		p.folded(0, "", "Nothing is to be charged.")
	case v.State == charge.Planned:
		p.line("")
		p.folded(0, "", "Nothing is charged before it is started. To have just this charged:")
		words := []string{"caddy paymentexpress charge start", string(v.ID)}
		for _, s := range seen {
			words = append(words, "--seen "+s.String())
		}
		p.line("  %s", strings.Join(words, " "))
	case v.State == charge.Failed && v.stands():
		p.line("")
		p.folded(0, "", fmt.Sprintf("It was made by itself, and could not be planned on its day: nothing was charged. %s What to do is in docs/runbook/%s.md. Then say that it was seen:", meaning.RunStill(v.Why), v.Why))
		p.line("  caddy paymentexpress charge stop %s", v.ID)
	case v.State == charge.Planning && v.stands():
		p.line("")
		p.folded(0, "", fmt.Sprintf("It cannot be planned. %s What to do is in docs/runbook/%s.md. It is tried again until its day is over.", meaning.RunStill(v.Why), v.Why))
	case v.stands():
		p.line("")
		p.folded(0, "", fmt.Sprintf("It stands still. %s What to do is in docs/runbook/%s.md. Then:", meaning.RunStill(v.Why), v.Why))
		p.line("  caddy paymentexpress charge resume %s", v.ID)
		p.line("  caddy paymentexpress charge stop %s", v.ID)
	}
}

func (l runsAnswer) table(w io.Writer) error {
	if len(l.Runs) == 0 {
		_, err := fmt.Fprintln(w, "No such run.")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RUN\tSTATE\tWHY\tMADE (UTC)\tLEFT\tASKED\tAPPROVED\tDECLINED\tUNKNOWN\tFAILED\tOUT")
	for _, b := range l.Runs {
		r := b.Run
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", r.ID, r.State, r.Why, r.CreatedAt.UTC().Format("2006-01-02 15:04"),
			b.Left, b.UnderWay, b.Approved, b.Declined, b.Unknown, b.Failed, b.LeftOut)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	p := &printer{w: w}
	if l.Next != "" {
		p.line("")
		p.line("There are more. To see them, repeat it with --after %s, or with a higher --limit.", l.Next)
	}
	if i := slices.IndexFunc(l.Runs, func(b runBrief) bool { return b.Run.stands() }); i >= 0 {
		p.line("")
		p.line("One waits for a person: caddy paymentexpress charge status %s", l.Runs[i].Run.ID)
	}
	return p.err
}
