package caddymodule

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// exportRequest asks for all of a list. What is selected stands in the address, as in a list's.
type exportRequest struct {
	Format string `json:"format"` // csv, or json: one object in each line
	Who    string `json:"who"`
}

// export is what comes out, row by row: it is never held as a whole.
type export struct {
	asJSON bool
	header []string
	rows   iter.Seq2[row, error]
	act    payment.Act
}

// row is one line; as JSON it is what the list tells.
type row interface{ cells() []string }

const exportPage = 500

// exportHandler streams. What goes wrong in the middle cuts the connection, so that nobody takes
// a part for the whole.
func exportHandler(prepare func(present, *http.Request) (export, error)) caddy.AdminHandler {
	return caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		n, err := opened()
		if err != nil {
			return apiError(err)
		}
		x, err := prepare(n, r)
		if err != nil {
			return apiError(err)
		}
		n.notes(r.Context(), x.act)
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		if x.asJSON {
			w.Header().Set("Content-Type", "application/jsonl")
		}
		sent := &counter{Writer: w}
		if err = x.write(sent); err == nil {
			return nil
		}
		if sent.n == 0 {
			return apiError(err)
		}
		n.app.log.Error("an export ended before its end: whoever asked for it was cut off", zap.String("who", x.act.Who), zap.Error(err))
		panic(http.ErrAbortHandler)
	})
}

// counter knows whether anything went out.
type counter struct {
	io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n += int64(n)
	return n, err
}

func (x export) write(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	encode := func(r row) error { return writeCSV(out, r.cells()) }
	if x.asJSON {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		encode = func(r row) error { return e.Encode(r) }
	} else if err := writeCSV(out, x.header); err != nil {
		return err
	}
	for r, err := range x.rows {
		if err != nil {
			return err
		}
		if err := encode(r); err != nil {
			return fmt.Errorf("write the export: %w", err)
		}
	}
	return out.Flush()
}

func (n present) readExport(r *http.Request) (asJSON bool, a payment.Act, err error) {
	var q exportRequest
	if err := readJSON(r, &q); err != nil {
		return false, a, err
	}
	if q.Format != "csv" && q.Format != "json" {
		return false, a, asked("format %q: csv or json", q.Format)
	}
	return q.Format == "json", payment.Act{Who: q.Who, What: payment.DeedExport}, checkWho(q.Who)
}

func (n present) exportPayments(r *http.Request) (export, error) {
	asJSON, act, err := n.readExport(r)
	if err != nil {
		return export{}, err
	}
	query := r.URL.Query()
	for _, word := range []string{"attention", "limit", "after"} {
		if query.Has(word) {
			return export{}, asked("%s is for lists: an export has all there is", word)
		}
	}
	f, _, err := n.readFilter(query)
	if err != nil {
		return export{}, err
	}
	f.Limit = exportPage
	act.Note, act.Customer, act.Partner = "payments "+query.Encode(), f.Customer, f.Partner
	// Caddy's admin server cancels a request that takes longer than its read time-out.
	ctx := context.WithoutCancel(r.Context())
	return export{asJSON, paymentColumns, n.allPayments(ctx, f), act}, nil
}

// allPayments reads page by page.
func (n present) allPayments(ctx context.Context, f payment.Filter) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for {
			list, err := within(ctx, readPatience, func(ctx context.Context) ([]*payment.Payment, error) { return n.engine.Find(ctx, f) })
			if err != nil {
				yield(nil, err)
				return
			}
			for _, p := range list {
				if !yield(viewOf(p), nil) {
					return
				}
			}
			if len(list) < f.Limit {
				return
			}
			f.After = list[len(list)-1].Cursor()
		}
	}
}

func (n present) exportRun(r *http.Request) (export, error) {
	id, err := readPaymentID(r.PathValue("id"))
	if err != nil {
		return export{}, err
	}
	asJSON, act, err := n.readExport(r)
	if err != nil {
		return export{}, err
	}
	f, err := readItemFilter(r.URL.Query())
	if err != nil {
		return export{}, err
	}
	ctx := context.WithoutCancel(r.Context())
	if _, err := within(ctx, readPatience, func(ctx context.Context) (*charge.Run, error) { return n.runs.Get(ctx, id) }); err != nil {
		return export{}, err
	}
	act.Run, act.Note = id, "run "+r.URL.Query().Encode()
	return export{asJSON, itemColumns, n.allItems(ctx, id, f), act}, nil
}

func (n present) allItems(ctx context.Context, run payment.ID, f charge.ItemFilter) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for after := int64(0); ; {
			list, err := within(ctx, readPatience, func(ctx context.Context) ([]charge.Item, error) {
				return n.runs.Items(ctx, run, f, after, exportPage)
			})
			if err != nil {
				yield(nil, err)
				return
			}
			for _, i := range list {
				if !yield(itemOf(i), nil) {
					return
				}
			}
			if len(list) < exportPage {
				return
			}
			after = list[len(list)-1].Seq
		}
	}
}
