package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// completer offers values of a flag of a command to a shell, by what stands on the line already.
type completer = cobra.CompletionFunc

// completers are those of flags, by their names, which mean the same on every verb.
func completers() map[string]completer {
	directories := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	files := func(suffixes ...string) completer {
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return suffixes, cobra.ShellCompDirectiveFilterFileExt
		}
	}
	fixed := func(words ...string) completer {
		return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	}
	return map[string]completer{
		"stack": fixed(backends()...), "data": fixed(scenarios.DataSizes()...),
		"out": directories, "postgres-bin": directories, "redis-bin": directories,
		"baseline": files("json"), "chart": files("svg", "png"),
		"only": completePhases, "set": completeSet, "budget": completeBudget, "stage": completeStages,
	}
}

// completeFlags lets shells complete the values of flags: of those in the table, and those whose verb knows better. Whatever
// takes no file is offered none.
func completeFlags(cmd *cobra.Command) {
	known := completers()
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if _, has := cmd.GetFlagCompletionFunc(f.Name); has || f.Value.Type() == "bool" {
			return
		}
		complete, found := known[f.Name]
		if !found {
			complete = cobra.NoFileCompletions
		}
		_ = cmd.RegisterFlagCompletionFunc(f.Name, complete) // the flag is there
	})
	for _, verb := range cmd.Commands() {
		completeFlags(verb)
	}
}

// named is the scenario on the line, nil where none can be read: of a file, a shipped one, or the one a run was of.
func named(args []string) *scenarios.Scenario {
	for _, name := range append(args, latestRun()) {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			name = filepath.Join(name, record.ScenarioFile)
		}
		if s, err := new(variation).read(name); err == nil {
			return s
		}
	}
	return nil
}

// stagesOf are the names of a scenario's stages, and of those that are measured if only they matter.
func stagesOf(s *scenarios.Scenario, measured bool) (names []string) {
	if s == nil {
		return nil
	}
	for _, stage := range s.Plan().Stages {
		if stage.Measure || !measured {
			names = append(names, stage.Name)
		}
	}
	return names
}

// offered are the words that begin with what was typed.
func offered(words []string, typed string) []string {
	return slices.DeleteFunc(words, func(word string) bool { return !strings.HasPrefix(word, typed) })
}

func completeStages(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	return offered(stagesOf(named(args), true), typed), cobra.ShellCompDirectiveNoFileComp
}

// completePhases completes the last of a list of phases, by those that are not in it.
func completePhases(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	phases := scenarios.Union(vocabularies()...).Phases
	if s := named(args); len(args) > 0 && s != nil {
		phases = s.Phases
	}
	done := typed[:strings.LastIndexByte(typed, ',')+1]
	var words []string
	for _, phase := range phases {
		if !slices.Contains(strings.Split(done, ","), phase) {
			words = append(words, done+phase)
		}
	}
	return offered(words, typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// vocabulariesOf is what the system of a scenario knows, or all systems where there is no scenario.
func vocabulariesOf(s *scenarios.Scenario) []scenarios.Vocabulary {
	if s == nil {
		return vocabularies()
	}
	return []scenarios.Vocabulary{s.Vocabulary}
}

// completeSet completes the path of a value, up to the sign behind which the value is typed.
func completeSet(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	s := named(args)
	words := scenarios.Keys(stagesOf(s, false), vocabulariesOf(s)...)
	for i := range words {
		words[i] += "="
	}
	return offered(words, typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeBudget completes the metric of a budget in short, and the stage before it.
func completeBudget(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	place, words := "", []string(nil)
	if i := strings.LastIndexByte(typed, ':') + 1; i > 0 {
		place = typed[:i] + strings.Repeat(" ", len(typed[i:])-len(strings.TrimLeft(typed[i:], " ")))
	}
	for _, metric := range scenarios.Metrics(vocabulariesOf(named(args))...) {
		words = append(words, place+metric.Name)
	}
	if place == "" {
		for _, stage := range stagesOf(named(args), true) {
			words = append(words, stage+":")
		}
	}
	return offered(words, typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
