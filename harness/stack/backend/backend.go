// Package backend is the part of a back end that does not depend on where the servers run.
//
// Scope: [Base] keeps what was asked for, the secrets of the run and the endpoints, and whose turn it is; [Roster] the nodes
// in their order; [Ports] the free ports; [Diagnose] turns the failure of a node into what the user can do about it, by the
// end of its log. A back end embeds the first two and implements [stack.Stack] with them.
//
// Opinion: starting, breaking and closing take turns, so that no node starts while everything goes; and closing cuts short
// what the others wait for.
package backend

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// Base is what every back end keeps: what was asked for, what is there, and whose turn it is.
type Base struct {
	Config stack.Config

	// Life ends with Close and cuts short what Spawn and Fault are waiting for.
	Life context.Context
	end  context.CancelCauseFunc
	// turn is held by the one of Spawn, Fault and Close that is at work.
	turn sync.Mutex
	// mu guards endpoints.
	mu        sync.Mutex
	endpoints stack.Endpoints

	closing  sync.Once
	closeErr error
}

// Begin takes the configuration and makes up the secrets of the run.
func (b *Base) Begin(cfg stack.Config) {
	b.Config = cfg
	b.Config.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	if cfg.Tell == nil {
		b.Config.Tell = func(string) {}
	}
	b.Life, b.end = context.WithCancelCause(context.Background())
	b.endpoints = stack.Endpoints{Database: cfg.Database, Passwords: map[string]string{}, RedisPassword: secret(), Template: stack.Template{Key: cfg.Template}}
	for _, role := range b.Roles() {
		b.endpoints.Passwords[role] = secret()
	}
}

// Roles lists every login role of the stack.
func (b *Base) Roles() []string {
	return append([]string{stack.Owner, stack.Harness, stack.Replicator}, b.Config.Roles...)
}

// Password is that of a role in this run.
func (b *Base) Password(role string) string { return b.endpoints.Passwords[role] }

// Passwords are those of all roles; they never change, and nobody may change them.
func (b *Base) Passwords() map[string]string { return b.endpoints.Passwords }

// RedisPassword is that of Redis.
func (b *Base) RedisPassword() string { return b.endpoints.RedisPassword }

// Snapshot is a copy of the endpoints as they are now, without the nodes.
func (b *Base) Snapshot() stack.Endpoints {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.endpoints.Clone()
}

// Update changes the endpoints.
func (b *Base) Update(change func(*stack.Endpoints)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.endpoints)
}

// Work takes the turn, and ends with ctx or with the stack.
func (b *Base) Work(ctx context.Context) (_ context.Context, release func(), err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(b.Life, func() { cancel(errClosed) })
	b.turn.Lock()
	release = func() { b.turn.Unlock(); stop(); cancel(nil) }
	if ctx.Err() != nil {
		release()
		return nil, nil, context.Cause(ctx)
	}
	return ctx, release, nil
}

// CloseOnce takes down once, when whoever is at work has let go.
func (b *Base) CloseOnce(takeDown func() error) error {
	b.closing.Do(func() {
		b.end(errClosed)
		b.turn.Lock()
		defer b.turn.Unlock()
		b.closeErr = takeDown()
	})
	return b.closeErr
}

// errClosed answers calls that come after Close.
var errClosed = errors.New("stack: already closed")

// secret is 128 random bits in hexadecimal, so it needs no quoting anywhere.
func secret() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
