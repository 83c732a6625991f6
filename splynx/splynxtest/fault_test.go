package splynxtest

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const paymentsPath = "admin/finance/payments"

// Each fault on POST payments: what the caller gets, and whether the payment is there.
func TestFaultsOfPosting(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		fault  Fault
		status int // 0: no answer
		body   string
		booked bool
	}{
		{"cut before", Fault{Kind: Cut}, 0, "", false},
		{"cut after", Fault{Kind: Cut, Commit: true}, 0, "", true},
		{"500 before", Fault{Kind: Status}, 500, "SERVER_ERROR", false},
		{"500 after", Fault{Kind: Status, Commit: true}, 500, "SERVER_ERROR", true},
		{"502", Fault{Kind: Status, Status: 502}, 502, `"code":502`, false},
		{"503", Fault{Kind: Status, Status: 503}, 503, `"code":503`, false},
		{"429", Fault{Kind: Status, Status: 429}, 429, `"code":429`, false},
		{"400", Fault{Kind: Status, Status: 400}, 400, "BAD_REQUEST", false},
		{"401", Fault{Kind: Status, Status: 401}, 401, "UNAUTHORIZED", false},
		{"403", Fault{Kind: Status, Status: 403}, 403, "FORBIDDEN", false},
		{"404", Fault{Kind: Status, Status: 404}, 404, "NOT_FOUND", false},
		{"405", Fault{Kind: Status, Status: 405}, 405, "METHOD_DISABLED", false},
		{"422", Fault{Kind: Status, Status: 422}, 422, "INVALID_INPUT_DATA", false},
		{"garbage after", Fault{Kind: Garbage, Commit: true}, 201, "<b>Warning</b>", true},
		{"garbage before", Fault{Kind: Garbage, Body: "\xff\xfe"}, 201, "\xff\xfe", false},
		{"no id", Fault{Kind: NoID, Commit: true}, 201, `{"result":"ok"}`, true},
		{"empty", Fault{Kind: Empty, Commit: true}, 201, "", true},
		{"login page", Fault{Kind: LoginPage}, 200, "<form", false},
		{"to login", Fault{Kind: ToLogin}, 302, "", false},
		{"slow", Fault{Kind: Slow, Delay: time.Nanosecond}, 201, `{"id":1}`, true},
		{"truncated", Fault{Kind: Truncated}, 0, "", true},
		{"deep", Fault{Kind: Deep, Size: 70_000}, 201, "[[[[", false},
		{"huge", Fault{Kind: Huge, Size: 200_000}, 201, "   ", false},
		{"huge header", Fault{Kind: HugeHeader, Size: 5000}, 201, "", false},
		{"late dropped at once", Fault{Kind: Late, Hold: time.Nanosecond, Delay: time.Hour}, 0, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, c := setup(t, Options{})
			tt.fault.Op = "POST payments"
			s.Inject(tt.fault)
			c.want(200, "GET", paymentsPath, "") // another operation, not met
			resp, body, err := c.try("POST", paymentsPath, paymentBody(nil))
			if (err != nil) != (tt.status == 0) || err == nil && (resp.StatusCode != tt.status || !strings.Contains(body, tt.body)) {
				t.Errorf("answer %v, %.100q, error %v; want %d with %q", resp, body, err, tt.status, tt.body)
			}
			if got := len(s.Payments()) == 1; got != tt.booked {
				t.Errorf("booked is %v, want %v", got, tt.booked)
			}
			e := s.Log()[len(s.Log())-1]
			cut := tt.status == 0 && tt.fault.Kind != Truncated
			if e.Fault != tt.fault.Kind || e.Committed != tt.booked || (e.Status == 0) != cut || e.Receipt != "R1" {
				t.Errorf("log %+v", e)
			}
			if tt.fault.Size > 0 && tt.fault.Kind != HugeHeader && len(body) < tt.fault.Size {
				t.Errorf("only %d bytes came", len(body))
			}
			if tt.fault.Kind == HugeHeader && len(resp.Header.Get("X-Filler")) != tt.fault.Size {
				t.Error("the header is small")
			}
			c.want(201, "POST", paymentsPath, paymentBody(nil)) // met once only
		})
	}
}

func TestRefusedConnection(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	s.Inject(Fault{Op: "POST payments", Kind: Refuse, Skip: 1})
	c.want(200, "GET", paymentsPath, "")
	c.want(201, "POST", paymentsPath, paymentBody(nil))
	if _, _, err := c.try("POST", paymentsPath, paymentBody(nil)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %v", err)
	}
	c.want(201, "POST", paymentsPath, paymentBody(nil))
	if log := s.Log(); log[2].Fault != Refuse || log[2].Committed || len(log) != 4 {
		t.Errorf("%+v", log)
	}
}

func TestOutage(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	c.want(200, "GET", paymentsPath, "")
	s.SetOutage(true)
	for range 2 {
		if _, _, err := c.try("GET", paymentsPath, ""); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("error %v", err)
		}
	}
	s.SetOutage(false)
	c.want(200, "GET", paymentsPath, "")
}

func TestFaultsOfSearching(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	for _, receipt := range []string{"A", "B", "A", "C"} {
		s.InsertPayment(Payment{CustomerID: 1, Amount: "1", Receipt: receipt})
	}
	search := paymentsPath + "?" + escape("main_attributes[receipt_number]=A")
	for _, tt := range []struct {
		kind Kind
		ids  string
	}{{IgnoreFilter, "1 2 3 4"}, {EmptySearch, ""}, {MissNewest, "1"}} {
		s.Inject(Fault{Op: "* payments", Kind: tt.kind})
		c.want(200, "GET", paymentsPath+"/1", "") // no search, not met
		if got := idsOf(rowsOf(t, c.want(200, "GET", search, ""))); got != tt.ids {
			t.Errorf("%s: rows %q, want %q", tt.kind, got, tt.ids)
		}
		if got := idsOf(rowsOf(t, c.want(200, "GET", search, ""))); got != "1 3" {
			t.Errorf("after %s: rows %q", tt.kind, got)
		}
	}
	s.Inject(Fault{Op: "LIST payments", Kind: MissNewest})
	c.want(200, "GET", paymentsPath+"?"+escape("main_attributes[id]=99"), "")
}

func TestWhichCallsMeetAFault(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault Fault
		want  string // s for met, . for not: GET list, GET one, POST, GET of invoices, repeated
	}{
		{Fault{Op: "*", Times: 2}, "xx......"},
		{Fault{Op: "* payments", Times: -1}, "xxx.xxx."},
		{Fault{Op: "GET *", Times: -1}, "xx.xxx.x"},
		{Fault{Op: "LIST payments", Times: -1}, "x...x..."},
		{Fault{Op: "VIEW payments", Times: -1}, ".x...x.."},
		{Fault{Op: "GET payments", Times: 3}, "xx..x..."},
		{Fault{Op: "POST payments", Skip: 1}, "......x."},
	} {
		s, c := setup(t, Options{})
		s.InsertPayment(Payment{CustomerID: 1, Amount: "1"})
		tt.fault.Kind, tt.fault.Status = Status, 503
		s.Inject(tt.fault)
		got := ""
		for range 2 {
			for _, call := range [][2]string{
				{"GET", paymentsPath}, {"GET", paymentsPath + "/1"}, {"POST", paymentsPath}, {"GET", "admin/finance/invoices"},
			} {
				if status, _ := c.call(call[0], call[1], paymentBody(nil)); status == 503 {
					got += "x"
				} else {
					got += "."
				}
			}
		}
		if got != tt.want {
			t.Errorf("%+v: met by %s, want %s", tt.fault, got, tt.want)
		}
		s.ClearFaults()
		c.want(200, "GET", paymentsPath, "")
	}
}

// Random faults follow the seed.
func TestRate(t *testing.T) {
	t.Parallel()
	run := func(o Options, f *Fault) (string, int) {
		s, c := setup(t, o)
		if f != nil {
			s.Inject(*f)
		}
		for range 100 {
			_, _, _ = c.try("POST", paymentsPath, paymentBody(nil)) // what it met is in the log
		}
		var all strings.Builder
		met := 0
		for _, e := range s.Log() {
			all.WriteString(string(e.Fault) + ",")
			if e.Fault != "" {
				met++
			}
		}
		return all.String(), met
	}
	a, met := run(Options{Seed: 1, Rate: 30}, nil)
	if met < 10 || met > 60 {
		t.Errorf("%d of 100 calls met a fault", met)
	}
	if b, _ := run(Options{Seed: 1, Rate: 30}, nil); a != b {
		t.Error("the same seed gave other faults")
	}
	if b, _ := run(Options{Seed: 2, Rate: 30}, nil); a == b {
		t.Error("another seed gave the same faults")
	}
	if _, met := run(Options{}, &Fault{Op: "POST payments", Kind: Cut, Times: -1, Rate: 50}); met < 25 || met > 75 {
		t.Errorf("%d of 100 calls met a fault with a chance of one half", met)
	}
}

func TestHooks(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	var seen []string
	remove := s.OnRequest("POST payments", func() {
		i, _ := s.Invoice(1)
		seen = append(seen, "before "+i.Status)
	})
	s.AfterCommit("POST payments", func() {
		i, _ := s.Invoice(1)
		seen = append(seen, "after "+i.Status)
	})
	s.AfterCommit("LIST payments", func() { seen = append(seen, "a list commits nothing") })
	c.want(201, "POST", paymentsPath, paymentBody(nil))
	remove()
	c.want(422, "POST", paymentsPath, paymentBody(map[string]any{"amount": "x"}))
	c.want(200, "GET", paymentsPath, "")
	if got := strings.Join(seen, ", "); got != "before not_paid, after paid" {
		t.Error(got)
	}
}

// What staff do between two calls of a client.
func TestHookChangesTheInvoice(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	s.OnRequest("POST payments", func() { s.DeleteInvoice(1) })
	c.want(200, "GET", "admin/finance/invoices/1", "")
	c.code(422, "INVALID_INPUT_DATA", "POST", paymentsPath, paymentBody(nil))
}

func TestBarrier(t *testing.T) {
	t.Parallel()
	for at, before := range map[Moment]int{BeforeProcessing: 0, AfterCommit: 1} {
		s, c := setup(t, Options{})
		b := s.Hold("POST payments", at)
		done := make(chan error, 1)
		go func() {
			_, _, err := c.try("POST", paymentsPath, paymentBody(nil))
			done <- err
		}()
		<-b.Arrived()
		if n := len(s.Payments()); n != before {
			t.Errorf("moment %d: %d payments, want %d", at, n, before)
		}
		b.Release()
		b.Release()
		if err := <-done; err != nil {
			t.Error(err)
		}
		c.want(201, "POST", paymentsPath, paymentBody(nil)) // held once only
	}
}

// Close ends what is held and what is to come.
func TestCloseWhileHeld(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	s.Inject(Fault{Op: "POST payments", Kind: Late, Hold: time.Nanosecond, Delay: time.Hour})
	if _, _, err := c.try("POST", paymentsPath, paymentBody(nil)); err == nil {
		t.Error("the caller was not dropped")
	}
	b := s.Hold("POST payments", BeforeProcessing)
	s.Inject(Fault{Op: "GET payments", Kind: Slow, Delay: time.Hour})
	done := make(chan error, 2)
	for _, method := range []string{"POST", "GET"} {
		go func() {
			_, _, err := c.try(method, paymentsPath, paymentBody(nil))
			done <- err
		}()
	}
	<-b.Arrived()
	s.Close()
	s.Close()
	for range 2 {
		if err := <-done; err == nil {
			t.Error("a held call was answered")
		}
	}
	if len(s.Payments()) != 0 {
		t.Error("a commit came after Close")
	}
	if _, _, err := c.try("GET", paymentsPath, ""); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %v", err)
	}
	if _, err := s.Start("127.0.0.1:0"); err == nil {
		t.Error("a closed server started")
	}
}

// The client gives up after 30 s; the payment is booked 30 s after that.
func TestLateCommitInVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := setup(t, Options{})
		s.Now = time.Now
		c.http.Timeout = 30 * time.Second
		s.Inject(Fault{Op: "POST payments", Kind: Late, Delay: 30 * time.Second})
		committed := make(chan time.Time, 1)
		s.AfterCommit("POST payments", func() { committed <- time.Now() })
		start := time.Now()
		_, _, err := c.try("POST", paymentsPath, paymentBody(nil))
		if gave := time.Since(start); err == nil || gave != 30*time.Second {
			t.Errorf("gave up after %v with %v", gave, err)
		}
		if rows := rowsOf(t, c.want(200, "GET", paymentsPath, "")); len(rows) != 0 {
			t.Errorf("booked at once: %v", rows)
		}
		if at := (<-committed).Sub(start); at != time.Minute {
			t.Errorf("booked after %v", at)
		}
		synctest.Wait()
		log := s.Log()
		if len(log) != 3 || log[0].Committed || !log[2].Committed || !log[2].Late || log[2].ID != 1 || log[2].Status != 0 {
			t.Errorf("%+v", log)
		}
		if p := s.Payments(); len(p) != 1 || p[0].Created.Sub(start) != time.Minute {
			t.Errorf("%+v", p)
		}
		s.Close()
	})
}

// A late commit uses the authorisation that the call came with, even when the token has expired by then.
func TestLateCommitAfterTheTokenExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := setup(t, Options{})
		s.Now = time.Now
		c.signInWithKey()
		s.Inject(Fault{Op: "POST payments", Kind: Late, Hold: time.Second, Delay: time.Hour})
		committed := make(chan struct{})
		s.AfterCommit("POST payments", func() { close(committed) })
		if _, _, err := c.try("POST", paymentsPath, paymentBody(nil)); err == nil {
			t.Error("the caller was not dropped")
		}
		<-committed
		s.Close()
	})
}

// A slow answer is done although its caller has gone.
func TestSlowInVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := setup(t, Options{})
		s.Now = time.Now
		s.Inject(Fault{Op: "POST payments", Kind: Slow, Delay: time.Minute, Times: 2})
		start := time.Now()
		c.want(201, "POST", paymentsPath, paymentBody(nil))
		if took := time.Since(start); took != time.Minute {
			t.Errorf("took %v", took)
		}
		c.http.Timeout = time.Second
		if _, _, err := c.try("POST", paymentsPath, paymentBody(nil)); err == nil {
			t.Error("no time-out")
		}
		committed := make(chan struct{})
		s.AfterCommit("POST payments", func() { close(committed) })
		<-committed
		s.Close()
	})
}

// Without a server around it, the handler works and a cut call panics as net/http wants it.
func TestHandlerAlone(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	if status, body := post(t, s, c, "application/json", paymentBody(nil)); status != 201 {
		t.Errorf("%d %s", status, body)
	}
	s.Inject(Fault{Op: "POST payments", Kind: Cut})
	defer func() {
		if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // a panic value
			t.Errorf("panic %v", v)
		}
	}()
	post(t, s, c, "application/json", paymentBody(nil))
}

// A body that breaks off is no call.
func TestBodyBreaksOff(t *testing.T) {
	t.Parallel()
	s, c := setup(t, Options{})
	r, err := http.NewRequestWithContext(t.Context(), "POST", "http://x/api/2.0/"+paymentsPath,
		io.MultiReader(strings.NewReader(`{"customer_id":1`), failing{}))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := c.http.Do(r); err == nil {
		resp.Body.Close()
		t.Error("answered")
	}
	c.want(200, "GET", paymentsPath, "")
	if len(s.Log()) != 1 {
		t.Errorf("%+v", s.Log())
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken") }
