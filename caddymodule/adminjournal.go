package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// backupRequest names the file that is to be made.
type backupRequest struct {
	File string `json:"file"` // absolute, on Caddy's machine; not there yet
}

// backupAnswer tells what was made.
type backupAnswer struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
}

func (n present) backupJournal(r *http.Request) (any, error) {
	var b backupRequest
	if err := readJSON(r, &b); err != nil {
		return nil, err
	}
	if !filepath.IsAbs(b.File) {
		return nil, asked("file %q: want an absolute path, for Caddy has another working folder than you", b.File)
	}
	// Caddy's admin server cancels a request that takes longer than its read time-out.
	return within(context.WithoutCancel(r.Context()), backupPatience, func(ctx context.Context) (backupAnswer, error) {
		if err := n.store.Backup(ctx, b.File); err != nil {
			return backupAnswer{}, refusedFile(err)
		}
		info, err := os.Stat(b.File)
		if err != nil {
			return backupAnswer{}, err
		}
		n.app.log.Info("the journal was backed up", zap.String("file", b.File), zap.Int64("bytes", info.Size()))
		return backupAnswer{b.File, info.Size()}, nil
	})
}

// refusedFile says what to do where the file is what is wrong.
func refusedFile(err error) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w; name a file that is not there yet", err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return asked("%w; the folder must be there, and Caddy's own user must be able to write into it", err)
	}
	return err
}

// acceptRequest says who takes an old journal for the right one.
type acceptRequest struct {
	Who string `json:"who"`
}

// acceptAnswer tells what was accepted.
type acceptAnswer struct {
	Accepted int   `json:"accepted"`        // payments that the journal does not know; 0: there was nothing to accept
	UpTo     int64 `json:"up_to,omitempty"` // the highest of their ids in Splynx
}

func (n present) acceptJournal(r *http.Request) (any, error) {
	if n.app.AdminCommands != "all" {
		return nil, errReadOnly
	}
	var a acceptRequest
	if err := readJSON(r, &a); err != nil {
		return nil, err
	}
	if err := checkWho(a.Who); err != nil {
		return nil, err
	}
	return within(context.WithoutCancel(r.Context()), readPatience, func(ctx context.Context) (acceptAnswer, error) {
		before, err := n.engine.Health(ctx)
		if err != nil {
			return acceptAnswer{}, err
		}
		err = n.engine.Accept(ctx, a.Who)
		if errors.Is(err, payment.ErrHeld) {
			return acceptAnswer{}, fmt.Errorf("%w, and that is not through yet; try again when it is (caddy paymentexpress health)", err)
		}
		if err != nil {
			return acceptAnswer{}, err
		}
		old := before.Journal.Old
		if old == nil {
			old = new(payment.Strangers)
		}
		return acceptAnswer{old.Count, old.UpTo}, nil
	})
}
