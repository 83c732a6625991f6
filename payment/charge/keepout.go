package charge

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

// KeptKind says who is kept out of runs.
type KeptKind string

// Who can be kept out.
const (
	KeptCustomer KeptKind = "customer"
	KeptPartner  KeptKind = "partner" // all its customers
)

// Keeping says that somebody is kept out of charge runs, and why.
type Keeping struct {
	Kind      KeptKind  `json:"kind"`
	ID        int64     `json:"id"`
	Partner   int64     `json:"partner,omitempty"`   // a customer's, where it is known: its staff finds the deed in its log
	Automatic bool      `json:"automatic,omitempty"` // only of runs that a schedule or the retry plan has made
	Who       string    `json:"who"`
	Reason    string    `json:"reason"`
	At        time.Time `json:"at"`
}

// What can be wrong with keeping somebody out, or letting in.
var (
	ErrKeeping        = errors.New("that cannot be kept out of charge runs")
	ErrKeepingChanged = errors.New("somebody else has kept out or let in meanwhile")
)

// markKept names the mark of who is kept out: a list of Keeping.
const markKept = "kept out of charge runs"

// KeepOut keeps a customer or a partner out of all runs, or of automatic ones, from the next
// charge on; who is kept out already is so in the new way. The time is filled in. seen is the At of
// what the person has seen, zero of who was not kept out. ErrKeeping, ErrKeepingChanged.
func (r *Runs) KeepOut(ctx context.Context, k Keeping, seen time.Time) error {
	k.Reason, k.At = clip(strings.TrimSpace(k.Reason)), r.now()
	if k.Kind != KeptCustomer && k.Kind != KeptPartner || k.ID < 1 || k.Who == "" || k.Reason == "" {
		return fmt.Errorf("%w: it takes a customer or a partner, who does it, and a reason", ErrKeeping)
	}
	return r.keep(ctx, k, seen, payment.DeedKeepOut, func(list []Keeping) []Keeping {
		return append(slices.DeleteFunc(list, k.same), k)
	})
}

// LetIn ends that: k says whom, who does it, and why. Whoever is not kept out stays so. seen is as
// for KeepOut.
func (r *Runs) LetIn(ctx context.Context, k Keeping, seen time.Time) error {
	k.Reason, k.Automatic = clip(strings.TrimSpace(k.Reason)), false
	if k.Who == "" || k.Reason == "" {
		return fmt.Errorf("%w: who lets in, and why", ErrKeeping)
	}
	return r.keep(ctx, k, seen, payment.DeedLetIn, func(list []Keeping) []Keeping { return slices.DeleteFunc(list, k.same) })
}

// KeptOut lists who is kept out of runs, the newest first.
func (r *Runs) KeptOut(ctx context.Context) ([]Keeping, error) {
	list, err := r.keepings(ctx)
	slices.Reverse(list)
	return list, err
}

func (k Keeping) same(o Keeping) bool { return k.Kind == o.Kind && k.ID == o.ID }

func (r *Runs) keepings(ctx context.Context) ([]Keeping, error) {
	text, err := r.store.Mark(ctx, markKept)
	if err != nil || text == "" {
		return nil, err
	}
	var list []Keeping
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read who is kept out of charge runs: %w", err)
	}
	return list, nil
}

// keep changes the list, and writes down who did it. One process at a time has a journal open,
// so a lock of this one is enough.
func (r *Runs) keep(ctx context.Context, k Keeping, seen time.Time, deed payment.Deed, change func([]Keeping) []Keeping) error {
	r.keeping.Lock()
	defer r.keeping.Unlock()
	list, err := r.keepings(ctx)
	if err != nil {
		return err
	}
	was := Keeping{}
	if at := slices.IndexFunc(list, k.same); at >= 0 {
		was = list[at]
	}
	switch {
	case !was.At.Equal(seen):
		return ErrKeepingChanged
	case was.At.IsZero() && deed == payment.DeedLetIn:
		return nil
	}
	k.Partner = cmp.Or(k.Partner, was.Partner)
	list = change(list)
	a := payment.Act{At: r.now(), Who: k.Who, What: deed, Partner: k.Partner, Customer: k.ID, Note: k.Reason, Node: r.o.Node}
	if k.Kind == KeptPartner {
		a.Partner, a.Customer = k.ID, 0
	}
	if k.Automatic {
		a.Note = "automatic runs only: " + a.Note
	}
	if err := r.store.AddAct(ctx, a); err != nil {
		return fmt.Errorf("write down who is kept out of charge runs: %w", err)
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return r.store.SetMark(ctx, markKept, string(text))
}

// kept are those who are kept out: true, of automatic runs only.
type kept map[keptOne]bool

type keptOne struct {
	kind KeptKind
	id   int64
}

func (r *Runs) whoIsKept(ctx context.Context) (kept, error) {
	list, err := r.keepings(ctx)
	all := make(kept, len(list))
	for _, k := range list {
		all[keptOne{k.Kind, k.ID}] = k.Automatic
	}
	return all, err
}

// out tells whether a customer is kept out of a run.
func (l kept) out(run *Run, customer, partner int64) Out {
	for _, one := range []keptOne{{KeptCustomer, customer}, {KeptPartner, partner}} {
		if automatic, ok := l[one]; ok && (!automatic || run.Automatic()) {
			return OutKept
		}
	}
	return ""
}
