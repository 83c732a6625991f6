package caddymodule

import (
	"context"
	"errors"
	"fmt"
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
			there, errMethod = a.checkPaymentMethod(ctx)
		}
		if !searched {
			errSearch = a.generation.ProveSearch(ctx)
			searched = errSearch == nil
		}
		if there && searched || ctx.Err() != nil {
			return
		}
		err := errors.Join(errMethod, errSearch)
		if err != nil {
			a.log.Warn("splynx could not be checked; a booking whose outcome is unclear would wait for a person", zap.Error(err), advice(err))
		}
		pause := wait
		if a.noMethod.Load() {
			pause = min(pause, missingPause)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// checkPaymentMethod notes whether the id is one of Splynx's. While it is not, no new payment
// starts: payers would be charged, and nothing could be booked.
func (a *App) checkPaymentMethod(ctx context.Context) (there bool, err error) {
	methods, err := a.generation.Splynx.PaymentMethods(ctx)
	if err != nil {
		return false, fmt.Errorf("read the payment methods: %w", err)
	}
	var known []string
	for _, m := range methods {
		if m.ID == a.PaymentMethod {
			a.noMethod.Store(false)
			a.log.Info("payment_method is in splynx", zap.Int64("payment_method", m.ID), zap.String("name", m.Name))
			return true, nil
		}
		known = append(known, fmt.Sprintf("%d %s", m.ID, m.Name))
	}
	if !a.noMethod.Swap(true) {
		a.log.Error("payment_method is not in splynx: no payment can start until it is", zap.Int64("payment_method", a.PaymentMethod), zap.Strings("splynx_has", known))
	}
	return false, nil
}

// advice is what an error of Splynx's client says to do.
func advice(err error) zap.Field {
	var failed *splynx.Error
	if errors.As(err, &failed) {
		return zap.String("advice", failed.Advice())
	}
	return zap.Skip()
}
