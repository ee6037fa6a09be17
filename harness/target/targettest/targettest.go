// Package targettest holds a system to the contract of the door it stands behind, the same for every system.
//
// Scope: [Described] and [Pure] need nothing but the target; [Switched] and [Answered] need it booted. Together they say: all
// that is declared is told in full, data and requests are functions of the seed, every state can be entered and is read back,
// every operation is answered right in each, every check was put to the test, and the primary counts what the system
// expects.
//
// Opinion: everything answers with an error, as it would anywhere else; what that means to a test is the test's business. Only
// tests import it.
package targettest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/load"
	"github.com/rehearse-dev/rehearse/harness/probe"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/target"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Scenario is the smallest one of a system, with little data.
func Scenario(t target.Target, seed uint64) (*scenarios.Scenario, error) {
	v := t.Describe().Vocabulary
	const text = "version: 1\nname: contract\nseed: %d\nsystem: {name: %s}\ntraffic: {stages: [{name: talk, hold: 10/s, for: 1s}]}\n"
	f := scenarios.Open("contract.yaml", fmt.Appendf(nil, text, seed, v.System), v)
	for _, key := range v.Keys {
		if key.Small != "" {
			f.SetBy("--data", "system."+key.Path, key.Small)
		}
	}
	return f.Read()
}

// Described finds what a description leaves out that others count on.
func Described(t target.Target) error {
	d := t.Describe()
	v := d.Vocabulary
	var errs []error
	must := func(ok bool, format string, values ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	must(v.System != "" && d.Database != "", "it has no name, or its database has none")
	must(len(v.Operations) > 0 && len(v.Checks) > 0, "it has no operation or no check")
	var shares float64
	for _, op := range v.Operations {
		shares += op.Share
	}
	must(math.Abs(shares-1) < 1e-9, "the shares of its operations sum to %v, want 1", shares)
	for _, state := range d.States() {
		must(strings.HasSuffix(d.Sentences[state], "."), "no sentence says what the state %s is", state)
	}
	for _, role := range v.Application.Roles {
		must(slices.Contains(d.Roles, role), "role %s acts for the hits, and is none of %v", role, d.Roles)
	}
	for _, service := range append(slices.Clone(v.Application.Services), v.Application.Entrance) {
		must(slices.Contains(d.Services, service), "service %s acts for the hits, and is none of %v", service, d.Services)
		must(v.Nodes[service] > 0, "service %s is no node that can be limited", service)
	}
	return errors.Join(errs...)
}

// Pure finds data that is not a function of the scenario, or of its seed not at all.
func Pure(t target.Target) error {
	var keys []string
	for _, seed := range []uint64{7, 7, 8} {
		s, err := Scenario(t, seed)
		if err != nil {
			return err
		}
		keys = append(keys, t.Data(s).Key)
	}
	if keys[0] == "" || keys[0] != keys[1] || keys[0] == keys[2] {
		return fmt.Errorf("data of one scenario, of the same, and of another seed have the keys %q", keys)
	}
	return nil
}

// Switched goes through all states and back, and wants each to be what the system then says it is in.
func Switched(ctx context.Context, t target.Target, e *target.Environment) error {
	states := t.Describe().States()
	back := slices.Clone(states)
	slices.Reverse(back)
	var before float64
	for i, state := range slices.Concat(states, back) {
		if err := enter(ctx, e, state); err != nil {
			return err
		}
		is, changes, err := e.State(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("in %s: %w", state, err)
		case is != state:
			return fmt.Errorf("switched to %s, the system says that it is in %s", state, is)
		case i == 0 && changes != 0 || i > 0 && i != len(states) && changes <= before:
			return fmt.Errorf("in %s: %v changes were counted after %v before", state, changes, before)
		}
		before = changes
	}
	return nil
}

// enter takes the system to a state, as the run loop does.
func enter(ctx context.Context, e *target.Environment, state string) error {
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return e.System.Prepare(ctx, state) },
		func(ctx context.Context) error { return e.System.Apply(ctx, state) },
		e.System.Warm, e.System.Settle,
	} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("enter %s: %w", state, err)
		}
	}
	return nil
}

// hits is how many of each operation are sent in each state.
const hits = 40

// tolerance is by how many statements for each hit the primary may count other ones than are expected: what presents something
// that is no longer valid, or is too fresh for the replica, costs another number.
const tolerance = 0.25

// Answered sends every operation in every state. It wants all answers right, every check to have had its chance, the same
// request for the same hit, and, where the system knows, the statements on the primary that it expects.
func Answered(ctx context.Context, t target.Target, e *target.Environment) error {
	client := &http.Client{Transport: alone.Transport()}
	defer client.CloseIdleConnections()
	a := asking{client: client, target: t, e: e}
	var next uint64
	for _, state := range t.Describe().States() {
		if err := enter(ctx, e, state); err != nil {
			return err
		}
		for _, op := range t.Describe().Vocabulary.Operations {
			if err := a.all(ctx, state, op.Name, next); err != nil {
				return fmt.Errorf("%s of %s: %w", op.Name, state, err)
			}
		}
		next += hits
	}
	for i, check := range t.Describe().Vocabulary.Checks {
		if !a.tested.Has(i) {
			return fmt.Errorf("no answer could have broken the check %s", check.Name)
		}
	}
	return nil
}

// asking sends hits and keeps which checks were put to the test.
type asking struct {
	client *http.Client
	target target.Target
	e      *target.Environment
	tested load.Checks
}

// all sends the hits of an operation and counts what they cost the primary.
func (a *asking) all(ctx context.Context, state, op string, from uint64) error {
	before, err := a.statements(ctx)
	if err != nil {
		return err
	}
	began, want := time.Now(), 0.0
	costed, known := a.target.(target.Costed)
	for n := from; n < from+hits; n++ {
		hit := scenarios.Hit{N: n}
		if err := a.one(ctx, op, hit); err != nil {
			return fmt.Errorf("hit %d: %w", n, err)
		}
		if known {
			want += costed.Cost(state, scenarios.API{Name: a.e.Source.API(op, hit), Operation: op})
		}
	}
	if !known {
		return nil
	}
	if err := a.e.System.Settle(ctx); err != nil {
		return err
	}
	after, err := a.statements(ctx)
	background := costed.Background(state) * (2 + time.Since(began).Seconds())
	if got := after - before; err == nil && (got < want-hits*tolerance || got > want+hits*tolerance+background) {
		err = fmt.Errorf("%d hits cost the primary %v statements, want about %v", hits, got, want)
	}
	return err
}

// one sends a hit and wants the right answer.
func (a *asking) one(ctx context.Context, op string, hit scenarios.Hit) error {
	request, err := a.e.Source.Request(ctx, op, hit)
	if err != nil {
		return err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	outcome := a.e.Source.Check(op, hit, response.StatusCode, body)
	if outcome.Class != "" || outcome.Broken != 0 {
		return fmt.Errorf("%s %s was answered %d %s: failed as %q, broken checks %b", request.Method, request.URL, response.StatusCode, body, outcome.Class, outcome.Broken)
	}
	a.tested |= outcome.Tested
	if again, err := a.e.Source.Request(ctx, op, hit); err != nil || again.Method != request.Method || again.URL.String() != request.URL.String() {
		return fmt.Errorf("asked for twice, it is %s %s and then another: %w", request.Method, request.URL, err)
	}
	// Of each request an answer is awaited.
	a.e.Source.Check(op, hit, 0, nil)
	return nil
}

// statements are those of the application on the primary until now.
func (a *asking) statements(ctx context.Context) (sum float64, err error) {
	i := slices.IndexFunc(a.e.Probes, func(p *probe.Instrument) bool { return p.Name() == stack.Primary })
	values, err := a.e.Probes[i].Read(ctx)
	roles := a.target.Describe().Vocabulary.Application.Roles
	for key, value := range values {
		metric, labels := record.ParseKey(key)
		if metric == "statements_total" && labels["kind"] != "control" && slices.Contains(roles, labels["role"]) {
			sum += value
		}
	}
	return sum, err
}
