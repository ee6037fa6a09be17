package record

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Bounds of every histogram: one microsecond to two minutes, three significant digits, so a quantile is off by at most
// 0.1 %. Source: http://hdrhistogram.org.
const (
	lowestNanoseconds  = int64(time.Microsecond)
	highestNanoseconds = int64(2 * time.Minute)
	significantDigits  = 3
	// leastBits is the width of the smallest bucket: below it are 512 ns.
	leastBits = 9
)

// Histogram counts durations. The zero value is empty and ready; histograms merge without loss. In JSON it is the list
// of its non-empty buckets, [[nanoseconds, count], …], each named by its lowest value, or null when empty; in the first
// records it is HdrHistogram's own encoding, which is read as well.
//
// Note: the compressed encoding of HdrHistogram was here first. Writing one second of five operations took it 8 ms of
// processor time, a burst of the instrument that showed in the latencies it was recording; the list takes under 1 ms.
//
// What was read stays folded until something is added: a record has hundreds of thousands of histograms, most of which are
// looked at once, and unfolded each would take ten times the memory.
type Histogram struct {
	hdr *hdrhistogram.PackedHistogram
	// folded are the buckets as pairs of variable length: the step from the bucket before, in units of the smallest one,
	// and the count. Count is their sum. Both are unused once there is an hdr.
	folded []byte
	count  uint64
}

// open makes h ready to count.
func (h *Histogram) open() {
	if h.hdr != nil {
		return
	}
	h.hdr = hdrhistogram.NewPacked(lowestNanoseconds, highestNanoseconds, significantDigits)
	for value, count := range h.buckets {
		// In range, or it would not have been folded.
		_ = h.hdr.RecordValues(value, count)
	}
	h.folded, h.count = nil, 0
}

// buckets yields the lowest value of each non-empty bucket, in ascending order, and its count.
func (h *Histogram) buckets(yield func(value, count int64) bool) {
	if h.hdr == nil || len(h.folded) > 0 {
		for value, rest := int64(0), h.folded; len(rest) > 0; {
			step, n := binary.Uvarint(rest)
			count, m := binary.Uvarint(rest[n:])
			value, rest = value+int64(step)<<leastBits, rest[n+m:]
			if !yield(value, int64(count)) {
				return
			}
		}
		return
	}
	h.hdr.ForEachBucket(yield)
}

// Record counts d. What lies outside the bounds is counted at the nearest bound: no hit is ever dropped.
func (h *Histogram) Record(d time.Duration) {
	h.open()
	// Inside the trackable range, which is the only error there is.
	_ = h.hdr.RecordValue(min(max(int64(d), 0), highestNanoseconds))
}

// Merge adds the counts of other to h.
func (h *Histogram) Merge(other Histogram) {
	if other.Count() == 0 {
		return
	}
	h.open()
	if other.hdr != nil {
		h.hdr.Merge(other.hdr)
		return
	}
	for value, count := range other.buckets {
		_ = h.hdr.RecordValues(value, count) // in range, or it would not have been folded
	}
}

// Reset forgets all counts and keeps the memory, for the writer that fills window after window.
func (h *Histogram) Reset() {
	h.folded, h.count = nil, 0
	if h.hdr != nil {
		h.hdr.Reset()
	}
}

// Count is the number of durations recorded.
func (h Histogram) Count() uint64 {
	if h.hdr == nil {
		return h.count
	}
	return uint64(h.hdr.TotalCount())
}

// Quantile is the duration in seconds at rank ceil(q*Count), the highest value equivalent at three digits; q in [0,1].
// It is zero for an empty histogram: ask Count first.
func (h Histogram) Quantile(q float64) float64 {
	if h.Count() == 0 {
		return 0
	}
	h.open()
	return float64(h.hdr.ValueAtPercentile(q*100)) / 1e9
}

// Bar is one bucket of a histogram: Count durations of about Seconds.
type Bar struct {
	Seconds float64
	Count   uint64
}

// Bars lists the non-empty buckets in ascending order, for distributions and for exact merging elsewhere. Each is named
// by the highest value in it, so that no quantile is ever flattered.
func (h Histogram) Bars() []Bar {
	if h.Count() == 0 {
		return nil
	}
	most := len(h.folded) / 2 // each takes two bytes or more
	if h.hdr != nil {
		most = int(h.hdr.Populated())
	}
	bars := make([]Bar, 0, most)
	for value, count := range h.buckets {
		bars = append(bars, Bar{Seconds: float64(highestEquivalent(value)) / 1e9, Count: uint64(count)})
	}
	return bars
}

// Over counts the durations above a number of seconds, by the same names of buckets as [Histogram.Bars].
func (h Histogram) Over(seconds float64) (n uint64) {
	if h.Count() == 0 {
		return 0
	}
	for value, count := range h.buckets {
		if float64(highestEquivalent(value))/1e9 > seconds {
			n += uint64(count)
		}
	}
	return n
}

// highestEquivalent is the highest value in the bucket of v. With three digits a bucket spans v/1024 to v/2048, rounded
// to a power of two, and at least the 512 ns below the lowest bound.
func highestEquivalent(v int64) int64 {
	const digitBits = 11
	width := max(bits.Len64(uint64(v))-digitBits, leastBits)
	return v | (1<<width - 1)
}

// Mean is the arithmetic mean in seconds, zero when empty.
func (h Histogram) Mean() float64 {
	if h.Count() == 0 {
		return 0
	}
	h.open()
	return h.hdr.Mean() / 1e9
}

// MarshalJSON implements json.Marshaler.
func (h Histogram) MarshalJSON() ([]byte, error) {
	if h.Count() == 0 {
		return []byte("null"), nil
	}
	var text []byte
	for value, count := range h.buckets {
		text = strconv.AppendInt(append(text, ",["...), value, 10)
		text = append(strconv.AppendInt(append(text, ','), count, 10), ']')
	}
	text[0] = '['
	return append(text, ']'), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (h *Histogram) UnmarshalJSON(data []byte) error {
	*h = Histogram{}
	if bytes.HasPrefix(data, []byte(`"`)) {
		return h.unmarshalEncoded(data)
	}
	if h.unmarshalWritten(data) {
		return nil
	}
	*h = Histogram{}
	var buckets [][2]int64
	if err := json.Unmarshal(data, &buckets); err != nil {
		return fmt.Errorf("decode histogram: %w", err)
	}
	for _, bucket := range buckets {
		if bucket[0] < 0 || bucket[0] > highestNanoseconds || bucket[1] <= 0 || bucket[1] > highestCount {
			return fmt.Errorf("decode histogram: bucket %v is outside of 0 to %d ns, or of 1 to %v hits", bucket, highestNanoseconds, int64(highestCount))
		}
		h.open()
		// In range, so there is no error.
		_ = h.hdr.RecordValues(bucket[0], bucket[1])
	}
	h.fold()
	return nil
}

// fold is the opposite of open: however it was written, what was read takes the memory that its buckets take.
func (h *Histogram) fold() {
	if h.hdr == nil {
		return
	}
	var folded Histogram
	before := int64(0)
	for value, count := range h.buckets {
		folded.folded = binary.AppendUvarint(binary.AppendUvarint(folded.folded, uint64(value-before)>>leastBits), uint64(count))
		folded.count, before = folded.count+uint64(count), value
	}
	*h = folded
}

// unmarshalWritten folds the list as MarshalJSON writes it, each bucket above the one before, or tells that it is written
// otherwise: windows are most of a record, and json.Unmarshal takes several times as long for them.
func (h *Histogram) unmarshalWritten(data []byte) bool {
	var scratch [1024]byte
	folded, sum, before, last := scratch[:0], uint64(0), int64(0), int64(-1)
	rest, ok := bytes.CutPrefix(data, []byte("[["))
	for ok {
		var value, count int64
		if value, rest, ok = number(rest, ','); !ok || value <= last || value > highestNanoseconds || value%(1<<leastBits) != 0 {
			return false
		}
		if count, rest, ok = number(rest, ']'); !ok || count == 0 || count > highestCount {
			return false
		}
		folded = binary.AppendUvarint(binary.AppendUvarint(folded, uint64(value-before)>>leastBits), uint64(count))
		sum, before, last = sum+uint64(count), value, highestEquivalent(value)
		if string(rest) == "]" {
			h.folded, h.count = bytes.Clone(folded), sum
			return true
		}
		rest, ok = bytes.CutPrefix(rest, []byte(",["))
	}
	return false
}

// number reads a whole number and the letter behind it, in what is known to be JSON.
func number(data []byte, end byte) (n int64, rest []byte, ok bool) {
	for i, digit := range data {
		switch {
		case digit == end:
			return n, data[i+1:], i > 0
		case digit < '0' || digit > '9' || n > highestNanoseconds:
			return 0, nil, false
		}
		n = 10*n + int64(digit-'0')
	}
	return 0, nil, false
}

// unmarshalEncoded reads what the first records hold: the compressed encoding of HdrHistogram, in base64.
func (h *Histogram) unmarshalEncoded(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("decode histogram: %w", err)
	}
	encoded, err := hdrhistogram.DecodePacked([]byte(text))
	if err != nil {
		return fmt.Errorf("decode histogram: %w", err)
	}
	for value, count := range encoded.ForEachBucket {
		if count <= 0 || count > highestCount {
			return fmt.Errorf("decode histogram: bucket %v is outside of 1 to %v hits", [2]int64{value, count}, int64(highestCount))
		}
	}
	h.open()
	if dropped := h.hdr.Merge(encoded); dropped > 0 {
		return fmt.Errorf("decode histogram: %d durations are longer than %d ns", dropped, highestNanoseconds)
	}
	h.fold()
	return nil
}
