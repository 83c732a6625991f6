package office

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
	"github.com/caddy-paymentexpress/paymentexpress/web"
)

// events are what a stream has sent: names with their data.
type event struct{ name, data string }

func (a answer) events() (all []event) {
	var e event
	for line := range strings.Lines(a.Body.String()) {
		switch line = strings.TrimSuffix(line, "\n"); {
		case strings.HasPrefix(line, "event: "):
			e.name = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			e.data += line[len("data: "):] + "\n"
		case line == "" && e.name != "":
			all = append(all, e)
			e = event{}
		}
	}
	return all
}

// A stream shows a run's progress, tells of each new state, and ends with the run.
func TestRunIsWatched(t *testing.T) {
	set := charging
	set.Runs = &charge.Options{Concurrency: 1, PerSecond: 1}
	inBubble(t, set, func(r *rig) {
		r.dozen(15)
		path, look := r.preview()
		r.begins(path, look)
		go func() {
			time.Sleep(4 * time.Second)
			r.press(path+"/pause", r.get(path).formOf("/pause"))
			time.Sleep(40 * time.Second)
			r.press(path+"/resume", r.get(path).formOf("/resume"))
		}()
		a := r.get(path + "/events")
		if a.Code != 200 || a.Header().Get("Content-Type") != "text/event-stream" || !a.Flushed {
			t.Errorf("the stream is %d %q, flushed %t", a.Code, a.Header().Get("Content-Type"), a.Flushed)
		}
		if !strings.Contains(a.Body.String(), "\n: still here\n") {
			t.Error("nothing goes over the line while nothing happens")
		}
		seen, last, states := 0, "", ""
		for _, e := range a.events() {
			switch e.name {
			case "progress":
				seen++
				last = e.data
			default:
				states += e.name + " " + strings.TrimSpace(e.data) + ", "
			}
		}
		if seen < 6 || states != "state paused, state running, end done, " {
			t.Errorf("%d pictures, then %s", seen, states)
		}
		if !strings.Contains(last, "18 of 18") {
			t.Errorf("the last picture is %q", last)
		}
		// What stands is told once.
		if again := r.get(path + "/events").events(); len(again) != 2 || again[1].name != "end" {
			t.Errorf("a run that has ended sends %v", again)
		}
	})
}

// A stream ends by itself after a while, so that it is asked again who reads it; the browser opens
// it anew.
func TestWatchingHasAnEnd(t *testing.T) {
	inBubble(t, charging, func(r *rig) {
		r.putRun(runID, charge.Paused, r.mixed()...)
		began := time.Now()
		a := r.get("charge/" + string(runID) + "/events")
		if took := time.Since(began); took < watchLife || took > watchLife+watchLook {
			t.Errorf("it took %s", took)
		}
		if all := a.events(); len(all) != 1 || all[0].name != "progress" {
			t.Errorf("it sent %v", all)
		}
		began = time.Now()
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(10*time.Second, cancel)
		r.get("charge/"+string(runID)+"/events", cookie(rigStaff), func(q *http.Request) { *q = *q.WithContext(ctx) })
		if took := time.Since(began); took > 11*time.Second {
			t.Errorf("a browser that has left is served for %s", took)
		}
		if n := len(r.Office.watchers); n != 0 {
			t.Errorf("%d watchers are still there", n)
		}
	})
}

// Streams end when the configuration is closed, and more than so many are not opened.
func TestTooManyWatchers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		closing := make(chan struct{})
		set := charging
		set.Office.Closing = closing
		r := newRig(t, set)
		r.putRun(runID, charge.Paused)
		ended := make(chan answer)
		for range watchersMost {
			go func() { ended <- r.get("charge/" + string(runID) + "/events") }()
		}
		synctest.Wait()
		r.wants(r.get("charge/"+string(runID)+"/events"), 503, "Too many tries")
		began := time.Now()
		close(closing)
		for range watchersMost {
			if a := <-ended; a.Code != 200 {
				t.Errorf("a stream is %d", a.Code)
			}
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("closing took %s", took)
		}
	})
}

// A real server sends each picture as it comes, past its own deadline for answers.
func TestWatchedOverALine(t *testing.T) {
	t.Parallel()
	set := charging
	set.Runs = &charge.Options{Concurrency: 1, PerSecond: 2}
	server := httptest.NewUnstartedServer(nil)
	set.URL = "http://" + server.Listener.Addr().String()
	r := newRig(t, set)
	server.Config.Handler, server.Config.WriteTimeout = r.Handler, time.Second
	server.Start()
	t.Cleanup(server.Close)
	r.dozen(4)
	path, look := r.preview()
	r.begins(path, look)
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+web.AdminPath+path+"/events", nil)
	r.must(err)
	cookie(rigStaff)(q)
	answer, err := server.Client().Do(q)
	r.must(err)
	defer answer.Body.Close()
	var last string
	pictures, began := 0, time.Now()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			if last = name; name == "progress" {
				pictures++
			}
		}
	}
	if lines.Err() != nil || last != "end" || pictures < 2 || time.Since(began) < time.Second {
		t.Errorf("%d pictures in %s, the last event is %q: %v", pictures, time.Since(began), last, lines.Err())
	}
}
