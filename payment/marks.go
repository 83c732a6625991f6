package payment

import "context"

// Mark reads a word that the pages keep in the journal under name; "" if there is none.
func (e *Engine) Mark(ctx context.Context, name string) (string, error) {
	return e.store.Mark(ctx, name)
}

// SetMark keeps value under name, in place of what was there; "" forgets it. It returns when
// that is durable. The names that the engine itself uses are not for others.
func (e *Engine) SetMark(ctx context.Context, name, value string) error {
	return e.store.SetMark(ctx, name, value)
}
