package splynx

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bojanz/currency"
)

func TestScalars(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		raw string
		id  any // int64, or nil for an error
		yes any // bool, or nil
		txt any // string, or nil
	}{
		{`7`, int64(7), nil, "7"},
		{`"7"`, int64(7), nil, "7"},
		{`" 7 "`, int64(7), nil, " 7 "},
		{`""`, int64(0), false, ""},
		{`null`, int64(0), false, ""},
		{`0`, int64(0), false, "0"},
		{`"0"`, int64(0), false, "0"},
		{`1`, int64(1), true, "1"},
		{`"1"`, int64(1), true, "1"},
		{`-1`, int64(-1), nil, "-1"},
		{`true`, nil, true, "true"},
		{`false`, nil, false, "false"},
		{`9223372036854775807`, int64(9223372036854775807), nil, "9223372036854775807"},
		{`9223372036854775808`, nil, nil, "9223372036854775808"},
		{`1.5`, nil, nil, "1.5"},
		{`1e3`, nil, nil, "1e3"},
		{`"12abc"`, nil, nil, "12abc"},
		{`"0x10"`, nil, nil, "0x10"},
		{`[]`, nil, nil, nil},
		{`{}`, nil, nil, nil},
		{`[7]`, nil, nil, nil},
	} {
		var id wireID
		if err := decode([]byte(tt.raw), &id); (err == nil) != (tt.id != nil) || err == nil && int64(id) != tt.id {
			t.Errorf("id %s: %v, %v", tt.raw, id, err)
		}
		var yes wireFlag
		if err := decode([]byte(tt.raw), &yes); (err == nil) != (tt.yes != nil) || err == nil && bool(yes) != tt.yes {
			t.Errorf("flag %s: %v, %v", tt.raw, yes, err)
		}
		var txt wireText
		if err := decode([]byte(tt.raw), &txt); (err == nil) != (tt.txt != nil) || err == nil && string(txt) != tt.txt {
			t.Errorf("text %s: %v, %v", tt.raw, txt, err)
		}
	}
}

func TestDecimal(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`69354.84`:                 "69354.84",
		`"363.0000"`:               "363.0000",
		`120.0`:                    "120.0",
		`6.935484e4`:               "69354.84",
		`1e3`:                      "1000",
		`1E+3`:                     "1000",
		`25e-2`:                    "0.25",
		`"1e3"`:                    "1000",
		`0`:                        "0",
		`"-0.00"`:                  "0.00",
		`-12.5`:                    "-12.5",
		`0.30000000000000004`:      "0.30000000000000004",
		`999999999999999.9999`:     "999999999999999.9999",
		`1234567890123456789`:      "1234567890123456789",
		`"1234567890123456789.12"`: "1234567890123456789.12",
		`" 5.00 "`:                 "5.00",
	} {
		var d Decimal
		if err := decode([]byte(raw), &d); err != nil || d.String() != want {
			t.Errorf("%s: %s, %v; want %s", raw, d, err, want)
		}
	}
	for _, raw := range []string{`""`, `null`, `"-"`, `"1,5"`, `"1 000"`, `"NaN"`, `"Infinity"`, `"1e999"`, `"1e-999"`, `".5"`, `"5."`, `"+5"`, `"0x1p4"`, `true`, `[]`, `{}`, `"$5"`} {
		d := decimal(t, "1")
		if err := d.UnmarshalJSON([]byte(raw)); !errors.Is(err, errDecimal) && !errors.Is(err, errScalar) {
			t.Errorf("%s became %s, %v", raw, d, err)
		}
	}
	var zero Decimal
	if zero.String() != "0" || !zero.IsZero() || zero.Sign() != 0 || !zero.Equal(decimal(t, "0.0000")) {
		t.Error("the zero value is not 0")
	}
	if decimal(t, "1.5").Cmp(decimal(t, "1.5000")) != 0 || decimal(t, "-2").Cmp(decimal(t, "1")) >= 0 || decimal(t, "-2").Sign() != -1 {
		t.Error("comparing does not go by value")
	}
}

func TestDecimalAndAmount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		decimal, code, amount string
		is                    bool
	}{
		{"57.5000", "NZD", "57.50", true},
		{"57.505", "NZD", "57.51", false},
		{"57.5049", "NZD", "57.50", false},
		{"69354.839999999997", "NZD", "69354.84", true}, // how PHP may print 69354.84
		{"0.30000000000000004", "NZD", "0.30", true},
		{"1000", "JPY", "1000", true},
		{"-3.00", "NZD", "-3.00", true},
		{"1.2345", "KWD", "1.235", false},
	} {
		d := decimal(t, tt.decimal)
		want, err := currency.NewAmount(tt.amount, tt.code)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := d.Amount(tt.code); err != nil || !got.Equal(want) {
			t.Errorf("%s in %s: %v, %v", d, tt.code, got, err)
		}
		if d.Is(want) != tt.is {
			t.Errorf("%s is %v: %v", d, want, !tt.is)
		}
	}
	if _, err := decimal(t, "1").Amount("XXX"); err == nil {
		t.Error("a currency that there is not")
	}
	if decimal(t, "0").Is(currency.Amount{}) {
		t.Error("no amount at all is 0")
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`"2022-08-19"`: "2022-08-19", `"2025-08-29 14:06:02"`: "2025-08-29 14:06:02", `"0000-00-00"`: "", `"0000-00-00 00:00:00"`: "",
		`"2022-00-00"`: "", `"2022-08-00"`: "", `""`: "", `null`: "", `" 2022-08-19 "`: "2022-08-19", `"2024-02-29"`: "2024-02-29", `"2022-08-19 14:06:02.500000"`: "2022-08-19 14:06:02",
	} {
		d := date(t, "2001-01-01")
		if err := decode([]byte(raw), &d); err != nil || d.String() != want || d.IsZero() != (want == "") {
			t.Errorf("%s: %s, %v", raw, d, err)
		}
	}
	for _, raw := range []string{`"2022-02-30"`, `"2022-13-01"`, `"19.08.2022"`, `"2022-08-19T14:06:02Z"`, `"2022-8-9"`, `20220819`, `[]`, `"2022-08-19 14:06"`} {
		var d Date
		if err := d.UnmarshalJSON([]byte(raw)); err == nil {
			t.Errorf("%s became %s", raw, d)
		}
	}
	d, zone := date(t, "2025-08-29 14:06:02"), time.FixedZone("NZST", 12*3600)
	if got := d.In(zone); !got.Equal(time.Date(2025, 8, 29, 2, 6, 2, 0, time.UTC)) || d.Day() != date(t, "2025-08-29") || !(Date{}).In(zone).IsZero() {
		t.Errorf("got %v, %v", got, d.Day())
	}
	if !date(t, "2025-08-28 23:59:59").Before(d.Day()) || d.Before(d.Day()) || !(Date{}).Before(d) {
		t.Error("Before does not sort")
	}
	if got := DateOf(time.Date(2026, 3, 1, 23, 30, 0, 0, zone)); got.String() != "2026-03-01" {
		t.Errorf("DateOf: %s", got)
	}
}

func FuzzScalars(f *testing.F) {
	for _, s := range []string{`7`, `"7"`, `""`, `null`, `true`, `"0"`, `1e3`, `[]`, `{"a":1}`, `"\u0000"`, ``, `"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var id, again wireID
		if decode(raw, &id) == nil {
			out, err := json.Marshal(id)
			if err != nil || decode(out, &again) != nil || again != id {
				t.Errorf("id %q: %d, then %d", raw, id, again)
			}
		}
		var yes, yesAgain wireFlag
		if decode(raw, &yes) == nil {
			out, err := json.Marshal(yes)
			if err != nil || decode(out, &yesAgain) != nil || yesAgain != yes {
				t.Errorf("flag %q", raw)
			}
		}
		var text, textAgain wireText
		if decode(raw, &text) == nil {
			out, err := json.Marshal(text)
			if err != nil || decode(out, &textAgain) != nil || textAgain != text {
				t.Errorf("text %q", raw)
			}
		}
		var p, pAgain Permissions
		if decode(raw, &p) == nil {
			out, err := json.Marshal(p)
			if err != nil || decode(out, &pAgain) != nil || len(pAgain) != len(p) {
				t.Errorf("permissions %q: %v, then %v", raw, p, pAgain)
			}
		}
	})
}

func FuzzDecimal(f *testing.F) {
	for _, s := range []string{`69354.84`, `"363.0000"`, `1e3`, `6.935484e4`, `-0`, `0.30000000000000004`, `"1e-99"`, `9e99`, `"9999999999999999999999999999999999999999"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d, again Decimal
		if decode(raw, &d) != nil {
			return
		}
		out, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if len(out) > 250 || bytes.ContainsAny(out, "eE") {
			t.Errorf("%q is written %s", raw, out)
		}
		text := d.String()
		if a, err := ParseDecimal(text); err == nil {
			again = a
		} else if len(text) < 40 {
			t.Fatalf("%q is written %s, which cannot be read", raw, text)
		} else {
			return
		}
		if !again.Equal(d) || again.String() != text || d.Sign() != again.Sign() {
			t.Errorf("%q: %s, then %s", raw, d, again)
		}
		kept := d.kept()
		if _, decimals, _ := strings.Cut(kept.String(), "."); len(decimals) > 4 && len(text) < 90 {
			t.Errorf("%q is kept as %s", raw, kept)
		}
		if kept.Sign() != 0 && kept.Sign() != d.Sign() {
			t.Errorf("%q changed its sign to %s", raw, kept)
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{`"2022-08-19"`, `"2025-08-29 14:06:02"`, `"0000-00-00"`, `"2022-00-00"`, `null`, `""`, `"0000-01-01"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d, again Date
		if decode(raw, &d) != nil {
			return
		}
		out, err := json.Marshal(d)
		if err != nil || decode(out, &again) != nil || again != d {
			t.Errorf("%q: %q, then %q", raw, d, again)
		}
	})
}

// Whatever Splynx answers, an object is read or refused, and keeps what matters.
func FuzzObjects(f *testing.F) {
	f.Add([]byte(`{"id":"2614","customer_id":"7332","number":"A","status":"paid","total":120.0,"due":"0.0000","deleted":"0","date_till":"0000-00-00","amount":1,"password":"x","items":[]}`))
	f.Add([]byte(`{"id":1,"total":null,"due":null,"amount":null}`))
	f.Add([]byte(`[]`))
	f.Add([]byte(`{"id":1,"access_token":"t","access_token_expiration":1700000000,"permissions":{"a":{"b":"allow"}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var i wireInvoice
		if decode(raw, &i) == nil {
			if v, err := i.value(); err == nil && (v.ID != i.rowID() || !v.Due.Equal(*i.Due)) {
				t.Errorf("%q: %+v", raw, v)
			}
		}
		var p wirePayment
		if decode(raw, &p) == nil {
			if v, err := p.value(); err == nil && (v.ID != p.rowID() || !v.Amount.Equal(*p.Amount)) {
				t.Errorf("%q: %+v", raw, v)
			}
		}
		var w wireToken
		_ = decode(raw, &w)
		code, message := parseErrorBody(raw)
		if text := cleanText(message); len(text) > maxMessage || !printable(text) || code != "" && !internalCode.MatchString(code) {
			t.Errorf("%q: %q, %q", raw, code, text)
		}
	})
}
