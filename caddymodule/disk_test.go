package caddymodule

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

func TestRoom(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		free uint64
		err  error
		full bool
	}{
		"enough":         {free: 100},
		"below":          {free: 99, full: true},
		"cannot be told": {err: errors.ErrUnsupported},
	} {
		a := &App{JournalReserve: 100, generation: new(payment.Generation), host: newHost(""), noMethods: new(missing), space: newSpace("/a/folder")}
		a.space.ask = func(string) (uint64, error) { return c.free, c.err }
		if err := a.room(1); (err != nil) != c.full {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The disk is asked once a second; one that hangs holds up one request, not all.
func TestDiskHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, asked, answer := newSpace("/a/folder"), 0, make(chan uint64)
		s.ask = func(string) (uint64, error) { asked++; return <-answer, nil }
		want := func(free uint64, known bool) {
			t.Helper()
			if n, ok := s.free(); n != free || ok != known {
				t.Errorf("%d %t, not %d %t", n, ok, free, known)
			}
		}
		go s.free()
		synctest.Wait()
		want(0, false) // nothing is known yet, and nobody waits
		answer <- 5
		synctest.Wait()
		want(5, true)
		time.Sleep(time.Second)
		go s.free()
		synctest.Wait()
		want(5, true)
		answer <- 7
		synctest.Wait()
		want(7, true)
		if asked != 2 {
			t.Errorf("asked %d times", asked)
		}
	})
}
