package office

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/windcave/windcavetest"
)

var (
	holders = regexp.MustCompile(`data-label="Customer"><a href="[^"]*/customers/(\d+)"`)
	further = regexp.MustCompile(`href="([^"]*)">(?:More|Look further)`)
)

// listedCards are the customers on a page.
func listedCards(a answer) string {
	var ids []string
	for _, m := range holders.FindAllStringSubmatch(a.Body.String(), -1) {
		ids = append(ids, m[1])
	}
	return strings.Join(ids, " ")
}

func TestCardsAreFound(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.manyCards()
		south := r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2})
		for filter, want := range map[string]string{
			"": "1 2 3 4 5 6", "standing=good": "1 2 3 5", "standing=expired": "4", "standing=unreadable": "6", "until=2000-01": "2 4 5", "until=2000-01&standing=good": "2 5",
			"partner=2": "5", "customer=3": "3", "customer=3&standing=expired": "", "customer=77": "", "standing=dead": "", "after=3": "4 5 6", "after=3&partner=2": "5",
		} {
			if a := r.get("cards?" + filter); a.Code != 200 || listedCards(a) != want {
				t.Errorf("%s lists %q (%d), want %q", filter, listedCards(a), a.Code, want)
			}
		}
		for filter, want := range map[string]string{"": "5", "partner=1": "5", "customer=1": "", "customer=5": "5"} {
			if a := r.get("cards?"+filter, south); listedCards(a) != want || a.has("A Customer") {
				t.Errorf("%s lists %q to another partner's administrator, want %q", filter, listedCards(a), want)
			}
		}
		for _, a := range []answer{r.get("cards"), r.get("cards?customer=6"), r.get("cards/6/remove")} {
			if a.has("4111111111111111") || a.has("411111.") || a.has("543210") {
				t.Errorf("the number of a card is shown\n%s", a.Body)
			}
		}
	})
}

// Every card is on one page, whatever is filtered; the pages of Splynx and ours do not agree.
func TestCardPages(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		const n = 2*pageRows + 7
		for i := range n {
			id := r.Splynx.AddCustomer(splynxtest.Customer{Name: fmt.Sprint("No ", i), PartnerID: int64(1 + i%2)})
			r.Splynx.SetAccountData(id, splynxtest.AddOnAccountID, map[int]string{1: fmt.Sprintf("TOKEN%011d", id), 2: "411111........11", 3: "Visa", 4: "12/31"})
		}
		for filter, want := range map[string]int{"": n, "partner=2": n / 2, "standing=good&until=2031-12": n} {
			seen := map[string]bool{}
			at := "/paymentexpress/admin/cards?" + filter
			for pages := 0; at != "" && pages < 9; pages++ {
				a := r.send(http.MethodGet, at, nil)
				for _, id := range strings.Fields(listedCards(a)) {
					if seen[id] {
						t.Errorf("%s: %s stands twice", filter, id)
					}
					seen[id] = true
				}
				at = strings.ReplaceAll(a.find(further), "&amp;", "&")
			}
			if len(seen) != want {
				t.Errorf("%s: %d cards, want %d", filter, len(seen), want)
			}
		}
	})
}

func TestCardIsRemoved(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.carded()
		a := r.get("cards/1/remove")
		r.says(a, "A Customer (1)", "Remove Visa ends in 11 of customer 1")
		r.wants(r.press("cards/1/remove", r.get("links").form()), 400, "This page is out of date")
		r.says(r.follow(r.press("cards/1/remove", a.form())), "No card is saved.")
		acts, err := r.Engine.Acts(r.Context(), payment.ActFilter{})
		if err != nil || len(acts) != 1 || acts[0].What != payment.DeedRemoveCard || acts[0].Who != "administrator 1" || acts[0].Customer != 1 {
			t.Errorf("what was done is %+v (%v)", acts, err)
		}
		r.wants(r.press("cards/1/remove", a.form()), 404, "No card is saved")
	})
}

// A card that is being charged stays.
func TestCardInUseStays(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.carded()
		form := r.get("cards/1/remove").form()
		r.put(goldenID, payment.Submitted, saved)
		r.wants(r.press("cards/1/remove", form), 409, "The card is in use")
		r.says(r.get("cards?customer=1"), "Visa ends in 11")
	})
}

// The button removes the card that was shown, of whom it was shown, and only for whom it was shown.
func TestAnotherCardStays(t *testing.T) {
	inBubble(t, setup{}, func(r *rig) {
		r.carded()
		form := r.get("cards/1/remove").form()
		other := r.Splynx.AddCustomer(splynxtest.Customer{Name: "Bela Other"})
		r.saves(other, windcavetest.CardApproved, "22")
		r.wants(r.press(fmt.Sprintf("cards/%d/remove", other), form), 400, "This page is out of date")
		r.saves(r.Customer, windcavetest.CardApproved, "33")
		r.wants(r.press("cards/1/remove", form), 409, "Another card stands there now")
		south := r.staff(splynxtest.Administrator{Login: "sue", PartnerID: 2})
		r.wants(r.get("cards/1/remove", south), 404, "There is no such customer")
		fresh := r.get("cards/1/remove").form()
		anna2 := r.staff(splynxtest.Administrator{Login: "anna2"})
		r.wants(r.send(http.MethodPost, "/paymentexpress/admin/cards/1/remove", values(fresh), anna2), 403, "Somebody else is signed in")
		time.Sleep(formLife + time.Minute)
		r.wants(r.press("cards/1/remove", fresh), 409, "This page is too old")
		if n := len(r.Splynx.AllAccountData()); n != 2 {
			t.Errorf("%d cards are left, want 2", n)
		}
	})
}
