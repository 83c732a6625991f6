package windcavetest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhichAnswersStopTheTries(t *testing.T) {
	t.Parallel()
	for status, tries := range map[int]int{
		200: 1, 201: 1, 302: 1, 303: 1, 404: 1, 502: 1,
		0: 6, 202: 6, 204: 6, 301: 6, 307: 6, 400: 6, 401: 6, 403: 6, 410: 6, 429: 6, 500: 6, 503: 6, 504: 6,
	} {
		synctest.Test(t, func(t *testing.T) {
			r := setup(t, Options{NotifyClient: answering(func(*http.Request) int { return status })})
			r.pay(r.page(), CardApproved)
			time.Sleep(time.Second) // virtual time
			synctest.Wait()
			n := r.Notifications()
			state := map[bool]string{true: NoticeDone, false: NoticeGivenUp}[tries == 1]
			if len(n) != 1 || len(n[0].Tries) != tries || n[0].State != state || n[0].Tries[0].Status != status {
				t.Errorf("status %d: %+v", status, n)
			}
			if e := r.last(OpNotify); e.Status != status || e.TxnID != theID || e.Answered != (status != 0) {
				t.Errorf("logged %+v", e)
			}
		})
	}
}

func TestTriesGoOnUntilOneIsTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := []int{503, 0, 500, 200}
		var at []time.Time
		r := setup(t, Options{NotifySpacing: time.Minute, NotifyClient: answering(func(*http.Request) int {
			at = append(at, time.Now())
			return answers[len(at)-1]
		})})
		r.pay(r.page(), CardApproved)
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(at) != 4 || at[3].Sub(at[0]) != 3*time.Minute {
			t.Errorf("tries at %v", at)
		}
	})
}

func TestWhatANotificationLooksLike(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []*http.Request
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r)
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "x"})
		http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
	}))
	t.Cleanup(target.Close)
	s := New(Options{Accounts: []Account{testAccount()}, NotifySpacing: time.Microsecond, Notify: NotifyBefore})
	t.Cleanup(s.Close)
	r := &rig{s, t, &http.Client{Transport: s.Transport()}}
	back := r.pay(r.page("UrlCallback", target.URL+"/notify"), CardDeclined)
	r.Close()
	mu.Lock()
	defer mu.Unlock()
	if len(seen) == 0 {
		t.Fatal("nothing came")
	}
	for _, got := range seen {
		if got.Method != http.MethodGet || got.URL.Path != "/notify" || got.URL.RawQuery != back[strings.Index(back, "?")+1:] {
			t.Errorf("%s %s, but the return is %s", got.Method, got.URL, back)
		}
		if len(got.Header) != 2 || got.UserAgent() != "PXL1" || got.Header.Get("Accept") != "*/*" || got.ContentLength != 0 {
			t.Errorf("headers %v", got.Header)
		}
	}
}

func TestTheDefaultTransportStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	req, _ := http.NewRequest(http.MethodGet, "http://192.0.2.1/notify", nil)
	res, err := loopbackTransport().RoundTrip(req)
	if err == nil {
		_ = res.Body.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "loopback addresses only") {
		t.Errorf("%v", err)
	}
}

func TestWhereTheNotificationGoes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		callback string
		card     Card
		want     string
	}{
		{"", CardApproved, "/return/ok"},
		{"", CardDeclined, "/return/no"},
		{"https://portal.example.net/notify", CardApproved, "/notify"},
		{"https://portal.example.net/notify", CardDeclined, "/notify"},
	} {
		r := setup(t, Options{})
		r.HoldNotifications(true)
		r.pay(r.page("UrlCallback", tt.callback), tt.card)
		if got := r.Notifications()[0].URL; !strings.HasPrefix(got, "https://portal.example.net"+tt.want+"?result=") {
			t.Errorf("%q: %s", tt.callback, got)
		}
	}
}

func TestEveryAttemptIsNotified(t *testing.T) {
	t.Parallel()
	r := setup(t, Options{Notify: NotifyBefore})
	page := r.page()
	r.pay(page, CardDeclined)
	if _, err := r.Cancel(page); err != nil {
		t.Fatal(err)
	}
	r.pay(page, CardApproved)
	r.pay(page, CardApproved)
	if got := r.Notifications(); len(got) != 3 || got[0].URL == got[1].URL {
		t.Errorf("%+v", got)
	}
}

func TestTheMomentOfTheNotification(t *testing.T) {
	t.Parallel()
	for moment, tt := range map[Moment]struct {
		want  string
		fault []Fault
	}{
		NotifyBefore: {want: "notified returned"},
		NotifyAfter:  {want: "returned notified"},
		NotifyWith:   {want: "notified returned", fault: []Fault{{Kind: NotifyFirst, Op: OpNotify}}},
	} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			var order []string
			note := func(what string) {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, what)
			}
			r := setup(t, Options{Notify: moment, NotifyClient: answering(func(*http.Request) int {
				time.Sleep(time.Second) // a slow answer, in virtual time
				note("notified")
				return 200
			})})
			for _, f := range tt.fault {
				r.Inject(f)
			}
			r.pay(r.page(), CardApproved)
			note("returned")
			time.Sleep(time.Minute)
			synctest.Wait()
			if got := strings.Join(order, " "); got != tt.want {
				t.Errorf("%d: %s", moment, got)
			}
		})
	}
}

func TestNotificationFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := setup(t, Options{})
		tries := func(i int) int { return len(r.Notifications()[i].Tries) }
		r.Inject(Fault{Kind: NotifyDrop, Op: OpNotify, TxnID: "DROP"})
		r.Inject(Fault{Kind: NotifyRepeat, Op: OpNotify, TxnID: "REPEAT", N: 5})
		hold := r.Inject(Fault{Kind: NotifyDelay, Op: OpNotify, TxnID: "HOLD", Hold: true})
		r.Inject(Fault{Kind: NotifyDelay, Op: OpNotify, TxnID: "DAY", Delay: 24 * time.Hour})
		for _, id := range []string{"DROP", "REPEAT", "HOLD", "DAY"} {
			r.pay(r.page("TxnId", id), CardApproved)
		}
		synctest.Wait()
		if got := []int{tries(0), tries(1), tries(2), tries(3)}; !slices.Equal(got, []int{0, 6, 0, 0}) {
			t.Errorf("tries %v", got)
		}
		<-hold.Reached()
		hold.Release()
		synctest.Wait()
		if tries(2) != 1 || tries(3) != 0 || r.Notifications()[0].State != NoticeDropped {
			t.Errorf("%+v", r.Notifications())
		}
		time.Sleep(25 * time.Hour)
		synctest.Wait()
		if tries(3) != 1 {
			t.Errorf("%+v", r.Notifications()[3])
		}
	})
}

func TestNotificationsByHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		status := 503
		r := setup(t, Options{NotifyClient: answering(func(*http.Request) int { return status })})
		r.HoldNotifications(true)
		r.pay(r.page(), CardApproved)
		r.pay(r.page("TxnId", "B"), CardApproved)
		synctest.Wait()
		if n := r.Notifications(); n[0].State != NoticeHeld || len(n[0].Tries)+len(n[1].Tries) != 0 {
			t.Errorf("%+v", n)
		}
		if got, err := r.SendNotification(0); got != 503 || err != nil {
			t.Errorf("%d %v", got, err)
		}
		status = 200
		for range 2 {
			if got, err := r.SendNotification(0); got != 200 || err != nil {
				t.Errorf("%d %v", got, err)
			}
		}
		r.HoldNotifications(false)
		synctest.Wait()
		if n := r.Notifications(); len(n[0].Tries) != 3 || len(n[1].Tries) != 1 || n[1].State != NoticeDone {
			t.Errorf("%+v", n)
		}
		if _, err := r.SendNotification(2); err == nil {
			t.Error("sent what is not there")
		}
		status = 0
		if _, err := r.SendNotification(1); err == nil || strings.Contains(err.Error(), "result=") {
			t.Errorf("%v", err)
		}
	})
}
