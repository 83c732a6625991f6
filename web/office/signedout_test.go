package office

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/splynx/splynxtest"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// signsOut gives a session of an administrator, which ends after a while.
func (r *rig) signsOut(after time.Duration) string {
	r.Helper()
	session := strings.Repeat("b", 32)
	r.Splynx.AddAdministratorSession(session, r.Splynx.AddAdministrator(splynxtest.Administrator{Login: "bob"}))
	time.AfterFunc(after, func() { r.Splynx.EndSession(session) })
	return session
}

// Who signs out while a run is watched is shown nothing of it from a minute later on.
func TestStreamEndsWithTheSession(t *testing.T) {
	set := charging
	set.Runs = &charge.Options{Concurrency: 1, PerSecond: 0.2}
	inBubble(t, set, func(r *rig) {
		r.dozen(40)
		path, look := r.preview()
		r.begins(path, look)
		session, began := r.signsOut(5*time.Second), time.Now()
		a := r.get(path+"/events", cookie(session))
		if took := time.Since(began); took > time.Minute+watchLook || len(a.events()) < 5 {
			t.Errorf("the stream went on for %s, with %d pictures", took, len(a.events()))
		}
	})
}

// slowReader takes its time over each piece of an answer.
type slowReader struct {
	*httptest.ResponseRecorder
	pause time.Duration
}

func (s *slowReader) Write(b []byte) (int, error) {
	time.Sleep(s.pause)
	return s.ResponseRecorder.Write(b)
}

// Likewise whoever reads a file slowly; its last line says that it is not complete. And only so many
// files are written at a time.
func TestFileEndsWithTheSession(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		var items []item
		for n := range 3000 {
			items = append(items, item{customer: r.Customer, number: fmt.Sprint("2026/5", n), amount: "10.00"})
		}
		r.putRun(runID, charge.Planned, items...)
		target := web.AdminPath + "charge/" + string(runID) + "/csv"
		session := r.signsOut(5 * time.Second)
		reads := func() string {
			q := httptest.NewRequest(http.MethodGet, r.URL+target, nil)
			q.RequestURI, q.RemoteAddr = target, "203.0.113.9:4711"
			cookie(session)(q)
			w := &slowReader{httptest.NewRecorder(), 3 * time.Second}
			r.Handler.ServeHTTP(w, q)
			return w.Body.String()
		}
		texts := make(chan string)
		for range exportsMost {
			go func() { texts <- reads() }()
		}
		time.Sleep(4 * time.Second)
		r.wants(r.get("charge/"+string(runID)+"/csv", cookie(session)), http.StatusServiceUnavailable, "Too many tries")
		for range exportsMost {
			text := <-texts
			if rows := strings.Count(text, "\n"); rows < 500 || rows > 2900 || !strings.Contains(text, "not complete: you were signed out meanwhile") {
				t.Errorf("a file of %d rows ends with %q", rows, text[max(0, len(text)-200):])
			}
		}
	})
}
