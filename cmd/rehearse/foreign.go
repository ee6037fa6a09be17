package main

import (
	"bytes"
	"net"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// What can be rehearsed so far, and what cannot. Whoever asks for the rest is told at once, and not by a mistake in line 1.
const (
	insteadOfOwn   = "write a scenario: rehearse init my-peak.yaml, or see rehearse list"
	noCapacity     = "the highest rate at which limits hold is not searched for yet"
	insteadOfLimit = "run a scenario at several rates: rehearse run SCENARIO --scale 2"
)

// rehearsable says it of the systems that there are.
func rehearsable() string {
	return "rehearse puts a reference system that comes with it, " + strings.Join(systemNames(), " or ") +
		", under traffic, data, phases and budgets of yours; a service of your own cannot be rehearsed yet"
}

// foreignName is what a name stands for that is no scenario's: an address, or a file in the form of another tool. It is empty
// for all others.
func foreignName(name string) string {
	base, suffix := strings.ToLower(filepath.Base(name)), strings.ToLower(filepath.Ext(name))
	kinds := map[string]string{
		".har": "a recording of a browser (HAR)", ".jmx": "a plan of JMeter", ".proto": "a description of gRPC services",
		".js": "a script", ".ts": "a script", ".lua": "a script", ".py": "a script", ".log": "a log",
	}
	host, _, hostErr := net.SplitHostPort(name)
	described := regexp.MustCompile(`^(openapi|swagger)([._-].*)?\.(ya?ml|json)$`)
	composed := regexp.MustCompile(`^(docker-)?compose([._-].*)?\.ya?ml$`)
	switch {
	case strings.Contains(name, "://"), hostErr == nil && host != "" && !strings.ContainsAny(name, `/\`), net.ParseIP(name) != nil:
		return "an address"
	case composed.MatchString(base):
		return "a file of Docker Compose"
	case described.MatchString(base):
		return "an OpenAPI description"
	case strings.HasSuffix(base, ".postman_collection.json"):
		return "a collection of Postman"
	}
	return kinds[suffix]
}

// foreignText is what a text is that is no scenario, by the keys that only others have.
func foreignText(text []byte) string {
	has := func(pattern string) bool { return regexp.MustCompile(`(?m)` + pattern).Match(text) }
	switch {
	case has(`^traffic\s*:`):
		return ""
	case has(`^services\s*:\s*(#.*)?$`):
		return "a file of Docker Compose"
	case has(`^["']?(openapi|swagger)["']?\s*:`), has(`\A\s*\{\s*"(openapi|swagger)"\s*:`):
		return "an OpenAPI description"
	case has(`\A\s*\{\s*"log"\s*:\s*\{`):
		return "a recording of a browser (HAR)"
	case has(`^apiVersion\s*:`) && has(`^kind\s*:`):
		return "a manifest of Kubernetes"
	case bytes.HasPrefix(bytes.TrimSpace(text), []byte("<?xml")):
		return "XML"
	}
	return ""
}

// foreign says that a file or an address is no scenario but of a kind, and what to do instead.
func foreign(name, kind string) error {
	return scenarios.Errors{{File: name, What: "is " + kind + ", and no scenario: " + rehearsable(), Do: insteadOfOwn}}
}

// notYet says of a word on the command line, a verb or a flag without its dashes, that what it asks for is not there yet.
func notYet(word string) (what, do string) {
	switch word {
	case "capacity", "size", "frontier":
		return noCapacity, insteadOfLimit
	case "import", "describe", "url", "target", "host", "base-url", "openapi", "swagger", "compose", "har", "system", "service", "image":
		return rehearsable(), insteadOfOwn
	}
	return "", ""
}
