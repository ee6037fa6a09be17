package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports"
	"github.com/rehearse-dev/rehearse/reports/live"
	"github.com/rehearse-dev/rehearse/reports/metrics"
)

const (
	// tapBound is how many entries may wait for the onlookers: those of a minute and more. Then some are left out.
	tapBound = 4096
	// grace is how long open pages have to take the last of a run that is over.
	grace = 2 * time.Second
	// loopbackHost is where is listened if nobody says anything else.
	loopbackHost = "127.0.0.1"
)

// watching says who may look on while a run lasts.
type watching struct {
	live        bool
	liveAddr    string
	metricsAddr string
}

func (w *watching) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&w.live, "live", false, "show the run in a browser while it lasts; its address is told at the start")
	flags.StringVar(&w.liveAddr, "live-addr", "", "with --live: loopback `address` to listen on (default: any free port of 127.0.0.1)")
	flags.StringVar(&w.metricsAddr, "metrics-addr", "", "serve the run's metrics to Prometheus at this `address`, such as 127.0.0.1:9464 (default: not at all)")
}

// check completes the addresses and refuses what cannot be listened on, or should not be.
func (w *watching) check() error {
	if w.liveAddr != "" && !w.live {
		return usageError("--live-addr is for --live; add --live, or leave it out")
	}
	if w.live && w.liveAddr == "" {
		w.liveAddr = net.JoinHostPort(loopbackHost, "0")
	}
	var err error
	if w.liveAddr, err = completed("--live-addr", w.liveAddr); err != nil {
		return err
	}
	if w.live && !onLoopback(w.liveAddr) {
		return usageError("--live-addr %s can be reached from other machines, and the page asks for no password; write --live-addr 127.0.0.1:0, and forward the port to look on from elsewhere", w.liveAddr)
	}
	w.metricsAddr, err = completed("--metrics-addr", w.metricsAddr)
	return err
}

// completed is an address with the host that an address without one means here: who wants to be reached from other
// machines has to say so.
func completed(flag, address string) (string, error) {
	if address == "" {
		return "", nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", usageError("%s %s is no address; write a host and a port, such as 127.0.0.1:9464", flag, address)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return "", usageError("%s %s: %q is no port; write a number up to 65535, such as 127.0.0.1:9464, or 0 for any free one", flag, address, port)
	}
	if host == "" {
		host = loopbackHost
	}
	return net.JoinHostPort(host, port), nil
}

// onLoopback tells whether only this machine reaches an address.
func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	at, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && at.IsLoopback()
}

// observer sees what is recorded, as it is recorded.
type observer interface{ Observe(record.Entry) }

// onlookers are all who look on while a run lasts. None of them can hold it up: they share a tap of the record, and where
// they are too slow they miss something.
type onlookers struct {
	tap       *record.Tap
	observers []observer
	// page is nil if nobody asked for it.
	page    *live.Server
	servers []*http.Server
	// seen is closed when the onlookers have seen everything.
	seen chan struct{}
}

// lookOn lets the terminal and whoever else was asked for follow the run. The caller closes the onlookers.
func (r *rehearsal) lookOn(w watching) (*onlookers, error) {
	o := &onlookers{tap: r.writer.Tap(tapBound), observers: []observer{r.view}, seen: make(chan struct{})}
	err := errors.Join(o.openPage(r, w), o.openMetrics(r, w))
	go func() {
		defer close(o.seen)
		for entry := range o.tap.Entries() {
			for _, observer := range o.observers {
				observer.Observe(entry)
			}
		}
	}()
	if err != nil {
		o.close(err)
		return nil, err
	}
	return o, nil
}

func (o *onlookers) openPage(r *rehearsal, w watching) (err error) {
	if !w.live {
		return nil
	}
	if o.page, err = live.New(r.header); err != nil {
		return err
	}
	at, err := o.serve("--live-addr", w.liveAddr, o.page.Handler())
	if err != nil {
		return err
	}
	o.observers = append(o.observers, o.page)
	r.say("live: http://%s/", at)
	return nil
}

func (o *onlookers) openMetrics(r *rehearsal, w watching) error {
	if w.metricsAddr == "" {
		return nil
	}
	exporter := metrics.New(r.header, o.tap.Dropped)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", exporter.Handler())
	at, err := o.serve("--metrics-addr", w.metricsAddr, mux)
	if err != nil {
		return err
	}
	o.observers = append(o.observers, exporter)
	r.say("metrics: http://%s/metrics", at)
	return nil
}

// serve listens at an address until the onlookers are closed, and tells where that is.
func (o *onlookers) serve(flag, address string, handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("%s: %w; %s", flag, err, unheard(err))
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	o.servers = append(o.servers, server)
	// Serve returns when the server is closed; what went wrong before is nothing a run should end for.
	go func() { _ = server.Serve(listener) }()
	return listener.Addr().String(), nil
}

// finish tells those who look on how the run ended, once they have seen everything. Only the first call counts.
func (o *onlookers) finish(e live.Ending) {
	if o == nil {
		return
	}
	o.tap.Close()
	<-o.seen
	if o.page != nil {
		o.page.Finish(e)
	}
}

// close ends the looking on. The run ended with err.
func (o *onlookers) close(err error) {
	o.finish(endedBy(err))
	if o.page != nil {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		o.page.Wait(ctx)
	}
	for _, server := range o.servers {
		_ = server.Close() // of what a browser still has open nothing is left to be said
	}
}

// endedBy is the ending of a run without a verdict, such as a self-test or one that broke off.
func endedBy(err error) live.Ending {
	if err != nil {
		return live.Ending{Verdict: "ended", Sentence: err.Error()}
	}
	return live.Ending{Verdict: "ended", Sentence: "The run is over; what it found is on the terminal it was started from."}
}

// endingOf is how a run ended for those who look on, with the place of its report.
func endingOf(verdict, sentence, dir string) live.Ending {
	e := live.Ending{Verdict: verdict, Sentence: sentence}
	for _, name := range []string{reports.HTMLFile, reports.MarkdownFile} {
		path, err := filepath.Abs(filepath.Join(dir, name))
		if _, missing := os.Stat(path); err == nil && missing == nil {
			e.Report = path
			break
		}
	}
	return e
}
