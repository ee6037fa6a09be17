package reading

import (
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// Hits are windows added up.
type Hits struct {
	Offered, Sent, Missed, Failed uint64
	Reconnected, Resent           uint64
	Wrong                         Correctness
	Response, Lag                 record.Histogram
	// bars are those of response, once somebody has asked: unfolding a histogram costs more than all else here.
	bars []stat.Bar
}

// withoutLag are the hits of a window, without their lag.
func (d Declared) withoutLag(w *record.Window) *Hits {
	return &Hits{
		Offered: w.Offered, Sent: w.Sent, Missed: w.Missed, Failed: w.Failed,
		Reconnected: w.Reconnected, Resent: w.Resent,
		Wrong:    d.Correctness(w),
		Response: w.Response,
	}
}

// Hits are those of a window.
func (d Declared) Hits(w *record.Window) *Hits {
	h := d.withoutLag(w)
	h.Lag = w.Lag
	return h
}

// Merge adds other hits.
func (h *Hits) Merge(o *Hits) {
	h.Offered += o.Offered
	h.Sent += o.Sent
	h.Missed += o.Missed
	h.Failed += o.Failed
	h.Reconnected += o.Reconnected
	h.Resent += o.Resent
	h.Wrong.Add(o.Wrong)
	h.Response.Merge(o.Response)
	h.Lag.Merge(o.Lag)
	h.bars = nil
}

// LeastTail is how many hits must lie beyond a percentile before it is worth printing.
const LeastTail = 10

// Percentile is the response latency in seconds at q over all hits due. Those without an answer lie beyond every limit:
// +Inf when the percentile is one of them. It is unknown when fewer than [LeastTail] hits lie beyond it.
func (h *Hits) Percentile(q float64) stat.Number {
	if stat.Tail(h.Offered, q) < LeastTail {
		return stat.Unknown()
	}
	return h.ResponseAt(q)
}

// LagP99 is the 99th percentile of sent minus due, over the hits sent.
func (h *Hits) LagP99() stat.Number {
	if stat.Tail(h.Lag.Count(), 0.99) < LeastTail {
		return stat.Unknown()
	}
	return h.LagAt(0.99)
}

// ResponseAt and [Hits.LagAt] are quantiles with however few hits beyond them: too coarse to print, good enough to doubt a trial.
func (h *Hits) ResponseAt(q float64) stat.Number {
	list, beyond := h.Responses()
	return stat.Number(stat.Quantile(list, beyond, q))
}

// Responses are the latencies in seconds of the hits that were answered, ascending, and how many hits due had no answer and
// so took longer than all of them.
func (h *Hits) Responses() (list []stat.Bar, beyond uint64) {
	if h.bars == nil {
		h.bars = Bars(h.Response)
	}
	return h.bars, h.Offered - min(h.Offered, h.Response.Count())
}

// LagAt is a quantile of sent minus due, in seconds.
func (h *Hits) LagAt(q float64) stat.Number { return stat.Number(stat.Quantile(Bars(h.Lag), 0, q)) }

// Answered is how many of the hits due had a usable answer.
func (h *Hits) Answered() uint64 { return h.Offered - min(h.Offered, h.Missed+h.Failed) }

// ErrorsRatio is the share of the hits due that failed or were never sent.
func (h *Hits) ErrorsRatio() stat.Number {
	return stat.Number(float64(h.Failed+h.Missed) / float64(h.Offered))
}

// Bars are the values of a histogram, in seconds, ascending.
func Bars(h record.Histogram) []stat.Bar {
	list := h.Bars()
	bars := make([]stat.Bar, len(list))
	for i, b := range list {
		bars[i] = stat.Bar{Value: b.Seconds, Count: b.Count}
	}
	return bars
}

// AnsweredRatio is the share of the hits due that were answered; unknown where none was due.
func (h *Hits) AnsweredRatio() stat.Number {
	return stat.Number(float64(h.Answered()) / float64(h.Offered))
}

// Release lets go of the latencies and keeps the counts.
func (h *Hits) Release() { h.Response, h.Lag, h.bars = record.Histogram{}, record.Histogram{}, nil }
