package splynx

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"testing"
)

// manyUnpaid answers invoices of customer 7 with the ids from n down to 1; deleted tells which
// of them Splynx 4 still shows.
func manyUnpaid(t *testing.T, n int, deleted func(id int) bool) *server {
	return setup(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		limit, _ := strconv.Atoi(q.Get("limit"))
		first := n
		if q.Get("main_attributes[id][0]") == "<" {
			before, _ := strconv.Atoi(q.Get("main_attributes[id][1]"))
			first = before - 1
		}
		rows := []map[string]any{}
		for id := first; id > max(0, first-limit); id-- {
			row := map[string]any{"id": id, "customer_id": "7", "status": "not_paid", "total": "1.0000", "due": 0.5, "deleted": "0"}
			if deleted(id) {
				row["deleted"] = "1"
			}
			rows = append(rows, row)
		}
		if err := json.NewEncoder(w).Encode(rows); err != nil {
			t.Error(err)
		}
	})
}

func TestUnpaidPages(t *testing.T) {
	t.Parallel()
	none := func(int) bool { return false }
	odd := func(id int) bool { return id%2 == 1 }
	for name, tt := range map[string]struct {
		n       int
		deleted func(int) bool
		want    int
		calls   int
	}{
		"none":            {0, none, 0, 1},
		"one":             {1, none, 1, 1},
		"a page":          {pageSize, none, pageSize, 2},
		"more":            {pageSize + 1, none, pageSize + 1, 2},
		"half is deleted": {3 * pageSize, odd, 3 * pageSize / 2, 4},
		"the most":        {MaxUnpaid, none, MaxUnpaid, 5},
		"too many":        {10 * MaxUnpaid, none, MaxUnpaid, 5},
		"in a page":       {10 * MaxUnpaid, func(id int) bool { return id%4 == 1 }, MaxUnpaid, 7},
		"too many, half":  {10*MaxUnpaid - 1, odd, MaxUnpaid, 10},
	} {
		s := manyUnpaid(t, tt.n, tt.deleted)
		found, err := s.client.UnpaidInvoices(t.Context(), 7)
		if err != nil || len(found) != tt.want || len(s.seen(false)) != tt.calls {
			t.Errorf("%s: %d invoices in %d calls, %v", name, len(found), len(s.seen(false)), err)
		}
		if !slices.IsSortedFunc(found, func(a, b Invoice) int { return int(b.ID - a.ID) }) || len(found) > 0 && int(found[0].ID) < tt.n-1 {
			t.Errorf("%s: not the newest first", name)
		}
		if slices.ContainsFunc(found, func(v Invoice) bool { return v.Deleted }) {
			t.Errorf("%s: a deleted invoice is to be paid", name)
		}
	}
	s := manyUnpaid(t, 1<<20, func(int) bool { return true })
	_, err := s.client.UnpaidInvoices(t.Context(), 7)
	if theError(t, err, KindUnclear); len(s.seen(false)) != maxPages {
		t.Errorf("%d calls", len(s.seen(false)))
	}
	// The same page again and again: the condition on the id is not honoured.
	page := []map[string]any{}
	for id := pageSize; id > 0; id-- {
		page = append(page, map[string]any{"id": id, "customer_id": 7, "status": "pending", "total": 1})
	}
	s = setup(t, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(page) })
	_, err = s.client.UnpaidProformas(t.Context(), 7)
	theError(t, err, KindFilter)
}
