package probe

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/record"
)

// maxPageBytes bounds a page of metrics. A longer one is refused: cut, it could end inside a number.
const maxPageBytes = 4 << 20

// Metrics makes the instrument of a service that exports its counters in the Prometheus text format at url. Families whose
// name begins with prefix are kept, without it: counters and gauges; histograms and summaries are left out.
func Metrics(name, url, prefix string) *Instrument { return GuardedMetrics(name, url, prefix, "") }

// GuardedMetrics is [Metrics] of a service that wants a secret as bearer token.
func GuardedMetrics(name, url, prefix, secret string) *Instrument {
	transport := alone.Transport()
	transport.MaxIdleConns = 1
	m := &metrics{client: &http.Client{Transport: transport}, url: url, prefix: prefix, secret: secret}
	return newInstrument(name, m.read, func() error { transport.CloseIdleConnections(); return nil })
}

type metrics struct {
	client              *http.Client
	url, prefix, secret string
}

func (m *metrics) read(ctx context.Context) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url, nil)
	if err != nil {
		return nil, err
	}
	if m.secret != "" {
		request.Header.Set("Authorization", "Bearer "+m.secret)
	}
	response, err := m.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	page, err := io.ReadAll(io.LimitReader(response.Body, maxPageBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("GET %s: %w", m.url, err)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("GET %s: status %d, want 200", m.url, response.StatusCode)
	case len(page) > maxPageBytes:
		return nil, fmt.Errorf("GET %s: the page is longer than %d bytes", m.url, maxPageBytes)
	}
	return pageSeries(page, m.prefix)
}

func pageSeries(page []byte, prefix string) (map[string]float64, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		return nil, fmt.Errorf("page of metrics: %w", err)
	}
	values := map[string]float64{}
	for name, family := range families {
		short, found := strings.CutPrefix(name, prefix)
		if !found {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			switch {
			case metric.Counter != nil:
				values[record.Key(short, labels)] = metric.GetCounter().GetValue()
			case metric.Gauge != nil:
				values[record.Key(short, labels)] = metric.GetGauge().GetValue()
			}
		}
	}
	return values, nil
}
