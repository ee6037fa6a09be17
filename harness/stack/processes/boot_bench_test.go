package processes

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/child"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
	"github.com/rehearse-dev/rehearse/harness/stack/stacktest"
)

// BenchmarkBoot compares a boot with the bare sequence a shell would type, in turns, as "boot/bare": the median over
// the iterations of the one divided by the other's. The boot also brings Redis, roles, passwords and write-back.
// BENCHTIME of 5x and more is meaningful.
func BenchmarkBoot(b *testing.B) {
	var boots, bares []float64
	for range b.N {
		bares = append(bares, bareBoot(b))
		boots = append(boots, bootOf(b))
	}
	slices.Sort(boots)
	slices.Sort(bares)
	b.ReportMetric(boots[len(boots)/2]/bares[len(bares)/2], "boot/bare")
	b.ReportMetric(boots[len(boots)/2], "boot_seconds")
	b.ReportMetric(0, "ns/op") // the sum of both says nothing
}

func bootOf(b *testing.B) float64 {
	took, err := stacktest.BootSeconds(b.Context(), Open, homeBelow(b, "/var/tmp"))
	if err != nil {
		b.Fatal(err)
	}
	return took
}

// bareSequence is typed by the servers' account in an empty directory.
const bareSequence = `set -e
initdb -U owner -E UTF8 --locale=C -A trust -D p
pg_ctl -w -D p -l p.log -o "-p $P -k $PWD -h 127.0.0.1" start
pg_basebackup -h $PWD -p $P -U owner -D r -R -X stream -c fast -C -S replica
pg_ctl -w -D r -l r.log -o "-p $R -k $PWD -h 127.0.0.1" start
`

func bareBoot(b *testing.B) float64 {
	as, err := home.ChooseAccount()
	if err != nil {
		b.Fatal(err)
	}
	bin, _, err := findPostgres(b.Context(), "", as)
	if err != nil {
		b.Fatal(err)
	}
	dir := homeBelow(b, "/var/tmp")
	if err := as.Mkdir(dir); err != nil {
		b.Fatal(err)
	}
	var p backend.Ports
	shell := func(script string, env ...string) {
		cmd := exec.CommandContext(b.Context(), "sh", "-c", script)
		cmd.Dir, cmd.SysProcAttr = dir, child.Attributes(as.Credential(), 0)
		cmd.Env = append(alone.Service(), append(env, "PATH="+bin+":"+os.Getenv("PATH"))...)
		if err := cmd.Run(); err != nil {
			b.Fatalf("%v; logs in %s end: %s %s", err, dir, tail(dir, "p.log"), tail(dir, "r.log"))
		}
	}
	primary, err := p.Free()
	if err != nil {
		b.Fatal(err)
	}
	replica, err := p.Free()
	if err != nil {
		b.Fatal(err)
	}
	defer shell("for d in r p; do pg_ctl -w -m immediate -D $d stop; done")
	begin := time.Now()
	shell(bareSequence, "P="+port(primary), "R="+port(replica))
	return time.Since(begin).Seconds()
}

// port is the number alone.
func port(n int) string { return strings.TrimPrefix(backend.Address(n), backend.Loopback+":") }

// tail is the end of a log.
func tail(dir, name string) string {
	text, _ := os.ReadFile(filepath.Join(dir, name)) // none says nothing
	return string(text[max(0, len(text)-2000):])
}
