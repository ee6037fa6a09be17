package containers

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/processes"
)

// BenchmarkRoute compares the two ways to a container, its own address and the port published on 127.0.0.1, and the way to
// a process, by a prepared SELECT on one connection, in turns: "published/direct" and "process/direct" are ratios of medians.
func BenchmarkRoute(b *testing.B) {
	docker(b)
	boxed, err := Open(b.Context(), stack.Config{Home: homeBelow(b, "/var/tmp"), Database: "carshare"})
	if err != nil {
		b.Fatal(err)
	}
	defer boxed.Close()
	s := boxed.(*containers)
	if !s.direct {
		b.Skip("containers cannot be reached by their own addresses here")
	}
	bare, err := processes.Open(b.Context(), stack.Config{Home: homeBelow(b, "/var/tmp"), Database: "carshare"})
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	published := boxed.Endpoints()
	published.PrimaryAddr = backend.Address(s.Node(stack.Primary).published[postgresPort])
	urls := []string{boxed.Endpoints().PrimaryURL(stack.Harness), published.PrimaryURL(stack.Harness), bare.Endpoints().PrimaryURL(stack.Harness)}
	took := make([][]time.Duration, len(urls))
	for range b.N {
		for i, url := range urls {
			took[i] = append(took[i], roundTrips(b, url)...)
		}
	}
	median := func(i int) float64 {
		slices.Sort(took[i])
		return took[i][len(took[i])/2].Seconds()
	}
	b.ReportMetric(median(1)/median(0), "published/direct")
	b.ReportMetric(median(2)/median(0), "process/direct")
	b.ReportMetric(0, "ns/op") // the sum of all says nothing
}

// roundTrips times a prepared SELECT many times in a row.
func roundTrips(b *testing.B, url string) (took []time.Duration) {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(b.Context()))
	for range 2000 {
		var one int
		begin := time.Now()
		if err := conn.QueryRow(b.Context(), "SELECT 1").Scan(&one); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begin))
	}
	return took
}
