package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

// missingPause is between two looks for a payment method that Splynx does not have: somebody
// may be making it just now.
const missingPause = 30 * time.Second

// probe asks Splynx, until it has answered well, for what bookings rest on: that the payment
// method is there, and that the search finds a payment that is.
func (a *App) probe(ctx context.Context) {
	var there, searched bool
	for wait := 5 * time.Second; ; wait = min(2*wait, 10*time.Minute) {
		var errMethod, errSearch error
		if !there {
			there, errMethod = a.checkPaymentMethods(ctx)
		}
		if !searched {
			errSearch = a.generation.ProveSearch(ctx)
			searched = errSearch == nil
		}
		if there && searched {
			a.trouble.probed(nil)
		}
		if there && searched || ctx.Err() != nil {
			return
		}
		err := errors.Join(errMethod, errSearch)
		a.trouble.probed(err)
		if err != nil {
			a.log.Warn("splynx could not be checked; a booking whose outcome is unclear would wait for a person", zap.Error(err), advice(err))
		}
		pause := wait
		if a.noMethods.any() {
			pause = min(pause, missingPause)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// checkPaymentMethods notes which of the configured ids are none of Splynx's. While one is
// not, no new payment starts with it: payers would be charged, and nothing could be booked.
func (a *App) checkPaymentMethods(ctx context.Context) (there bool, err error) {
	methods, err := a.generation.Splynx.PaymentMethods(ctx)
	if err != nil {
		return false, fmt.Errorf("read the payment methods: %w", err)
	}
	names := make(map[int64]string, len(methods))
	var known []string
	for _, m := range methods {
		names[m.ID] = m.Name
		known = append(known, fmt.Sprintf("%d %s", m.ID, m.Name))
	}
	there = true
	for _, id := range a.paymentMethods() {
		name, ok := names[id]
		there = there && ok
		switch had := a.noMethods.set(id, !ok); {
		case ok:
			a.log.Info("payment_method is in splynx", zap.Int64("payment_method", id), zap.String("name", name))
		case !had:
			a.log.Error("payment_method is not in splynx: no payment can start until it is", zap.Int64("payment_method", id), zap.Strings("splynx_has", known))
		}
	}
	return there, nil
}

// paymentMethods are the ids in use, each once.
func (a *App) paymentMethods() []int64 {
	all := []int64{a.generation.Default.PaymentMethod}
	for _, p := range a.generation.Partners {
		all = append(all, p.PaymentMethod)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// missing is a set of payment methods.
type missing struct {
	mu  sync.Mutex
	ids map[int64]bool
}

// set puts an id in or takes it out, and tells whether it was in.
func (m *missing) set(id int64, in bool) (was bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ids == nil {
		m.ids = make(map[int64]bool)
	}
	was = m.ids[id]
	if m.ids[id] = in; !in {
		delete(m.ids, id)
	}
	return was
}

func (m *missing) has(id int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ids[id]
}

func (m *missing) any() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.ids) > 0
}

// advice is what an error of Splynx's client says to do.
func advice(err error) zap.Field {
	var failed *splynx.Error
	if errors.As(err, &failed) {
		return zap.String("advice", failed.Advice())
	}
	return zap.Skip()
}
