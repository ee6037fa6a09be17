package containers

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// TestCutShort: who gives up on the engine making something has nothing there afterwards, or knows of it. Otherwise a boot
// that is cut short would close before the engine has made what nobody looks for any more.
func TestCutShort(t *testing.T) {
	t.Parallel()
	e := docker(t)
	found, err := obtainImages(t.Context(), e, stack.Config{})
	must(t, err)
	label := "dev.rehearse.test." + unique()
	labels := map[string]string{label: ""}
	network, err := e.Network(t.Context(), label, labels)
	must(t, err)
	left := func() []engine.Object {
		objects, err := e.Labelled(t.Context(), label)
		must(t, err)
		return objects
	}
	t.Cleanup(func() { must(t, e.RemoveNetwork(context.Background(), network.ID)) })
	address, err := network.Address(1)
	must(t, err)
	makers := map[string]func(context.Context, string) error{
		"network": func(ctx context.Context, name string) error { _, err := e.Network(ctx, name, labels); return err },
		"volume":  func(ctx context.Context, name string) error { return e.Volume(ctx, name, labels) },
		"container": func(ctx context.Context, name string) error {
			_, err := e.Create(ctx, engine.Spec{
				Name: name, Labels: labels, Image: found.redis.Ref, Command: []string{"redis-server"}, Network: network, Address: address,
				Files: []engine.File{{Path: "/rehearse/redis.conf", Text: "port 1"}},
			})
			return err
		},
	}
	for kind, do := range makers {
		known := 0
		for _, patience := range []time.Duration{0, 1, 5, 20, 80} {
			ctx, cancel := context.WithTimeout(t.Context(), patience*time.Millisecond)
			err := do(ctx, label+"-"+unique())
			cancel()
			if err == nil {
				known++
			} else if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a %s, given up after %d ms: %v", kind, patience, err)
			}
		}
		time.Sleep(500 * time.Millisecond) // what is made behind our back is made by now
		for _, o := range left() {
			if o.ID == network.ID {
				continue
			}
			known--
			must(t, e.Remove(t.Context(), o))
		}
		if known != 0 {
			t.Errorf("%d things were made that the maker of a %s does not know of", -known, kind)
		}
	}
}
