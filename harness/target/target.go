// Package target is the door every system under test stands behind: what a system is, to whoever rehearses it.
//
// Scope: a [Target] gives all that belongs to one system: its words ([Description]), what its databases hold ([Data]), how it
// boots ([Target.Boot]), and the services that this binary can be run as ([Target.Serve]). What is alike for every system is
// done here, once: servers and probes ([Boot]), child processes ([Site.Spawn]), the loop that listens ([Serve]), and
// what a plan expects of the primary ([Expected]).
//
// Opinion: nothing outside of a target's own package knows a name of it. A target is a value without state; what runs is
// [Running]. A capability that not every system has is a field that may be nil, or an interface of its own, and never a
// method that says it cannot.
//
// Steps: the command finds the target that a scenario names; [Target.Data] says what the databases are to hold; [Boot] starts
// the servers with it, then has the target start its services, each of them this binary again, which comes to [Serve]; the
// run loop switches [Running.System] and sends what [Running.Source] makes.
package target

import (
	"context"
	"net/http"
	"time"

	"github.com/rehearse-dev/rehearse/harness/load"
	"github.com/rehearse-dev/rehearse/harness/probe"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Target is a system under test with all that belongs to it.
type Target interface {
	// Describe tells what is known of the system before any scenario asks for it. It is pure.
	Describe() Description
	// Data is what the databases hold for a scenario. It is pure, and fills nothing yet.
	Data(s *scenarios.Scenario) Data
	// Boot starts the services beside the servers of a site, which hold the data, and returns when the system is in the
	// baseline. What it holds open before an error it lets go of itself; the services end with the stack.
	Boot(ctx context.Context, site *Site) (*Running, error)
	// Serve makes one of the services of [Description.Services], in a process of its own.
	Serve(ctx context.Context, service string, config Config) (*Service, error)
}

// Description is what is known of a system before any scenario asks for it.
type Description struct {
	// Vocabulary is what scenarios may say of it, with its name.
	Vocabulary scenarios.Vocabulary
	// Database is the name of its one database, and Roles are the login roles of all that connects to it.
	Database string
	Roles    []string
	// Services are the nodes that run this binary: what follows serve on its command line.
	Services []string
	// Braked tells that [Running.Brake] is there.
	Braked bool
	// Sentences say for people what each state is, by its name.
	Sentences map[string]string
	// Sabotages are the defects that a test can have planted in the services, to see that they are found.
	Sabotages []string
}

// States lists the states of a system in the order in which its phases lead through them.
func (d Description) States() []string {
	return append([]string{scenarios.Baseline}, d.Vocabulary.Phases...)
}

// Data is what the databases hold for a scenario.
type Data struct {
	// Key names the data, and proves that kept data is not stale: it changes with everything that Fill makes of it.
	Key string
	// Rows is how many there are, for estimates and for telling how far filling is.
	Rows int
	// Fill makes the data in an empty database, as its owner; the roles are there. It tells, if it can, how many rows it has.
	Fill func(ctx context.Context, ownerURL string, tell func(rows int)) error
	// Settings are what the record states of the data.
	Settings map[string]string
	// Making is about how long making the data takes besides its rows.
	Making time.Duration
	// Preparing is about how long the work takes that the state to needs before a switch to it from another one; nil is none.
	Preparing func(from, to string) time.Duration
}

// Running is a system that is up, in the baseline.
type Running struct {
	// System is what is switched between trials.
	System System
	// State reads back in which state the services say they are, and how many times that has changed since they started.
	State func(ctx context.Context) (state string, changes float64, err error)
	// Brake makes every answer slower by a share of the time it takes, 0 lets go; nil where the system has none, so that the
	// self-test of a machine cannot be made with it.
	Brake func(ctx context.Context, share float64) error
	// Source makes the requests and judges the answers.
	Source load.Source
	// Probes are read every second, Details at the edges of a trial alone; those of the servers and of the processors are none
	// of them. Whoever booted the system closes them.
	Probes, Details []*probe.Instrument
	// Close lets go of what the system holds open in this process; nil is nothing.
	Close func()
}

// System is what the run loop switches between trials. See harness.System for the limits of each step.
type System interface {
	// Prepare does the work the state needs before it can be switched to.
	Prepare(ctx context.Context, state string) error
	// Apply switches to the state from whichever it is in, while requests keep coming.
	Apply(ctx context.Context, state string) error
	// Warm opens connections and fills caches as the state implies.
	Warm(ctx context.Context) error
	// Settle returns when everything the system writes late is written and the replica has caught up.
	Settle(ctx context.Context) error
}

// Service is one of the services of a system in a process of its own.
type Service struct {
	// Handlers answer on the ports of these names.
	Handlers map[string]http.Handler
	// Close lets go of what the service holds open, after the last answer; nil is nothing.
	Close func() error
}
