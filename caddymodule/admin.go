package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

func init() { caddy.RegisterModule(Admin{}) }

// adminPath is what all addresses of the admin API begin with.
const adminPath = "/paymentexpress/"

const (
	readPatience   = 5 * time.Second  // of a question to the journal
	settlePatience = 30 * time.Second // Splynx is searched too
	backupPatience = 30 * time.Minute
)

// Admin answers below /paymentexpress/ on Caddy's admin address: how the installation is
// doing, what payments there are, and what a person may do about them. `caddy paymentexpress`
// asks it. It has no settings but the app's `admin_commands`.
type Admin struct{}

// CaddyModule returns the Caddy module information.
func (Admin) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.paymentexpress", New: func() caddy.Module { return new(Admin) }}
}

// Routes implements caddy.AdminRouter.
func (Admin) Routes() []caddy.AdminRoute {
	var routes []caddy.AdminRoute
	for _, r := range []struct {
		method, path string
		answer       func(present, *http.Request) (any, error)
	}{
		{http.MethodGet, "payments", present.listPayments},
		{http.MethodGet, "payments/{id}", present.showPayment},
		{http.MethodPost, "payments/{id}/settle", present.settlePayment},
		{http.MethodPost, "payments/{id}/refund", present.giveBack},
		{http.MethodPost, "payments/{id}/recheck", present.recheckPayment},
		{http.MethodGet, "charge/runs", present.listRuns},
		{http.MethodPost, "charge/runs", present.previewRun},
		{http.MethodGet, "charge/runs/{id}", present.showRun},
		{http.MethodPost, "charge/runs/{id}/start", present.startRun},
		{http.MethodPost, "charge/runs/{id}/pause", present.pauseRun},
		{http.MethodPost, "charge/runs/{id}/resume", present.resumeRun},
		{http.MethodPost, "charge/runs/{id}/stop", present.stopRun},
		{http.MethodGet, "charge/kept-out", present.listKept},
		{http.MethodPost, "charge/keep-out", present.keepOut},
		{http.MethodPost, "charge/let-in", present.letIn},
		{http.MethodPost, "journal/backup", present.backupJournal},
		{http.MethodPost, "journal/accept", present.acceptJournal},
		{http.MethodPost, "links", present.makeLink},
		{http.MethodPost, "links/rotate", present.rotateLinks},
		{http.MethodGet, "guests", present.showGuests},
		{http.MethodPost, "guests/close", present.closeGuests},
		{http.MethodPost, "guests/open", present.openGuests},
	} {
		routes = append(routes, caddy.AdminRoute{Pattern: r.method + " " + adminPath + r.path, Handler: adminHandler(r.answer)})
	}
	for path, write := range map[string]func(present, *http.Request) (export, error){
		"export/payments": present.exportPayments, "export/runs/{id}": present.exportRun,
	} {
		routes = append(routes, caddy.AdminRoute{Pattern: "POST " + adminPath + path, Handler: exportHandler(write)})
	}
	return append(routes, caddy.AdminRoute{Pattern: "GET " + adminPath + "health", Handler: caddy.AdminHandlerFunc(serveHealth)})
}

// adminHandler answers with JSON, or with an error that says what to do.
func adminHandler(answer func(present, *http.Request) (any, error)) caddy.AdminHandler {
	return caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		p, err := opened()
		if err != nil {
			return apiError(err)
		}
		v, err := answer(p, r)
		if err != nil {
			return apiError(err)
		}
		return writeJSON(w, http.StatusOK, v)
	})
}

// opened is inCharge where the journal has to be open.
func opened() (present, error) {
	p, err := inCharge()
	if err == nil && p.engine == nil {
		err = fmt.Errorf("%w: %w", errNotOpen, p.why)
	}
	return p, err
}

// Errors of the admin API beside the engine's.
var (
	errNotInForce = errors.New("the running Caddy has no paymentexpress in its configuration: write the paymentexpress block into the global options and reload")
	errNotOpen    = errors.New("the journal is not open")
	errAsked      = errors.New("the request is wrong")
	errReadOnly   = errors.New("this Caddy only answers questions: set admin_commands all in the paymentexpress block of the global options, and reload")
	errSilent     = errors.New("the journal or its disk did not answer in time")
)

// asked makes an error of a request that cannot be served as it is.
func asked(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errAsked}, args...)...)
}

// apiError is the only place where an error becomes what the admin API answers.
func apiError(err error) error {
	status := http.StatusInternalServerError
	for _, kind := range []struct {
		err    error
		status int
	}{
		{errAsked, http.StatusBadRequest},
		{errReadOnly, http.StatusForbidden},
		{web.ErrLinkAsked, http.StatusBadRequest},
		{web.ErrNoDocument, http.StatusNotFound},
		{web.ErrSeveralDocs, http.StatusConflict},
		{payment.ErrNotFound, http.StatusNotFound},
		{payment.ErrNotParked, http.StatusConflict},
		{payment.ErrSettlement, http.StatusConflict},
		{payment.ErrNotRefundable, http.StatusConflict},
		{payment.ErrTooMuch, http.StatusConflict},
		{payment.ErrFormChanged, http.StatusConflict},
		{payment.ErrNoCredentials, http.StatusConflict},
		{payment.ErrJournalOld, http.StatusConflict},
		{errNothingToAsk, http.StatusConflict},
		{errTooManyUnseen, http.StatusConflict},
		{charge.ErrFilter, http.StatusBadRequest},
		{charge.ErrNotFound, http.StatusNotFound},
		{charge.ErrMove, http.StatusConflict},
		{charge.ErrPlanChanged, http.StatusConflict},
		{charge.ErrOtherSort, http.StatusConflict},
		{charge.ErrHandlerOn, http.StatusConflict},
		{charge.ErrFormChanged, http.StatusConflict},
		{charge.ErrKeeping, http.StatusBadRequest},
		{charge.ErrKeepingChanged, http.StatusConflict},
		{errNotKept, http.StatusNotFound},
		{payment.ErrHeld, http.StatusConflict},
		{fs.ErrExist, http.StatusConflict},
		{errNotInForce, http.StatusServiceUnavailable},
		{errNotOpen, http.StatusServiceUnavailable},
		{errSilent, http.StatusServiceUnavailable},
		{context.DeadlineExceeded, http.StatusServiceUnavailable},
		{payment.ErrNoGeneration, http.StatusServiceUnavailable},
		{payment.ErrStopped, http.StatusServiceUnavailable},
	} {
		if errors.Is(err, kind.err) {
			status = kind.status
			break
		}
	}
	return caddy.APIError{HTTPStatus: status, Err: err}
}

// present is what serves the admin API at one moment: the configuration in force, and the
// engine on its journal, if that is open.
type present struct {
	app    *App
	path   string          // the journal's
	engine *payment.Engine // nil: why says why
	runs   *charge.Runs    // there whenever the engine is
	store  *journal.SQLite
	why    error
}

// inCharge finds the configuration that came into force last. Admin handlers are made before
// apps start, so it is looked for at each request; nothing is opened or waited for.
func inCharge() (present, error) {
	var found present
	var since time.Time
	hosts.Range(func(_, value any) bool {
		if p, at := value.(*host).present(); p.app != nil && (found.app == nil || at.After(since)) {
			found, since = p, at
		}
		return true
	})
	if found.app == nil {
		return present{}, errNotInForce
	}
	return found, nil
}

// present tells what this journal has, and since when its newest configuration is in force.
func (h *host) present() (present, time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.inForce) == 0 {
		return present{}, time.Time{}
	}
	f := h.inForce[len(h.inForce)-1]
	return present{app: f.app, path: h.path, engine: h.engine, runs: h.runs, store: h.store, why: h.why}, f.since
}

// within waits for fn no longer than d: a disk that hangs obeys no context.
func within[T any](ctx context.Context, d time.Duration, fn func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	type outcome struct {
		v   T
		err error
	}
	ended := make(chan outcome, 1)
	go func() {
		defer cancel()
		v, err := fn(ctx)
		ended <- outcome{v, err}
	}()
	select {
	case o := <-ended:
		return o.v, o.err
	case <-ctx.Done():
	}
	select {
	case o := <-ended: // both at once: the end of fn cancels too
		return o.v, o.err
	default:
		var none T
		return none, fmt.Errorf("%w: %w", errSilent, ctx.Err())
	}
}

func readJSON(r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 16<<10))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return asked("its body is not the JSON that is wanted: %v", err)
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// Interface guards.
var _ caddy.AdminRouter = (*Admin)(nil)
