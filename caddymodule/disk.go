package caddymodule

import (
	"fmt"
	"path/filepath"
)

// room tells why no new payment may start: the journal's disk is nearly full. What is open
// goes on with what is left.
func (a *App) room() error {
	free, err := freeBytes(filepath.Dir(a.hostKey))
	if err != nil || free >= uint64(a.JournalReserve) {
		return nil // where it cannot be told, a failed write tells
	}
	return fmt.Errorf("the journal's disk has %d MiB free, below journal_reserve; make room on %s", free>>20, filepath.Dir(a.hostKey))
}
