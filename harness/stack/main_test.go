package stack_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/containers"
	"github.com/rehearse-dev/rehearse/harness/stack/processes"
)

// TestMain lets the test binary play the parts other processes have: a service under test, and a rehearse to be killed.
func TestMain(m *testing.M) {
	switch os.Getenv("STACK_TEST_PART") {
	case "service":
		playService()
	case "burner":
		playBurner()
	case "broken":
		fmt.Println("no such flag")
		os.Exit(7)
	case "mute":
		time.Sleep(time.Minute)
	case "rehearse":
		playRehearse()
	case "containers":
		playContainers()
	default:
		before := orphans()
		code := m.Run()
		for range 50 { // others on this machine may be about to tidy up
			if len(newOrphans(before)) == 0 {
				os.Exit(code)
			}
			time.Sleep(100 * time.Millisecond)
		}
		fmt.Println("FAIL: shared memory is left:", newOrphans(before))
		os.Exit(1)
	}
}

// orphans lists the System V segments nobody is attached to; where /proc does not tell, none.
func orphans() (ids []string) {
	const idField, attachedField = 1, 6
	b, _ := os.ReadFile("/proc/sysvipc/shm")
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > attachedField && f[attachedField] == "0" {
			ids = append(ids, f[idField])
		}
	}
	return ids
}

func newOrphans(before []string) []string {
	return slices.DeleteFunc(orphans(), func(id string) bool { return slices.Contains(before, id) })
}

// playService answers on both ports it was given.
func playService() {
	for _, port := range []string{"REHEARSE_PORT_HTTP", "REHEARSE_PORT_ADMIN_API"} {
		l, err := net.Listen("tcp", net.JoinHostPort(os.Getenv("REHEARSE_HOST"), os.Getenv(port)))
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, port, " ", os.Args[1], " uid ", os.Geteuid())
		}))
	}
	time.Sleep(time.Minute)
}

// playBurner is a service that keeps one CPU busy and says how much CPU time it got, in seconds; asked to, it takes all
// the memory it can get.
func playBurner() {
	http.HandleFunc("/cpu", func(w http.ResponseWriter, _ *http.Request) {
		var usage unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
			fmt.Println(err)
		}
		fmt.Fprint(w, time.Duration(usage.Utime.Nano()+usage.Stime.Nano()).Seconds())
	})
	http.HandleFunc("/hog", func(http.ResponseWriter, *http.Request) {
		var kept [][]byte
		for range 512 {
			kept = append(kept, slices.Repeat([]byte{1}, 1<<20))
		}
		fmt.Println("got", len(kept), "MiB")
	})
	go func() {
		for sum := sha256.Sum256(nil); ; sum = sha256.Sum256(sum[:]) {
		}
	}()
	fmt.Println(http.ListenAndServe(net.JoinHostPort(os.Getenv("REHEARSE_HOST"), os.Getenv("REHEARSE_PORT_HTTP")), nil))
	os.Exit(1)
}

// playRehearse boots a stack with a service, breaks one of its nodes, tells the endpoints, and waits to be killed.
func playRehearse() {
	ctx := context.Background()
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	s, err := processes.Open(ctx, stack.Config{
		Home: os.Getenv("STACK_TEST_HOME"), Run: "doomed", Database: "carshare",
		Limits: map[string]stack.Limit{stack.Redis: {CPUs: 0.5, MemoryBytes: 64 << 20}, "svc": {MemoryBytes: 256 << 20}},
	})
	fail(err)
	os.Setenv("STACK_TEST_PART", "service")
	_, err = s.Spawn(ctx, service("svc"))
	fail(err)
	if os.Getenv("STACK_TEST_CRASH") != "" {
		fail(s.Fault(ctx, stack.Primary, stack.Kill))
	} else {
		fail(s.Fault(ctx, stack.Replica, stack.Pause))
	}
	fail(json.NewEncoder(os.Stdout).Encode(s.Endpoints()))
	time.Sleep(time.Minute)
}

func service(name string) stack.Service {
	return stack.Service{Name: name, Args: []string{"arg-of-" + name}, Env: []string{"STACK_TEST_PART=service"}, Ports: []string{"http", "admin-api"}}
}

// ending is what playContainers tells of its end.
type ending struct{ Death, Close string }

// playContainers boots a stack of containers, tells its endpoints, waits for the death of a node and tells of that and of
// what Close says then.
func playContainers() {
	deaths := make(chan string, 1)
	s, err := containers.Open(context.Background(), stack.Config{
		Home: os.Getenv("STACK_TEST_HOME"), Run: "doomed", Database: "carshare",
		OnExit: func(node string, err error) { deaths <- fmt.Sprintf("%s: %v", node, err) },
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	out := json.NewEncoder(os.Stdout)
	_ = out.Encode(s.Endpoints())
	select {
	case death := <-deaths:
		_ = out.Encode(ending{Death: death, Close: fmt.Sprint(s.Close())})
	case <-time.After(time.Minute):
	}
	os.Exit(0)
}
