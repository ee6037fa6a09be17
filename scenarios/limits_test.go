package scenarios

// idleLimits are limits that decide nothing, and ratios that could mean two things; see TestOneMistake.
func idleLimits() []replacement {
	return []replacement{
		{"metric: p95, max: 50ms", "metric: primary_qps, of: baseline, max: 90", "f:12:46: budgets[0].max: 90 is a ratio above one without a unit; write 90% or 90x"},
		{"metric: p95, max: 50ms", "metric: errors, below: 1.5", "f:12:29: budgets[0].below: 1.5 is a ratio above one without a unit; write 1.5% or 1.5x"},
		{"metric: p95, max: 50ms", "metric: errors, max: 5x", "f:12:27: budgets[0].max: nothing can breach it: errors is never above 100%; write less than 100%"},
		{"metric: p95, max: 50ms", "metric: errors, max: 1", "f:12:27: budgets[0].max: nothing can breach it: errors is never above 100%; write less than 100%"},
		{"metric: p95, max: 50ms", "metric: errors, max: 100%", "f:12:27: budgets[0].max: nothing can breach it"},
		{"metric: p95, max: 50ms", "metric: errors, below: 101%", "f:12:29: budgets[0].below: nothing can breach it"},
		{"metric: p95, max: 50ms", "metric: errors, below: 0%", "f:12:29: budgets[0].below: nothing can meet it: errors is never below 0%; write more than 0%, or max: 0%"},
		{"metric: p95, max: 50ms", "metric: achieved, min: 0", "f:12:29: budgets[0].min: nothing can breach it: achieved is never below 0%; write more than 0%, or above: 0%"},
		{"metric: p95, max: 50ms", "metric: cache_hit_ratio, min: 101%", "f:12:36: budgets[0].min: nothing can meet it: cache_hit_ratio is never above 100%; write at most 100%"},
		{"metric: p95, max: 50ms", "metric: achieved, above: 100%", "f:12:31: budgets[0].above: nothing can meet it: achieved is never above 100%; write less than 100%, or min: 100%"},
		{"metric: p95, max: 50ms", "metric: primary_qps, of: baseline, min: 0%", "f:12:46: budgets[0].min: nothing can breach it: a ratio is never below 0%"},
		{"metric: p95, max: 50ms", "metric: primary_qps, of: baseline, below: 0x", "f:12:48: budgets[0].below: nothing can meet it: a ratio is never below 0%"},
		{"metric: p95, max: 50ms", "metric: primary_qps, min: 0/s", "f:12:32: budgets[0].min: nothing can breach it: primary_qps is never below 0/s"},
		{"metric: p95, max: 50ms", "metric: wrong_user, below: 0", "f:12:33: budgets[0].below: nothing can meet it: wrong_user is never below 0; write more than 0, or max: 0"},
		{"metric: p95, max: 50ms", "metric: rechecked, min: 0", "f:12:30: budgets[0].min: nothing can breach it"},
		{"metric: p95, max: 50ms", "metric: rechecked, above: 3, below: 4", "f:12:32: budgets[0].above: no number is above 3 and below 4; lower it, or raise below"},
		{"metric: p95, max: 50ms", "metric: primary_qps, above: 3/s, max: 3/s", "f:12:34: budgets[0].above: no number is above 3/s and at most 3/s"},
		{"metric: p95, max: 50ms", "metric: p95, max: 0s", "f:12:24: budgets[0].max: 0s is no time at all"},
		{"metric: p95, max: 50ms", "metric: p95, min: 6s", "f:12:24: budgets[0].min: nothing can meet it; a hit has failed after 5s; write at most 5s"},
		{"metric: p95, max: 50ms", "metric: hits, min: 1801", "f:12:25: budgets[0].min: nothing can meet it: 1800 hits are due in stage lunch; write less, or offer more"},
		{"metric: p95, max: 50ms", "metric: hits, max: 1800", "f:12:25: budgets[0].max: nothing can breach it: 1800 hits are due in stage lunch; write less than 1800, or limit another metric"},
		{"metric: p95, max: 50ms", "metric: achieved_rate, min: 61/s", "f:12:34: budgets[0].min: nothing can meet it: 60/s are due in stage lunch"},
		{"metric: p95, max: 50ms", "metric: achieved_rate, min: 61/s, level: warn", "f:12:34: budgets[0].min: nothing can meet it: 60/s are due in stage lunch"},
		{"metric: p95, max: 50ms", "metric: achieved_rate, above: 60.5/s", "f:12:36: budgets[0].above: nothing can meet it: 60/s are due in stage lunch"},
		{"metric: p95, max: 50ms", "metric: achieved_rate, min: 90/s, for: 3s", "f:12:34: budgets[0].min: nothing can meet it: "},
		{"metric: p95, max: 50ms", "metric: achieved_rate, op: verify, min: 60/s", "f:12:46: budgets[0].min: nothing can meet it: "},
		{"metric: p95, max: 50ms", "metric: achieved_rate, op: verify, min: 75/s, for: 2s", "f:12:46: budgets[0].min: nothing can meet it: "},
		{"metric: p95, max: 50ms", "metric: hits, of: baseline, min: 101%", "f:12:39: budgets[0].min: nothing can meet it: as much is due in extract-reads as in baseline; write at most 100%"},
		{"metric: p95, max: 50ms", "metric: offered_rate, of: baseline, max: 99%", "f:12:47: budgets[0].max: nothing can meet it: as much is due in "},
		{"metric: p95, max: 50ms", "metric: offered_rate, max: 30/s, for: 3s", "f:12:33: budgets[0].max: nothing can meet it: "},
		{"metric: p95, max: 50ms", "metric: offered_rate, max: 59/s", "f:12:33: budgets[0].max: nothing can meet it: 60/s are due in stage lunch"},
		{"metric: p95, max: 50ms", "metric: errors, max: 1%, least: 1801", "f:12:38: budgets[0].least: no run is enough: 1800 hits are due in stage lunch in all rounds; write at most 1800"},
	}
}
