package caddymodule

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// open tries until the journal is open or the process exits: with growing pauses, and at once
// when a configuration is loaded.
func (h *host) open(ctx context.Context) {
	defer close(h.ended)
	tried := false
	for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
		if log := h.newest(); log != nil {
			open := h.tryOpen(ctx, log)
			if !tried {
				tried = true
				close(h.tried)
			}
			if open {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-h.again:
		case <-time.After(wait):
		}
	}
}

// tryOpen opens the journal. However long that takes, requests and reloads go on meanwhile.
func (h *host) tryOpen(ctx context.Context, log *zap.Logger) bool {
	if folder := filepath.Dir(h.path); folder == caddy.AppDataDir() {
		_ = os.MkdirAll(folder, 0o700) // as Caddy does by itself, a moment later
	}
	store, err := h.opener(ctx, h.path)
	if err != nil {
		h.failed(err, log)
		return false
	}
	if store.Fresh() {
		log.Warn("a new journal was made; if there was one before, stop and put it back", zap.String("path", h.path))
	}
	h.mu.Lock()
	closed := h.closed
	if !closed {
		h.store, h.engine, h.why = store, payment.New(store, payment.Options{}), nil
		for _, f := range h.inForce {
			h.engine.Push(f.generation)
			h.pace = f.pace
		}
		h.runs = charge.New(store, h.engine, h.runOptions())
	}
	h.mu.Unlock()
	if closed {
		_ = store.Close() // nothing was written
		return false
	}
	log.Info("journal is open", zap.String("path", h.path))
	return true
}

// failed notes why there is no engine, and logs it when it is new, and every 10 minutes.
func (h *host) failed(err error, log *zap.Logger) {
	h.mu.Lock()
	before := h.why
	if !h.closed {
		h.why = err
	}
	closed := h.closed
	h.mu.Unlock()
	if closed || before.Error() == err.Error() && time.Since(h.complained) <= 10*time.Minute {
		return
	}
	h.complained = time.Now()
	log.Error("the journal cannot be opened; no payment can be taken until it is", zap.Error(err))
}
