package main

import (
	"context"
	"strings"
	"testing"
)

func TestWrongWordsAreRefused(t *testing.T) {
	for _, tt := range []struct {
		o    options
		want string
	}{
		{options{only: "stripe"}, `-only "stripe": windcave or splynx`},
		{options{only: "windcave", addr: "0.0.0.0:0"}, "loopback"},
		{options{only: "splynx", addr: "192.0.2.1:0"}, "loopback"},
	} {
		if err := run(context.Background(), tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v ended with %v, want %s", tt.o, err, tt.want)
		}
	}
}

// All outcomes, from the link to the journal, in this process.
func TestOnce(t *testing.T) {
	h, err := open(options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := h.close(); err != nil {
			t.Error(err)
		}
	}()
	var text strings.Builder
	h.explain(&text)
	for _, want := range []string{h.public + "/portal/", "direct-pay-invoice?item_id=2026/0042", "4111111111111111", h.backend} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the demo does not say %s", want)
		}
	}
	if err := h.once(t.Context()); err != nil {
		t.Error(err)
	}
}
