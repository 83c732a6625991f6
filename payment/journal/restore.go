package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// ErrNotJournal tells that a file is no backup of a journal, or a damaged one.
var ErrNotJournal = errors.New("the file is not a whole journal")

// Restored is what Restore has done.
type Restored struct {
	Payments int64     `json:"payments"`        // in the backup
	Newest   time.Time `json:"newest,omitzero"` // when one of them moved last
	Aside    string    `json:"aside,omitempty"` // where the journal is now that was there before; empty: there was none
}

// The names beside the journal: a copy in the making, and one that is whole and whose turn it is.
const (
	restoring = ".restoring"
	restore   = ".restore"
)

// Restore puts the backup at from in the place of the journal at to, which no process may have
// open (ErrLocked), and keeps the one that was there under another name. The backup is only
// read: ErrNotJournal if it is none or damaged, ErrNewer if a newer version wrote it. The
// engine then takes no payment until it has compared the journal with Splynx.
//
// Whenever it is cut short, the journal is the old one or the new one: the copy gets its
// second name when it is whole, and from then on Open finishes what Restore has begun.
func Restore(ctx context.Context, from, to string) (Restored, error) {
	to, err := real(to)
	if err != nil {
		return Restored{}, err
	}
	lock, err := lock(to, "stop Caddy first")
	if err != nil {
		return Restored{}, err
	}
	defer lock.Close()
	if err := alone(from, to); err != nil {
		return Restored{}, fmt.Errorf("restore the journal from %s: %w", from, err)
	}
	done, err := prepare(ctx, from, to)
	if err != nil {
		return Restored{}, errors.Join(fmt.Errorf("restore the journal from %s: %w", from, err), remove(to+restoring), remove(to+restoring+"-journal"))
	}
	if done.Aside, err = replace(to); err != nil {
		return Restored{}, fmt.Errorf("restore the journal from %s: %w; it is finished when the journal is opened", from, err)
	}
	return done, nil
}

// prepare makes the copy that is to be the journal, up to the step that decides.
func prepare(ctx context.Context, from, to string) (Restored, error) {
	if err := errors.Join(remove(to+restoring), remove(to+restoring+"-journal")); err != nil {
		return Restored{}, err
	}
	if err := copyFile(from, to+restoring); err != nil {
		return Restored{}, err
	}
	done, err := adopt(ctx, to+restoring)
	if err != nil {
		return Restored{}, err
	}
	if err := syncFile(to + restoring); err != nil {
		return Restored{}, err
	}
	if err := os.Rename(to+restoring, to+restore); err != nil {
		return Restored{}, err
	}
	return done, syncFolder(filepath.Dir(to))
}

// alone refuses what is not one file, complete in itself.
func alone(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return fmt.Errorf("%w: it is empty, or no file", ErrNotJournal)
	}
	for _, own := range []string{"", restoring, restore} { // these are removed or replaced
		if there, err := os.Stat(to + own); err == nil && os.SameFile(info, there) {
			return errors.New("it is the journal itself, or a copy that a restore has begun; move it to another name first")
		}
	}
	if wal, err := os.Stat(from + "-wal"); err == nil && wal.Size() > 0 {
		return fmt.Errorf("%w: %s-wal stands beside it and holds a part of it; it is a journal in use or a copy of one, not a backup", ErrNotJournal, from)
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// adopt checks a copy of a backup, brings it to this version's form, and notes that it was
// restored.
func adopt(ctx context.Context, path string) (done Restored, err error) {
	db, err := sql.Open("sqlite", source(path, "journal_mode(DELETE)", "synchronous(FULL)", "secure_delete(1)"))
	if err != nil {
		return Restored{}, err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := whole(ctx, db); err != nil {
		return Restored{}, err
	}
	if err := migrate(ctx, db); err != nil {
		return Restored{}, err
	}
	if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM payments`).Scan(&done.Payments); err != nil {
		return Restored{}, err
	}
	if done.Newest, err = newest(ctx, db); err != nil {
		return Restored{}, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return Restored{}, err
	}
	defer tx.Rollback()
	if err := unsure(ctx, tx, done.Newest); err != nil {
		return Restored{}, err
	}
	now := time.Now().UTC()
	if err := leaveOpenRuns(ctx, tx, now); err != nil {
		return Restored{}, err
	}
	if err := hold(ctx, tx, payment.Hold{Why: payment.HeldRestored, At: now, Newest: done.Newest}); err != nil {
		return Restored{}, err
	}
	return done, tx.Commit()
}

// whole refuses what is not a journal, or damaged.
func whole(ctx context.Context, db *sql.DB) error {
	var verdict string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&verdict); err != nil {
		return fmt.Errorf("%w: %w", ErrNotJournal, err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", ErrNotJournal, verdict)
	}
	var tables int
	const ours = `SELECT COUNT(*) FROM sqlite_master WHERE type='table' AND name IN ('payments','events','tokens','keys','goose_db_version')`
	if err := db.QueryRowContext(ctx, ours).Scan(&tables); err != nil {
		return fmt.Errorf("%w: %w", ErrNotJournal, err)
	}
	if tables != 5 {
		return fmt.Errorf("%w: it is another database", ErrNotJournal)
	}
	return nil
}

// unsureFor is how old a payment may be that the journal has still seen paid, and begun to
// book, after the backup: far longer than a page can be paid and asked about.
const unsureFor = 14 * 24 * time.Hour

// unsure notes of all money that is not booked, and of all that may still turn out to be
// money, that a booking may be on its way: the journal that went on after the backup may have
// posted it. The engine then keeps its quiet time, as after any POST that it does not know
// the answer of.
func unsure(ctx context.Context, db *sql.Tx, newest time.Time) error {
	rows, err := db.QueryContext(ctx, `SELECT detail FROM payments WHERE state IN ('approved','parked')
		OR state NOT IN ('recorded','refunded','settled') AND created_at>=?`, stamp(newest.Add(-unsureFor)))
	open, err := scan(rows, err)
	if err != nil {
		return err
	}
	for _, p := range open {
		if p.Booking.Post == payment.PostAnswered {
			continue
		}
		p.Booking.Post = payment.PostSent
		if p.HasMoney() {
			p.Booking.PostedAt = time.Now().UTC() // the later searches count from here
		}
		detail, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, `UPDATE payments SET detail=? WHERE id=?`, string(detail), string(p.ID)); err != nil {
			return err
		}
	}
	return nil
}

// finishRestore goes on with a restore that was cut short when the copy was whole.
func finishRestore(path string) error {
	switch _, err := os.Stat(path + restore); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	if err := adopted(path + restore); err != nil {
		return err
	}
	_, err := replace(path)
	return err
}

// adopted refuses a file that no restore has made, whatever its name.
func adopted(path string) error {
	db, err := sql.Open("sqlite", source(path, "query_only(1)"))
	if err != nil {
		return err
	}
	var held string
	err = db.QueryRow(`SELECT value FROM marks WHERE name=?`, payment.MarkHeld).Scan(&held)
	if err = errors.Join(err, db.Close()); err != nil || held == "" {
		return fmt.Errorf("%s was not made by a restore; move it away: %w", path, errors.Join(ErrNotJournal, err))
	}
	return nil
}

// replace moves the journal at path aside, if it is still there, and the whole copy into its
// place. Done again from anywhere, it ends the same: as long as the copy has its own name,
// what has the journal's is the old one. Its log goes after it, or it would be taken for the
// new one's.
func replace(path string) (aside string, err error) {
	info, err := os.Stat(path + restore)
	if err != nil {
		return "", err
	}
	name := path + ".before-" + info.ModTime().UTC().Format("2006-01-02T150405.000000Z") // the same each time
	for _, tail := range []string{"", "-wal", "-shm", "-journal"} {
		switch err := os.Rename(path+tail, name+tail); {
		case err == nil && tail == "":
			aside = name
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", err
		}
		if err := syncFolder(filepath.Dir(path)); err != nil {
			return "", err
		}
	}
	if err := os.Rename(path+restore, path); err != nil {
		return "", err
	}
	return aside, syncFolder(filepath.Dir(path))
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
