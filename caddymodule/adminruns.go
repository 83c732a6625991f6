package caddymodule

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-paymentexpress/paymentexpress/payment"
	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// runsMost is how many runs are listed at a time.
const runsMost = 200

// previewRequest asks who would be charged.
type previewRequest struct {
	Sort          charge.Sort   `json:"sort"`
	Filter        charge.Filter `json:"filter"`
	DespiteCredit bool          `json:"despite_credit,omitempty"`
	Of            payment.ID    `json:"of,omitempty"` // the run whose failed charges are to be made again
	Who           string        `json:"who"`
	Key           string        `json:"key"` // of the asker's own making: asked twice it is one run
}

// previewRun makes a run, which is planned in the background. It moves no money.
func (n present) previewRun(r *http.Request) (any, error) {
	var q previewRequest
	if err := readJSON(r, &q); err != nil {
		return nil, err
	}
	if err := checkWho(q.Who); err != nil {
		return nil, err
	}
	if q.Of != "" {
		if _, err := readPaymentID(string(q.Of)); err != nil {
			return nil, err
		}
	}
	if len(q.Key) > 100 {
		return nil, asked("key: at most 100 characters, the same for each try of one preview")
	}
	order := charge.Order{
		Sort: q.Sort, Filter: q.Filter, Of: q.Of, DespiteCredit: q.DespiteCredit || n.app.Charge.DespiteCredit, Source: charge.Command, Who: q.Who,
	}
	if q.Key != "" {
		order.FormKey = "command/" + q.Key
	}
	return within(context.WithoutCancel(r.Context()), settlePatience, func(ctx context.Context) (runAnswer, error) {
		run, err := n.runs.Plan(ctx, order)
		if err != nil {
			return runAnswer{}, err
		}
		n.notes(ctx, payment.Act{Who: q.Who, What: payment.DeedPreview, Run: run.ID, Note: filterNote(run)})
		return n.run(ctx, run.ID)
	})
}

// filterNote is what a run is about, in few words.
func filterNote(run *charge.Run) string {
	text, err := json.Marshal(run.Filter)
	if err != nil || run.Of != "" {
		return strings.TrimSpace(fmt.Sprintf("%s %s", run.Sort, run.Of))
	}
	return fmt.Sprintf("%s %s", run.Sort, text)
}

// notes writes down what was done: it is done whether that can be written down or not.
func (n present) notes(ctx context.Context, a payment.Act) {
	if err := n.engine.Note(ctx, a); err != nil {
		n.app.log.Error("what was done could not be written down", zap.String("what", string(a.What)), zap.String("who", a.Who),
			zap.String("payment", string(a.Payment)), zap.String("run", string(a.Run)), zap.Error(err))
	}
}

func (n present) listRuns(r *http.Request) (any, error) {
	f, err := readRunFilter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	return within(r.Context(), readPatience, func(ctx context.Context) (runsAnswer, error) {
		if after := payment.ID(r.URL.Query().Get("after")); after != "" {
			last, err := n.runs.Get(ctx, after)
			if err != nil {
				return runsAnswer{}, err
			}
			f.After = last.Place()
		}
		limit := f.Limit
		f.Limit++
		list, err := n.runs.List(ctx, f)
		if err != nil {
			return runsAnswer{}, err
		}
		answer := runsAnswer{Runs: []runBrief{}}
		for _, run := range list[:min(len(list), limit)] {
			p, err := n.runs.Progress(ctx, run.ID)
			if err != nil {
				return runsAnswer{}, err
			}
			answer.Runs = append(answer.Runs, briefOf(p))
		}
		if len(list) > limit {
			answer.Next = list[limit-1].ID
		}
		return answer, nil
	})
}

func readRunFilter(q url.Values) (f charge.RunFilter, err error) {
	f.Limit = 20
	for name, values := range q {
		text := values[len(values)-1]
		switch name {
		case "limit":
			if f.Limit, err = strconv.Atoi(text); err != nil || f.Limit < 1 || f.Limit > runsMost {
				return f, asked("limit %q: 1 to %d", text, runsMost)
			}
		case "open":
			if open, err := strconv.ParseBool(text); err != nil {
				return f, asked("open %q: true or false", text)
			} else if open {
				f.States = charge.OpenStates()
			}
		case "after":
			if _, err = readPaymentID(text); err != nil {
				return f, err
			}
		default:
			return f, asked("%q is none of open, limit, after", name)
		}
	}
	return f, nil
}

func (n present) showRun(r *http.Request) (any, error) {
	id, err := readPaymentID(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return within(r.Context(), readPatience, func(ctx context.Context) (runAnswer, error) { return n.run(ctx, id) })
}

func (n present) run(ctx context.Context, id payment.ID) (runAnswer, error) {
	p, err := n.runs.Progress(ctx, id)
	if err != nil {
		return runAnswer{}, err
	}
	events, err := n.runs.Events(ctx, id)
	return answerOf(p, events, n.app.generation.Settings.TimeZone.String()), err
}
