package office

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/meaning"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// runView is the page of a run, whatever its state.
type runView struct {
	*charge.Run
	Path     string
	Standing standing
	Why      string // why it stands still; empty: it does not
	What     string
	Source   string
	Choice   string // address that chooses likewise
	Begun    string // who started it
	Stated   *charge.Statement
	Events   []charge.Event

	Left    preview
	Start   *startView // nil: not to be started, or not by this administrator
	Live    liveView
	Items   itemList
	Buttons []button
	Stops   bool   // the administrator may act on runs
	Stale   bool   // the run moves on while its list stays as it was
	Again   string // sealed form that charges the failed ones again; empty: it cannot be
}

// button is a form of one button.
type button struct{ Text, Path, Form string }

// runPage shows a run as it stands.
func (d *desk) runPage() error {
	runs, run, err := d.run()
	if err != nil {
		return err
	}
	return d.showRun(runs, run, page{}, startTyped{})
}

// showRun shows a run; typed is what was typed to start it.
func (d *desk) showRun(runs *charge.Runs, run *charge.Run, p page, typed startTyped) error {
	ctx := d.r.Context()
	v, err := d.runView(ctx, runs, run)
	if err != nil {
		return err
	}
	if run.State == charge.Planned && d.may(Charge) {
		if v.Start, err = d.startView(v, typed); err != nil {
			return err
		}
	}
	if run.State != charge.Planning {
		if v.Items, err = d.items(ctx, runs, run); err != nil {
			return err
		}
	}
	if moves(v.Live.Progress) {
		v.Stale = true
		p.Live, p.Refresh = v.Path+"/events", true
	}
	p.Title, p.Template, p.Data = standingOfRun(run).Title, "run", v
	d.show(p)
	return nil
}

// moves tells whether something of a run changes by itself.
func moves(p charge.Progress) bool {
	return p.Run.State == charge.Planning || p.Run.Open() || p.UnderWay > 0 || p.Run.Sweep
}

func (d *desk) runView(ctx context.Context, runs *charge.Runs, run *charge.Run) (*runView, error) {
	v := &runView{
		Run: run, Path: runPath(run.ID), Standing: standingOfRun(run).standing, What: d.what(run), Source: sourceWords[run.Source], Choice: choiceOf(run),
	}
	if run.State == charge.Planning || run.State == charge.Planned || run.State == charge.Paused || run.State == charge.Waiting || run.State == charge.Failed || run.State == charge.Stopped {
		v.Why = whyStill(run.Why)
	}
	var err error
	if v.Live, err = d.live(ctx, runs, run.ID); err != nil {
		return nil, err
	}
	if v.Events, err = runs.Events(ctx, run.ID); err != nil {
		return nil, err
	}
	v.Begun = starter(v.Events)
	v.Left = previewOf(v.Live.Sums)
	if v.Stops = d.may(Charge); v.Stops {
		err = d.runButtons(v)
	}
	return v, err
}

// starter is who has started a run.
func starter(events []charge.Event) string {
	for _, e := range events {
		if e.From == charge.Planned && e.To == charge.Running {
			return e.Who
		}
	}
	return ""
}

// runButtons are the buttons that a run's state allows.
func (d *desk) runButtons(v *runView) error {
	add := func(text string, what act, path string) error {
		sealed, err := d.seal(form{Act: what, Run: v.ID})
		v.Buttons = append(v.Buttons, button{text, v.Path + path, sealed})
		return err
	}
	var err error
	switch v.State {
	case charge.Running:
		err = add("Pause", actPause, "/pause")
	case charge.Paused, charge.Waiting:
		err = add("Resume", actResume, "/resume")
	case charge.Failed:
		if v.Unseen {
			err = add("Seen", actSeen, "/seen")
		}
	case charge.Planning, charge.Planned, charge.Stopped, charge.Done:
	}
	if err == nil && v.Live.Failed > 0 && (v.Ended() || v.State == charge.Paused || v.State == charge.Waiting) {
		v.Again, err = d.seal(form{Act: actAgain, Run: v.ID})
	}
	return err
}

// portion is how many items there are of one sort, and what they come to.
type portion struct {
	standing
	N     int64
	Path  string // of the list of them
	Again again
	Sub   bool // a part of the one before

	key  string
	sums moneys
}

// Amounts are the sums, each currency apart.
func (t portion) Amounts() []currency.Amount { return t.sums.list() }

// tallied adds t to the one of its key, or to the end.
func tallied(all []portion, t portion) []portion {
	for i := range all {
		if all[i].key == t.key {
			all[i].N += t.N
			for _, a := range t.sums {
				all[i].sums.add(a)
			}
			return all
		}
	}
	return append(all, t)
}

func (m moneys) plus(a currency.Amount) moneys { m.add(a); return m }

// preview is what would be charged, and what not.
type preview struct {
	N      int64
	All    moneys
	Out    []portion // by reason
	OutN   int64
	OutAll moneys
}

// Amounts are the sums of what is to be charged.
func (p preview) Amounts() []currency.Amount { return p.All.list() }

// OutAmounts are the sums of what is left out.
func (p preview) OutAmounts() []currency.Amount { return p.OutAll.list() }

func previewOf(sums []charge.Sum) preview {
	p := preview{All: moneys{}, OutAll: moneys{}}
	for _, s := range sums {
		switch s.State {
		case charge.ItemPlanned:
			p.N += s.Count
			p.All.add(s.Amount)
		case charge.ItemLeftOut:
			p.OutN += s.Count
			p.OutAll.add(s.Amount)
			p.Out = tallied(p.Out, portion{
				standing: standing{Mark: "out", Word: upperFirst(meaning.Out(s.Out))}, key: string(s.Out), N: s.Count,
				Path: "?state=" + string(charge.ItemLeftOut) + "&out=" + string(s.Out), sums: moneys{}.plus(s.Amount),
			})
		default:
		}
	}
	return p
}

// fragment is a part of a page.
func (o *Office) fragment(name string, data any) (string, error) {
	var b bytes.Buffer
	err := o.templates.ExecuteTemplate(&b, name, data)
	return b.String(), err
}

// chargeAgain has a run planned of what has failed in this one.
func (d *desk) chargeAgain() error {
	f, err := d.form(actAgain)
	if err != nil {
		return err
	}
	runs, run, err := d.run()
	if err != nil {
		return err
	}
	mine, err := d.partners()
	if err != nil {
		return err
	}
	if f.Run != run.ID {
		return errBadForm
	}
	if mine == nil {
		mine = run.Partners
	}
	made, err := d.order(charge.Order{FormKey: f.Key, Of: run.ID, Partners: mine, DespiteCredit: run.DespiteCredit})
	if errors.Is(err, charge.ErrMove) {
		return d.showRun(runs, run, page{Status: 409, Notice: &notice{markWait, "Nothing was done. What has failed is not all known yet."}}, startTyped{})
	}
	if err != nil {
		return err
	}
	return d.to("charge/" + string(made.ID))
}

// historyOf is the address of what was charged of a customer, or of a document, in runs.
func historyOf(name string, id int64) string {
	return web.AdminPath + "history/charges?" + name + "=" + strconv.FormatInt(id, 10)
}

// failure is a charge that has failed lately, or waits.
type failure struct {
	*payment.Payment
	Standing standing
	Why      string
	Name     string
}
