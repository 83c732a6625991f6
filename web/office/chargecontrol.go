package office

import (
	"context"
	"errors"
	"net/http"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// pauseRun has a run begin nothing more for now.
func (d *desk) pauseRun() error { return d.control(actPause, payment.DeedPause, (*charge.Runs).Pause) }

// resumeRun has it go on.
func (d *desk) resumeRun() error {
	return d.control(actResume, payment.DeedResume, (*charge.Runs).Resume)
}

// stopRun ends it.
func (d *desk) stopRun() error { return d.control(actStop, payment.DeedStop, (*charge.Runs).Stop) }

// seenRun takes a run that has failed off the work list.
func (d *desk) seenRun() error { return d.control(actSeen, payment.DeedSeen, (*charge.Runs).Stop) }

// control moves a run as its form asks. Asked twice does no harm.
func (d *desk) control(what act, deed payment.Deed, move func(*charge.Runs, context.Context, payment.ID, string, string) (*charge.Run, error)) error {
	f, err := d.form(what)
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
	moved, err := move(runs, d.r.Context(), run.ID, d.who(), "")
	if errors.Is(err, charge.ErrMove) {
		return d.hasMoved(runs, run)
	}
	if err != nil {
		return err
	}
	if moved.State != run.State || moved.Unseen != run.Unseen {
		d.acts(deed, moved, "")
	}
	return d.to("charge/" + string(run.ID))
}

// hasMoved shows a run that somebody else has moved meanwhile.
func (d *desk) hasMoved(runs *charge.Runs, run *charge.Run) error {
	now, err := runs.Get(d.r.Context(), run.ID)
	if err != nil {
		return err
	}
	return d.showRun(runs, now, page{Status: http.StatusConflict, Notice: &notice{markWait, "Nothing was changed. The run has moved on since you opened the page."}}, startTyped{})
}

// stopView asks once more before a run ends.
type stopView struct {
	*charge.Run
	Path     string
	What     string
	Form     string
	Left     preview
	UnderWay int64
	Started  bool
}

// askStop asks whether a run is to end.
func (d *desk) askStop() error {
	runs, run, err := d.run()
	if err != nil {
		return err
	}
	if run.Ended() {
		return d.hasMoved(runs, run)
	}
	p, err := runs.Progress(d.r.Context(), run.ID)
	if err != nil {
		return err
	}
	v := stopView{Run: run, Path: runPath(run.ID), What: d.what(run), Left: previewOf(p.Sums), UnderWay: p.UnderWay, Started: !run.StartedAt.IsZero()}
	if v.Form, err = d.seal(form{Act: actStop, Run: run.ID}); err != nil {
		return err
	}
	title := "Stop this run?"
	if !v.Started {
		title = "Drop this preview?"
	}
	d.show(page{Title: title, Template: "stop", Data: v})
	return nil
}
