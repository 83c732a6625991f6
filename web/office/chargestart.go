package office

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// startView is the form that starts a run.
type startView struct {
	Form   string
	Button string
	Type   bool // the number has to be typed
	State  bool // nobody has stated yet that Splynx charges nothing by itself
	N      int64
	Typed  startTyped
	Wrong  map[string]string
}

// startTyped is what was typed into it, and what is wrong with it.
type startTyped struct {
	Number string
	Off    bool
	Wrong  map[string]string
}

// startView makes the form for what is to be charged; nil where nothing is.
func (d *desk) startView(v *runView, typed startTyped) (*startView, error) {
	if v.Left.N == 0 {
		return nil, nil
	}
	runs, err := d.runs()
	if err != nil {
		return nil, err
	}
	if v.Stated, err = runs.HandlerOff(d.r.Context()); err != nil {
		return nil, err
	}
	planned := charge.ToCharge(v.Live.Sums)
	s := &startView{
		Button: "Charge " + counted(v.Left.N, v.Sort) + " " + amounts(v.Left.All), N: v.Left.N,
		Type: d.large(planned), State: v.Stated == nil, Typed: typed, Wrong: typed.Wrong,
	}
	s.Form, err = d.seal(form{Act: actStart, Run: v.ID, Seen: planned, Plan: v.Revision})
	return s, err
}

// amounts are sums in words.
func amounts(m moneys) string {
	var texts []string
	for _, a := range m.list() {
		texts = append(texts, web.Money(a))
	}
	return strings.Join(texts, " and ")
}

// large tells whether the number of charges has to be typed.
func (d *desk) large(planned []charge.Sum) bool {
	return charge.Limit{Charges: cmp.Or(d.ConfirmAbove.Charges, 100), Amount: cmp.Or(d.ConfirmAbove.Amount, "10000")}.Exceeded(planned)
}

// startRun starts a run, if what the page has shown is still what would be charged. Pressed twice,
// or by two, it is started once.
func (d *desk) startRun() error {
	f, err := d.form(actStart)
	if err != nil {
		return err
	}
	runs, run, err := d.run()
	if err != nil {
		return err
	}
	if f.Run != run.ID {
		return errBadForm
	}
	if !run.StartedAt.IsZero() {
		return d.to("charge/" + string(run.ID))
	}
	typed, err := d.startTyped(runs, f)
	if err != nil {
		return err
	}
	if len(typed.Wrong) > 0 {
		return d.showRun(runs, run, page{Status: http.StatusUnprocessableEntity, Errors: errorsOf(typed.Wrong)}, typed)
	}
	held, _ := onlyPartner(d.staff)
	if err := d.Room(held); err != nil {
		return fmt.Errorf("%w: %w", errNoRoom, err)
	}
	stated, err := runs.HandlerOff(d.r.Context())
	if err != nil {
		return err
	}
	off := stated == nil && typed.Off
	started, err := runs.Start(d.r.Context(), run.ID, d.who(), charge.StartOptions{Seen: f.Seen, Revision: f.Plan, HandlerOff: off})
	if off { // it is kept, whatever became of the start
		if stated, _ := runs.HandlerOff(d.r.Context()); stated != nil && stated.Who == d.who() {
			d.acts(payment.DeedHandlerOff, run, "")
		}
	}
	if err != nil {
		return d.notStarted(runs, run, typed, err)
	}
	if err := d.wasStarted(runs, started, f.Seen); err != nil {
		return err
	}
	return d.to("charge/" + string(run.ID))
}

// startTyped reads what has to be typed before a run starts.
func (d *desk) startTyped(runs *charge.Runs, f form) (startTyped, error) {
	t := startTyped{Number: trimmed(d.r.PostForm.Get("number")), Off: d.r.PostForm.Get("off") != "", Wrong: map[string]string{}}
	p := previewOf(f.Seen)
	if text := strconv.FormatInt(p.N, 10); d.large(f.Seen) && strings.NewReplacer(",", "", " ", "").Replace(t.Number) != text {
		t.Wrong["number"] = "Type the number of charges: " + text + "."
	}
	stated, err := runs.HandlerOff(d.r.Context())
	if err == nil && stated == nil && !t.Off {
		t.Wrong["off"] = "State that Splynx charges nothing by itself. Look first whether it is so."
	}
	return t, err
}

// notStarted says why a run was not started.
func (d *desk) notStarted(runs *charge.Runs, run *charge.Run, typed startTyped, why error) error {
	var text string
	switch {
	case errors.Is(why, charge.ErrPlanChanged):
		text = "Nothing was charged. What would be charged has changed since you opened this page. Look at it again."
	case errors.Is(why, charge.ErrOtherSort):
		text = "Nothing was charged. A run of the other sort, invoices or balances, is under way and may charge the same money. Wait until it has ended, or stop it."
	case errors.Is(why, charge.ErrMove):
		text = "Nothing was charged. This run does not wait to be started any more."
	default:
		return why
	}
	now, err := runs.Get(d.r.Context(), run.ID)
	if err != nil {
		return err
	}
	typed.Number, typed.Wrong = "", nil
	return d.showRun(runs, now, page{Status: http.StatusConflict, Notice: &notice{markWait, text}}, typed)
}

// wasStarted writes down that this administrator has started the run: once, and not where another
// one was first.
func (d *desk) wasStarted(runs *charge.Runs, run *charge.Run, seen []charge.Sum) error {
	events, err := runs.Events(d.r.Context(), run.ID)
	if err != nil || starter(events) != d.who() {
		return err
	}
	before, err := d.e.Acts(d.r.Context(), payment.ActFilter{Run: run.ID, What: payment.DeedStart, Limit: 1})
	if err == nil && len(before) == 0 {
		p := previewOf(seen)
		d.acts(payment.DeedStart, run, counted(p.N, run.Sort)+" "+amounts(p.All))
	}
	return err
}

// tick leaves items out of a run that was not started yet, or takes them in again.
func (d *desk) tick() error {
	f, err := d.form(actTick)
	if err != nil {
		return err
	}
	runs, run, err := d.run()
	if err != nil {
		return err
	}
	if f.Run != run.ID {
		return errBadForm
	}
	chosen := f.Seqs
	what := d.r.PostForm.Get("do")
	if what == "off" || what == "on" {
		chosen = nil
		for _, text := range d.r.PostForm["seq"] {
			if seq, err := strconv.ParseInt(text, 10, 64); err == nil && slices.Contains(f.Seqs, seq) {
				chosen = append(chosen, seq)
			}
		}
	} else if what != "page-off" && what != "page-on" {
		return errBadForm
	}
	off := strings.HasSuffix(what, "off")
	if len(chosen) == 0 {
		return d.showRun(runs, run, page{Status: http.StatusUnprocessableEntity, Errors: []link{{"Choose at least one row of the list.", "#items"}}}, startTyped{})
	}
	if _, err := runs.TickOff(d.r.Context(), run.ID, chosen, off); errors.Is(err, charge.ErrMove) {
		return d.notStarted(runs, run, startTyped{}, err)
	} else if err != nil {
		return err
	}
	note := map[bool]string{true: "left out: ", false: "taken in again: "}[off] + grouped(int64(len(chosen)))
	d.acts(payment.DeedTickOff, run, note)
	return d.to(strings.TrimSuffix("charge/"+string(run.ID)+"?"+d.r.URL.Query().Encode(), "?"))
}
