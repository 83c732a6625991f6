package office

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// chargeRoutes are those of charging many customers, and of what was charged so.
func chargeRoutes() []route {
	on := (*Office).chargesMany
	return append([]route{
		{get, "charge", Charge, (*desk).askCharge, on},
		{post, "charge", Charge, (*desk).plan, on},
		{get, "charge/{run}", See, (*desk).runPage, on},
		{get, "charge/{run}/events", See, (*desk).runEvents, on},
		{get, "charge/{run}/csv", See, (*desk).planCSV, on},
		{get, "charge/{run}/result", See, (*desk).resultCSV, on},
		{post, "charge/{run}/tick", Charge, (*desk).tick, on},
		{post, "charge/{run}/start", Charge, (*desk).startRun, on},
		{post, "charge/{run}/pause", Charge, (*desk).pauseRun, on},
		{post, "charge/{run}/resume", Charge, (*desk).resumeRun, on},
		{get, "charge/{run}/stop", Charge, (*desk).askStop, on},
		{post, "charge/{run}/stop", Charge, (*desk).stopRun, on},
		{post, "charge/{run}/seen", Charge, (*desk).seenRun, on},
		{post, "charge/{run}/again", Charge, (*desk).chargeAgain, on},
		{get, "history", See, (*desk).runHistory, on},
		{get, "history/charges", See, (*desk).chargeHistory, on},
		{get, "history/csv", See, (*desk).historyCSV, on},
	}, keptRoutes()...)
}

var (
	errNoRun      = problem{status: http.StatusNotFound, key: "no_run"}
	errTwoPartner = problem{status: http.StatusForbidden, key: "two_partners"}
)

// runs are the charge runs.
func (d *desk) runs() (*charge.Runs, error) {
	runs, err := d.Runs(d.r.Context())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errShut, err)
	}
	return runs, nil
}

// partners are those whose customers the administrator may see; nil: all.
func (d *desk) partners() ([]int64, error) {
	held, ok := onlyPartner(d.staff)
	switch {
	case !ok:
		return nil, errTwoPartner
	case held != 0:
		return []int64{held}, nil
	}
	return nil, nil
}

// run reads the run of the address, if the administrator may see it.
func (d *desk) run() (*charge.Runs, *charge.Run, error) {
	id, err := payment.ParseID(d.r.PathValue("run"))
	if err != nil {
		return nil, nil, errNoRun
	}
	runs, err := d.runs()
	if err != nil {
		return nil, nil, err
	}
	run, err := runs.Get(d.r.Context(), id)
	if errors.Is(err, charge.ErrNotFound) {
		return nil, nil, errNoRun
	}
	if err != nil {
		return nil, nil, err
	}
	mine, err := d.partners()
	if err != nil || !run.VisibleTo(mine) {
		return nil, nil, errNoRun
	}
	return runs, run, nil
}

// visible lists runs that the administrator may see, the newest first.
func (d *desk) visible(ctx context.Context, runs *charge.Runs, f charge.RunFilter, most int) (list []*charge.Run, err error) {
	mine, err := d.partners()
	if err != nil {
		return nil, nil
	}
	for {
		f.Limit = 100
		some, err := runs.List(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, r := range some {
			if r.VisibleTo(mine) {
				if list = append(list, r); len(list) == most {
					return list, nil
				}
			}
		}
		if len(some) < f.Limit {
			return list, nil
		}
		f.After = some[len(some)-1].Place()
	}
}

// runPath is the address of a run's page.
func runPath(id payment.ID) string { return web.AdminPath + "charge/" + string(id) }
