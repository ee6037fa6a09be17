package stack

import (
	"cmp"
	"context"
	"log/slog"
	"sync"

	"github.com/jackc/pgx/v5"
)

// base is what every back end keeps: what was asked for, what is there, and whose turn it is.
type base struct {
	cfg Config

	// life ends with Close and cuts short what Spawn and Fault are waiting for.
	life context.Context
	end  context.CancelCauseFunc
	// turn is held by the one of Spawn, Fault and Close that is at work.
	turn sync.Mutex
	// mu guards endpoints.
	mu        sync.Mutex
	endpoints Endpoints

	closing  sync.Once
	closeErr error
}

// begin takes the configuration and makes up the secrets of the run.
func (b *base) begin(cfg Config) {
	b.cfg = cfg
	b.cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	b.life, b.end = context.WithCancelCause(context.Background())
	b.endpoints = Endpoints{Database: cfg.Database, Passwords: map[string]string{}, RedisPassword: secret(), Template: Template{Key: cfg.Template}}
	for _, role := range b.roles() {
		b.endpoints.Passwords[role] = secret()
	}
}

// roles lists every login role of the stack.
func (b *base) roles() []string {
	return append([]string{Owner, Harness, Replicator}, b.cfg.Roles...)
}

func (b *base) update(change func(*Endpoints)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.endpoints)
}

// work takes the turn, and ends with ctx or with the stack.
func (b *base) work(ctx context.Context) (_ context.Context, release func(), err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(b.life, func() { cancel(errClosed) })
	b.turn.Lock()
	release = func() { b.turn.Unlock(); stop(); cancel(nil) }
	if ctx.Err() != nil {
		release()
		return nil, nil, context.Cause(ctx)
	}
	return ctx, release, nil
}

// close takes down once, when whoever is at work has let go.
func (b *base) close(takeDown func() error) error {
	b.closing.Do(func() {
		b.end(errClosed)
		b.turn.Lock()
		defer b.turn.Unlock()
		b.closeErr = takeDown()
	})
	return b.closeErr
}

const statedQuery = `SELECT name, current_setting(name, true) FROM unnest($1::text[]) AS name WHERE current_setting(name, true) IS NOT NULL`

// describe asks the servers for what a report must state of them; the owner reaches the primary through the door.
func (b *base) describe(ctx context.Context, primary door) error {
	redisVersion, err := b.describeRedis(ctx)
	if err != nil {
		return err
	}
	return primary.query(ctx, b.cfg.Database, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, statedQuery, stated(b.cfg.Settings))
		if err != nil {
			return err
		}
		settings := map[string]string{"redis.save": "off", "redis.appendonly": "no", "data_in_memory": "off"}
		var name, value string
		if _, err := pgx.ForEachRow(rows, []any{&name, &value}, func() error { settings[name] = value; return nil }); err != nil {
			return err
		}
		version := conn.PgConn().ParameterStatus("server_version")
		b.update(func(e *Endpoints) {
			e.Settings = settings
			e.Versions = map[string]string{Primary: version, Replica: version, Redis: redisVersion}
		})
		return nil
	})
}
