package upstream

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// setup returns a gate in a bubble's time, and what it logs from info on.
func setup(o Options) (*Gate, *observer.ObservedLogs) {
	core, logs := observer.New(zap.InfoLevel)
	o.Logger = zap.New(core)
	return New("splynx", o), logs
}

// calls makes n calls one after the other.
func calls(t *testing.T, g *Gate, n int, reached bool) {
	t.Helper()
	for range n {
		done, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		done(reached)
	}
}

func isOpen(t *testing.T, g *Gate) {
	t.Helper()
	if _, err := g.Enter(t.Context()); !errors.Is(err, ErrOpen) || !strings.HasPrefix(err.Error(), "splynx: ") {
		t.Fatalf("got %v, want ErrOpen", err)
	}
}

func TestOpensAndComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, logs := setup(Options{})
		start := time.Now()
		time.Sleep(time.Minute)
		calls(t, g, 4, false)
		calls(t, g, 1, true) // ends the row
		calls(t, g, 4, false)
		if s := g.State(); s != (State{"splynx", "closed", start, time.Now()}) || logs.Len() != 0 {
			t.Errorf("%+v, %v", s, logs.All())
		}
		calls(t, g, 1, false)
		opened := time.Now()
		if s := g.State(); s != (State{"splynx", "open", opened, opened}) {
			t.Errorf("%+v", s)
		}
		isOpen(t, g)
		time.Sleep(10 * time.Second)
		isOpen(t, g)
		time.Sleep(time.Millisecond)
		if s := g.State(); s.Gate != "half-open" || !s.Since.Equal(time.Now()) {
			t.Errorf("%+v", s)
		}
		done, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		isOpen(t, g) // one try at a time
		done(false)
		isOpen(t, g)
		time.Sleep(10*time.Second + time.Millisecond)
		calls(t, g, 1, true)
		calls(t, g, 4, false)
		var lines []string
		for _, e := range logs.All() {
			lines = append(lines, e.Level.String()+" "+e.Message)
		}
		want := "warn an upstream does not answer and is left alone\ninfo an upstream answers again"
		if got := strings.Join(lines, "\n"); got != want {
			t.Errorf("logged\n%s", got)
		}
		if e := logs.All()[0]; e.Level != zapcore.WarnLevel || e.ContextMap()["upstream"] != "splynx" {
			t.Errorf("%+v", e)
		}
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, _ := setup(Options{Failures: 1, Pause: time.Second})
		calls(t, g, 1, false)
		isOpen(t, g)
		time.Sleep(time.Second + time.Millisecond)
		calls(t, g, 1, true)
	})
}

// Whoever closes the browser says nothing about the server, neither for nor against it; a
// deadline that passes does.
func TestGivenUpByTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, _ := setup(Options{Failures: 3})
		giveUp := func() {
			ctx, cancel := context.WithCancel(t.Context())
			done, err := g.Enter(ctx)
			if err != nil {
				t.Fatal(err)
			}
			cancel()
			done(false)
		}
		for range 10 {
			giveUp()
		}
		calls(t, g, 2, false)
		giveUp()
		if s := g.State(); s.Gate != "closed" {
			t.Fatalf("%+v", s)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		done, err := g.Enter(ctx)
		if err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
		done(false)
		isOpen(t, g)
		time.Sleep(11 * time.Second)
		giveUp()             // the try that told nothing
		calls(t, g, 1, true) // makes room for another
		if s := g.State(); s.Gate != "closed" {
			t.Errorf("%+v", s)
		}
	})
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, _ := setup(Options{Concurrent: 2, Failures: 1})
		first, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		second, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := g.Enter(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrOpen) {
			t.Errorf("got %v", err)
		}
		entered := make(chan error)
		go func() {
			done, err := g.Enter(t.Context())
			if err == nil {
				done(true)
			}
			entered <- err
		}()
		synctest.Wait()
		select {
		case err := <-entered:
			t.Fatalf("no place was free: %v", err)
		default:
		}
		first(true)
		first(true) // a second word gives no second place
		if err := <-entered; err != nil {
			t.Error(err)
		}
		third, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		third(false) // opens, while the second call still hangs
		isOpen(t, g)
		second(true) // too late to count
		isOpen(t, g)
	})
}

// Who waits for a place learns at once when the gate opens meanwhile.
func TestOpensWhileSomebodyWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, _ := setup(Options{Concurrent: 1, Failures: 1})
		done, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		entered := make(chan error)
		for range 3 {
			go func() {
				_, err := g.Enter(t.Context())
				entered <- err
			}()
		}
		synctest.Wait()
		done(false)
		for range 3 {
			if err := <-entered; !errors.Is(err, ErrOpen) {
				t.Errorf("got %v", err)
			}
		}
	})
}
