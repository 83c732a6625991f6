package paymenttest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/journal"
)

// Open opens the journal and starts the engine.
func (w *World) Open() {
	w.TB.Helper()
	if _, err := os.Stat(w.file); errors.Is(err, fs.ErrNotExist) {
		w.must(newJournal(w.file))
	}
	var err error
	w.Store, err = journal.Open(context.Background(), w.file)
	w.must(err)
	w.use(payment.New(&mortalStore{Store: w.Store, life: w.life}, payment.Options{Node: "world", Look: time.Hour}))
	w.Engine.Push(w.Gen)
	w.settle()
}

// settle gives the comparison of the journal with Splynx the moment it takes where nothing is
// amiss.
func (w *World) settle() {
	w.TB.Helper()
	for range 50 {
		h, err := w.Engine.Health(context.Background())
		if h.Journal.Compared || w.Crashed() {
			return
		}
		w.must(err)
		w.Pass(20 * time.Millisecond)
	}
}

// New journals are all alike, and making their tables takes longer than most tests: one is made, and
// copied. One is of virtual time, which begins in 2000, for it notes when it was made.
var (
	virtualJournal = sync.OnceValues(madeJournal)
	realJournal    = sync.OnceValues(madeJournal)
)

// newJournal puts a journal without payments there.
func newJournal(path string) error {
	made := realJournal
	if time.Now().Year() < 2001 {
		made = virtualJournal
	}
	content, err := made()
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

func madeJournal() (content []byte, err error) {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "journal.db")
	s, err := journal.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil { // what is in the log beside goes into the file
		return nil, err
	}
	return os.ReadFile(path)
}
