package caddymodule

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-paymentexpress/paymentexpress/payment/charge"
)

// runMetrics tells of charge runs at Caddy's /metrics. What it tells is read from the journal at
// each question, so a reload or a restart forgets nothing; while the journal is not open it tells
// nothing. Labels are closed sets: no run and no customer is in them.
type runMetrics struct{}

var (
	metricRuns = prometheus.NewDesc("caddy_paymentexpress_charge_runs",
		"Charge runs that were started and have not ended, by state.", []string{"state"}, nil)
	metricItems = prometheus.NewDesc("caddy_paymentexpress_charge_run_items",
		"Charges of these runs, by state.", []string{"state"}, nil)
	metricStands = prometheus.NewDesc("caddy_paymentexpress_charge_runs_standing",
		"Charge runs that stand still, or have failed, and wait for a person, by reason.", []string{"why"}, nil)
)

// register adds the metrics to a configuration's registry, which is a new one at each reload.
func (runMetrics) register(r *prometheus.Registry) error {
	err := r.Register(runMetrics{})
	if _, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		return nil
	}
	if err != nil {
		return fmt.Errorf("paymentexpress: metrics: %w", err)
	}
	return nil
}

// Describe implements prometheus.Collector.
func (runMetrics) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{metricRuns, metricItems, metricStands} {
		c <- d
	}
}

// Collect implements prometheus.Collector.
func (runMetrics) Collect(c chan<- prometheus.Metric) {
	n, err := opened()
	if err != nil {
		return
	}
	runs, err := within(context.Background(), readPatience, n.openRuns)
	if err != nil {
		return
	}
	tell(c, runs)
}

func tell(c chan<- prometheus.Metric, runs []runBrief) {
	byState, items, stands := map[charge.State]int{}, map[string]int64{}, map[charge.Why]int{}
	for _, b := range runs {
		byState[b.Run.State]++
		if b.Run.stands() {
			stands[b.Run.Why]++
		}
		if !b.Run.counts() {
			continue
		}
		for state, count := range map[string]int64{
			"left": b.Left, "under_way": b.UnderWay, "approved": b.Approved, "declined": b.Declined, "unknown": b.Unknown, "failed": b.Failed, "left_out": b.LeftOut,
		} {
			items[state] += count
		}
	}
	gauge := func(d *prometheus.Desc, value float64, label string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, label)
	}
	for _, s := range charge.OpenStates() {
		gauge(metricRuns, float64(byState[s]), string(s))
	}
	for _, s := range []string{"left", "under_way", "approved", "declined", "unknown", "failed", "left_out"} {
		gauge(metricItems, float64(items[s]), s)
	}
	for why, count := range stands {
		gauge(metricStands, float64(count), string(why))
	}
}

// Interface guard.
var _ prometheus.Collector = runMetrics{}
