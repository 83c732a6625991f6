package sheet

import (
	"testing"
	"time"

	"github.com/bojanz/currency"

	"github.com/caddy-paymentexpress/paymentexpress/internal/money"
)

// No cell begins as a formula does, and no other cell is changed.
func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "Anna": "Anna", "2026/0042": "2026/0042", "a=b": "a=b", " =1": " =1", "Ünï": "Ünï", "two\nlines": "two\nlines",
		"=1+1": "'=1+1", "+64 3": "'+64 3", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "=": "'=",
	} {
		if got := Text(text); got != want {
			t.Errorf("%q is written as %q", text, got)
		}
	}
}

func TestCells(t *testing.T) {
	t.Parallel()
	amount, err := money.Parse("1057.50", "NZD")
	if err != nil {
		t.Fatal(err)
	}
	nothing, err := money.Parse("0", "NZD")
	if err != nil {
		t.Fatal(err)
	}
	east := time.FixedZone("", 13*3600)
	at := time.Date(2026, 11, 26, 9, 30, 0, 5, time.UTC)
	for want, got := range map[string][]string{
		"":                          {Number(0), Amount(currency.Amount{}), Time(time.Time{}, east)},
		"-7":                        {Number(-7)},
		"1234567":                   {Number(1234567)},
		"1057.50":                   {Amount(amount)},
		nothing.Number():            {Amount(nothing)},
		"2026-11-26T09:30:00Z":      {Time(at, time.UTC)},
		"2026-11-26T22:30:00+13:00": {Time(at, east)},
	} {
		for i, cell := range got {
			if cell != want {
				t.Errorf("cell %d is %q, not %q", i, cell, want)
			}
		}
	}
}
