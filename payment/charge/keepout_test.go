package charge_test

import (
	"errors"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// Who is kept out is charged by no run, or by no automatic one, until let in; who did it stands in
// the journal.
func TestKeepOut(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		every := daily
		every.Day, every.Days = charge.BeforeDue, 14
		c := automatic(t, p, "UTC", every)
		for id := int64(1); id <= 5; id++ {
			p.customer(id, "10.00")
		}
		p.customers[4] = splynx.Customer{ID: 4, Status: "active", PartnerID: 2}
		r := p.start(c.options())
		since := func(kind charge.KeptKind, id int64) (at time.Time) {
			list, err := r.KeptOut(background)
			must(t, err)
			for _, k := range list {
				if k.Kind == kind && k.ID == id {
					at = k.At
				}
			}
			return at
		}
		keep := func(kind charge.KeptKind, id int64, automatic bool) {
			must(t, r.KeepOut(background, charge.Keeping{Kind: kind, ID: id, Automatic: automatic, Who: "admin 1", Reason: " pays by bank "}, since(kind, id)))
			time.Sleep(time.Second)
		}
		keep(charge.KeptCustomer, 1, false)
		keep(charge.KeptCustomer, 2, false)
		keep(charge.KeptCustomer, 2, true) // in place of the one before
		keep(charge.KeptPartner, 2, true)
		keep(charge.KeptPartner, 1, true)
		must(t, r.LetIn(background, charge.Keeping{Kind: charge.KeptPartner, ID: 1, Who: "admin 2", Reason: "a mistake"}, since(charge.KeptPartner, 1)))
		must(t, r.LetIn(background, charge.Keeping{Kind: charge.KeptPartner, ID: 77, Who: "admin 2", Reason: "never was"}, time.Time{}))
		list, err := r.KeptOut(background)
		must(t, err)
		if len(list) != 3 || list[0].Kind != charge.KeptPartner || list[0].ID != 2 || list[1].ID != 2 || !list[1].Automatic || list[1].Reason != "pays by bank" || list[1].At.IsZero() {
			t.Errorf("kept out are %+v", list)
		}
		wantItems(t, p, r.plan(charge.Order{}).ID, map[int64]string{10: "left_out kept_out", 20: "planned", 30: "planned", 40: "planned", 50: "planned"})
		run := r.plan(charge.Order{Sort: charge.Balances})
		wantItems(t, p, run.ID, map[int64]string{1: "left_out kept_out", 2: "planned", 3: "planned", 4: "planned", 5: "planned"})
		keep(charge.KeptCustomer, 5, false) // after the preview
		r.begin(run.ID)
		r.until(run.ID, charge.Done)
		wantItems(t, p, run.ID, map[int64]string{1: "left_out kept_out", 2: "recorded", 3: "recorded", 4: "recorded", 5: "left_out kept_out"})
		time.Sleep(12 * time.Hour)
		wantItems(t, p, p.scheduled()[0].ID, map[int64]string{10: "left_out kept_out", 20: "left_out kept_out", 30: "left_out has_credit", 40: "left_out kept_out", 50: "left_out kept_out"})
		acts, err := p.store.FindActs(background, payment.ActFilter{})
		must(t, err)
		got := ""
		for _, a := range acts {
			if got += string(a.What) + " " + a.Who + ", "; a.At.IsZero() || a.Node != "test" || a.Note == "" || a.Partner == 0 && a.Customer == 0 {
				t.Errorf("act %+v", a)
			}
		}
		if got != "keep_out admin 1, let_in admin 2, keep_out admin 1, keep_out admin 1, keep_out admin 1, keep_out admin 1, keep_out admin 1, " {
			t.Error(got)
		}
	})
}

// Nobody is kept out without a reason.
func TestKeepOutRefused(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		r := p.start(charge.Options{})
		for _, k := range []charge.Keeping{
			{Kind: "all", ID: 1, Who: "w", Reason: "r"},
			{Kind: charge.KeptCustomer, Who: "w", Reason: "r"},
			{Kind: charge.KeptCustomer, ID: 1, Reason: "r"},
			{Kind: charge.KeptCustomer, ID: 1, Who: "w", Reason: " "},
		} {
			if err := r.KeepOut(background, k, time.Time{}); !errors.Is(err, charge.ErrKeeping) {
				t.Errorf("%+v: %v", k, err)
			}
		}
		if err := r.LetIn(background, charge.Keeping{Kind: charge.KeptCustomer, ID: 1, Who: "w"}, time.Time{}); !errors.Is(err, charge.ErrKeeping) {
			t.Error(err)
		}
		if list, err := r.KeptOut(background); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
	})
}

// Whoever sees the customers of one partner finds what was done to them, letting in too.
func TestKeepingHasThePartner(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, p *provider) {
		r := p.start(charge.Options{})
		must(t, r.KeepOut(background, charge.Keeping{Kind: charge.KeptCustomer, ID: 7, Partner: 2, Who: "w", Reason: "r"}, time.Time{}))
		must(t, r.KeepOut(background, charge.Keeping{Kind: charge.KeptPartner, ID: 2, Who: "w", Reason: "r"}, time.Time{}))
		let := charge.Keeping{Kind: charge.KeptCustomer, ID: 7, Who: "w", Reason: "r"}
		if err := r.LetIn(background, let, time.Now().Add(-time.Hour)); !errors.Is(err, charge.ErrKeepingChanged) {
			t.Errorf("somebody who saw something else: %v", err)
		}
		must(t, r.LetIn(background, let, time.Now().UTC()))
		acts, err := p.store.FindActs(background, payment.ActFilter{Partner: 2})
		if err != nil || len(acts) != 3 || acts[0].Customer != 7 || acts[1].Customer != 0 || acts[2].Customer != 7 {
			t.Errorf("acts %+v, %v", acts, err)
		}
	})
}
