package caddymodule

import (
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// runView is what the admin API tells of a charge run.
type runView struct {
	ID            payment.ID    `json:"id"`
	Sort          charge.Sort   `json:"sort"`
	Filter        charge.Filter `json:"filter"`
	Partners      []int64       `json:"partners,omitempty"` // whose customers whoever made it may see; none: all
	DespiteCredit bool          `json:"despite_credit,omitempty"`
	Source        charge.Source `json:"source"`
	Who           string        `json:"who"`
	Of            payment.ID    `json:"of,omitempty"`
	State         charge.State  `json:"state"`
	Why           charge.Why    `json:"why,omitempty"`
	Unseen        bool          `json:"unseen,omitempty"` // made by itself, it has failed, and nobody has said that they know
	CreatedAt     time.Time     `json:"created_at"`
	PlannedAt     time.Time     `json:"planned_at,omitzero"`
	StartedAt     time.Time     `json:"started_at,omitzero"`
	MovedAt       time.Time     `json:"moved_at"`
	EndedAt       time.Time     `json:"ended_at,omitzero"`
	Items         int64         `json:"items"`
}

// runCounts is how far a run has come.
type runCounts struct {
	Left      int64 `json:"left"`      // planned, not begun
	UnderWay  int64 `json:"under_way"` // the gateway is being asked
	Approved  int64 `json:"approved"`  // money was taken, recorded yet or not
	Declined  int64 `json:"declined"`
	Unknown   int64 `json:"unknown"` // or before a person
	Failed    int64 `json:"failed"`  // begun, and surely nothing was charged, or given back
	LeftOut   int64 `json:"left_out"`
	PerMinute int   `json:"per_minute"`
	Seconds   int64 `json:"remaining_seconds,omitempty"` // estimated; 0: not known
}

// sumView is how many items are in one state for one reason, and what they come to.
type sumView struct {
	State    charge.ItemState `json:"state"`
	Out      charge.Out       `json:"out,omitempty"`
	Class    string           `json:"class,omitempty"`
	Count    int64            `json:"count"`
	Amount   string           `json:"amount"`
	Currency string           `json:"currency"`
}

// runBrief is a run in a list.
type runBrief struct {
	Run runView `json:"run"`
	runCounts
}

// runsAnswer is a page of runs, the newest first.
type runsAnswer struct {
	Runs []runBrief `json:"runs"`
	Next payment.ID `json:"next,omitempty"` // there are more: ask with after=
}

// runAnswer is all of a run but its items.
type runAnswer struct {
	runBrief
	Sums     []sumView      `json:"sums"`
	Events   []charge.Event `json:"events"` // oldest first
	TimeZone string         `json:"time_zone"`
}

func briefOf(p charge.Progress) runBrief {
	r := p.Run
	return runBrief{
		Run: runView{
			ID: r.ID, Sort: r.Sort, Filter: r.Filter, Partners: r.Partners, DespiteCredit: r.DespiteCredit, Source: r.Source, Who: r.Who, Of: r.Of,
			State: r.State, Why: r.Why, Unseen: r.Unseen, CreatedAt: r.CreatedAt, PlannedAt: r.PlannedAt, StartedAt: r.StartedAt, MovedAt: r.MovedAt, EndedAt: r.EndedAt,
			Items: r.Items,
		},
		runCounts: runCounts{
			Left: p.Left, UnderWay: p.UnderWay, Approved: p.Approved, Declined: p.Declined, Unknown: p.Unknown, Failed: p.Failed, LeftOut: p.LeftOut,
			PerMinute: p.PerMinute, Seconds: int64(p.Remaining / time.Second),
		},
	}
}

func answerOf(p charge.Progress, events []charge.Event, zone string) runAnswer {
	a := runAnswer{runBrief: briefOf(p), Sums: []sumView{}, Events: events, TimeZone: zone}
	for _, s := range p.Sums {
		a.Sums = append(a.Sums, sumView{s.State, s.Out, s.Class, s.Count, s.Amount.Number(), s.Amount.CurrencyCode()})
	}
	return a
}

// toCharge is what is planned, in each currency: what a start has to name.
func (a runAnswer) toCharge() (seen []seenSum) {
	for _, s := range a.Sums {
		if s.State == charge.ItemPlanned {
			seen = append(seen, seenSum{s.Count, s.Amount, s.Currency})
		}
	}
	return seen
}
