package office

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

const (
	watchersMost = 100              // streams that are open at a time, of one configuration
	watchLook    = 2 * time.Second  // what other nodes do is only seen by looking
	watchPause   = time.Second      // between two pictures of a run that is busy
	watchBeat    = 15 * time.Second // something goes over the line, so that nobody cuts it
	watchLife    = 2 * time.Minute  // then the browser opens it anew
	watchWrite   = 30 * time.Second // for whoever does not read
)

// stream sends events to one browser.
type stream struct {
	w    http.ResponseWriter
	to   *http.ResponseController
	last string // the picture that was sent
	sent time.Time
}

// runEvents sends pictures of a run as it changes: an event "progress" with a part of the page;
// "state" once the run is in another state, for which the page has other buttons; "end" when
// nothing of it changes by itself any more.
func (d *desk) runEvents() error {
	runs, run, err := d.run()
	if err != nil {
		return err
	}
	select {
	case d.watchers <- struct{}{}:
		defer func() { <-d.watchers }()
	default:
		return problem{status: http.StatusServiceUnavailable, key: "too_many"}
	}
	header := d.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no") // for an nginx in front
	d.w.WriteHeader(http.StatusOK)
	if d.r.Method == http.MethodHead {
		return nil
	}
	s := &stream{w: d.w, to: http.NewResponseController(d.w)}
	ctx, cancel := context.WithTimeout(d.r.Context(), watchLife)
	defer cancel()
	err = d.watch(ctx, s, runs, run)
	if err != nil && ctx.Err() == nil && !errors.Is(err, errNotSame) { // the head is sent: no page can tell
		d.Logger.Warn("a charge run cannot be watched any more", zap.String("run", string(run.ID)), zap.Error(err))
	}
	return nil
}

// watch sends pictures until the run stands, or ctx ends. errNotSame.
func (d *desk) watch(ctx context.Context, s *stream, runs *charge.Runs, run *charge.Run) error {
	if err := s.send("retry: 2000\n\n"); err != nil {
		return err
	}
	for state := run.State; ; {
		changed := runs.Changed(run.ID)
		stands, err := d.picture(ctx, s, runs, run.ID, &state)
		if err != nil || stands {
			return err
		}
		if !d.rests(ctx, watchPause, nil) || !d.rests(ctx, watchLook-watchPause, changed) {
			return nil
		}
		if d.Now().Sub(s.sent) >= watchBeat {
			if err := s.send(": still here\n\n"); err != nil {
				return err
			}
		}
	}
}

// picture sends what has changed, and tells whether nothing will any more. errNotSame.
func (d *desk) picture(ctx context.Context, s *stream, runs *charge.Runs, id payment.ID, state *charge.State) (stands bool, err error) {
	if err := d.same(); err != nil {
		return false, err
	}
	v, err := d.live(ctx, runs, id)
	if err != nil {
		return false, err
	}
	part, err := d.fragment("live", v)
	if err != nil {
		return false, err
	}
	if part != s.last {
		s.sent = d.Now()
		if s.last = part; s.event("progress", part) != nil {
			return true, nil // nobody reads
		}
	}
	if !moves(v.Progress) {
		return true, s.event("end", string(v.Run.State))
	}
	if v.Run.State != *state {
		*state = v.Run.State
		return false, s.event("state", string(*state))
	}
	return false, nil
}

// rests waits, at most until changed; false when the stream is to end.
func (d *desk) rests(ctx context.Context, pause time.Duration, changed <-chan struct{}) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-ctx.Done():
		return false
	case <-d.Closing:
		return false
	}
	return true
}

// lines keeps what has several lines in one event: each end of a line would begin a field.
var lines = strings.NewReplacer("\r\n", "\ndata: ", "\r", "\ndata: ", "\n", "\ndata: ")

func (s *stream) event(name, data string) error {
	return s.send(fmt.Sprintf("event: %s\ndata: %s\n\n", name, lines.Replace(data)))
}

// send writes, past the server's own deadline.
func (s *stream) send(text string) error {
	_ = s.to.SetWriteDeadline(time.Now().Add(watchWrite)) // not every writer can
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.to.Flush()
}
