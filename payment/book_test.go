package payment_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

type trouble = splynxtest.Fault

const (
	post  = "POST payments"
	list  = "LIST payments"
	quiet = 10 * time.Minute
)

// paid has a payment approved and told, as far as the booking.
func paid(t *testing.T, w *world) *payment.Payment {
	t.Helper()
	p, back := approve(w)
	if _, err := w.Return(back); err != nil {
		t.Fatal(err)
	}
	return p
}

// quietly fails if something was posted within the quiet time after a POST that may have
// reached Splynx.
func quietly(t *testing.T, w *world, unclear func(splynxtest.Entry) bool) {
	t.Helper()
	all := posts(w)
	for i := 1; i < len(all); i++ {
		// An entry is of the call's end; the engine gives up later or at the same time.
		if d := all[i].Time.Sub(all[i-1].Time); unclear(all[i-1]) && d < quiet {
			t.Errorf("posted again %s after a POST that was unclear", d)
		}
	}
}

func always(splynxtest.Entry) bool { return true }

// unclear is a POST that may have reached Splynx, and what has to follow from it.
type unclear struct {
	name  string
	fault trouble
	posts int
	soon  bool // found before the quiet time is over
}

// searchedFor plays stories in which such a POST is searched for during the quiet time, and
// only then sent again, if it is not there.
func searchedFor(t *testing.T, all []unclear) {
	t.Helper()
	for _, tt := range all {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				tt.fault.Op = post
				w.Splynx.Inject(tt.fault)
				p := paid(t, w)
				if !tt.soon {
					w.Pass(quiet - time.Second)
					want(t, get(w, p.ID), payment.Approved, "")
				}
				p = w.Until(p.ID, quiet+2*time.Minute, payment.Recorded)
				if p.Booking.To != payment.ToDocument {
					t.Errorf("booked to %s", p.Booking.To)
				}
				if n := len(posts(w)); n != tt.posts {
					t.Errorf("%d POSTs, want %d", n, tt.posts)
				}
				if n := len(ours(w)); n != 1 {
					t.Errorf("%d payments", n)
				}
				quietly(t, w, always)
			})
		})
	}
}

// F27: Splynx gives no clear answer to a POST that it did nothing for.
func TestF27UnclearAndNotCommitted(t *testing.T) {
	t.Parallel()
	searchedFor(t, []unclear{
		{"500", trouble{Kind: splynxtest.Status}, 2, false},
		{"502", trouble{Kind: splynxtest.Status, Status: 502}, 2, false},
		{"cut", trouble{Kind: splynxtest.Cut}, 2, false},
		{"redirected to a login", trouble{Kind: splynxtest.ToLogin}, 2, false},
		{"time-out", trouble{Kind: splynxtest.Late, Delay: 100 * time.Hour}, 2, false},
	})
}

// F28: Splynx has booked the payment, and its answer does not come.
func TestF28TimeoutAfterCommit(t *testing.T) {
	t.Parallel()
	searchedFor(t, []unclear{
		{"500", trouble{Kind: splynxtest.Status, Commit: true}, 1, true},
		{"504", trouble{Kind: splynxtest.Status, Status: 504, Commit: true}, 1, true},
		{"cut", trouble{Kind: splynxtest.Cut, Commit: true}, 1, true},
		{"time-out", trouble{Kind: splynxtest.Slow, Delay: time.Minute}, 1, true},
		{"redirected to a login", trouble{Kind: splynxtest.ToLogin, Commit: true}, 1, true},
	})
}

// F66: what we gave up is booked half a minute later, or when the quiet time is nearly over.
func TestF66CommitAfterTheTimeout(t *testing.T) {
	t.Parallel()
	searchedFor(t, []unclear{
		{"after 30 s", trouble{Kind: splynxtest.Late, Delay: 30 * time.Second}, 1, true},
		{"after 9 min", trouble{Kind: splynxtest.Late, Delay: 9 * time.Minute}, 1, true},
	})
}

// The quiet time is a setting, and each unclear POST has its own.
func TestQuietTime(t *testing.T) {
	t.Parallel()
	play(t, option{Settings: payment.Settings{BookingQuietTime: 3 * time.Hour}}, func(t *testing.T, w *world) {
		w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Cut, Times: 2})
		p := paid(t, w)
		w.Until(p.ID, 7*time.Hour, payment.Recorded)
		all := posts(w)
		if len(all) != 3 {
			t.Fatalf("%d POSTs", len(all))
		}
		for i := range 2 {
			if d := all[i+1].Time.Sub(all[i].Time); d < 3*time.Hour || d > 3*time.Hour+time.Minute {
				t.Errorf("posted again after %s", d)
			}
		}
	})
}

// Somebody who waits on the page makes the engine search, but neither post nor give up.
func TestNudging(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]trouble{"unclear": {Op: post, Kind: splynxtest.Cut}, "201, not shown": {Op: list, Kind: splynxtest.MissNewest, Skip: 1, Times: -1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				w.Splynx.Inject(f)
				p := paid(t, w)
				for range 150 {
					w.Engine.Nudge(background, p.ID)
					w.Pass(2 * time.Second)
				}
				want(t, get(w, p.ID), payment.Approved, "")
				w.Splynx.ClearFaults()
				w.Until(p.ID, quiet+time.Minute, payment.Recorded)
				quietly(t, w, always)
			})
		})
	}
}

// F29, W_201: after a 201 nothing is posted again, whatever its body and however often the
// search misses the row.
func TestF29CreatedAndUnreadable(t *testing.T) {
	t.Parallel()
	for _, kind := range []splynxtest.Kind{splynxtest.Garbage, splynxtest.NoID, splynxtest.Empty, splynxtest.Truncated} {
		for missed := range 3 {
			t.Run(fmt.Sprintf("%s, missed %d times", kind, missed), func(t *testing.T) {
				t.Parallel()
				play(t, option{}, func(t *testing.T, w *world) {
					w.Splynx.Inject(trouble{Op: post, Kind: kind, Commit: true})
					if missed > 0 {
						w.Splynx.Inject(trouble{Op: list, Kind: splynxtest.MissNewest, Skip: 1, Times: missed})
					}
					p := paid(t, w)
					w.Until(p.ID, time.Hour, payment.Recorded)
					if n := len(posts(w)); n != 1 {
						t.Errorf("%d POSTs", n)
					}
				})
			})
		}
	}
}

// A 201 whose payment is never shown is a person's, not another POST's.
func TestCreatedAndNeverShown(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]trouble{
		"not made":  {Op: post, Kind: splynxtest.Garbage},
		"not shown": {Op: list, Kind: splynxtest.MissNewest, Skip: 1, Times: -1},
		"closed":    {Op: list, Kind: splynxtest.EmptySearch, Skip: 1, Times: -1},
		"a login":   {Op: post, Kind: splynxtest.LoginPage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				w.Splynx.Inject(f)
				p := paid(t, w)
				w.Until(p.ID, time.Hour, payment.Parked)
				want(t, get(w, p.ID), payment.Parked, payment.ReasonBookingNotFound)
				w.Splynx.ClearFaults()
				w.Pass(restful)
				if n := len(posts(w)); n != 1 {
					t.Errorf("%d POSTs", n)
				}
			})
		})
	}
}

// A search that got no answer after a 201 has missed nothing.
func TestOutageAfterCreated(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Splynx.AfterCommit(post, func() { w.Splynx.Inject(trouble{Op: list, Kind: splynxtest.Status, Times: -1}) })
		p := paid(t, w)
		w.Pass(5 * time.Hour)
		want(t, get(w, p.ID), payment.Approved, "")
		w.Splynx.ClearFaults()
		w.Until(p.ID, 20*time.Minute, payment.Recorded)
	})
}

// What surely did not reach Splynx is tried for as long as it takes, with no quiet time.
func TestSurelyNotPosted(t *testing.T) {
	t.Parallel()
	for _, f := range []trouble{
		{Kind: splynxtest.Status, Status: 503},
		{Kind: splynxtest.Status, Status: 429},
		{Kind: splynxtest.Status, Status: 401},
		{Kind: splynxtest.Status, Status: 403},
		{Kind: splynxtest.Status, Status: 405},
		{Kind: splynxtest.Refuse},
	} {
		t.Run(fmt.Sprint(f.Kind, f.Status), func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				f.Op, f.Times = post, -1
				w.Splynx.Inject(f)
				p := paid(t, w)
				w.Pass(26 * time.Hour)
				want(t, get(w, p.ID), payment.Approved, "")
				if n := len(posts(w)); n < 50 {
					t.Errorf("tried %d times in 26 h", n)
				}
				w.Splynx.ClearFaults()
				p = w.Until(p.ID, 17*time.Minute, payment.Recorded)
				// F68: the later searches count from the POST that went through.
				w.Pass(time.Minute)
				if n := get(w, p.ID).Booking.Looks; n != 0 {
					t.Errorf("%d later searches were done at once", n)
				}
				w.Pass(time.Hour)
				w.Splynx.InsertPayment(splynxtest.Payment{CustomerID: w.Customer, Receipt: string(p.ID), Amount: "57.50", Date: time.Now().Format(time.DateOnly)})
				w.Until(p.ID, 25*time.Hour, payment.Parked)
				want(t, get(w, p.ID), payment.Parked, payment.ReasonBookedTwice)
			})
		})
	}
}

// F32: what Splynx refuses for good is tried once more without the document; then it is a
// person's, who is told once, and nothing is sent again by itself.
func TestF32RefusedForGood(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 404, 422} {
		for times, state := range map[int]payment.State{1: payment.Recorded, 2: payment.Parked} {
			t.Run(fmt.Sprint(status, " ", times), func(t *testing.T) {
				t.Parallel()
				seen := new(moves)
				play(t, option{Observer: seen}, func(t *testing.T, w *world) {
					w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Status, Status: status, Times: times})
					p := paid(t, w)
					p = w.Until(p.ID, time.Minute, state)
					if state == payment.Parked {
						want(t, p, payment.Parked, payment.ReasonBookingRefused)
					} else if p.Booking.To != payment.ToBalance {
						t.Errorf("booked to %s", p.Booking.To)
					}
					w.Pass(restful)
					if n := len(posts(w)); n != 2 {
						t.Errorf("%d POSTs", n)
					}
					if n := seen.count(payment.ReasonBookingRefused); n != times-1 {
						t.Errorf("a person was told %d times", n)
					}
				})
			})
		}
	}
}

// F30: Splynx is away for a day, and we are restarted meanwhile. What is approved is kept and
// can be seen, and is booked when Splynx is back, each on the day of its approval.
func TestF30SplynxAwayForADay(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		var waiting []*payment.Payment
		for i := range 3 {
			c := w.Splynx.AddCustomer(splynxtest.Customer{Name: "Another"})
			id := w.Splynx.AddInvoice(invoice{CustomerID: c, Number: fmt.Sprint("2026/10", i), Total: "57.50"})
			p, err := w.Engine.Start(background, w.OrderOf(id, fmt.Sprint("form-", i), "payer"))
			if err != nil {
				t.Fatal(err)
			}
			waiting = append(waiting, p)
		}
		w.Splynx.SetOutage(true)
		for i, p := range waiting {
			w.Pay(p, windcavetest.CardApproved)
			w.Pass(10 * time.Minute)
			want(t, get(w, p.ID), payment.Approved, "")
			h := health(t, w)
			if h.Unfinished[payment.Approved] != i+1 || h.Oldest == nil || h.Oldest.Payment != waiting[0].ID {
				t.Errorf("unfinished %v, oldest %+v", h.Unfinished, h.Oldest)
			}
		}
		w.Pass(8 * time.Hour)
		w.Revive()
		w.Pass(16 * time.Hour)
		if h := health(t, w); h.Unfinished[payment.Approved] != len(waiting) {
			t.Errorf("unfinished after a restart: %v", h.Unfinished)
		}
		w.Splynx.SetOutage(false)
		for _, p := range waiting {
			p = w.Until(p.ID, 17*time.Minute, payment.Recorded)
			if p.Booking.To != payment.ToDocument || len(ours(w)) == 0 || ours(w)[0].Date != p.ApprovedAt.Format(time.DateOnly) {
				t.Errorf("booked to %s, payments %+v", p.Booking.To, ours(w))
			}
		}
		if n := len(ours(w)); n != len(waiting) {
			t.Errorf("%d payments", n)
		}
	})
}

// F46: the day of a payment is that of its approval where the provider is, thirteen hours ahead
// or eleven behind.
func TestF46DayOfTheProvider(t *testing.T) {
	t.Parallel()
	for _, hours := range []int{13, -11} {
		t.Run(fmt.Sprint(hours), func(t *testing.T) {
			t.Parallel()
			zone := time.FixedZone("provider", hours*3600)
			play(t, option{Settings: payment.Settings{TimeZone: zone}, Splynx: splynxtest.Options{Zone: zone}}, func(t *testing.T, w *world) {
				w.Splynx.SetOutage(true)
				p := paid(t, w)
				day := get(w, p.ID).ApprovedAt.In(zone).Format(time.DateOnly)
				w.Pass(30 * time.Hour)
				w.Splynx.SetOutage(false)
				w.Until(p.ID, 17*time.Minute, payment.Recorded)
				if got := ours(w)[0].Date; got != day {
					t.Errorf("booked on %s, approved on %s", got, day)
				}
			})
		})
	}
}

// F67: a search that ignores its filter is no answer: nothing is decided on it.
func TestF67SearchIgnoresFilter(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		w.Splynx.Inject(trouble{Op: list, Kind: splynxtest.IgnoreFilter, Times: -1})
		p := paid(t, w)
		w.Pass(6 * time.Hour)
		want(t, get(w, p.ID), payment.Approved, "")
		if n := len(posts(w)); n != 0 {
			t.Errorf("%d POSTs", n)
		}
		w.Splynx.ClearFaults()
		w.Until(p.ID, 17*time.Minute, payment.Recorded)
	})
}

// F67: with a search that was never seen to find anything, an unclear POST is not followed by
// another.
func TestF67SearchUnproven(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]trouble{
		"nothing to find": {Op: "GET nothing", Kind: splynxtest.Status},
		"closed to us":    {Op: list, Kind: splynxtest.EmptySearch, Times: -1},
	} {
		for _, commit := range []bool{true, false} {
			t.Run(fmt.Sprint(name, commit), func(t *testing.T) {
				t.Parallel()
				playing(t, option{}, atRest, func(t *testing.T, w *world) {
					w.Revive() // a start at which nothing was found
					w.Engine.Remove(w.Gen)
					w.Gen = w.Generation(option{Currency: "NZD"})
					w.Engine.Push(w.Gen)
					w.Splynx.Inject(f)
					w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Cut, Commit: commit, Times: -1})
					p := paid(t, w)
					w.Pass(time.Hour)
					if p := get(w, p.ID); name == "closed to us" || !commit {
						want(t, p, payment.Parked, payment.ReasonSearchUnproven)
					} else {
						want(t, p, payment.Recorded, "")
					}
					if n := len(posts(w)); n != 1 {
						t.Errorf("%d POSTs", n)
					}
				})
			})
		}
	}
}

// F31, F63: where the money goes.
func TestF31InvoiceChangedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		change  func(*world)
		to      payment.Destination
		due     string
		balance string
	}{
		{"as it was", func(*world) {}, payment.ToDocument, "0.0000", "0.0000"},
		{"more due now", func(w *world) { w.Splynx.ChangeInvoice(w.Invoice.ID, func(i *invoice) { i.Total, i.Due = "80", "80" }) }, payment.ToDocument, "22.5000", "0.0000"},
		{"less due now", func(w *world) { w.Splynx.ChangeInvoice(w.Invoice.ID, func(i *invoice) { i.Due = "50" }) }, payment.ToDocument, "0.0000", "7.5000"},
		{"a rest below the smallest coin", func(w *world) { w.Splynx.ChangeInvoice(w.Invoice.ID, func(i *invoice) { i.Due = "0.004" }) }, payment.ToBalance, "0.0040", "57.5000"},
		{"paid meanwhile", func(w *world) { w.Splynx.PayInvoice(w.Invoice.ID) }, payment.ToBalance, "0.0000", "57.5000"},
		{"deleted", func(w *world) { w.Splynx.DeleteInvoice(w.Invoice.ID) }, payment.ToBalance, "57.5000", "57.5000"},
		{"another's now", func(w *world) {
			c := w.Splynx.AddCustomer(splynxtest.Customer{Name: "Another"})
			w.Splynx.ChangeInvoice(w.Invoice.ID, func(i *invoice) { i.CustomerID = c })
		}, payment.ToBalance, "57.5000", "57.5000"},
	} {
		for moment, hook := range map[string]string{"before": "", "at the read": "VIEW invoices", "after the search": list} {
			t.Run(tt.name+", "+moment, func(t *testing.T) {
				t.Parallel()
				play(t, option{}, func(t *testing.T, w *world) {
					p, back := approve(w)
					if hook == "" {
						tt.change(w)
					} else {
						done := false
						w.Splynx.OnRequest(hook, func() {
							if !done {
								done = true
								tt.change(w)
							}
						})
					}
					if _, err := w.Return(back); err != nil {
						t.Fatal(err)
					}
					p = w.Until(p.ID, time.Minute, payment.Recorded)
					i, _ := w.Splynx.Invoice(w.Invoice.ID)
					due, balance := tt.due, tt.balance
					if hook == list && due == "0.0040" { // the document took its rest, for it was due when it was read
						due, balance = "0.0000", "57.4960"
					}
					if got := unallocated(w); i.Due != due || got != balance {
						t.Errorf("due %s, balance %s; want %s, %s", i.Due, got, due, balance)
					}
					if hook != list && p.Booking.To != tt.to {
						t.Errorf("booked to %s, want %s", p.Booking.To, tt.to)
					}
					if len(ours(w)) != 1 {
						t.Errorf("%d payments", len(ours(w)))
					}
				})
			})
		}
	}
}

func TestCustomerGone(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p, back := approve(w)
		w.Splynx.RemoveCustomer(w.Customer)
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		want(t, w.Until(p.ID, time.Minute, payment.Parked), payment.Parked, payment.ReasonBookingRefused)
	})
}

// F63: an invoice that is partly paid is charged what is due on it, not its total.
func TestF63PartlyPaid(t *testing.T) {
	t.Parallel()
	charged(t, []debt{{"20", "20.00", "0.0000"}, {"57.49", "57.49", "0.0000"}, {"0.01", "0.01", "0.0000"}})
}

// F79: what is due to four digits is charged in coins, and what is left counts as paid.
func TestF79RestBelowACoin(t *testing.T) {
	t.Parallel()
	charged(t, []debt{{"10.0049", "10.00", "0.0049"}, {"10.005", "10.01", "0.0000"}})
}

type debt struct{ due, charged, left string }

func charged(t *testing.T, all []debt) {
	t.Helper()
	for _, tt := range all {
		t.Run(tt.due, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				w.Splynx.ChangeInvoice(w.Invoice.ID, func(i *invoice) { i.Due = tt.due })
				p := paid(t, w)
				w.Until(p.ID, time.Minute, payment.Recorded)
				i, _ := w.Splynx.Invoice(w.Invoice.ID)
				if c := w.Gateway.Charges()[0].Amount; c != tt.charged || i.Due != tt.left {
					t.Errorf("charged %s, left %s", c, i.Due)
				}
			})
		})
	}
}

// F69, W_RESUME, W_NOLIST: staff pair the statement record, at every moment. Once only, or
// before a person.
func TestF69PairedByHand(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		op    string // a hook, "" for before the booking
		after bool   // after what op does, not before
		nth   int
		state payment.State
		why   payment.Reason
	}{
		{"before the booking", "", false, 0, payment.Recorded, payment.ReasonBooked},
		{"at the read of the invoice", "VIEW invoices", false, 1, payment.Recorded, payment.ReasonBooked},
		{"at the search", list, false, 1, payment.Recorded, payment.ReasonBooked},
		{"at the read of the record", "VIEW bank-statements-records", false, 1, payment.Recorded, payment.ReasonBooked},
		{"between the read and the POST", post, false, 1, payment.Parked, payment.ReasonBookedTwice},
		{"between the POST and the search", post, true, 1, payment.Parked, payment.ReasonBookedTwice},
		{"at the second search", list, false, 2, payment.Parked, payment.ReasonBookedTwice},
		{"at the second read of the record", "VIEW bank-statements-records", false, 2, payment.Parked, payment.ReasonBookedTwice},
		{"hidden by our change", "PUT bank-statements-records", false, 1, payment.Parked, payment.ReasonPerhapsBookedTwice},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				p, back := approve(w)
				pair := func() {
					if _, err := w.Splynx.PairByHand(w.Splynx.Records()[0].ID); err != nil {
						t.Error(err)
					}
				}
				calls := 0
				hook := func() {
					if calls++; calls == tt.nth {
						pair()
					}
				}
				switch {
				case tt.op == "":
					pair()
				case tt.after:
					w.Splynx.AfterCommit(tt.op, hook)
				default:
					w.Splynx.OnRequest(tt.op, hook)
				}
				if _, err := w.Return(back); err != nil {
					t.Fatal(err)
				}
				w.Pass(20 * time.Minute)
				p = get(w, p.ID)
				want(t, p, tt.state, tt.why)
				if tt.state == payment.Recorded && (p.Booking.To != payment.ByHand || len(posts(w)) > 0) {
					t.Errorf("booked to %s with %d POSTs", p.Booking.To, len(posts(w)))
				}
			})
		})
	}
}

// What staff paired is not this money.
func TestPairedWithOtherMoney(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p, back := approve(w)
		record := w.Splynx.Records()[0].ID
		w.ChangeRecord(record, `{"amount": "40.00"}`)
		if _, err := w.Splynx.PairByHand(record); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		want(t, w.Until(p.ID, time.Minute, payment.Parked), payment.Parked, payment.ReasonBookedOtherwise)
		if len(posts(w)) > 0 {
			t.Error("posted")
		}
	})
}

// A record that says it was paired, and carries no payment.
func TestPairedWithNothing(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p, back := approve(w)
		w.ChangeRecord(w.Splynx.Records()[0].ID, `{"status": "manual_paired"}`)
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		want(t, w.Until(p.ID, time.Minute, payment.Parked), payment.Parked, payment.ReasonBookedOtherwise)
	})
}

// Our own canceled or error on a record says nothing about money.
func TestRecordOfAnEarlierAttempt(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"canceled", "error", "ignored"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				p, back := approve(w)
				w.ChangeRecord(w.Splynx.Records()[0].ID, `{"status": "`+status+`"}`)
				if _, err := w.Return(back); err != nil {
					t.Fatal(err)
				}
				w.Until(p.ID, time.Minute, payment.Recorded)
				if r := w.Splynx.Records()[0]; r.Status != "processed" {
					t.Errorf("record is %s", r.Status)
				}
			})
		})
	}
}

// W_BYHAND, W_LATER: staff pair the record while our POST is unclear. That is believed only
// after the quiet time; and a commit that comes even later is found.
func TestPairedWhileUnclear(t *testing.T) {
	t.Parallel()
	for name, delay := range map[string]time.Duration{"never commits": 0, "commits in the quiet time": 5 * time.Minute, "commits at minute 12": 12 * time.Minute, "commits at hour 5": 5 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				f := trouble{Op: post, Kind: splynxtest.Cut}
				if delay > 0 {
					f = trouble{Op: post, Kind: splynxtest.Late, Delay: delay, Hold: time.Second}
				}
				w.Splynx.Inject(f)
				p := paid(t, w)
				w.Pass(time.Minute)
				if _, err := w.Splynx.PairByHand(w.Splynx.Records()[0].ID); err != nil {
					t.Fatal(err)
				}
				w.Pass(8 * time.Minute)
				if s := get(w, p.ID).State; s == payment.Recorded {
					t.Error("believed in the quiet time")
				}
				w.Pass(26 * time.Hour)
				if p = get(w, p.ID); delay == 0 {
					want(t, p, payment.Recorded, payment.ReasonBooked)
				} else {
					want(t, p, payment.Parked, payment.ReasonBookedTwice)
				}
				if n := len(posts(w)); n != 1 {
					t.Errorf("%d POSTs", n)
				}
			})
		})
	}
}

// W_LATER, F68: what commits after the quiet time is found by the later searches.
func TestF68CommitAfterTheQuietTime(t *testing.T) {
	t.Parallel()
	for _, delay := range []time.Duration{12 * time.Minute, 20 * time.Minute, 20 * time.Hour} {
		t.Run(delay.String(), func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Late, Delay: delay, Hold: time.Second})
				p := paid(t, w)
				w.Until(p.ID, 12*time.Minute, payment.Recorded)
				w.Pass(25 * time.Hour)
				want(t, get(w, p.ID), payment.Parked, payment.ReasonBookedTwice)
			})
		})
	}
}

// F68: a second row with our number, planted before each of the later searches.
func TestF68SecondRowPlanted(t *testing.T) {
	t.Parallel()
	for after, found := range map[time.Duration]time.Duration{time.Minute: 16 * time.Minute, 20 * time.Minute: 25 * time.Hour} {
		for _, deleted := range []bool{false, true} {
			t.Run(fmt.Sprint(after, deleted), func(t *testing.T) {
				t.Parallel()
				play(t, option{}, func(t *testing.T, w *world) {
					p := paid(t, w)
					w.Until(p.ID, 30*time.Second, payment.Recorded)
					w.Pass(after)
					id := w.Splynx.InsertPayment(splynxtest.Payment{CustomerID: w.Customer, Receipt: string(p.ID), Amount: "57.50", Date: time.Now().Format(time.DateOnly)})
					if deleted {
						w.Splynx.DeletePayment(id)
						w.Pass(restful)
						want(t, get(w, p.ID), payment.Recorded, "")
						return
					}
					w.Until(p.ID, found-after, payment.Parked)
					want(t, get(w, p.ID), payment.Parked, payment.ReasonBookedTwice)
				})
			})
		}
	}
}

// W_NOLIST: staff book the same money on the side; other payments of the customer are theirs.
func TestStaffBookTheSameMoney(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		b     splynxtest.Payment
		state payment.State
	}{
		{"on the balance", splynxtest.Payment{Amount: "57.50"}, payment.Parked},
		{"another amount", splynxtest.Payment{Amount: "57.51"}, payment.Recorded},
		{"for another invoice", splynxtest.Payment{Amount: "57.50", InvoiceID: -1}, payment.Recorded},
		{"deleted", splynxtest.Payment{Amount: "57.50", Deleted: true}, payment.Recorded},
		{"days before", splynxtest.Payment{Amount: "57.50", Date: "1999-12-30"}, payment.Recorded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				p := paid(t, w)
				w.Until(p.ID, 30*time.Second, payment.Recorded)
				b := tt.b
				b.CustomerID, b.Deleted = w.Customer, false
				if b.Date == "" {
					b.Date = time.Now().Format(time.DateOnly)
				}
				if b.InvoiceID == -1 {
					b.InvoiceID = w.Splynx.AddInvoice(invoice{CustomerID: w.Customer, Number: "2026/0099", Total: "57.50"})
				}
				id := w.Splynx.InsertPayment(b)
				if tt.b.Deleted {
					w.Splynx.DeletePayment(id)
				}
				w.Pass(restful)
				if p = get(w, p.ID); p.State != tt.state || p.State == payment.Parked && p.Reason != payment.ReasonPerhapsBookedTwice {
					t.Errorf("payment is %s (%s), want %s", p.State, p.Reason, tt.state)
				}
			})
		})
	}
}

// Two payments of ours of one customer and amount are not each other's double booking, and
// are booked one after another.
func TestTwoPaymentsOfOneCustomer(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		other := w.Splynx.AddInvoice(invoice{CustomerID: w.Customer, Number: "2026/0043", Total: "57.50"})
		under, most := 0, 0
		w.Splynx.OnRequest("VIEW invoices", func() {
			under++
			most = max(most, under)
		})
		w.Splynx.AfterCommit("PUT bank-statements-records", func() { under-- })
		a := w.Start("form-a")
		b, err := w.Engine.Start(background, w.OrderOf(other, "form-b", "payer-b"))
		if err != nil {
			t.Fatal(err)
		}
		w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Slow, Delay: 20 * time.Second, Times: 2})
		w.Pay(a, windcavetest.CardApproved)
		w.Pay(b, windcavetest.CardApproved)
		for _, p := range []*payment.Payment{a, b} {
			w.Until(p.ID, 5*time.Minute, payment.Recorded)
		}
		if most != 1 {
			t.Errorf("%d bookings at once for one customer", most)
		}
		w.Pass(restful)
		for _, p := range w.Journal() {
			want(t, p, payment.Recorded, "")
		}
	})
}

// F69: staff pair the record of a payment that the gateway never approves.
func TestF69PairedAndNeverApproved(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*world, *payment.Payment){
		"nobody paid": func(*world, *payment.Payment) {},
		"declined":    func(w *world, p *payment.Payment) { w.Pay(p, windcavetest.CardDeclined) },
	} {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprint(name, first), func(t *testing.T) {
				t.Parallel()
				play(t, option{}, func(t *testing.T, w *world) {
					w.Gateway.Inject(fault{Op: windcavetest.OpGenerate, Kind: windcavetest.PageOutlives})
					p := w.Start("form-1")
					page := *p
					pair := func() {
						if _, err := w.Splynx.PairByHand(w.Splynx.Records()[0].ID); err != nil {
							t.Fatal(err)
						}
					}
					if first {
						pair()
						end(w, p)
					} else {
						end(w, p)
						w.Pass(2 * time.Hour)
						pair()
					}
					w.Pass(25 * time.Hour)
					want(t, get(w, p.ID), payment.Parked, payment.ReasonBookedNoMoney)
					if r := w.Splynx.Records()[0]; r.Status != "manual_paired" {
						t.Errorf("record is %s", r.Status)
					}
					// Paid after all, and nobody tells: found, and booked by staff already.
					w.Gateway.Inject(fault{Op: windcavetest.OpNotify, Kind: windcavetest.NotifyDrop})
					w.Pay(&page, windcavetest.CardApproved)
					p = w.Until(p.ID, 50*time.Hour, payment.Recorded)
					if p.Booking.To != payment.ByHand {
						t.Errorf("booked to %s", p.Booking.To)
					}
				})
			})
		}
	}
}

// F07, W_CRASHNOTE: killed before Splynx answers. A POST that was journaled and has no answer
// may have reached it: whoever takes it up searches first, and waits for the whole quiet time,
// counted anew.
func TestF07KilledAroundThePost(t *testing.T) {
	t.Parallel()
	for name, hook := range map[string]func(*world, func()){
		"before it is done": func(w *world, die func()) { w.Splynx.OnRequest(post, die) },
		"after it is done":  func(w *world, die func()) { w.Splynx.AfterCommit(post, die) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				before := name == "before it is done"
				if before {
					w.Splynx.Inject(trouble{Op: post, Kind: splynxtest.Late, Delay: 5 * time.Minute, Hold: time.Hour})
				}
				first := true
				hook(w, func() {
					if first {
						first = false
						w.Crash()
					}
				})
				p := paid(t, w)
				w.Pass(time.Second)
				if !w.Crashed() {
					t.Fatal("the process lives")
				}
				if b := get(w, p.ID).Booking; b.Post != payment.PostSent {
					t.Errorf("POST is %q", b.Post)
				}
				w.Pass(time.Minute) // what was sent commits in four
				w.Revive()
				again := time.Now()
				w.Until(p.ID, 2*quiet, payment.Recorded)
				if before && time.Since(again) < quiet && len(posts(w)) > 1 {
					t.Errorf("posted again %s after the start", time.Since(again))
				}
				if n := len(ours(w)); n != 1 {
					t.Errorf("%d payments", n)
				}
			})
		})
	}
}

// The process dies at every single write of the journal, before and after it, and is started
// again: the story always ends well.
func TestCrashAtEveryWrite(t *testing.T) {
	t.Parallel()
	const least, last = 12, 18 // there are more writes than least, and fewer than last
	for _, after := range []bool{false, true} {
		for n := 1; n <= last; n++ {
			t.Run(fmt.Sprint(n, " ", after), func(t *testing.T) {
				t.Parallel()
				play(t, option{Gateway: windcavetest.Options{NotifySpacing: 30 * time.Second}}, func(t *testing.T, w *world) {
					crashes := 0
					revive := func() {
						crashes++
						w.Revive()
					}
					w.CrashAt(n, after)
					p, err := w.Engine.Start(background, w.Order("form-1", "payer"))
					if err != nil || p.State != payment.Offered {
						revive()
						if p = start(t, w, "form-2", "payer"); p.State != payment.Offered {
							t.Fatalf("payment is %s (%s)", p.State, p.Reason)
						}
					}
					back := w.Pay(p, windcavetest.CardApproved)
					for range 5 {
						if _, err = w.Return(back); err == nil {
							break
						}
						if w.Crashed() {
							revive()
						}
					}
					for range 60 {
						w.Pass(time.Minute)
						if w.Crashed() {
							revive()
						}
					}
					w.Pass(25 * time.Hour) // with its later searches
					if w.Crashed() {
						revive()
					}
					want(t, get(w, p.ID), payment.Recorded, "")
					if n <= least && crashes != 1 || n == last && crashes != 0 {
						t.Errorf("write %d: %d crashes", n, crashes)
					}
					if len(ours(w)) != 1 {
						t.Errorf("%d payments", len(ours(w)))
					}
				})
			})
		}
	}
}

// Closed and opened again in the middle of each step, as on a reload of the whole process.
func TestRestartInEachStep(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"VIEW invoices", list, "VIEW bank-statements-records", post, "PUT bank-statements-records"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			play(t, option{}, func(t *testing.T, w *world) {
				p, back := approve(w)
				held := w.Splynx.Hold(op, splynxtest.BeforeProcessing)
				if _, err := w.Return(back); err != nil {
					t.Fatal(err)
				}
				<-held.Arrived()
				go func() {
					time.Sleep(3 * time.Second)
					held.Release()
				}()
				w.Restart()
				w.Until(p.ID, quiet+time.Minute, payment.Recorded)
				if n := len(posts(w)); n != 1 {
					t.Errorf("%d POSTs", n)
				}
			})
		})
	}
}

// Reading fails in every way for a while: nothing is posted on a guess, nothing is lost.
func TestReadsFail(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"VIEW invoices", list, "VIEW bank-statements-records", "PUT bank-statements-records", "POST tokens"} {
		for _, f := range []trouble{
			{Kind: splynxtest.Cut},
			{Kind: splynxtest.Status},
			{Kind: splynxtest.Status, Status: 401},
			{Kind: splynxtest.Garbage},
			{Kind: splynxtest.Empty},
			{Kind: splynxtest.NoID},
			{Kind: splynxtest.LoginPage},
			{Kind: splynxtest.ToLogin},
			{Kind: splynxtest.Truncated},
			{Kind: splynxtest.Slow, Delay: time.Minute},
			{Kind: splynxtest.Deep, Size: 100_000},
			{Kind: splynxtest.Refuse},
			{Kind: splynxtest.Status, Status: 404},
		} {
			t.Run(fmt.Sprint(op, f.Kind, f.Status), func(t *testing.T) {
				t.Parallel()
				play(t, option{}, func(t *testing.T, w *world) {
					p, back := approve(w)
					f.Op, f.Times = op, -1
					w.Splynx.Inject(f)
					if _, err := w.Return(back); err != nil {
						t.Fatal(err)
					}
					w.Pass(45 * time.Minute)
					w.Splynx.ClearFaults()
					w.Until(p.ID, time.Hour, payment.Recorded)
					if n := len(ours(w)); n != 1 {
						t.Errorf("%d payments", n)
					}
				})
			})
		}
	}
}

// What carries our number and another amount is not this money.
func TestOurNumberOtherAmount(t *testing.T) {
	t.Parallel()
	play(t, option{}, func(t *testing.T, w *world) {
		p, back := approve(w)
		id := w.Splynx.InsertPayment(splynxtest.Payment{CustomerID: w.Customer, Receipt: string(p.ID), Amount: "57.51", Date: time.Now().Format(time.DateOnly)})
		if _, err := w.Return(back); err != nil {
			t.Fatal(err)
		}
		want(t, w.Until(p.ID, time.Minute, payment.Parked), payment.Parked, payment.ReasonBookedOtherwise)
		if len(posts(w)) > 0 {
			t.Error("posted beside it")
		}
		w.Splynx.DeletePayment(id) // as a person would
	})
}

// deletedRows is a Splynx whose searches for payments show what was deleted.
type deletedRows struct {
	next http.RoundTripper
	all  bool // everything that is found was deleted; else a deleted row stands beside it
}

func (d *deletedRows) over(next http.RoundTripper) http.RoundTripper { d.next = next; return d }

// RoundTrip implements http.RoundTripper.
func (d *deletedRows) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := d.next.RoundTrip(r)
	if err != nil || r.Method != http.MethodGet || !strings.Contains(r.URL.RawQuery, "receipt_number") {
		return res, err
	}
	var rows []map[string]any
	if err := json.NewDecoder(res.Body).Decode(&rows); err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	for _, row := range rows {
		if d.all {
			row["deleted"] = "1"
			continue
		}
		twin := maps.Clone(row)
		twin["id"], twin["deleted"] = "999999", "1"
		rows = append(rows, twin)
	}
	body, err := json.Marshal(rows)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res.Header.Del("Content-Length")
	return res, err
}

// A row of ours that staff have deleted is no booking, and no reason for another one.
func TestOurRowIsDeleted(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*deletedRows{"a second one": {}, "the only one": {all: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, option{OnSplynx: d.over, Splynx: splynxtest.Options{Style: splynxtest.V4}}, func(t *testing.T, w *world) {
				p := paid(t, w)
				w.Pass(26 * time.Hour)
				if p = get(w, p.ID); d.all {
					want(t, p, payment.Parked, payment.ReasonBookedOtherwise)
				} else {
					want(t, p, payment.Recorded, payment.ReasonBooked)
				}
				if n := len(posts(w)); n != 1 {
					t.Errorf("%d POSTs", n)
				}
			})
		})
	}
}
