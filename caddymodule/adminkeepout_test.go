package caddymodule

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

func (o office) keep(body string) error {
	_, err := o.keepOut(asks(http.MethodPost, "charge/keep-out", body, ""))
	return err
}

func (o office) lets(body string) error {
	_, err := o.letIn(asks(http.MethodPost, "charge/let-in", body, ""))
	return err
}

// keptNow is who is kept out, in few words.
func (o office) keptNow() string {
	o.t.Helper()
	v, err := o.listKept(asks(http.MethodGet, "charge/kept-out", "", ""))
	if err != nil {
		o.t.Fatal(err)
	}
	var all []string
	for _, k := range v.(keptAnswer).Kept {
		all = append(all, fmt.Sprintf("%s %d %t by %s: %s", k.Kind, k.ID, k.Automatic, k.Who, k.Reason))
	}
	return strings.Join(all, ", ")
}

// Keeping out is a brake, which works always; what may have money charged needs admin_commands all.
func TestAdminKeepsOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.app.AdminCommands = "read"
	some := `{"kind":"customer","id":7,"automatic":true,"reason":"asks before each","who":"anna"}`
	all := `{"kind":"customer","id":7,"reason":"pays by bank","who":"anna"}`
	for _, step := range []struct {
		name string
		err  error
		want int
	}{
		{"automatic runs", o.keep(some), 200},
		{"all runs", o.keep(all), 200},
		{"automatic ones again", o.keep(some), 403},
		{"let in", o.lets(all), 403},
		{"a partner", o.keep(`{"kind":"partner","id":2,"automatic":true,"reason":"has the old prices","who":"bob"}`), 200},
	} {
		if got := status(t, step.err); got != step.want {
			t.Errorf("%s: %d, want %d (%v)", step.name, got, step.want, step.err)
		}
	}
	if got := o.keptNow(); got != "partner 2 true by bob: has the old prices, customer 7 false by anna: pays by bank" {
		t.Errorf("kept out: %s", got)
	}
	o.app.AdminCommands = "all"
	if err := o.keep(some); err != nil {
		t.Error(err)
	}
	for _, want := range []int{200, 404} {
		if got := status(t, o.lets(all)); got != want {
			t.Errorf("let in: %d, want %d", got, want)
		}
	}
	if got := o.keptNow(); got != "partner 2 true by bob: has the old prices" {
		t.Errorf("kept out: %s", got)
	}
	var done []string
	acts, err := o.engine.Acts(t.Context(), payment.ActFilter{})
	for _, a := range acts {
		done = append(done, string(a.What)+" "+a.Who)
	}
	if got := strings.Join(done, ", "); err != nil || got != "let_in anna, keep_out anna, keep_out bob, keep_out anna, keep_out anna" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestAdminKeepOutRefuses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for name, body := range map[string]string{
		"nobody": `{"kind":"customer","id":7,"reason":"x"}`, "no reason": `{"kind":"customer","id":7,"reason":" ","who":"anna"}`, "line ends": `{"kind":"customer","id":7,"reason":"a\nb","who":"anna"}`,
		"long": `{"kind":"customer","id":7,"reason":"` + strings.Repeat("x", 201) + `","who":"anna"}`, "no kind": `{"id":7,"reason":"x","who":"anna"}`,
		"a location": `{"kind":"location","id":7,"reason":"x","who":"anna"}`, "no id": `{"kind":"customer","reason":"x","who":"anna"}`, "field": `{"kind":"customer","id":7,"reason":"x","who":"anna","until":"x"}`,
	} {
		if s := status(t, o.keep(body)); s != http.StatusBadRequest {
			t.Errorf("keep out, %s: %d", name, s)
		}
		if s := status(t, o.lets(body)); s != http.StatusBadRequest {
			t.Errorf("let in, %s: %d", name, s)
		}
	}
	if s := status(t, o.lets(`{"kind":"customer","id":7,"automatic":true,"reason":"x","who":"anna"}`)); s != http.StatusBadRequest {
		t.Errorf("let in, automatic: %d", s)
	}
	if got := o.keptNow(); got != "" {
		t.Errorf("kept out: %s", got)
	}
}

// By command kept out, left out of a preview, and let in again.
func TestCommandsThatKeepOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	b := s.buyer(1, "good")
	who := number(b.customer)
	s.start("")
	s.until("the journal is open", func() bool { return s.ask("list").code == 0 })
	s.wants(s.ask("charge", "kept-out"), 0, "Nobody is kept out of charge runs.")
	s.wants(s.ask("charge", "keep-out", "customer", who), 1, `"reason" not set`)
	s.wants(s.ask("charge", "keep-out", "customers", who, "--reason", "x"), 1, "want customer or partner")
	s.wants(s.ask("charge", "keep-out", "customer", "anna", "--reason", "x"), 1, "want customer or partner")
	s.wants(s.ask("charge", "keep-out", "customer", "4711", "--reason", "x"), 1, "Splynx has no customer 4711")
	s.wants(s.ask("charge", "keep-out", "partner", "4711", "--reason", "x"), 1, "Splynx has no partner 4711")
	s.wants(s.ask("charge", "keep-out", "customer", who, "--reason", "pays by bank", "--by", "anna"), 0, "customer "+who+": out of all runs since", "by anna", "pays by bank")
	s.wants(s.ask("charge", "keep-out", "partner", "1", "--reason", "has the old prices", "--automatic"), 0, "partner 1: out of automatic runs only since")
	var list keptAnswer
	if !s.decode(s.ask("charge", "kept-out", "--json"), &list) || len(list.Kept) != 2 || list.Kept[0].Kind != charge.KeptPartner || list.Kept[1].Who != "anna" {
		t.Errorf("%+v", list)
	}
	outs := func(r runAnswer) (n int64) {
		for _, v := range r.Sums {
			if v.Out == charge.OutKept {
				n += v.Count
			}
		}
		return n
	}
	if n := outs(s.preview("--customer", who)); n != 1 {
		t.Errorf("%d are left out", n)
	}
	s.wants(s.ask("charge", "let-in", "customer", who, "--reason", "by card again"), 1, "admin_commands all")
	s.wants(s.ask("charge", "keep-out", "customer", who, "--reason", "x", "--automatic"), 1, "would be let into some", "admin_commands all")
	s.splynx.SetOutage(true) // nobody can look whether there is such a customer
	s.wants(s.ask("charge", "keep-out", "customer", "4712", "--reason", "in haste"), 0, "customer 4712: out of all runs")
	s.splynx.SetOutage(false)
	s.words = "admin_commands all"
	s.must(s.load(s.caddyfile("paymentexpress")))
	s.wants(s.ask("charge", "let-in", "customer", "4713", "--reason", "x"), 1, "customer 4713 is not kept out of charge runs")
	s.wants(s.ask("charge", "let-in", "customer", who, "--reason", "by card again"), 0, "The customer "+who+" is not kept out of charge runs any more.")
	if r := s.preview("--customer", who); outs(r) != 0 || len(r.toCharge()) != 1 {
		t.Errorf("%+v", r.Sums)
	}
	s.stop()
}
