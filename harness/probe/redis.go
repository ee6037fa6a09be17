package probe

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// Redis makes the instrument of a Redis server at addr (host:port); password may be empty. It reads INFO. Commands that
// look after connections or the server, the instrument's own among them, are in no series; a command never called has
// none either. keyspace_hits_total and keyspace_misses_total count keys looked up, not requests.
func Redis(name, addr, password string) *Instrument {
	r := &redisProbe{client: redis.NewClient(&redis.Options{
		Addr:     addr,
		Password: password,
		// One connection, opened with as few commands as possible.
		Protocol: 2, DisableIdentity: true, PoolSize: 1, DialerRetries: 1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		ContextTimeoutEnabled:    true,
	})}
	return newInstrument(name, r.read, r.client.Close)
}

type redisProbe struct{ client *redis.Client }

func (r *redisProbe) read(ctx context.Context) (map[string]float64, error) {
	// "all" because naming several sections needs Redis 7.
	info, err := r.client.Info(ctx, "all").Result()
	if err != nil {
		return nil, fmt.Errorf("INFO: %w", err)
	}
	return infoSeries(info)
}

// infoSeries turns the text of INFO into series. A text without the counters is an error: it is no Redis that answers.
func infoSeries(info string) (map[string]float64, error) {
	fields := map[string]string{}
	for line := range strings.Lines(info) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			fields[name] = value
		}
	}
	values := map[string]float64{"keys": 0}
	for field, key := range map[string]string{
		"keyspace_hits": "keyspace_hits_total", "keyspace_misses": "keyspace_misses_total",
		"evicted_keys": "evicted_keys_total", "used_memory": "memory_bytes",
	} {
		n, err := strconv.ParseFloat(fields[field], 64)
		if err != nil {
			return nil, fmt.Errorf("INFO: field %s: %w", field, err)
		}
		values[key] = n
	}
	for field, value := range fields {
		if err := addField(values, field, value); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// addField adds the calls of one command, or the keys of one database.
func addField(values map[string]float64, field, value string) error {
	if command, found := strings.CutPrefix(field, "cmdstat_"); found {
		// Subcommands are told apart since Redis 7; the command is what is counted here.
		command, _, _ = strings.Cut(strings.ToLower(command), "|")
		calls, err := subfield(value, "calls")
		if err == nil && !housekeeping(command) {
			values[record.Key("commands_total", map[string]string{"command": command})] += calls
		}
		return err
	}
	if number, found := strings.CutPrefix(field, "db"); found && isNumber(number) {
		keys, err := subfield(value, "keys")
		values["keys"] += keys
		return err
	}
	return nil
}

// housekeeping tells whether a command looks after connections or the server rather than data.
func housekeeping(command string) bool {
	const commands = "acl auth client command config debug echo hello info latency memory monitor ping psync quit readonly replconf reset select slowlog"
	return slices.Contains(strings.Fields(commands), command)
}

func isNumber(s string) bool { _, err := strconv.ParseUint(s, 10, 16); return err == nil }

// subfield is one number of a value such as calls=3,usec=10.
func subfield(value, name string) (float64, error) {
	for part := range strings.SplitSeq(value, ",") {
		if number, found := strings.CutPrefix(part, name+"="); found {
			return strconv.ParseFloat(number, 64)
		}
	}
	return 0, fmt.Errorf("INFO: no %s in %q", name, value)
}
