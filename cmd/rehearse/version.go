package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version and commit are set by the linker in a build by make.
var version, commit string

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of rehearse",
		Long:    "version prints which rehearse this is: name it in a bug report.",
		Example: "  rehearse version",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), versionText())
			return err
		},
	}
}

// versionText says which rehearse this is.
func versionText() string {
	version, commit := build()
	return fmt.Sprintf("rehearse %s (commit %s, %s, %s/%s)", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// build is the version and the commit of this binary; a build without the linker's flags knows them from Go itself.
func build() (string, string) {
	module, revision := "dev", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "(devel)" {
			module = cmp.Or(info.Main.Version, module)
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value[:min(len(s.Value), 12)]
			}
		}
	}
	return cmp.Or(version, module), cmp.Or(commit, revision)
}
