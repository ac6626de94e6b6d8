package server

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The gateway's metrics. Label values are bounded: classes and types, never paths or names.
var (
	callsMetric = prometheus.NewDesc("lockage_gateway_calls_total", "Calls answered, by class of status.", []string{"class"}, nil)
	errorMetric = prometheus.NewDesc("lockage_gateway_errors_total", "Calls the gateway itself refused or could not complete, by type.", []string{"type"}, nil)
	inFlight    = prometheus.NewDesc("lockage_gateway_in_flight", "Calls in flight.", nil, nil)
	dropped     = prometheus.NewDesc("lockage_gateway_records_dropped_total", "Records of calls that were lost because they could not be stored in time.", nil, nil)
	echoes      = prometheus.NewDesc("lockage_gateway_echoes_total", "Injected values that were taken out of answers.", nil, nil)
	contents    = prometheus.NewDesc("lockage_gateway_contents_dropped_total", "Contents of calls that were to be recorded and were not: too much was waiting, or a value could not be looked for.", nil, nil)
	unsealed    = prometheus.NewDesc("lockage_contents_unsealed_total", "Contents of calls that were not stored because their key could not be made or opened.", nil, nil)
	unscanned   = prometheus.NewDesc("lockage_gateway_echo_unscanned_total", "Answers that the echo guard could not look through: of another coding, or of an upgraded connection.", nil, nil)

	behindMetric   = prometheus.NewDesc("lockage_audit_checkpoint_behind_seconds", "For how long a checkpoint of the audit log waits to be carried away; 0 when none does.", nil, nil)
	failuresMetric = prometheus.NewDesc("lockage_audit_checkpoint_failures_total", "Failed attempts to carry checkpoints of the audit log away.", nil, nil)
)

// Of the streams of the audit logs, by the stream's id.
var (
	streamBacklog  = prometheus.NewDesc("lockage_audit_stream_backlog", "Entries of the audit log that a stream has not delivered yet.", []string{"stream"}, nil)
	streamAge      = prometheus.NewDesc("lockage_audit_stream_backlog_age_seconds", "For how long the oldest of them waits; 0 when none does.", []string{"stream"}, nil)
	streamSkipped  = prometheus.NewDesc("lockage_audit_stream_skipped_total", "Entries that were pruned before the stream could deliver them.", []string{"stream"}, nil)
	streamHolding  = prometheus.NewDesc("lockage_audit_stream_holding", "1 when entries are kept longer than the account says, because the stream did not deliver them yet.", []string{"stream"}, nil)
	streamFailures = prometheus.NewDesc("lockage_audit_stream_failures_total", "Deliveries of this process that failed.", []string{"stream"}, nil)
)

// Of pruning the audit logs.
var (
	prunedMetric  = prometheus.NewDesc("lockage_audit_pruned_total", "Entries of audit logs that this process deleted because their time was over.", nil, nil)
	pruneFailures = prometheus.NewDesc("lockage_audit_prune_failures_total", "Attempts to prune an audit log that failed; a log that somebody changed is not pruned.", nil, nil)
)

// gatewayCollector reads the gateway's counters when asked: the hot path only adds to them.
type gatewayCollector struct{ r *Running }

func (gatewayCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{callsMetric, errorMetric, inFlight, dropped, contents, unsealed, echoes, unscanned} {
		descs <- d
	}
}

func (g gatewayCollector) Collect(out chan<- prometheus.Metric) {
	if g.r.gateway == nil {
		return
	}
	stats := g.r.gateway.Stats()
	for class, n := range stats.Classes {
		out <- prometheus.MustNewConstMetric(callsMetric, prometheus.CounterValue, float64(n), class)
	}
	for kind, n := range stats.Errors {
		out <- prometheus.MustNewConstMetric(errorMetric, prometheus.CounterValue, float64(n), kind)
	}
	out <- prometheus.MustNewConstMetric(inFlight, prometheus.GaugeValue, float64(stats.InFlight))
	out <- prometheus.MustNewConstMetric(dropped, prometheus.CounterValue, float64(stats.Dropped))
	out <- prometheus.MustNewConstMetric(contents, prometheus.CounterValue, float64(stats.ContentsDropped))
	out <- prometheus.MustNewConstMetric(unsealed, prometheus.CounterValue, float64(g.r.operations.UnsealedContents()))
	out <- prometheus.MustNewConstMetric(echoes, prometheus.CounterValue, float64(stats.Echoes))
	out <- prometheus.MustNewConstMetric(unscanned, prometheus.CounterValue, float64(stats.Unscanned))
}

// checkpointCollector tells whether checkpoints are carried away.
type checkpointCollector struct{ c *checkpoints }

func (checkpointCollector) Describe(descs chan<- *prometheus.Desc) {
	descs <- behindMetric
	descs <- failuresMetric
}

func (c checkpointCollector) Collect(out chan<- prometheus.Metric) {
	behind, failures := c.c.stats()
	out <- prometheus.MustNewConstMetric(behindMetric, prometheus.GaugeValue, behind.Seconds())
	out <- prometheus.MustNewConstMetric(failuresMetric, prometheus.CounterValue, float64(failures))
}

// streamCollector tells how far the streams of the audit logs are behind, and what was pruned of the logs. There are at
// most ten streams to an account.
type streamCollector struct{ r *Running }

func (streamCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{streamBacklog, streamAge, streamSkipped, streamHolding, streamFailures, prunedMetric, pruneFailures} {
		descs <- d
	}
}

func (s streamCollector) Collect(out chan<- prometheus.Metric) {
	if s.r.streams == nil {
		return // not serving yet
	}
	pruned, failures := s.r.pruned()
	out <- prometheus.MustNewConstMetric(prunedMetric, prometheus.CounterValue, float64(pruned))
	out <- prometheus.MustNewConstMetric(pruneFailures, prometheus.CounterValue, float64(failures))
	for _, stream := range s.r.streams() {
		age, holding := 0.0, 0.0
		if stream.Holding {
			holding = 1
		}
		if !stream.WaitingSince.IsZero() {
			age = max(time.Since(stream.WaitingSince).Seconds(), 0)
		}
		out <- prometheus.MustNewConstMetric(streamBacklog, prometheus.GaugeValue, float64(stream.Backlog), stream.ID)
		out <- prometheus.MustNewConstMetric(streamAge, prometheus.GaugeValue, age, stream.ID)
		out <- prometheus.MustNewConstMetric(streamSkipped, prometheus.CounterValue, float64(stream.Skipped), stream.ID)
		out <- prometheus.MustNewConstMetric(streamHolding, prometheus.GaugeValue, holding, stream.ID)
		out <- prometheus.MustNewConstMetric(streamFailures, prometheus.CounterValue, float64(stream.Failures), stream.ID)
	}
}

var (
	alertMessages = prometheus.NewDesc("lockage_alert_messages_total", "Messages of alerts, by what became of them.", []string{"outcome"}, nil)
	alertRetries  = prometheus.NewDesc("lockage_alert_retries_total", "Failed attempts to deliver messages of alerts that are tried again.", nil, nil)
	alertPending  = prometheus.NewDesc("lockage_alert_pending", "Messages of alerts that are on their way.", nil, nil)
	alertBehind   = prometheus.NewDesc("lockage_alert_behind_seconds", "For how long the first message of an alert is on its way; 0 when none is.", nil, nil)
)

// alertCollector tells whether alerts are delivered.
type alertCollector struct{ r *Running }

func (alertCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{alertMessages, alertRetries, alertPending, alertBehind} {
		descs <- d
	}
}

func (a alertCollector) Collect(out chan<- prometheus.Metric) {
	if a.r.operations == nil {
		return // not serving yet
	}
	s := a.r.operations.AlertStats()
	out <- prometheus.MustNewConstMetric(alertMessages, prometheus.CounterValue, float64(s.Delivered), "delivered")
	out <- prometheus.MustNewConstMetric(alertMessages, prometheus.CounterValue, float64(s.Failed), "failed")
	out <- prometheus.MustNewConstMetric(alertRetries, prometheus.CounterValue, float64(s.Retried))
	out <- prometheus.MustNewConstMetric(alertPending, prometheus.GaugeValue, float64(s.Pending))
	out <- prometheus.MustNewConstMetric(alertBehind, prometheus.GaugeValue, s.Behind.Seconds())
}

// metrics serves everything worth watching in the Prometheus text format.
func metrics(r *Running) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), gatewayCollector{r}, streamCollector{r}, alertCollector{r})
	if r.witness != nil {
		registry.MustRegister(checkpointCollector{r.witness})
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}
