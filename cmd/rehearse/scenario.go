package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/scenarios"
	"github.com/spf13/cobra"
)

// loadScenario reads and checks the scenario called name: one of the shipped ones, or else a file. A file that is named
// like a shipped scenario is reached by its path, as in ./stay-launch.
func loadScenario(name string) (*scenarios.Scenario, error) {
	text, found := scenarios.ReadShipped(name)
	if !found {
		var err error
		if text, err = readScenario(name); err != nil {
			return nil, exitError{exitUsage, err}
		}
	}
	s, err := scenarios.Parse(name, text, vocabulary())
	if err != nil {
		return nil, exitError{exitUsage, err}
	}
	return s, nil
}

// readScenario reads a file, and no more of it than a scenario may have.
func readScenario(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: no such file; %s", name, instead(name))
	case err != nil:
		return nil, fmt.Errorf("%w; check the path and its permissions", err)
	case info.IsDir():
		return nil, fmt.Errorf("%s: is a directory; name the scenario file inside it", name)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w; check its permissions", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, scenarios.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%w; check that it is a readable file", err)
	}
	return text, nil
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
