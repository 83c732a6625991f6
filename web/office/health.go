package office

import (
	"context"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// ailment is something that is wrong with the whole, and what can be done.
type ailment struct {
	Mark, What, Can string
	Link            link
}

// health finds what is wrong.
func (d *desk) health() (all []ailment, err error) {
	ctx := d.r.Context()
	h, err := d.e.Health(ctx)
	if err != nil {
		return nil, err
	}
	if old := h.Journal.Old; old != nil {
		all = append(all, ailment{markStop, "The journal is old: Splynx has payments of ours that it does not know. No saved card is charged.", "Put the right journal back, or accept this one: caddy paymentexpress journal accept.", link{}})
	}
	if h.Journal.Unwritable {
		all = append(all, ailment{markStop, "The journal cannot be written.", "See whether its disk is full; the log says more.", link{}})
	}
	if h.Journal.Held != nil && h.Journal.CompareError != "" {
		all = append(all, ailment{markWait, "The journal could not be compared with Splynx yet. No payment starts.", "See whether Splynx answers.", link{}})
	}
	standing, err := d.standingRuns(ctx)
	if err != nil {
		return nil, err
	}
	all = append(all, standing...)
	refused, err := d.refusals(ctx)
	if err != nil {
		return nil, err
	}
	all = append(all, refused...)
	if d.Generation.Default.PxPost == nil {
		all = append(all, ailment{markWait, "No PxPost user is configured: saved cards, refunds and charges by staff do not work.", "Add windcave pxpost to the configuration.", link{}})
	}
	g, err := web.GuestsOf(ctx, d.e)
	if err != nil {
		return nil, err
	}
	if g.Closed(d.Now()) && d.makesLinks() {
		what := "Payment links are closed until " + d.at(g.Until) + "."
		if g.Why != "" {
			what += " " + sentenceOf(g.Why)
		}
		a := ailment{Mark: markWait, What: what, Can: "Look at the declined payments first: somebody may be trying out cards."}
		if d.may(Settings) && d.ofAll() {
			a.Link = link{"Open payment links…", web.AdminPath + "guests"}
		}
		all = append(all, a)
	}
	return all, nil
}

// standingRuns tells of runs that have stopped by themselves, or could not be made, and wait for a
// person.
func (d *desk) standingRuns(ctx context.Context) (all []ailment, err error) {
	if d.Runs == nil || !d.Charge {
		return nil, nil
	}
	runs, err := d.Runs(ctx)
	if err != nil {
		return nil, err
	}
	list, err := d.visible(ctx, runs, charge.RunFilter{States: []charge.State{charge.Planning, charge.Planned, charge.Paused, charge.Waiting}}, countMost)
	if err != nil {
		return nil, err
	}
	failed, err := d.visible(ctx, runs, charge.RunFilter{States: []charge.State{charge.Failed}}, countMost) // apart: these stay
	if err != nil {
		return nil, err
	}
	for _, run := range append(list, failed...) {
		if !run.Stands() {
			continue
		}
		to, why := link{"The run", web.AdminPath + "charge/" + string(run.ID)}, meaning.RunWhy(run.Why)+"."
		switch run.State {
		case charge.Planned: // it was to start by itself
			all = append(all, ailment{markNeed, "A charge run does not start by itself: " + why, "Look at the preview, then start or stop it.", to})
		case charge.Planning:
			all = append(all, ailment{markWait, "A charge run of " + d.at(run.CreatedAt) + " cannot be planned yet: " + why, "Mend it: the run is tried again until its day is over.", to})
		case charge.Failed:
			all = append(all, ailment{markStop, "A charge run of " + d.at(run.CreatedAt) + " could not be made, and has charged nothing: " + why, "Charge what it was about, then say on its page that you have seen it.", to})
		default:
			all = append(all, ailment{markStop, "A charge run stands still: " + why, "Mend it, then resume or stop the run.", to})
		}
	}
	return all, nil
}

// refusals tells of payments of a day that Windcave has refused for our configuration.
func (d *desk) refusals(ctx context.Context) ([]ailment, error) {
	partner, ok := onlyPartner(d.staff)
	if !ok {
		return nil, nil
	}
	list, err := d.e.Find(ctx, payment.Filter{States: []payment.State{payment.NotDone, payment.NotOffered}, Partner: partner, Since: d.Now().Add(-24 * time.Hour), Limit: countMost})
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if p.Class == "config" {
			return []ailment{{markStop, "Windcave has refused our account or credentials in the last 24 hours: " + codeWords[p.Words] + ".", "Look at the credentials, and at what the account may do.", link{"The newest such payment", paymentPath(p.ID)}}}, nil
		}
	}
	return nil, nil
}
