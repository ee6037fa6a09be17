// Package alone keeps a rehearsal alone with its system: nothing of the surroundings in which it was started reaches a
// process or a connection that is measured.
//
// Scope: [Enter] clears rehearse's own environment and its runtime's settings, [Server], [Service] and [Tool] are those of its children; [Conn],
// [Connect] and [Pool] open connections to Postgres, [Transport] carries HTTP. Nothing else in this repository may start a
// child with an inherited environment or use a client that reads one; a test of the house sees to it.
//
// Opinion: lists say what may pass, not what may not. A build server's environment holds secrets nobody thought of, and
// libraries grow variables with every release.
package alone

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
)

// Enter takes everything out of this process' environment that rehearse itself has no use for. It is called once, before
// anything else: what the libraries read later is not there any more. The runtime of Go has read its own settings by then,
// so where there are any the program begins once more, as the same process. The error tells that it could not.
func Enter() error {
	if !leave() {
		return nil
	}
	path, err := os.Executable()
	if err == nil {
		err = syscall.Exec(path, os.Args, os.Environ())
	}
	return fmt.Errorf("rehearse cannot begin without the settings of Go's runtime: %w; unset %s", err, strings.Join(settings(), ", "))
}

// leave clears the environment, and tells whether something of it acts on this process already. Without a PATH, as some
// build servers and timers start programs, installed servers are looked for at the usual places.
func leave() (acting bool) {
	for _, kv := range os.Environ() {
		if name, value, _ := strings.Cut(kv, "="); !welcome(name) {
			acting = acting || value != "" && slices.Contains(settings(), name)
			_ = os.Unsetenv(name) // fails for malformed names only, which nobody reads
		}
	}
	if os.Getenv("PATH") == "" {
		_ = os.Setenv("PATH", path()) // fails for malformed names only
	}
	return acting
}

// settings are what Go's runtime reads when a program begins: with one processor, or a collector that never rests, the
// generator would measure itself.
// Source: pkg.go.dev/runtime, "Environment Variables".
func settings() []string {
	return []string{"GOMAXPROCS", "GOGC", "GOMEMLIMIT", "GODEBUG", "GOTRACEBACK", "GORACE"}
}

// welcome tells whether rehearse itself reads a variable, or a part of it that talks to others than the system.
func welcome(name string) bool {
	names := slices.Concat(proxies(), []string{
		"PATH", // where the servers and tools are found
		// The configuration of Docker's client, and the caches of fonts; sockets of engines without root lie in the
		// third. What Postgres' client looks for below HOME never matters: see [Conn].
		"HOME", "USER", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME",
		"TMPDIR", // where there is room
		// The terminal: what it can, and whether colours are wanted.
		"TERM", "COLORTERM", "NO_COLOR", "COLUMNS", "LINES",
		// Certificates of an engine behind TLS, or of a mirror of packages.
		"SSL_CERT_FILE", "SSL_CERT_DIR", "APT_CONFIG",
		"GOCOVERDIR", // where a binary built to be covered leaves its counts
	})
	if slices.Contains(names, name) {
		return true
	}
	prefixes := []string{
		"REHEARSE_",                  // ours
		"DOCKER_", "TESTCONTAINERS_", // the engine's client
		"RYUK_",   // testcontainers' reaper
		"GITHUB_", // the build server that annotations are written for
	}
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// proxies are the variables that name a proxy. Only the engine's client and the installer of packages follow them.
func proxies() []string {
	names := []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY"}
	for _, name := range slices.Clone(names) {
		names = append(names, strings.ToLower(name))
	}
	return names
}

// Server is the environment of a database server or a tool of it: the words of one language and the time of one zone, as
// values and error messages depend on both; a home in which nothing lies, since Postgres' client, which is in the replica,
// looks there for passwords and certificates; and PATH, for the programs it calls.
func Server(home string) []string {
	return []string{"PATH=" + path(), "HOME=" + home, "LC_ALL=C", "LANG=C", "TZ=UTC"}
}

// Service is the environment of a service, besides its own variables. It finds no program and has no home. The runtime of
// Go reads its settings from the environment as well, and a service is to have the usual ones.
func Service() []string { return []string{"LC_ALL=C", "LANG=C", "TZ=UTC"} }

// Tool is the environment of a tool of this machine that fetches something or looks at it: it is the caller's business by
// which way, so proxies and certificates are passed on.
func Tool(extra ...string) []string {
	kept := []string{"PATH=" + path(), "LC_ALL=C.UTF-8", "LANG=C.UTF-8"}
	for _, name := range append(proxies(), "HOME", "USER", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "APT_CONFIG") {
		if value, set := os.LookupEnv(name); set {
			kept = append(kept, name+"="+value)
		}
	}
	return append(kept, extra...)
}

// path is the caller's, or the usual one where there is none.
func path() string {
	return cmp.Or(os.Getenv("PATH"), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
}

// Transport is how requests reach a part of the system: straight. A proxy of the caller's would see the secrets in them.
func Transport() *http.Transport {
	return &http.Transport{Proxy: nil, DisableCompression: true}
}
