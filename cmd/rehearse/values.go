package main

import (
	"errors"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// examples are values that flags take, by their names, which mean the same on every verb. Of every flag that is more than a
// word there is one.
func examples() map[string]string {
	return map[string]string{
		"rounds": "5", "scale": "0.5", "seed": "7", "pairs": "30", "precision": "0.1",
		"hold": "10s", "max-time": "1h", "max-wait": "10m",
		"primary-port": "5433", "replica-port": "5434", "redis-port": "6380",
		"only": "cache,archive", "set": "'traffic.stages[peak].hold=800/s'", "budget": "'peak: p95 < 20ms'",
		"stage": "peak", "data": "small", "stack": "processes", "if-busy": "wait", "format": "json",
		"out": "out", "baseline": "peak.baseline.json", "chart": "traffic.svg", "live-addr": "127.0.0.1:0", "metrics-addr": "127.0.0.1:9464",
		"postgres-bin": "/usr/lib/postgresql/17/bin", "redis-bin": "/usr/bin", "postgres-image": "postgres:17", "redis-image": "redis:7",
	}
}

// typed is a flag with a value, as it is typed.
func typed(flag, value string) string {
	if value == "" {
		return "--" + flag
	}
	return "--" + flag + " " + value
}

// valueError says of a value that a flag does not take what is wrong with it, and what to write instead: what was most likely
// meant, or else an example.
func valueError(flag *pflag.Flag, value string, why error) error {
	wrong, meant := misread(flag.Value.Type(), value, why)
	switch {
	case flag.Value.Type() == "bool":
		return usageError("--%s %q %s; write --%s, or leave it out", flag.Name, value, wrong, flag.Name)
	case meant != "" && meant != value:
		return usageError("--%s %q %s; did you mean %s?", flag.Name, value, wrong, typed(flag.Name, meant))
	}
	return usageError("--%s %q %s; write it like %s", flag.Name, value, wrong, typed(flag.Name, examples()[flag.Name]))
}

// misread says what is wrong with a value of a kind of flag, and what was most likely meant by it, "" where nobody can tell.
func misread(kind, value string, why error) (wrong, meant string) {
	bare := strings.ReplaceAll(strings.TrimSpace(value), ",", "")
	switch {
	case value == "":
		return "is empty", ""
	case errors.Is(why, strconv.ErrRange):
		return "is too large", ""
	case kind == "bool":
		return "is neither true nor false", ""
	case kind == "int" || kind == "uint64":
		if number, err := strconv.ParseFloat(bare, 64); err == nil && number < 0 && kind == "uint64" {
			return "is below zero", ""
		}
		return "is no whole number", wholeMeant(bare)
	case kind == "float64":
		return "is no number", numberMeant(value)
	case kind == "duration":
		if _, err := strconv.ParseFloat(bare, 64); err == nil {
			return "is a time without a unit", timeMeant(bare + "s")
		}
		return "is no time", timeMeant(bare)
	}
	return "cannot be read", ""
}

// wholeMeant takes 3.0, and thousands with marks between.
func wholeMeant(text string) string {
	number, err := strconv.ParseFloat(text, 64)
	if whole := int64(number); err == nil && float64(whole) == number {
		return strconv.FormatInt(whole, 10)
	}
	return ""
}

// numberMeant takes a percentage, a factor with its x, and a comma for the point.
func numberMeant(text string) string {
	text = strings.TrimSpace(text)
	share := 1.0
	if bare, percent := strings.CutSuffix(text, "%"); percent {
		text, share = bare, 0.01
	}
	number, err := strconv.ParseFloat(strings.Trim(strings.Replace(text, ",", ".", 1), "xX×"), 64)
	if err != nil || number <= 0 {
		return ""
	}
	return scenarios.Plain(number*share, 12)
}

// timeMeant takes the names of units, and blanks before them.
func timeMeant(text string) string {
	parts := regexp.MustCompile(`^([0-9.]+) *([a-z]+)$`).FindStringSubmatch(strings.ToLower(text))
	if parts == nil {
		return ""
	}
	unit := map[string]string{
		"s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "ms": "ms", "m": "m", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
		"h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
	}[parts[2]]
	if _, err := time.ParseDuration(parts[1] + unit); err != nil {
		return ""
	}
	return parts[1] + unit
}

// oneOf refuses a value of a flag that is none of the words it takes.
func oneOf(flag, value string, words []string) error {
	if slices.Contains(words, value) {
		return nil
	}
	if near := scenarios.Nearest(value, words); near != "" {
		return usageError("--%s %q is unknown; did you mean %s?", flag, value, near)
	}
	return usageError("--%s %q is unknown; use one of %s", flag, value, strings.Join(words, ", "))
}

// port refuses what is no port; 0 is any free one.
func port(flag string, number int) error {
	if number < 0 || number > 65535 {
		return usageError("--%s %d is no port; write a number from 1 to 65535, or leave it out for any free one", flag, number)
	}
	return nil
}

// folder refuses a named directory that is none. Without a name it is looked for.
func folder(flag, path, of string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return usageError("--%s %s: %s; name the directory of %s, or leave the flag out to have it found", flag, path, reason(err), of)
	case !info.IsDir():
		return usageError("--%s %s: is no directory; name the one that %s is in, or leave the flag out to have it found", flag, path, of)
	}
	return nil
}

// unheard says what to write where an address cannot be listened on.
func unheard(err error) string {
	_, unknown := errors.AsType[*net.DNSError](err)
	switch {
	case unknown, errors.Is(err, syscall.EADDRNOTAVAIL):
		return "write an address of this machine, such as 127.0.0.1:9464"
	case errors.Is(err, syscall.EACCES):
		return "write a port above 1023, or 0 for any free one"
	}
	return "write a port that is free, or 0 for any"
}
