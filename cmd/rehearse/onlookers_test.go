package main

import (
	"strings"
	"testing"
)

// An address without a host is this machine's, and the page is on no other. Whoever wants metrics to be read from elsewhere
// says so.
func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		w             watching
		live, metrics string
		mistake       string
	}{
		{watching{}, "", "", ""},
		{watching{live: true}, "127.0.0.1:0", "", ""},
		{watching{live: true, liveAddr: ":8080"}, "127.0.0.1:8080", "", ""},
		{watching{live: true, liveAddr: "localhost:8080"}, "localhost:8080", "", ""},
		{watching{live: true, liveAddr: "[::1]:8080"}, "[::1]:8080", "", ""},
		{watching{metricsAddr: ":9464"}, "", "127.0.0.1:9464", ""},
		{watching{metricsAddr: "0.0.0.0:9464"}, "", "0.0.0.0:9464", ""},
		{watching{liveAddr: ":8080"}, "", "", "--live-addr is for --live; add --live"},
		{watching{live: true, liveAddr: "0.0.0.0:8080"}, "", "", "--live-addr 0.0.0.0:8080 can be reached from other machines"},
		{watching{live: true, liveAddr: "192.168.1.20:8080"}, "", "", "can be reached from other machines"},
		{watching{live: true, liveAddr: "localhost.evil.example:8080"}, "", "", "can be reached from other machines"},
		{watching{live: true, liveAddr: "8080"}, "", "", "--live-addr 8080 is no address; write a host and a port"},
		{watching{metricsAddr: "9464"}, "", "", "--metrics-addr 9464 is no address"},
	} {
		w := c.w
		err := w.check()
		switch {
		case c.mistake == "" && (err != nil || w.liveAddr != c.live || w.metricsAddr != c.metrics):
			t.Errorf("%+v: got %q and %q, %v", c.w, w.liveAddr, w.metricsAddr, err)
		case c.mistake != "" && (err == nil || !strings.Contains(err.Error(), c.mistake)):
			t.Errorf("%+v: got %v, want %q", c.w, err, c.mistake)
		}
	}
}
