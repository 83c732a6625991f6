package web

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
)

func sprint(v any) string { return fmt.Sprintf("%s %v", v, v) }

var allStates = []payment.State{
	payment.Created, payment.Offered, payment.NotOffered, payment.Submitted, payment.NotStarted, payment.Unknown, payment.Approved, payment.Declined,
	payment.Cancelled, payment.Expired, payment.NotDone, payment.Recorded, payment.Refunded, payment.Settled, payment.Parked,
}

// Whoever guesses or is sent the address of a payment learns whether it is paid, and nothing
// about whose it is or how to pay it.
func TestAnybodySeesTheBareOutcome(t *testing.T) {
	for _, state := range allStates {
		for _, waiting := range []bool{false, true} {
			t.Run(fmt.Sprint(state, " waiting ", waiting), func(t *testing.T) {
				inBubble(t, setup{}, func(r *rig) {
					edit := []func(*payment.Payment){unclaimable}
					if waiting {
						edit = append(edit, pending(r))
					}
					if state == payment.Approved || state == payment.Recorded || state == payment.Refunded || state == payment.Settled {
						edit = append(edit, approved)
					}
					r.put(goldenID, state, edit...)
					own, other := r.get(goldenURL), r.get(goldenURL, stranger)
					wrong := r.get(goldenURL, header("Cookie", guestCookie+"=BBBBBBBBBBBBBBBBBBBBBB"))
					if own.Code != 200 || other.Code != 200 || !strings.Contains(own.Body.String(), r.Number) {
						r.Fatalf("answers are %d and %d", own.Code, other.Code)
					}
					if other.Body.String() != wrong.Body.String() {
						r.Error("somebody else's cookie shows more")
					}
					body := other.find(regexp.MustCompile(`(?s)<main>(.*)</main>`))
					for _, word := range []string{r.Number, "57.50", string(goldenID) + "<", "direct-pay", "pxmi3", "NZDT", "<dl>"} {
						if strings.Contains(body, word) {
							r.Errorf("a stranger sees %q:\n%s", word, body)
						}
					}
				})
			})
		}
	}
}

// No state says that nothing was charged while that is not known, or that it may be paid again.
func TestUnknownNeverSaysNothingWasCharged(t *testing.T) {
	for _, state := range allStates {
		t.Run(string(state), func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				r.put(goldenID, state, pending(r), unclaimable)
				body := r.get(goldenURL).Body.String() + r.get(goldenURL, stranger).Body.String()
				if strings.Contains(body, "Nothing was charged") || strings.Contains(body, "Try again") {
					r.Errorf("while something that came back is not judged, the page says\n%s", body)
				}
			})
		})
	}
}

// A page that ended without any word of the gateway may have been paid: nobody is told that
// nothing was charged.
func TestExpiredIsNotKnownToBeUnpaid(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		again := sent(r, payment.Expired)
		own, other := r.get(goldenURL), r.get(goldenURL, stranger)
		for who, a := range map[string]answer{"the payer": own, "a stranger": other, "the form": again} {
			if body := a.Body.String(); strings.Contains(body, "Nothing was charged") || !strings.Contains(body, "have not heard that") || !strings.Contains(body, "do not pay again") {
				r.Errorf("%s sees\n%s", who, body)
			}
		}
		for who, a := range map[string]answer{"the payer": own, "the form": again} {
			if !strings.Contains(a.Body.String(), string(goldenID)) {
				r.Errorf("%s has no reference to quote", who)
			}
		}
		if !strings.Contains(own.Body.String(), "Try again") {
			r.Error("the payer has no button to try again")
		}
	})
}

// What is booked, perhaps twice, is not said to wait for it.
func TestParkedMoneyThatIsBooked(t *testing.T) {
	for reason, want := range map[payment.Reason]string{
		payment.ReasonBookedTwice: "received and booked", payment.ReasonPerhapsBookedTwice: "received and booked",
		payment.ReasonBookingRefused: "still has to be booked", payment.ReasonSecondCharge: "still has to be booked",
	} {
		t.Run(string(reason), func(t *testing.T) {
			inBubble(t, setup{}, func(r *rig) {
				a := shown(r, payment.Parked, approved, func(p *payment.Payment) { p.Reason = reason })
				r.wants(a, 200, "Paid")
				if body := a.Body.String(); !strings.Contains(body, want) || !strings.Contains(body, "Do not pay again") {
					r.Errorf("want %q in\n%s", want, body)
				}
				r.wants(r.get(goldenURL, stranger), 200, "Paid")
			})
		})
	}
}

// Who started a payment makes the engine book it at once by looking; nobody else does.
func TestOnlyThePayerHurriesTheEngine(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.put(goldenID, payment.Approved, approved, func(p *payment.Payment) { p.NextAt = time.Now().Add(time.Hour) })
		before := *r.journal()[0]
		for range 20 {
			r.wants(r.get(goldenURL, stranger), 200, "Paid")
			r.wants(r.get(goldenURL, header("Cookie", guestCookie+"=BBBBBBBBBBBBBBBBBBBBBB")), 200, "Paid")
		}
		time.Sleep(time.Minute) // virtual
		if after := *r.journal()[0]; !reflect.DeepEqual(after, before) {
			r.Errorf("strangers' looks moved the payment from %+v to %+v", before, after)
		}
		r.get(goldenURL)
		time.Sleep(time.Minute) // virtual
		if after := r.journal()[0]; after.NextAt.Equal(before.NextAt) {
			r.Error("the payer's look did not")
		}
	})
}

// The pauses of a waiting page grow, whatever its address says, and never lead elsewhere.
func TestRefreshGrowsAndStaysHere(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.put(goldenID, payment.Unknown)
		meta := regexp.MustCompile(`http-equiv="refresh" content="([^"]*)"`)
		for query, want := range map[string]string{
			"": "2;url=" + goldenURL + "?n=1", "?n=0": "2;url=" + goldenURL + "?n=1", "?n=5": "10;url=" + goldenURL + "?n=6",
			"?n=-7": "2;url=" + goldenURL + "?n=1", "?n=99999999999999999999": "2;url=" + goldenURL + "?n=1", "?n=12345": "300;url=" + goldenURL + "?n=12",
			"?n=x;url=https://evil.example": "2;url=" + goldenURL + "?n=1",
		} {
			if got := r.get(goldenURL + query).find(meta); got != want {
				r.Errorf("%s: %q, want %q", query, got, want)
			}
		}
	})
}

// Looking makes nothing happen but a try of what is due anyway.
func TestLookingChangesNothing(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.pay()
		before := *r.journal()[0]
		for range 20 {
			r.get(Prefix+"/payment/"+string(before.ID), stranger)
		}
		if after := *r.journal()[0]; !reflect.DeepEqual(after, before) {
			r.Errorf("payment went from %+v to %+v", before, after)
		}
	})
}

// One caller's leaving does not take the name from the others.
func TestProviderNameOutlivesACaller(t *testing.T) {
	inBubble(t, setup{Provider: "-", Company: "Company Ltd"}, func(r *rig) {
		gone, leave := context.WithCancel(context.Background())
		leave()
		r.get(goldenURL, func(q *http.Request) { *q = *q.WithContext(gone) })
		if body := r.get(goldenURL).Body.String(); !strings.Contains(body, "Company Ltd") {
			r.Errorf("after a caller who left, the page is\n%s", body)
		}
	})
}

// A name that cannot be had for a moment is asked for again soon.
func TestProviderNameComesBack(t *testing.T) {
	inBubble(t, setup{Provider: "-", Company: "Company Ltd"}, func(r *rig) {
		r.Splynx.Inject(splynxtest.Fault{Op: "*", Kind: splynxtest.Refuse, Times: -1})
		if body := r.get(goldenURL).Body.String(); strings.Contains(body, "Company Ltd") || !strings.Contains(body, "your provider") {
			r.Errorf("without a name the page is\n%s", body)
		}
		r.Splynx.ClearFaults()
		time.Sleep(nameRetry) // virtual
		if body := r.get(goldenURL).Body.String(); !strings.Contains(body, "Company Ltd") {
			r.Errorf("with the name back the page is\n%s", body)
		}
		r.Splynx.Inject(splynxtest.Fault{Op: "*", Kind: splynxtest.Refuse, Times: -1})
		time.Sleep(2 * nameLife) // virtual
		if body := r.get(goldenURL).Body.String(); !strings.Contains(body, "Company Ltd") {
			r.Errorf("a name that was known is lost:\n%s", body)
		}
	})
}
