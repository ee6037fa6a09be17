package images

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/harness/alone"
)

// askLimit bounds each question to a tool of the machine.
const askLimit = 10 * time.Second

// machine is what the distribution underneath brings along.
type machine struct {
	release
	// mode is how mmdebstrap gets the rights it needs.
	mode string
	// sources are files that tell where packages are; apt are settings for fetching them.
	sources []string
	apt     string
}

// survey finds out whether this machine can make images, and with what.
func survey(ctx context.Context) (m machine, err error) {
	text, err := os.ReadFile("/etc/os-release")
	if err == nil {
		m.release = parseRelease(string(text))
	}
	if _, err := exec.LookPath("apt-get"); err != nil || m.codename == "" {
		return m, fmt.Errorf("%w: they are made from the packages of Debian or Ubuntu, and this is neither; bring the official ones from another machine with docker save and docker load", ErrNotReady)
	}
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		return m, fmt.Errorf("%w: mmdebstrap is not installed; type: %s", ErrNotReady, install())
	}
	if m.mode, err = mode(ctx); err != nil {
		return m, err
	}
	targets, err := ask(ctx, "apt-get", "indextargets", "--format", targetFormat, "Created-By: Packages")
	if err != nil {
		return m, err
	}
	if m.sources = m.chooseSources(targets); len(m.sources) == 0 {
		return m, fmt.Errorf("%w: apt knows no packages of %s; add a source in /etc/apt/sources.list.d and type: %sapt-get update", ErrNotReady, m.name, sudo())
	}
	settings, err := ask(ctx, "apt-config", "dump", "--no-empty")
	m.apt = aptSettings(settings)
	return m, err
}

// sudo begins a command for the superuser.
func sudo() string {
	if os.Geteuid() == 0 {
		return ""
	}
	return "sudo "
}

// install is the command that brings what is missing; a plain user also needs a helper that may hand out user ids.
func install() string {
	if os.Geteuid() == 0 {
		return "apt-get install -y --no-install-recommends mmdebstrap"
	}
	return "sudo apt-get install -y --no-install-recommends mmdebstrap uidmap"
}

// mode prefers namespaces of mmdebstrap's own, for a plain user with user ids of its own and for the superuser as well:
// they take every mount with them when they end. A superuser without the right to make them still has a way.
func mode(ctx context.Context) (string, error) {
	_, err := ask(ctx, "mmdebstrap", "--unshare-helper", "true")
	if err == nil {
		return "unshare", nil
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if os.Geteuid() == 0 {
		return "root", nil
	}
	return "", fmt.Errorf("%w: a plain user needs user ids of its own for it (%w); type: sudo apt-get install -y uidmap, see that /etc/subuid and /etc/subgid name you, or run this as root", ErrNotReady, err)
}

// ask runs a tool of the machine and returns what it prints.
func ask(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, askLimit, fmt.Errorf("%s does not answer within %v", name, askLimit))
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = alone.Tool()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		if said := strings.TrimSpace(stderr.String()); said != "" {
			err = errors.New(said)
		}
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return stdout.String(), nil
}

// release is a distribution as /etc/os-release tells.
type release struct {
	// name is for people; codename is what its package sources call it.
	name, codename string
	// ids are its own and of what it is like.
	ids []string
}

// parseRelease reads os-release(5). A derivative of Ubuntu takes packages under Ubuntu's codename.
func parseRelease(text string) release {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[key] = strings.Trim(value, `"'`)
	}
	return release{
		name:     values["PRETTY_NAME"],
		codename: cmp.Or(values["UBUNTU_CODENAME"], values["VERSION_CODENAME"]),
		ids:      strings.Fields(values["ID"] + " " + values["ID_LIKE"]),
	}
}

// targetFormat asks apt for what chooseSources reads.
const targetFormat = "$(SOURCESENTRY)\t$(RELEASE)\t$(ORIGIN)"

// chooseSources picks, of all files with package sources, those of the distribution itself: others may be out of reach
// for reasons of their own, and mmdebstrap bears with none. Origins are known once the lists have been fetched.
func (r release) chooseSources(targets string) (files []string) {
	suites := []string{r.codename, r.codename + "-updates", r.codename + "-security"}
	for line := range strings.Lines(targets) {
		fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(fields) != 3 {
			continue
		}
		entry, suite, origin := fields[0], fields[1], strings.ToLower(fields[2])
		known := origin != "" && !strings.HasPrefix(origin, "$")
		if !slices.Contains(suites, suite) || known && !slices.Contains(r.ids, origin) {
			continue
		}
		if colon := strings.LastIndex(entry, ":"); colon > 0 && !slices.Contains(files, entry[:colon]) {
			files = append(files, entry[:colon])
		}
	}
	return files
}

// aptSettings picks, of all of apt's settings, those that fetching depends on: proxies, retries, checks, credentials.
// mmdebstrap starts without the machine's.
func aptSettings(dump string) string {
	var kept strings.Builder
	for line := range strings.Lines(dump) {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "Acquire::"), "::")
		if strings.HasPrefix(line, "Acquire::") && !slices.Contains([]string{"IndexTargets", "Changelogs", "Languages", "CompressionTypes", "cdrom"}, name) {
			kept.WriteString(line)
		}
	}
	kept.WriteString("Dir::Etc::netrc \"/etc/apt/auth.conf\";\nDir::Etc::netrcparts \"/etc/apt/auth.conf.d\";\n")
	return kept.String()
}
