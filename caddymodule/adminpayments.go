package caddymodule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
)

const (
	listDefault = 50
	listMost    = 1000
	lateAfter   = time.Hour // then money that has not moved wants a person's attention
	whoLimit    = 100       // characters
)

func (n present) listPayments(r *http.Request) (any, error) {
	f, attention, err := n.readFilter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	return within(r.Context(), readPatience, func(ctx context.Context) (listAnswer, error) {
		if after := payment.ID(r.URL.Query().Get("after")); after != "" {
			last, err := n.engine.Get(ctx, after)
			if err != nil {
				return listAnswer{}, err
			}
			f.After = last.Cursor()
		}
		limit := f.Limit
		f.Limit++ // whether there are more
		find := n.engine.Find
		if attention {
			find = n.findAttention
		}
		list, err := find(ctx, f)
		if err != nil {
			return listAnswer{}, err
		}
		answer := listAnswer{Payments: make([]paymentView, 0, limit)}
		for _, p := range list[:min(len(list), limit)] {
			answer.Payments = append(answer.Payments, viewOf(p))
		}
		if len(list) > limit {
			answer.Next = list[limit-1].ID
		}
		return answer, nil
	})
}

// findAttention finds what waits for a person, and money that has not moved for an hour: of
// each no more than the limit.
func (n present) findAttention(ctx context.Context, f payment.Filter) ([]*payment.Payment, error) {
	parked, late := f, f
	parked.States = []payment.State{payment.Parked}
	late.States = slices.DeleteFunc(payment.InFlight(), func(s payment.State) bool { return s == payment.Parked })
	late.Before = time.Now().Add(-lateAfter)
	list, err := n.engine.Find(ctx, parked)
	if err != nil {
		return nil, err
	}
	more, err := n.engine.Find(ctx, late)
	if err != nil {
		return nil, err
	}
	list = append(list, more...)
	slices.SortFunc(list, func(a, b *payment.Payment) int { // as Find does
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// readFilter reads what is asked for; a word that is not known is an error.
func (n present) readFilter(q url.Values) (f payment.Filter, attention bool, err error) {
	f.Limit = listDefault
	for name, values := range q {
		text := values[len(values)-1]
		switch name {
		case "attention":
			if attention, err = strconv.ParseBool(text); err != nil {
				return f, false, asked("attention %q: true or false", text)
			}
		case "state":
			if f.States, err = readStates(values); err != nil {
				return f, false, err
			}
		case "kind":
			if f.Kind = payment.Kind(text); !slices.Contains(allKinds, f.Kind) {
				return f, false, asked("kind %q is none of %s", text, joined(allKinds))
			}
		case "document":
			f.Document, err = readID(name, text)
		case "since":
			f.Since, err = n.readMoment(name, text)
		case "before":
			f.Before, err = n.readMoment(name, text)
		case "customer":
			f.Customer, err = readID(name, text)
		case "partner":
			f.Partner, err = readID(name, text)
		case "limit":
			f.Limit, err = strconv.Atoi(text)
			if err != nil || f.Limit < 1 || f.Limit > listMost {
				return f, false, asked("limit %q: 1 to %d", text, listMost)
			}
		case "after":
			_, err = readPaymentID(text)
		default:
			return f, false, asked("%q is none of attention, state, kind, document, customer, partner, since, before, limit, after", name)
		}
		if err != nil {
			return f, false, err
		}
	}
	if attention && len(f.States) > 0 {
		return f, false, asked("attention chooses the states itself; leave out one of the two")
	}
	if attention && !f.Before.IsZero() {
		return f, false, asked("attention looks for what has not moved by itself; leave out before")
	}
	return f, attention, nil
}

func readStates(values []string) (states []payment.State, err error) {
	for _, name := range strings.Split(strings.Join(values, ","), ",") {
		if !slices.Contains(allStates, payment.State(name)) {
			return nil, asked("state %q is none of %s", name, joined(allStates))
		}
		states = append(states, payment.State(name))
	}
	return states, nil
}

// readMoment reads when a payment moved last: a day begins in the provider's zone.
func (n present) readMoment(name, text string) (time.Time, error) {
	if t, err := time.ParseInLocation(time.DateOnly, text, n.app.generation.Settings.Normalize().TimeZone); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, asked("%s %q: want a day such as 2026-11-25, or a time such as 2026-11-25T10:58:00Z", name, text)
	}
	return t, nil
}

func readID(name, text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, asked("%s %q: want its id in Splynx, a number", name, text)
	}
	return id, nil
}

func readPaymentID(text string) (payment.ID, error) {
	id, err := payment.ParseID(text)
	if err != nil {
		return "", asked("%v", err)
	}
	return id, nil
}

func (n present) showPayment(r *http.Request) (any, error) {
	id, err := readPaymentID(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return within(r.Context(), readPatience, func(ctx context.Context) (detailAnswer, error) { return n.detail(ctx, id) })
}

func (n present) detail(ctx context.Context, id payment.ID) (detailAnswer, error) {
	p, err := n.engine.Get(ctx, id)
	if err != nil {
		return detailAnswer{}, err
	}
	events, err := n.engine.Events(ctx, id)
	if err != nil {
		return detailAnswer{}, err
	}
	waiting, err := n.store.PendingTokens(ctx, id)
	return detailAnswer{viewOf(p), events, waiting, n.app.generation.Settings.TimeZone.String()}, err
}

// settleRequest is a person's word on a parked payment.
type settleRequest struct {
	How    string `json:"how"` // again, recorded, refunded, not_paid
	Reason string `json:"reason"`
	Who    string `json:"who"`
}

func (n present) settlePayment(r *http.Request) (any, error) {
	id, err := readPaymentID(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if n.app.AdminCommands != "all" {
		return nil, errReadOnly
	}
	var s settleRequest
	if err := readJSON(r, &s); err != nil {
		return nil, err
	}
	how, err := readSettlement(s.How)
	if err != nil {
		return nil, err
	}
	if err := checkWho(s.Who); err != nil {
		return nil, err
	}
	d, err := within(context.WithoutCancel(r.Context()), settlePatience, func(ctx context.Context) (detailAnswer, error) {
		if _, err := n.engine.Settle(ctx, id, how, s.Reason, s.Who); err != nil {
			return detailAnswer{}, err
		}
		return n.detail(ctx, id)
	})
	if errors.Is(err, errSilent) {
		err = fmt.Errorf("%w; it may be settled all the same: look at it (caddy paymentexpress show %s)", err, id)
	}
	return d, err
}

// readSettlement takes not-paid for not_paid, as people type it.
func readSettlement(text string) (payment.Settlement, error) {
	how, err := payment.ParseSettlement(strings.ReplaceAll(text, "-", "_"))
	if err != nil {
		return "", asked("how: %q is none of again, recorded, refunded, not_paid", text)
	}
	return how, nil
}

// checkWho: the name stands in histories and in the log.
func checkWho(who string) error {
	if strings.TrimSpace(who) == "" || !fitsLine(who, whoLimit) {
		return asked("who: want the name of who says so, at most %d characters", whoLimit)
	}
	return nil
}

// fitsLine tells whether a text may stand in histories and in the log.
func fitsLine(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, unicode.IsControl)
}
