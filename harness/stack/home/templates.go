package home

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// TemplateName names the data that a run keeps. Whatever shapes the files has a part in it: layout is the version of what
// prepares them, and server says what kind of server wrote them.
func TemplateName(c stack.Config, layout, server string) string {
	shape, _ := json.Marshal([]any{c.Template, layout, server, c.Database, c.Roles}) // cannot fail for these types
	sum := sha256.Sum256(shape)
	return fmt.Sprintf("%s-%s-%s", keptLabel(c.Template), server, hex.EncodeToString(sum[:6]))
}

// keptLabel is a key as the names of what is kept under it have it.
func keptLabel(template string) string {
	label := regexp.MustCompile(`[^a-zA-Z0-9._]+`).ReplaceAllString(template, "-")
	return label[:min(len(label), 48)]
}

// Kept tells whether the data prepared under a key seems to be kept in a home, chosen as in [stack.Config]: for an estimate of how
// long a boot takes, since other versions of a server have data of their own.
func Kept(path, template string) bool {
	home, err := Path(path)
	if err != nil || template == "" {
		return false
	}
	found, err := filepath.Glob(filepath.Join(home, "templates", "*"+keptLabel(template)+"-*"))
	return err == nil && len(found) > 0
}

// ownTemplate tells whether a template, or what is left of one, is of rehearse: by its name, and by being data of Postgres.
func ownTemplate(path string) bool {
	if !regexp.MustCompile(`-[a-z0-9._-]+-[0-9a-f]{12}$`).MatchString(filepath.Base(path)) {
		return false
	}
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil || !info.IsDir() {
		return false
	}
	version, err := os.Lstat(filepath.Join(path, "PG_VERSION"))
	return err == nil && version.Mode().IsRegular()
}

// VolumePrefix begins the names of volumes with kept data; only their locks are in a home.
const VolumePrefix = "rehearse-data-"

// Templates are the names of what is kept in a home, directories as well as volumes.
func (h Home) Templates() (names []string, err error) {
	locks, err := filepath.Glob(filepath.Join(h.Path, "templates", "*.lock"))
	for _, lock := range locks {
		names = append(names, strings.TrimSuffix(filepath.Base(lock), ".lock"))
	}
	return names, err
}

// Template is where what is kept under a name would be, were it a directory; its lock is beside it.
func (h Home) Template(name string) string { return filepath.Join(h.Path, "templates", name) }

// LockTemplate locks what is kept under a name: shared, so that nobody removes it meanwhile, or for who builds it.
func (h Home) LockTemplate(ctx context.Context, name string, how int) (unlock func() error, err error) {
	return lockFile(ctx, h.Template(name)+".lock", how)
}

// RemoveTemplate has what is kept under a name removed, and its lock with it, unless a run is using it.
func (h Home) RemoveTemplate(name string, remove func() error) error {
	f, err := tryLock(h.Template(name)+".lock", unix.LOCK_EX)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errors.New("stack: a run is using " + h.Template(name) + "; repeat when it has ended")
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := remove(); err != nil {
		return err
	}
	return os.Remove(f.Name())
}

// CleanTemplates removes the directories of data that earlier runs prepared and kept in a home, chosen as in [stack.Config].
// What a run copies from at this moment stays and is an error; later runs prepare theirs anew.
func CleanTemplates(path string) (removed []stack.Leftover, err error) {
	h, found, err := Existing(path, "")
	if err != nil || !found {
		return nil, err
	}
	names, err := h.Templates()
	errs := []error{err}
	for _, name := range names {
		if strings.HasPrefix(name, VolumePrefix) {
			continue
		}
		if !ownTemplate(h.Template(name)) {
			errs = append(errs, stack.NotReady("not made by rehearse and left alone: "+h.Template(name), "look at it, and remove it yourself"))
			continue
		}
		if err := h.RemoveTemplate(name, func() error { return os.RemoveAll(h.Template(name)) }); err != nil {
			errs = append(errs, err)
			continue
		}
		removed = append(removed, stack.Leftover{Kind: "data", What: h.Template(name)})
	}
	return removed, errors.Join(errs...)
}
