package presence

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// place is a meeting place of the test's own: others on this machine rehearse as well.
func place() string { return "rehearse-test-" + rand.Text() }

// heard is what a run was told.
type heard struct {
	mu        sync.Mutex
	met, left []Run
	changed   chan struct{}
}

func newHeard() *heard { return &heard{changed: make(chan struct{}, 100)} }

func (h *heard) config(meeting, id string) Config {
	return Config{Place: meeting, Self: Run{ID: id, Dir: "/out/" + id, Started: time.Unix(1e9, 0)},
		Met:  func(r Run) { h.add(&h.met, r) },
		Left: func(r Run) { h.add(&h.left, r) }}
}

func (h *heard) add(list *[]Run, r Run) {
	h.mu.Lock()
	*list = append(*list, r)
	h.mu.Unlock()
	h.changed <- struct{}{}
}

// ids are those met and left, once there are so many of both together.
func (h *heard) ids(t *testing.T, n int) string {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		h.mu.Lock()
		var met, left []string
		for _, r := range h.met {
			met = append(met, r.ID)
		}
		for _, r := range h.left {
			left = append(left, r.ID)
		}
		h.mu.Unlock()
		if len(met)+len(left) >= n {
			return fmt.Sprint(met, left)
		}
		select {
		case <-h.changed:
		case <-late:
			t.Fatalf("only met %v and left %v after 10 s", met, left)
		}
	}
}

func announce(t *testing.T, cfg Config) *Presence {
	t.Helper()
	p, err := Announce(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// Both are told of each other, once, with what the kernel knows of them, and when the other ends.
func TestRunsMeet(t *testing.T) {
	meeting := place()
	a, b := newHeard(), newHeard()
	first := announce(t, a.config(meeting, "first"))
	second := announce(t, b.config(meeting, "second"))
	if got := a.ids(t, 1) + b.ids(t, 1); got != "[second] [][first] []" {
		t.Errorf("got %s", got)
	}
	if r := b.met[0]; r.PID != os.Getpid() || r.Dir != "/out/first" || !strings.HasPrefix(r.User, "user ") || !r.Started.Equal(time.Unix(1e9, 0)) {
		t.Errorf("got %+v", r)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if got := b.ids(t, 2); got != "[first] [first]" {
		t.Errorf("got %s", got)
	}
	// The third takes the place of the first, before the second.
	c := newHeard()
	announce(t, c.config(meeting, "third"))
	if got := b.ids(t, 3) + c.ids(t, 1); got != "[first third] [first][second] []" {
		t.Errorf("got %s", got)
	}
	if err := second.Close(); err != nil || len(b.left) != 1 {
		t.Errorf("got %v, and %v after the end", err, b.left)
	}
	if got := Others(meeting); len(got) != 1 || got[0].ID != "third" {
		t.Errorf("got %v, want the third alone", got)
	}
	if len(c.met) != 1 {
		t.Errorf("one who looks was met: %v", c.met)
	}
}

// Many that begin at once all meet, each pair once.
func TestManyMeet(t *testing.T) {
	const n = 12
	meeting := place()
	var all [n]*heard
	var wg sync.WaitGroup
	for i := range n {
		all[i] = newHeard()
		wg.Go(func() {
			if p, err := Announce(all[i].config(meeting, fmt.Sprint(i))); err != nil {
				t.Error(err)
			} else {
				t.Cleanup(func() { p.Close() })
			}
		})
	}
	wg.Wait()
	for i, h := range all {
		h.ids(t, n-1)
		if len(h.met) != n-1 {
			t.Errorf("%d met %v", i, h.met)
		}
	}
}

// Of several that want to be alone one is at a time, also beside one who does not care.
func TestAlone(t *testing.T) {
	meeting := place()
	careless := announce(t, newHeard().config(meeting, "careless"))
	var mu sync.Mutex
	var told []string
	inside, most := 0, 0
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			p, err := Alone(t.Context(), newHeard().config(meeting, fmt.Sprint(i)), func(others []Run) {
				mu.Lock()
				told = append(told, List(others))
				mu.Unlock()
			})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			time.Sleep(10 * time.Millisecond)
			mu.Lock()
			inside--
			mu.Unlock()
			p.Close()
		})
	}
	for begun := time.Now(); time.Since(begun) < 10*time.Second; time.Sleep(time.Millisecond) {
		mu.Lock()
		n := len(told)
		mu.Unlock()
		if n >= 3 {
			break
		}
	}
	careless.Close()
	wg.Wait()
	if most != 1 {
		t.Errorf("%d were alone at once", most)
	}
	if len(told) < 3 || !strings.Contains(strings.Join(told, "\n"), "careless of user") {
		t.Errorf("got %q", told)
	}
}

// One who may not wait any longer is told who is there.
func TestAloneGivesUp(t *testing.T) {
	meeting := place()
	announce(t, newHeard().config(meeting, "first"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, err := Alone(ctx, newHeard().config(meeting, "second"), func([]Run) {})
	if p != nil || !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "first of user") || !strings.Contains(err.Error(), "/out/first") {
		t.Errorf("got %v, %v", p, err)
	}
}

// A process that is killed is gone for all others, and its place is free.
func TestKilledRunLeavesNothing(t *testing.T) {
	if meeting := os.Getenv("REHEARSE_TEST_PLACE"); meeting != "" {
		if _, err := Announce(Config{Place: meeting, Self: Run{ID: "child"}}); err != nil {
			t.Fatal(err)
		}
		fmt.Println("announced")
		select {}
	}
	meeting := place()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledRunLeavesNothing$")
	cmd.Env = append(os.Environ(), "REHEARSE_TEST_PLACE="+meeting)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "announced\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	h := newHeard()
	announce(t, h.config(meeting, "parent"))
	if h.ids(t, 1); h.met[0].PID != cmd.Process.Pid || h.met[0].ID != "child" {
		t.Errorf("got %+v, want pid %d", h.met[0], cmd.Process.Pid)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if got := h.ids(t, 2); got != "[child] [child]" {
		t.Errorf("got %s", got)
	}
}

// Strangers at the meeting place can say what they like: it is cut short and has no controls, and no number of them is
// more than can be held.
func TestStrangers(t *testing.T) {
	meeting := place()
	h := newHeard()
	announce(t, h.config(meeting, "run"))
	for _, said := range []string{
		"", "\n", "not json\n", strings.Repeat("x", 2*maxHello) + "\n",
		`{"id":"\u001b[31mred\n::error::x","dir":"` + strings.Repeat("d", 5000) + `"}` + "\n",
	} {
		conn, err := net.DialUnix("unix", nil, address(meeting, 0))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte(said)); err != nil && len(said) < maxHello {
			t.Error(err)
		}
	}
	h.ids(t, 2)
	for _, r := range h.met {
		if text := r.String(); strings.ContainsAny(text, "\x1b\n") || len([]rune(r.Dir)) > maxText {
			t.Errorf("got %q", text)
		}
	}
	for range 2 * maxPeers {
		conn, err := net.DialUnix("unix", nil, address(meeting, 0))
		if err != nil {
			break
		}
		defer conn.Close()
	}
	if got := Others(meeting); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

// Those that do not answer are there all the same, and take no more time together than one.
func TestSilent(t *testing.T) {
	meeting := place()
	silent(t, meeting, places-1)
	h := newHeard()
	began := time.Now()
	announce(t, h.config(meeting, "run"))
	if took := time.Since(began); took > places/2*helloWithin {
		t.Errorf("it took %v to greet %d that do not answer, each of which is given %v", took, places-1, helloWithin)
	}
	// They are one process, which says nothing, and so are met as one.
	if h.ids(t, 1); !strings.HasPrefix(h.met[0].String(), "a run that does not answer, of user ") {
		t.Errorf("got %v", h.met)
	}
	if others := Others(meeting); len(others) != places {
		t.Errorf("got %d, want %d", len(others), places)
	}
}

// silent takes the first places without ever answering.
func silent(t *testing.T, meeting string, n int) {
	t.Helper()
	for i := range n {
		listener, err := net.ListenUnix("unix", address(meeting, i))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
	}
}

// Where all places are taken, that is said.
func TestNoPlace(t *testing.T) {
	meeting := place()
	silent(t, meeting, places)
	if _, err := Announce(Config{Place: meeting}); !errors.Is(err, ErrNoPlace) {
		t.Errorf("got %v", err)
	}
}
