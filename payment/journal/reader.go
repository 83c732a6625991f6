package journal

import (
	"context"
	"database/sql"
	"sync"
)

// reader answers questions beside the writer, on connections of its own. It prepares each
// question once; the texts are few.
type reader struct {
	db    *sql.DB
	stmts sync.Map // text: *sql.Stmt
	keys  sync.Map // name: []byte; they never change
}

func (r *reader) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := r.stmts.Load(text); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := r.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if kept, known := r.stmts.LoadOrStore(text, s); known {
		_ = s.Close()
		s = kept.(*sql.Stmt)
	}
	return s, nil
}

func (r *reader) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	s, err := r.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// number reads one whole number; 0 for NULL.
func (r *reader) number(ctx context.Context, text string, args ...any) (int64, error) {
	s, err := r.stmt(ctx, text)
	if err != nil {
		return 0, err
	}
	var n sql.NullInt64
	err = s.QueryRowContext(ctx, args...).Scan(&n)
	return n.Int64, err
}

// close gives the connections back.
func (r *reader) close() error {
	r.stmts.Range(func(_, s any) bool {
		_ = s.(*sql.Stmt).Close()
		return true
	})
	return r.db.Close()
}
