package main

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what /metrics shows. Streets, channels and commands are labels; people
// never are.
type metrics struct {
	registry    *prometheus.Registry
	messages    *prometheus.CounterVec
	seconds     prometheus.Histogram
	sends       *prometheus.CounterVec
	duties      *prometheus.GaugeVec
	redisErrors prometheus.Counter
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bot_messages_total", Help: "Messages answered, by command and outcome.",
		}, []string{"cmd", "outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "bot_handle_seconds", Help: "Time from a message to its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 4},
		}),
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bot_sends_total", Help: "Pushes handed to a channel, by outcome.",
		}, []string{"channel", "outcome"}),
		duties: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "bot_duty_last_success_timestamp_seconds", Help: "House time at which a kind of duty was last done.",
		}, []string{"street", "duty"}),
		redisErrors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bot_redis_errors_total", Help: "Turns of the loop that failed on the store.",
		}),
	}
	m.registry.MustRegister(m.messages, m.seconds, m.sends, m.duties, m.redisErrors)
	for _, channel := range []string{"webhook", "app"} { // a graph shows zero, not nothing
		for _, outcome := range []string{"sent", "retry", "unknown", "dead"} {
			m.sends.WithLabelValues(channel, outcome)
		}
	}
	return m
}

func (m *metrics) handled(cmd, outcome, _ string) {
	if cmd == "" {
		cmd = "-"
	}
	m.messages.WithLabelValues(cmd, outcome).Inc()
}

func (m *metrics) timed(since time.Time) { m.seconds.Observe(time.Since(since).Seconds()) }

func (m *metrics) sent(_, channel, outcome string) { m.sends.WithLabelValues(channel, outcome).Inc() }

func (m *metrics) dutyDone(street, kind string, at time.Time) {
	m.duties.WithLabelValues(street, kind).Set(float64(at.Unix()))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
