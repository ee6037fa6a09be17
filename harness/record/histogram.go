package record

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Bounds of every histogram: one microsecond to two minutes, three significant digits, so a quantile is off by at most
// 0.1 %. Source: http://hdrhistogram.org.
const (
	lowestNanoseconds  = int64(time.Microsecond)
	highestNanoseconds = int64(2 * time.Minute)
	significantDigits  = 3
)

// Histogram counts durations. The zero value is empty and ready; histograms merge without loss. In JSON it is the
// compressed V2 encoding every HdrHistogram viewer reads, in base64, or null when empty.
type Histogram struct {
	hdr *hdrhistogram.Histogram
	// text is the encoding as read back. It stays packed until it is asked for: a run holds thousands of histograms,
	// and each takes 144 kB unpacked.
	text string
}

// unpacked is nil when empty. The text was checked when it was read.
func (h Histogram) unpacked() *hdrhistogram.Histogram {
	if h.hdr != nil || h.text == "" {
		return h.hdr
	}
	hdr, _ := hdrhistogram.Decode([]byte(h.text))
	return hdr
}

// open makes h ready to count.
func (h *Histogram) open() {
	if h.hdr = h.unpacked(); h.hdr == nil {
		h.hdr = hdrhistogram.New(lowestNanoseconds, highestNanoseconds, significantDigits)
	}
	h.text = ""
}

// Record counts d. What lies outside the bounds is counted at the nearest bound: no hit is ever dropped.
func (h *Histogram) Record(d time.Duration) {
	if h.hdr == nil {
		h.open()
	}
	n := min(max(int64(d), 0), highestNanoseconds)
	// The value is inside the trackable range by the line above, which is the only error there is.
	_ = h.hdr.RecordValue(n)
}

// Merge adds the counts of other to h.
func (h *Histogram) Merge(other Histogram) {
	more := other.unpacked()
	if more == nil {
		return
	}
	if h.hdr == nil {
		h.open()
	}
	h.hdr.Merge(more)
}

// Reset forgets all counts and keeps the memory, for the writer that fills window after window.
func (h *Histogram) Reset() {
	h.text = ""
	if h.hdr != nil {
		h.hdr.Reset()
	}
}

// Count is the number of durations recorded.
func (h Histogram) Count() uint64 {
	hdr := h.unpacked()
	if hdr == nil {
		return 0
	}
	return uint64(hdr.TotalCount())
}

// Quantile is the duration in seconds at rank ceil(q*Count), the highest value equivalent at three digits; q in [0,1].
// It is zero for an empty histogram: ask Count first.
func (h Histogram) Quantile(q float64) float64 {
	hdr := h.unpacked()
	if hdr == nil || hdr.TotalCount() == 0 {
		return 0
	}
	return float64(hdr.ValueAtQuantile(q*100)) / 1e9
}

// Bar is one bucket of a histogram: Count durations of about Seconds.
type Bar struct {
	Seconds float64
	Count   uint64
}

// Bars lists the non-empty buckets in ascending order, for distributions and for exact merging elsewhere.
func (h Histogram) Bars() []Bar {
	hdr := h.unpacked()
	if hdr == nil {
		return nil
	}
	var bars []Bar
	for _, b := range hdr.Distribution() {
		if b.Count > 0 {
			bars = append(bars, Bar{Seconds: float64(b.To) / 1e9, Count: uint64(b.Count)})
		}
	}
	return bars
}

// Mean is the arithmetic mean in seconds, zero when empty.
func (h Histogram) Mean() float64 {
	hdr := h.unpacked()
	if hdr == nil || hdr.TotalCount() == 0 {
		return 0
	}
	return hdr.Mean() / 1e9
}

// MarshalJSON implements json.Marshaler.
func (h Histogram) MarshalJSON() ([]byte, error) {
	if h.text != "" {
		return json.Marshal(h.text)
	}
	if h.Count() == 0 {
		return []byte("null"), nil
	}
	text, err := h.hdr.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, fmt.Errorf("encode histogram: %w", err)
	}
	return json.Marshal(string(text))
}

// UnmarshalJSON implements json.Unmarshaler.
func (h *Histogram) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil || text == nil {
		*h = Histogram{}
		return err
	}
	if _, err := hdrhistogram.Decode([]byte(*text)); err != nil {
		return fmt.Errorf("decode histogram: %w", err)
	}
	*h = Histogram{text: *text}
	return nil
}
