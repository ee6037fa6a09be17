package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// each calls visit with every flag of every verb below cmd, and the words that lead to the verb.
func each(cmd *cobra.Command, visit func(verb []string, flag *pflag.Flag)) {
	verb := strings.Fields(cmd.CommandPath())[1:]
	cmd.InitDefaultHelpFlag()
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { visit(verb, f) })
	for _, below := range cmd.Commands() {
		each(below, visit)
	}
}

// No flag of any verb answers a value that it does not take in words of Go: it says what it expects, and writes a value that
// it takes.
func TestValues(t *testing.T) {
	each(newRoot(), func(verb []string, flag *pflag.Flag) {
		if flag.Value.Type() == "string" || flag.Value.Type() == "stringArray" {
			return // takes any text; what it stands for is the verb's to say
		}
		for _, nonsense := range []string{"nönsense", "", "-", "1e999", `a"b`} {
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), append(slices.Clone(verb), "--"+flag.Name+"="+nonsense), &stdout, &stderr)
			first, _, _ := strings.Cut(stderr.String(), "\n")
			switch {
			case flag.Value.Type() == "stringSlice" && nonsense != `a"b`:
			case code != exitUsage, !strings.HasPrefix(first, "--"+flag.Name+" "), !strings.Contains(first, "; "),
				strings.Contains(first, "strconv"), strings.Contains(first, "parse"), strings.Contains(first, "invalid argument"):
				t.Errorf("%v --%s=%s: exit %d, %s", verb, flag.Name, nonsense, code, first)
			}
		}
	})
}

// Every flag with a value has an example, which it takes.
func TestExamples(t *testing.T) {
	each(newRoot(), func(verb []string, flag *pflag.Flag) {
		example := strings.Trim(examples()[flag.Name], "'")
		if flag.Value.Type() == "bool" || verb[0] == "completion" {
			return
		}
		if err := flag.Value.Set(example); example == "" || err != nil {
			t.Errorf("%v --%s: the example is %q: %v", verb, flag.Name, example, err)
		}
	})
}
