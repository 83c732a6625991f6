package office

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"time"

	"github.com/bojanz/currency"
	"go.uber.org/zap"

	cells "github.com/caddy-paymentexpress/paymentexpress/internal/sheet"
	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/splynx"
)

const (
	exportsMost = 20  // files that are written at a time, of one configuration
	exportPage  = 500 // rows that are read at a time: what is kept of a file
	exportWrite = time.Minute
	byteOrder   = "\ufeff" // spreadsheets take a file for UTF-8 by it
)

// sheet writes a file for spreadsheets (RFC 4180), row by row.
type sheet struct {
	d     *desk
	csv   *csv.Writer
	to    *http.ResponseController
	names string // why the column of names is empty; empty: it is not
	known map[int64]string
}

// export answers with a file. What goes wrong after its beginning is said in its last line.
func (d *desk) export(name string, what payment.Act, head []string, write func(context.Context, *sheet) error) error {
	select {
	case d.exports <- struct{}{}:
		defer func() { <-d.exports }()
	default:
		return problem{status: http.StatusServiceUnavailable, key: "too_many"}
	}
	header := d.w.Header()
	header.Set("Content-Type", "text/csv; charset=utf-8")
	header.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	if d.r.Method == http.MethodHead {
		return nil
	}
	what.What = payment.DeedExport
	d.notes(what)
	d.did("exported "+name, zap.String("run", string(what.Run)))
	s := &sheet{d: d, csv: csv.NewWriter(d.w), to: http.NewResponseController(d.w), known: map[int64]string{}}
	s.csv.UseCRLF = true
	s.patience()
	if _, err := d.w.Write([]byte(byteOrder)); err != nil {
		return nil // nobody reads
	}
	err := s.csv.Write(head)
	if err == nil {
		err = write(d.r.Context(), s)
	}
	switch {
	case errors.Is(err, errNotSame):
		_ = s.csv.Write([]string{"This file is not complete: you were signed out meanwhile, or may see something else now. Download it again."})
	case err != nil && d.r.Context().Err() == nil:
		d.Logger.Error("a file could not be written to its end", zap.String("file", name), zap.Error(err))
		_ = s.csv.Write([]string{"This file is not complete: something could not be read. Download it again."})
	}
	if s.names != "" {
		_ = s.csv.Write([]string{s.names})
	}
	s.csv.Flush()
	return nil
}

// patience gives whoever reads the file time for the next page.
func (s *sheet) patience() {
	_ = s.to.SetWriteDeadline(time.Now().Add(exportWrite)) // not every writer can
}

// page ends a page of rows. errNotSame.
func (s *sheet) page() error {
	s.csv.Flush()
	s.patience()
	if err := s.csv.Error(); err != nil {
		return err
	}
	return s.d.same()
}

// meet reads the names of a page's customers. Once Splynx does not answer, none are asked for.
func (s *sheet) meet(ctx context.Context, ids []int64) {
	if s.names != "" {
		return
	}
	if len(s.known) > exportPage {
		clear(s.known)
	}
	var fresh []int64
	for _, id := range ids {
		if _, ok := s.known[id]; !ok && id != 0 {
			s.known[id] = ""
			fresh = append(fresh, id)
		}
	}
	if len(fresh) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, splynxTimeout)
	defer cancel()
	found, err := s.d.Generation.Splynx.CustomersByID(ctx, fresh)
	if err != nil {
		s.names = "The names of customers are not complete: Splynx did not answer."
		return
	}
	for id, c := range found {
		s.known[id] = s.d.nameOf(c)
	}
}

// nameOf is a customer's name, if the administrator may see it.
func (d *desk) nameOf(c splynx.Customer) string {
	if !sees(d.staff, c.PartnerID) {
		return ""
	}
	return c.Name
}

// What stands in a cell.

func safe(text string) string { return cells.Text(text) }

func decimalOf(n int64) string { return cells.Number(n) }

func numberOf(a currency.Amount) string { return cells.Amount(a) }

// when is a time in the provider's zone.
func (d *desk) when(t time.Time) string { return cells.Time(t, d.zone) }
