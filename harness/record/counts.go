package record

import "slices"

// Statements are those that load on the service causes, as the server of this sample has counted them, by kind: read and
// write. Transaction control and the archive job are none of them.
func (s Sample) Statements() map[string]float64 {
	return s.sums("statements_total", "kind", func(labels map[string]string) bool {
		return slices.Contains([]string{"callers", "auth"}, labels["role"]) && slices.Contains([]string{"read", "write"}, labels["kind"])
	})
}

// CacheRequests are look-ups in the cache, as the service of this sample has counted them, by result: hit and miss.
func (s Sample) CacheRequests() map[string]float64 {
	return s.sums("cache_requests_total", "result", func(map[string]string) bool { return true })
}

// sums adds up the series of a metric that are wanted, by one of their labels.
func (s Sample) sums(metric, by string, wanted func(labels map[string]string) bool) map[string]float64 {
	sums := map[string]float64{}
	for key, value := range s.Values {
		if name, labels := ParseKey(key); name == metric && wanted(labels) {
			sums[labels[by]] += value
		}
	}
	return sums
}
