package containers

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"

	"github.com/rehearse-dev/rehearse/harness/alone"
)

// BenchmarkContainersBoot compares a boot with the same servers started one after another by the Docker command line, in
// turns, as "boot/cli": the median over the iterations of the one divided by the other's. Both make fresh data, a primary,
// a streaming replica and a Redis with passwords, and wait for each. 3x and more is meaningful.
func BenchmarkContainersBoot(b *testing.B) {
	e := docker(b)
	if _, err := exec.LookPath("docker"); err != nil {
		b.Skip("there is no Docker command line to compare with")
	}
	var boots, lines []float64
	for range b.N {
		lines = append(lines, commandLineBoot(b, e))
		boots = append(boots, bootOf(b))
	}
	slices.Sort(boots)
	slices.Sort(lines)
	b.ReportMetric(boots[len(boots)/2]/lines[len(lines)/2], "boot/cli")
	b.ReportMetric(boots[len(boots)/2], "boot_seconds")
	b.ReportMetric(0, "ns/op") // the sum of both says nothing
}

// cliSequence is what a shell would type: each container is awaited before the next is started.
const cliSequence = `set -e
docker network create $N
docker run -d --name $N-primary --network $N --network-alias primary -p 127.0.0.1::5432 -v $N-primary:/data -e PASSWORD=secret --user root \
	--entrypoint sh $POSTGRES -ec '
		install -d -o postgres -m 700 /data/d
		echo "$PASSWORD" >/tmp/password
		exec setpriv --reuid=postgres --regid=postgres --clear-groups sh -ec "
			initdb -U owner -E UTF8 --locale=C -A scram-sha-256 --pwfile=/tmp/password -D /data/d
			echo host replication all all scram-sha-256 >>/data/d/pg_hba.conf
			echo host all all all scram-sha-256 >>/data/d/pg_hba.conf
			exec postgres -D /data/d -c listen_addresses=* -c unix_socket_directories=/tmp"'
until docker exec -e PGPASSWORD=secret $N-primary psql -h /tmp -U owner postgres -c "SELECT pg_create_physical_replication_slot('r')"; do sleep 0.05; done
docker run -d --name $N-replica --network $N -p 127.0.0.1::5432 -v $N-replica:/data --user root -e PGPASSWORD=secret \
	--entrypoint sh $POSTGRES -ec '
		install -d -o postgres -m 700 /data/d
		exec setpriv --reuid=postgres --regid=postgres --clear-groups sh -ec "
			pg_basebackup -h primary -U owner -D /data/d -R -X stream -c fast -S r
			exec postgres -D /data/d -c listen_addresses=* -c unix_socket_directories=/tmp"'
until docker exec -e PGPASSWORD=secret $N-primary psql -h /tmp -U owner postgres -Atc "SELECT state FROM pg_stat_replication WHERE application_name = 'walreceiver'" | grep streaming; do sleep 0.05; done
docker run -d --name $N-redis --network $N -p 127.0.0.1::6379 --user redis --entrypoint redis-server $REDIS --requirepass secret --save ''
until docker exec -e REDISCLI_AUTH=secret $N-redis redis-cli ping | grep PONG; do sleep 0.05; done
`

func commandLineBoot(b *testing.B, e *engine.Engine) float64 {
	b.Helper()
	found, err := obtainImages(b.Context(), e, stack.Config{})
	if err != nil {
		b.Fatal(err)
	}
	name := "rehearse-bench-" + unique()
	run := func(script string) {
		cmd := exec.CommandContext(b.Context(), "sh", "-c", script)
		cmd.Env = append(alone.Server("/"), "N="+name, "POSTGRES="+found.postgres.Ref, "REDIS="+found.redis.Ref)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v:\n%s", err, out)
		}
	}
	defer run(strings.ReplaceAll("docker rm -fv $N-primary $N-replica $N-redis; docker volume rm $N-primary $N-replica; docker network rm $N", "; ", "\n"))
	begin := time.Now()
	run(cliSequence)
	return time.Since(begin).Seconds()
}
