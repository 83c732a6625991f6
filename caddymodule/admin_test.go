package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bojanz/currency"
	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/internal/upstream"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// push puts a configuration without an app in force.
func (h *host) push(g *payment.Generation, limit web.GuestLimit) {
	h.enforce(inForce{generation: g, limit: limit})
}

// office is the admin API on a journal of its own, with nobody to call.
type office struct {
	present
	t *testing.T
}

func newOffice(t *testing.T) office {
	t.Helper()
	app := roomy()
	app.log, app.generation, app.gates, app.AdminCommands = zap.NewNop(), quiet(), newGates(zap.NewNop()), "all"
	h := newHost(filepath.Join(t.TempDir(), "journal.db"))
	h.enforce(inForce{generation: app.generation, app: app})
	t.Cleanup(func() { h.close(context.Background()) })
	if _, err := h.Engine(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, _ := h.present()
	return office{p, t}
}

// put writes a payment that moved so long ago, and nobody looks after.
func (o office) put(id payment.ID, s payment.State, ago time.Duration) {
	o.t.Helper()
	amount, err := currency.NewAmount("57.50", "NZD")
	if err != nil {
		o.t.Fatal(err)
	}
	moved := time.Now().Add(-ago)
	p := &payment.Payment{
		ID: id, TxnID: id, Kind: payment.KindInvoice, State: s, Customer: 7, DocumentID: 1, Amount: amount, CreatedAt: moved, MovedAt: moved,
		FormKey: "marked-form-" + string(id), Payer: "marked-payer", PageURL: "https://pay.example/marked-page", LeaseOwner: "marked-owner",
	}
	if err := o.store.Create(o.t.Context(), p, payment.Event{Payment: id, At: moved, To: s}, func([]*payment.Payment) error { return nil }); err != nil {
		o.t.Fatal(err)
	}
}

func asks(method, path, body string, id string) *http.Request {
	r := httptest.NewRequest(method, adminPath+path, strings.NewReader(body))
	r.SetPathValue("id", id)
	return r
}

// status is what the admin API would answer an error with.
func status(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return http.StatusOK
	}
	var e caddy.APIError
	if !errors.As(apiError(err), &e) || e.Err == nil {
		t.Fatalf("%v is no error of the admin API", err)
	}
	return e.HTTPStatus
}

func (o office) list(query string) (ids []string, next payment.ID) {
	o.t.Helper()
	v, err := o.listPayments(asks(http.MethodGet, "payments?"+query, "", ""))
	if err != nil {
		o.t.Fatal(err)
	}
	for _, p := range v.(listAnswer).Payments {
		ids = append(ids, string(p.ID[:1]))
	}
	return ids, v.(listAnswer).Next
}

func id(letter string) payment.ID { return payment.ID(strings.Repeat(letter, 16)) }

// While one configuration follows another, the younger one answers; without any there is none.
func TestYoungestIsInCharge(t *testing.T) { // not beside tests that start apps
	var paths []string
	for range 2 {
		path := filepath.Join(t.TempDir(), "journal.db")
		h, err := loadHost(path)
		if err != nil {
			t.Fatal(err)
		}
		app := roomy()
		app.generation = quiet()
		h.enforce(inForce{generation: app.generation, app: app})
		paths = append(paths, path)
		t.Cleanup(func() {
			h.close(context.Background())
			_, _ = hosts.Delete(path)
			_, _ = hosts.Delete(path)
		})
		defer func() {
			h.remove(app.generation)
			p, err := inCharge()
			if last := path == paths[0]; last && !errors.Is(err, errNotInForce) || !last && p.path != paths[0] {
				t.Errorf("in charge is %q (%v)", p.path, err)
			}
		}()
		if p, err := inCharge(); err != nil || p.path != path || p.app != app {
			t.Errorf("in charge is %q (%v)", p.path, err)
		}
	}
}

// What needs a person: all that is parked, and money that has not moved for an hour.
func TestAdminLists(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, p := range []struct {
		letter string
		state  payment.State
		ago    time.Duration
	}{
		{"A", payment.Parked, time.Minute},
		{"B", payment.Approved, 59 * time.Minute},
		{"C", payment.Approved, 61 * time.Minute},
		{"D", payment.Recorded, 2 * time.Hour},
		{"E", payment.Unknown, 3 * time.Hour},
		{"F", payment.Declined, 4 * time.Hour},
		{"G", payment.Parked, 5 * time.Hour},
	} {
		o.put(id(p.letter), p.state, p.ago)
	}
	for query, want := range map[string]string{
		"": "ABCDEFG", "attention=true": "ACEG", "attention=true&limit=2": "AC+", "attention=true&limit=2&after=" + string(id("C")): "EG",
		"attention=true&limit=4": "ACEG", "state=approved,unknown": "BCE", "state=approved&state=declined": "BCF", "limit=3": "ABC+",
		"limit=3&after=" + string(id("C")): "DEF+", "customer=8": "", "customer=7&partner=3": "",
	} {
		ids, next := o.list(query)
		got := strings.Join(ids, "")
		if next != "" {
			if got += "+"; next != id(got[len(got)-2:len(got)-1]) {
				t.Errorf("%s: goes on after %s", query, next)
			}
		}
		if got != want {
			t.Errorf("%s: %s, not %s", query, got, want)
		}
	}
	for _, query := range []string{
		"attention=perhaps", "attention=true&state=parked", "state=", "state=sunk", "customer=x", "partner=0", "limit=0", "limit=1001", "after=x", "sort=up",
	} {
		_, err := o.listPayments(asks(http.MethodGet, "payments?"+query, "", ""))
		if s := status(t, err); s != http.StatusBadRequest {
			t.Errorf("%s: %d (%v)", query, s, err)
		}
	}
	_, err := o.listPayments(asks(http.MethodGet, "payments?after="+string(id("Z")), "", ""))
	if s := status(t, err); s != http.StatusNotFound {
		t.Errorf("after one that is not there: %d (%v)", s, err)
	}
}

// Neither a list nor a payment tells what leads to a page or binds a form to its payer.
func TestAdminTellsNoSecret(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.put(id("A"), payment.Offered, time.Minute)
	list, err1 := o.listPayments(asks(http.MethodGet, "payments", "", ""))
	one, err2 := o.showPayment(asks(http.MethodGet, "payments/x", "", string(id("A"))))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal([]any{list, one})
	if err != nil || !strings.Contains(string(text), string(id("A"))) {
		t.Fatal(string(text), err)
	}
	if strings.Contains(string(text), "marked") {
		t.Errorf("it tells %s", text)
	}
}

// Whatever is wrong with a request is told apart, and nothing is done.
func TestAdminRefuses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.put(id("A"), payment.Parked, time.Minute)
	o.put(id("B"), payment.Recorded, time.Minute)
	settle := func(id, body string) error {
		_, err := o.settlePayment(asks(http.MethodPost, "payments/"+id+"/settle", body, id))
		return err
	}
	backup := func(body string) error {
		_, err := o.backupJournal(asks(http.MethodPost, "journal/backup", body, ""))
		return err
	}
	a, b := string(id("A")), string(id("B"))
	good := `{"how":"not-paid","reason":"it was a test","who":"anna"}`
	for name, c := range map[string]struct {
		err  error
		want int
		says string
	}{
		"id":            {settle("x", good), 400, "16 capitals"},
		"no such":       {settle(string(id("Z")), good), 404, "no such payment"},
		"not parked":    {settle(b, good), 409, "at an end"},
		"no reason":     {settle(a, `{"how":"again","reason":"","who":"anna"}`), 409, "say why"},
		"no money":      {settle(a, `{"how":"recorded","reason":"x","who":"anna"}`), 409, "not_paid"},
		"word":          {settle(a, `{"how":"gone","reason":"x","who":"anna"}`), 400, "again, recorded"},
		"nobody":        {settle(a, `{"how":"again","reason":"x","who":" "}`), 400, "who"},
		"control":       {settle(a, `{"how":"again","reason":"x","who":"an\u001bna"}`), 400, "who"},
		"field":         {settle(a, `{"how":"again","why":"x"}`), 400, "JSON"},
		"no JSON":       {settle(a, `how=again`), 400, "JSON"},
		"long":          {settle(a, `{"how":"`+strings.Repeat("x", 20<<10)+`"}`), 400, "JSON"},
		"relative":      {backup(`{"file":"backup.db"}`), 400, "absolute"},
		"journal":       {backup(fmt.Sprintf(`{"file":%q}`, o.path)), 409, "not there yet"},
		"no folder":     {backup(fmt.Sprintf(`{"file":%q}`, filepath.Join(o.path, "x", "b.db"))), 500, "not a directory"},
		"absent folder": {backup(fmt.Sprintf(`{"file":%q}`, filepath.Join(filepath.Dir(o.path), "x", "b.db"))), 400, "the folder must be there"},
	} {
		if s := status(t, c.err); s != c.want || c.err == nil || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: %d (%v), not %d with %q", name, s, c.err, c.want, c.says)
		}
	}
	_, err := o.acceptJournal(asks(http.MethodPost, "journal/accept", `{"who":"anna"}`, "")) // nobody to compare it with
	if s := status(t, err); s != http.StatusConflict {
		t.Errorf("accept: %d (%v)", s, err)
	}
	o.app.AdminCommands = "read"
	if err := settle(a, good); status(t, err) != http.StatusForbidden || !strings.Contains(err.Error(), "set admin_commands all") {
		t.Errorf("with admin_commands read: %v", err)
	}
	if p, err := o.engine.Get(t.Context(), id("A")); err != nil || p.State != payment.Parked {
		t.Fatal(p, err)
	}
	o.app.AdminCommands = "all"
	if err := settle(a, good); err != nil {
		t.Error(err)
	}
	events, err := o.engine.Events(t.Context(), id("A"))
	if err != nil || len(events) != 2 || events[1].Who != "anna" || events[1].Note != "it was a test" || events[1].To != payment.NotDone {
		t.Error(events, err)
	}
}

// A disk that hangs hangs no answer.
func TestWithin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hangs := make(chan struct{})
		if d := took(func() {
			_, err := within(t.Context(), readPatience, func(context.Context) (int, error) { <-hangs; return 0, nil })
			if status(t, err) != http.StatusServiceUnavailable {
				t.Error(err)
			}
		}); d != readPatience {
			t.Errorf("waited %s", d)
		}
		close(hangs)
		if v, err := within(t.Context(), readPatience, func(context.Context) (int, error) { return 42, nil }); v != 42 || err != nil {
			t.Error(v, err)
		}
	})
}

// Each thing that keeps payments from being taken, or money from being booked, makes it unwell.
func TestHealthProblems(t *testing.T) {
	t.Parallel()
	full := roomy()
	full.JournalReserve, full.space = 1<<20, &space{dir: "/journal", ask: func(string) (uint64, error) { return 1 << 10, nil }, now: time.Now}
	full.Partners = map[int64]Partner{2: {}, 3: {}}
	unbookable := roomy()
	unbookable.Partners = map[int64]Partner{2: {}}
	unbookable.generation = &payment.Generation{Partners: map[int64]payment.Partner{2: {PaymentMethod: 9}}}
	unbookable.noMethods.set(9, true)
	late := func(s payment.State, ago time.Duration) func(*health) {
		return func(h *health) {
			h.Payments.Oldest = &healthOldest{payment.Oldest{Payment: id("A"), State: s, Since: at(0).Add(-ago)}, "57.50", "NZD"}
		}
	}
	for name, c := range map[string]struct {
		app  *App
		does func(*health)
		says string // "": it is well
	}{
		"nothing":            {roomy(), func(*health) {}, ""},
		"closed":             {roomy(), func(h *health) { h.Journal.Open, h.Journal.Why = false, "locked" }, "locked"},
		"unwritable":         {roomy(), func(h *health) { h.Journal.Unwritable = true }, "cannot be written"},
		"held":               {roomy(), func(h *health) { h.Journal.Held = &payment.Hold{Why: payment.HeldNew} }, "the journal is new"},
		"old":                {roomy(), func(h *health) { h.Journal.Old = &payment.Strangers{Count: 2, UpTo: 3} }, "journal accept"},
		"accepted":           {roomy(), func(h *health) { h.Journal.Accepted = &payment.Acceptance{} }, ""},
		"disk":               {full, func(*health) {}, "journal_reserve"},
		"method":             {unbookable, func(*health) {}, "payment_method 9 is not in splynx"},
		"money for 59 m":     {roomy(), late(payment.Approved, 59*time.Minute), ""},
		"money for an hour":  {roomy(), late(payment.Approved, time.Hour), "tried again by itself"},
		"parked for an hour": {roomy(), late(payment.Parked, time.Hour), "57.50 NZD, is parked since 2026-11-25 09:58:00 UTC; it waits for a person"},
		"parked just now":    {roomy(), late(payment.Parked, time.Minute), ""},
		"open":               {roomy(), func(h *health) { h.Windcave.Gate = "open" }, "Windcave does not answer"},
		"trying":             {roomy(), func(h *health) { h.Splynx.Gate, h.Splynx.LastFailure = "half-open", at(-14) }, "Splynx does not answer"},
		"long not asked":     {roomy(), func(h *health) { h.Splynx.Gate, h.Splynx.LastFailure = "half-open", at(-16) }, ""},
		"failed, and passes": {roomy(), func(h *health) { h.Splynx.LastFailure = at(-1) }, ""},
	} {
		h := healthy()
		h.Windcave = upstream.State{Name: "windcave", Gate: "closed"}
		c.does(&h)
		h.look(c.app, at(0))
		if h.Well != (c.says == "") || h.Well != (len(h.Problems) == 0) || len(h.Problems) > 1 {
			t.Errorf("%s: well is %t, problems %q", name, h.Well, h.Problems)
		}
		if c.says != "" && !slices.ContainsFunc(h.Problems, func(s string) bool { return strings.Contains(s, c.says) }) {
			t.Errorf("%s: problems %q, not %q", name, h.Problems, c.says)
		}
	}
}

// Health of a journal with money in it, as the engine tells.
func TestHealthOfMoney(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.put(id("A"), payment.Approved, 2*time.Hour)
	o.put(id("B"), payment.Parked, time.Minute)
	h := o.health(t.Context(), time.Now())
	n := h.Payments
	if h.Well || n == nil || n.Unfinished[payment.Approved] != 1 || n.Parked != 1 || n.Oldest == nil || n.Oldest.Payment != id("A") || n.Oldest.Amount != "57.50" || n.Oldest.Currency != "NZD" {
		t.Errorf("%+v %+v", h, n)
	}
	if !h.Journal.Open || !h.Journal.Fresh || h.Journal.Free == nil || h.Journal.Path == "" || h.Splynx.Name != "splynx" || h.Windcave.Name != "windcave" {
		t.Errorf("%+v", h)
	}
	_ = o.store.Close()
	if h := o.health(t.Context(), time.Now()); h.Well || len(h.Problems) != 1 || !strings.Contains(h.Problems[0], "cannot be read") {
		t.Errorf("of a journal that cannot be read: %q", h.Problems)
	}
}
