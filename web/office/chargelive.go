package office

import (
	"context"
	"fmt"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// liveView is what changes of a run while it is watched.
type liveView struct {
	charge.Progress
	Path     string
	Total    int64 // that are charged in all
	Ended    int64 // of them, as far as is known now
	Percent  int64
	Rows     []portion
	Bar      []stripe
	Words    string // the bar in words
	Rate     string
	Time     string
	Failures []failure
	Reasons  []portion // of failures, with whether to try again
	Failed   int64     // charges that they are of
}

// stripe is a part of the bar, whose whole width is barWidth.
type stripe struct {
	Class    string
	X, Width int64
}

const (
	barWidth     = 1000
	failuresMost = 10
)

// runOutcomes are what can become of a charge, in the order of the bar and of the numbers beside it.
var runOutcomes = []struct {
	standing
	states []charge.ItemState
}{
	{standing{markDone, "Approved", ""}, []charge.ItemState{charge.ItemApproved, charge.ItemRecorded}},
	{standing{markStop, "Declined", ""}, []charge.ItemState{charge.ItemDeclined}},
	{standing{markStop, "Not charged", ""}, []charge.ItemState{charge.ItemNotCharged}},
	{standing{markStop, "Refunded", ""}, []charge.ItemState{charge.ItemGivenBack}},
	{standing{markWait, "Unknown", ""}, []charge.ItemState{charge.ItemUnknown}},
	{standing{markNeed, "Needs you", ""}, []charge.ItemState{charge.ItemNeedsYou}},
	{standing{"busy", "Waiting", ""}, []charge.ItemState{charge.ItemCharging}},
	{standing{"left", "Left to charge", ""}, []charge.ItemState{charge.ItemPlanned}},
	{standing{"out", "Left out", ""}, []charge.ItemState{charge.ItemLeftOut}},
}

// live reads how far a run has come.
func (d *desk) live(ctx context.Context, runs *charge.Runs, id payment.ID) (v liveView, err error) {
	if v.Progress, err = runs.Progress(ctx, id); err != nil {
		return v, err
	}
	v.Path = runPath(id)
	v.Ended = v.Done()
	v.Total = v.Ended + v.UnderWay + v.Left
	if v.Total > 0 {
		v.Percent = v.Ended * 100 / v.Total
	}
	if v.Run.State == charge.Running {
		if v.PerMinute > 0 {
			v.Rate = grouped(int64(v.PerMinute)) + " a minute"
		}
		v.Time = about(v.Remaining)
	}
	v.count()
	v.reasons()
	v.draw()
	if !v.Run.StartedAt.IsZero() {
		v.Failures, err = d.failures(ctx, v.Run)
	}
	return v, err
}

// count sorts the sums into the rows beside the bar; what is declined is told by class too.
func (v *liveView) count() {
	for _, o := range runOutcomes {
		row := portion{standing: o.standing, sums: moneys{}, Path: v.Path + "?state=" + string(o.states[0])}
		var parts []portion
		for _, s := range v.Sums {
			for _, state := range o.states {
				if s.State != state {
					continue
				}
				row.N += s.Count
				row.sums.add(s.Amount)
				if s.Class != "" || s.State == charge.ItemRecorded {
					parts = tallied(parts, v.part(s))
				}
			}
		}
		if row.N > 0 || o.standing.Mark == markDone {
			v.Rows = append(append(v.Rows, row), parts...)
		}
	}
}

func (v *liveView) part(s charge.Sum) portion {
	t := portion{Sub: true, key: string(s.State) + s.Class, N: s.Count, sums: moneys{}.plus(s.Amount), Path: v.Path + "?state=" + string(s.State)}
	if t.Word = "stand in Splynx"; s.State != charge.ItemRecorded {
		t.Word = classWords[s.Class]
		t.Path += "&class=" + s.Class
	}
	return t
}

// draw makes the bar. What is left out is not in it.
func (v *liveView) draw() {
	var at int64
	var words []string
	for _, r := range v.Rows {
		if r.Sub || r.Mark == "out" {
			continue
		}
		words = append(words, fmt.Sprintf("%s %s", grouped(r.N), strings.ToLower(r.Word)))
		if v.Total == 0 {
			continue
		}
		before := at * barWidth / v.Total
		at += r.N
		if width := at*barWidth/v.Total - before; width > 0 {
			v.Bar = append(v.Bar, stripe{r.Mark, before, width})
		}
	}
	v.Words = listed(words)
}

// reasons are why charges have failed.
func (v *liveView) reasons() {
	for _, s := range v.Sums {
		if s.State != charge.ItemDeclined && s.State != charge.ItemNotCharged {
			continue
		}
		v.Failed += s.Count
		word := classWords[s.Class]
		if s.Class == "" {
			word = "it was never sent, or something had changed meanwhile"
		}
		v.Reasons = tallied(v.Reasons, portion{
			standing: standing{itemStandings[s.State].Mark, upperFirst(word), ""}, key: string(s.State) + s.Class, N: s.Count,
			Path: v.Path + "?state=" + string(s.State) + "&class=" + s.Class, Again: againOf(s.Class, ""), sums: moneys{}.plus(s.Amount),
		})
	}
}

// failures are the newest charges of a run that have failed, or wait for a person.
func (d *desk) failures(ctx context.Context, run *charge.Run) (list []failure, err error) {
	partner, ok := onlyPartner(d.staff)
	if !ok {
		return nil, nil
	}
	all, err := d.e.Find(ctx, payment.Filter{
		Runs: []payment.ID{run.ID}, Partner: partner, Limit: failuresMost,
		States: []payment.State{payment.Declined, payment.NotDone, payment.NotStarted, payment.Unknown, payment.Parked},
	})
	var ids []int64
	for _, p := range all {
		list = append(list, failure{Payment: p, Standing: standingOf(p), Why: failureWords(p)})
		ids = append(ids, p.Customer)
	}
	names := d.named(ids...)
	for i := range list {
		list[i].Name = names[list[i].Customer].Name
	}
	return list, err
}

// failureWords say in few words why a charge has failed.
func failureWords(p *payment.Payment) string {
	switch {
	case p.State == payment.Declined && codeWords[p.Words] != "":
		return codeWords[p.Words]
	case p.State == payment.Declined:
		return classWords[p.Class]
	}
	return meaning.Reason(p.Reason)
}
