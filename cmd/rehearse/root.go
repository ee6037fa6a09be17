package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// verbs lists the commands. The help page sorts them.
func verbs() []*cobra.Command {
	return []*cobra.Command{
		newRun(),
		newReport(),
		newCompare(),
		newBaseline(),
		newPlan(),
		newValidate(),
		newList(),
		newInit(),
		newSchema(),
		newDoctor(),
		newImages(),
		newClean(),
		newVersion(),
		newServe(),
	}
}

// newRoot is the command line. What goes wrong before a verb begins is a mistake of usage.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "rehearse",
		Short: "Rehearse a peak event on your own machine",
		Long: `rehearse puts a reference system under the scripted traffic of a peak event, changes its architecture one phase at
a time, and says what each phase did to p95 latency and to the QPS of the primary (master DB).

The systems are ` + strings.Join(systemNames(), " and ") + `, which come with rehearse; traffic, data, phases and budgets are yours to write. A service of
your own cannot be rehearsed yet, and the highest rate at which limits hold is not searched for.`,
		Version: versionText(),
		Example: `  rehearse run stay-launch --quick    rehearse one that comes with rehearse, in about a minute and a half
  rehearse list                       the scenarios that come with rehearse
  rehearse init                       a scenario of your own to start from
  rehearse plan stay-launch           what would happen, without doing it
  rehearse validate my-peak.yaml      every mistake in a scenario file, with its place`,
		Args: knownVerb,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		// Errors are printed once, by conclude, and never drowned in a page of flags.
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(flagError)
	root.SetHelpTemplate(helpTemplate)
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(verbs()...)
	completeFlags(root)
	root.InitDefaultCompletionCmd()
	for _, verb := range root.Commands() {
		if verb.Name() == "completion" {
			// A shell that is none is no reason to print a page of help, which a script would take for what it asked for.
			verb.Args, verb.RunE = knownVerb, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
	return root
}

// helpTemplate puts the examples first: most readers came for one of them.
const helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{if .HasExample}}Examples:
{{.Example}}

{{end}}Usage:
  {{if not .HasAvailableSubCommands}}{{.UseLine}}{{else}}{{.CommandPath}} VERB [flags]
  {{.CommandPath}} VERB --help

Verbs:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
{{if not .HasParent}}
Exit codes: 0 pass, 1 unexpected error, 2 usage error or invalid scenario, 3 environment not ready, 4 inconclusive,
99 failed (a budget is breached, a state collapsed, or answers were wrong), 129, 130 and 143 interrupted.
{{end}}`

// knownVerb answers a word that is no verb.
func knownVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, verb := range cmd.Commands() {
		if verb.IsAvailableCommand() {
			names = append(names, verb.Name())
		}
	}
	if what, do := notYet(args[0]); what != "" && !cmd.HasParent() {
		return usageError("there is no verb %s yet: %s; %s", args[0], what, do)
	}
	if kind := foreignName(args[0]); kind != "" && !cmd.HasParent() {
		return exitError{exitUsage, foreign(args[0], kind)}
	}
	if near := scenarios.Nearest(args[0], names); near != "" {
		return usageError("unknown verb %q; did you mean %s?", args[0], near)
	}
	return usageError("unknown verb %q; use one of %s", args[0], strings.Join(names, ", "))
}

// flagError adds to a mistake in the flags what to do about it.
func flagError(cmd *cobra.Command, err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return valueError(invalid.GetFlag(), invalid.GetValue(), invalid.Unwrap())
	}
	if bare, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		name := bare.GetFlag().Name
		return usageError("--%s needs a value; write it like %s", name, typed(name, examples()[name]))
	}
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return usageError("%w; see %s --help", err, cmd.CommandPath())
	}
	if what, do := notYet(unknown.GetSpecifiedName()); what != "" {
		return usageError("%w: %s; %s", err, what, do)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	// A long name behind one dash is taken for a row of short ones.
	for _, word := range []string{unknown.GetSpecifiedName(), unknown.GetSpecifiedShortnames()} {
		if near := scenarios.Nearest(word, names); word != "" && near != "" {
			return usageError("%w; did you mean --%s?", err, near)
		}
	}
	return usageError("%w; see %s --help", err, cmd.CommandPath())
}
