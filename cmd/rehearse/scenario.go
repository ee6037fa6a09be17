package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// openScenario is the text of the scenario called name: one of the shipped ones, or else a file. A file that is named like
// a shipped scenario is reached by its path, as in ./stay-launch.
func openScenario(name string) (*scenarios.File, error) {
	text, found := scenarios.ReadShipped(name)
	files := scenarios.ShippedFiles()
	if !found {
		files = directory(filepath.Dir(name))
		var err error
		if text, err = readScenario(name); err != nil {
			return nil, err
		}
		if kind := foreignText(text); kind != "" {
			return nil, foreign(name, kind)
		}
	}
	file := scenarios.Open(name, text, vocabularies()...)
	file.Beside(files)
	return file, nil
}

// directory is the files below a path, and no others: a link that leads out of it is not followed. Scenarios come from
// strangers, and mistakes in a file are shown with its lines.
type directory string

// Open implements [fs.FS]. It does not wait for a pipe to be written to.
func (d directory) Open(name string) (fs.File, error) {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	file, err := root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	// Whatever the system itself has nothing against is refused for where it leads.
	if _, bySystem := errors.AsType[syscall.Errno](err); err != nil && !bySystem {
		return nil, fmt.Errorf("%w: %w", scenarios.ErrOutside, err)
	}
	if err != nil {
		return nil, err
	}
	return file, nil
}

// readScenario reads a file, and no more of it than a scenario may have. Its errors are mistakes without a line.
func readScenario(name string) ([]byte, error) {
	unread := func(what, do string) error { return scenarios.Errors{{File: name, What: what, Do: do}} }
	info, err := os.Stat(name)
	switch {
	case err != nil && foreignName(name) != "":
		return nil, foreign(name, foreignName(name))
	case errors.Is(err, fs.ErrNotExist):
		return nil, unread("no such file", instead(name))
	case err != nil:
		return nil, unread(reason(err), "check the path and its permissions")
	case info.IsDir():
		return nil, unread("is a directory", "name the scenario file inside it")
	case !info.Mode().IsRegular():
		// A pipe would be waited for, and a device never ends.
		return nil, unread("is no regular file", "write the scenario into one, and name that")
	}
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, unread(reason(err), "check its permissions")
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, scenarios.MaxBytes+1))
	if err != nil {
		return nil, unread(reason(err), "check that it is a readable file")
	}
	return text, nil
}

// reason is err without the path, which its reader knows.
func reason(err error) string {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		err = of.Err
	}
	return err.Error()
}

// instead says what to name when there is no file of this name.
func instead(name string) string {
	shipped := scenarios.Shipped()
	if near := scenarios.Nearest(strings.TrimSuffix(name, ".yaml"), shipped); near != "" {
		return "did you mean the shipped scenario " + near + "?"
	}
	return "give the path of a scenario file or the name of a shipped one: " + strings.Join(shipped, ", ")
}

// oneScenario is the argument of the verbs that work on a scenario.
func oneScenario(_ *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return usageError("%d scenarios named; name one: a file or a shipped scenario (%s)",
		len(args), strings.Join(scenarios.Shipped(), ", "))
}

// completeScenario offers the shipped scenarios besides the files the shell offers.
func completeScenario(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	fits := func(name string) bool { return !strings.HasPrefix(name, typed) }
	return slices.DeleteFunc(scenarios.Shipped(), fits), cobra.ShellCompDirectiveDefault
}
