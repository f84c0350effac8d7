package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"akari/models"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is everything that Prometheus can ask. It implements the small observer
// interfaces that handlers and the sender declare. Labels hold no ids of people,
// partners or rooms: their number stays small and they tell nothing personal.
type Metrics struct {
	registry *prometheus.Registry

	acks      *prometheus.HistogramVec
	received  *prometheus.CounterVec
	spooled   *prometheus.CounterVec
	sends     *prometheus.CounterVec
	sendTime  *prometheus.HistogramVec
	throttled *prometheus.CounterVec
}

// NewMetrics makes the registry. backlog is asked at every scrape; it may be nil.
func NewMetrics(backlog func(context.Context) (models.Backlog, error)) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		acks: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "akari_webhook_ack_seconds", Help: "Time from a webhook's arrival to our answer, after the commit.",
			// Slack waits 3 s, LINE 2 s; server.ack_deadline is 1.5 s as shipped.
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 1.5, 2, 3},
		}, []string{"platform", "status"}),
		received:  counter("akari_inbound_total", "Inbound happenings by what became of them.", "platform", "outcome"),
		spooled:   counter("akari_inbound_spooled_total", "Inbound bodies kept on disk because the database was away.", "platform"),
		sends:     counter("akari_sends_total", "API calls with a visible effect, by result: sent, retry, refused, in_doubt, throttled.", "platform", "result"),
		throttled: counter("akari_throttled_total", "Answers of platforms that meant: not now (429).", "platform", "operation"),
		sendTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "akari_send_seconds", Help: "Time of one API call of a platform.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"platform"}),
	}
	m.registry.MustRegister(m.acks, m.received, m.spooled, m.sends, m.throttled, m.sendTime,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if backlog != nil {
		m.registry.MustRegister(&backlogCollector{ask: backlog})
	}
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// Handler answers a scrape.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Acked is told of every answer to a webhook.
func (m *Metrics) Acked(platform string, status int, took time.Duration) {
	m.acks.WithLabelValues(platform, strconv.Itoa(status)).Observe(took.Seconds())
}

// Received is told of every inbound and what became of it.
func (m *Metrics) Received(platform, outcome string) {
	m.received.WithLabelValues(platform, outcome).Inc()
}

// Spooled is told of every inbound that had to wait on disk.
func (m *Metrics) Spooled(platform string) { m.spooled.WithLabelValues(platform).Inc() }

// Sent is told of every API call: its result and how long it took.
func (m *Metrics) Sent(platform, result string, took time.Duration) {
	m.sends.WithLabelValues(platform, result).Inc()
	m.sendTime.WithLabelValues(platform).Observe(took.Seconds())
}

// Throttled is told of every 429.
func (m *Metrics) Throttled(platform, operation string) {
	m.throttled.WithLabelValues(platform, operation).Inc()
}

var (
	descDeliveries = prometheus.NewDesc("akari_deliveries", "Deliveries that have not ended well, by state.", []string{"state"}, nil)
	descOldestDue  = prometheus.NewDesc("akari_oldest_due_seconds", "How long the oldest claimable delivery has been due.", nil, nil)
	descGaps       = prometheus.NewDesc("akari_gaps_open", "Questions that wait for an answer.", nil, nil)
	descBacklogUp  = prometheus.NewDesc("akari_database_up", "1 if the database answered this scrape.", nil, nil)
)

// backlogCollector asks the database when Prometheus asks us, at most for a second:
// a slow database must not hang the scrape.
type backlogCollector struct {
	ask func(context.Context) (models.Backlog, error)
}

func (c *backlogCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- descDeliveries
	ch <- descOldestDue
	ch <- descGaps
	ch <- descBacklogUp
}

func (c *backlogCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	b, err := c.ask(ctx)
	if err != nil {
		ch <- prometheus.MustNewConstMetric(descBacklogUp, prometheus.GaugeValue, 0)
		return
	}
	ch <- prometheus.MustNewConstMetric(descBacklogUp, prometheus.GaugeValue, 1)
	for state, n := range b.Deliveries {
		ch <- prometheus.MustNewConstMetric(descDeliveries, prometheus.GaugeValue, float64(n), state)
	}
	ch <- prometheus.MustNewConstMetric(descOldestDue, prometheus.GaugeValue, b.OldestDue.Seconds())
	ch <- prometheus.MustNewConstMetric(descGaps, prometheus.GaugeValue, float64(b.Gaps))
}
