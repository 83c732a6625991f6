package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// batch is how many waiting changes go into one transaction at most.
const batch = 256

// writer makes all changes, one after another on one connection; what waits while a
// transaction is synced goes into the next one together.
type writer struct {
	conn    *sql.Conn
	changes chan *change
	done    chan struct{}

	mu      sync.Mutex
	stopped bool
	waiting sync.WaitGroup
	stmts   map[string]*sql.Stmt // used by the writer's goroutine alone
	wrote   bool                 // since the change began; likewise
}

// change is one caller's writes: all of them, or none.
type change struct {
	run    func(context.Context, *writer) error
	result chan error
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn, changes: make(chan *change, batch), done: make(chan struct{}), stmts: make(map[string]*sql.Stmt)}
	go w.loop()
	return w, nil
}

// do has fn run in a transaction and returns when it is durable, or surely is not.
func (w *writer) do(ctx context.Context, fn func(context.Context, *writer) error) error {
	w.mu.Lock()
	if w.stopped {
		w.mu.Unlock()
		return payment.ErrStopped
	}
	w.waiting.Add(1)
	w.mu.Unlock()
	defer w.waiting.Done()
	c := &change{run: fn, result: make(chan error, 1)}
	select {
	case w.changes <- c:
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-c.result // written or not is known in milliseconds, and must be known
}

func (w *writer) loop() {
	defer close(w.done)
	for first := range w.changes {
		group := []*change{first}
	fill:
		for len(group) < batch {
			select {
			case c, ok := <-w.changes:
				if !ok {
					break fill
				}
				group = append(group, c)
			default:
				break fill
			}
		}
		w.commit(context.Background(), group)
	}
}

// commit runs a group in one transaction. A change that fails takes nothing but itself back:
// most fail before they have written anything, and are passed over; else the group is run anew,
// each change apart from the others.
func (w *writer) commit(ctx context.Context, group []*change) {
	if len(group) == 1 {
		group[0].result <- w.alone(ctx, group[0])
		return
	}
	results := make([]error, len(group))
	err := w.together(ctx, group, results, (*writer).bare)
	if errors.Is(err, errTorn) {
		err = w.together(ctx, group, results, (*writer).one)
	}
	for i, c := range group {
		if err != nil && results[i] == nil {
			results[i] = fmt.Errorf("write the journal: %w", err)
		}
		c.result <- results[i]
	}
}

// errTorn tells that a change has failed after it had written something.
var errTorn = errors.New("a change has failed half way")

// together runs the changes of a group in one transaction, each by run.
func (w *writer) together(ctx context.Context, group []*change, results []error, run func(*writer, context.Context, *change) error) error {
	err := w.exec(ctx, "BEGIN IMMEDIATE")
	if err != nil {
		return err
	}
	for i, c := range group {
		if results[i] = run(w, ctx, c); errors.Is(results[i], errTorn) {
			return errors.Join(errTorn, w.exec(ctx, "ROLLBACK"))
		}
	}
	if err = w.exec(ctx, "COMMIT"); err != nil {
		_ = w.exec(ctx, "ROLLBACK") // fails too where SQLite has rolled back by itself
	}
	return err
}

// bare runs a change without a savepoint. errTorn.
func (w *writer) bare(ctx context.Context, c *change) error {
	w.wrote = false
	err := c.safely(ctx, w)
	if err != nil && w.wrote {
		return errTorn
	}
	return err
}

// alone runs a change in a transaction of its own.
func (w *writer) alone(ctx context.Context, c *change) error {
	if err := w.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	if err := c.safely(ctx, w); err != nil {
		return unjoin(errors.Join(err, w.exec(ctx, "ROLLBACK")))
	}
	if err := w.exec(ctx, "COMMIT"); err != nil {
		_ = w.exec(ctx, "ROLLBACK") // fails too where SQLite has rolled back by itself
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

func (w *writer) one(ctx context.Context, c *change) error {
	if err := w.exec(ctx, "SAVEPOINT one"); err != nil {
		return err
	}
	err := c.safely(ctx, w)
	if err != nil {
		err = errors.Join(err, w.exec(ctx, "ROLLBACK TO one"))
	}
	if release := w.exec(ctx, "RELEASE one"); release != nil {
		return errors.Join(err, release)
	}
	return unjoin(err)
}

// safely runs a change; one that panics is taken back like one that fails, for the writer
// serves all others too.
func (c *change) safely(ctx context.Context, w *writer) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("a change panicked: %v\n%s", cause, debug.Stack())
		}
	}()
	return c.run(ctx, w)
}

// unjoin gives a lone error back as it was.
func unjoin(err error) error {
	if j, ok := err.(interface{ Unwrap() []error }); ok && len(j.Unwrap()) == 1 {
		return j.Unwrap()[0]
	}
	return err
}

func (w *writer) exec(ctx context.Context, query string, args ...any) error {
	s, err := w.stmt(ctx, query)
	if err != nil {
		return err
	}
	w.wrote = true
	_, err = s.ExecContext(ctx, args...)
	return err
}

func (w *writer) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := w.stmts[query]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(ctx, query)
	if err == nil {
		w.stmts[query] = s
	}
	return s, err
}

func (w *writer) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := w.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// close writes what is waiting and ends the writer.
func (w *writer) close() error {
	w.mu.Lock()
	again := w.stopped
	w.stopped = true
	w.mu.Unlock()
	if again {
		return nil
	}
	w.waiting.Wait()
	close(w.changes)
	<-w.done
	for _, s := range w.stmts {
		_ = s.Close()
	}
	return w.conn.Close()
}
