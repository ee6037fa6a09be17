package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// referencePage describes every verb and flag.
const referencePage = "cmd/rehearse/REFERENCE.md"

// pages are the Markdown files for readers, by their paths in the repository. The changelog tells of the past.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found, top := map[string]string{}, os.DirFS(filepath.Join("..", ".."))
	err := fs.WalkDir(top, ".", func(name string, entry fs.DirEntry, err error) error {
		hidden := name != "." && strings.HasPrefix(path.Base(name), ".") || name == "out" || name == "bin"
		switch {
		case err != nil:
			return err
		case entry.IsDir() && hidden:
			return fs.SkipDir
		case path.Ext(name) != ".md" || name == "CHANGELOG.md" || strings.Contains(name, "testdata/") && path.Base(name) != "README.md":
			return nil
		}
		text, err := fs.ReadFile(top, name)
		found[name] = string(text)
		return err
	})
	if err != nil || len(found) < 10 {
		t.Fatalf("found %d pages: %v", len(found), err)
	}
	return found
}

// call is a command that a page shows.
type call struct {
	page  string
	line  int
	words []string
}

func (c call) String() string {
	return fmt.Sprintf("%s:%d: %s", c.page, c.line, strings.Join(c.words, " "))
}

// calls are the commands of a program in the blocks of code of a page, and in its text where they are whole.
func calls(name, text, program string) (list []call) {
	fence := ""
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "```") {
			if fence == "" {
				fence = line
			} else {
				fence = ""
			}
		}
		snippets := []string{line}
		switch {
		case fence == "```mermaid":
			continue
		case fence == "" && !strings.HasPrefix(line, "    "):
			snippets = snippets[:0]
			for _, match := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(line, -1) {
				snippets = append(snippets, match[1])
			}
		}
		for _, snippet := range snippets {
			for _, words := range commandLines(snippet) {
				if path.Base(words[0]) == program && len(words) > 1 {
					list = append(list, call{name, i + 1, words})
				}
			}
		}
	}
	return list
}

// commandLines are the commands of a line of a shell or a workflow, word by word, as the shell hands them on.
func commandLines(line string) (list [][]string) {
	word := regexp.MustCompile(`(?:[^\s'"]|'[^']*'|"[^"]*")+`)
	// What is behind a wide gap explains the command before it.
	line, _, _ = strings.Cut(strings.TrimSpace(line), "  ")
	for part := range strings.SplitSeq(strings.NewReplacer("&&", ";", " do ", ";", "- run: ", ";").Replace(line), ";") {
		part, _, _ = strings.Cut(part, " > ")
		var words []string
		for _, text := range word.FindAllString(part, -1) {
			text = strings.NewReplacer("'", "", `"`, "").Replace(text)
			switch {
			case text == "[flags]":
			case strings.Contains(text, "*"):
				words = append(words, text, text) // there is more than one such file
			default:
				words = append(words, text)
			}
		}
		if len(words) > 0 {
			list = append(list, words)
		}
	}
	return list
}

// Every command of a page is one: the verb is there, and takes the flags and as many words. Before the first of them the
// README says where make leaves the program.
func TestCommandsOfPages(t *testing.T) {
	n, all := 0, pages(t)
	for name, text := range all {
		for _, c := range calls(name, text, "rehearse") {
			n++
			verb, rest, err := newRoot().Find(c.words[1:])
			if err == nil {
				err = verb.ParseFlags(rest)
			}
			if err == nil && len(rest) > 0 {
				err = verb.ValidateArgs(verb.Flags().Args())
			}
			if err != nil && !errors.Is(err, pflag.ErrHelp) || !verb.Runnable() {
				t.Errorf("%v: %v", c, err)
			}
		}
	}
	if n < 80 {
		t.Errorf("found %d commands", n)
	}
	readme, makefile := all["README.md"], string(must(os.ReadFile(filepath.Join("..", "..", "Makefile"))))
	way, first := strings.Index(readme, `export PATH="$PWD/bin:$PATH"`), strings.Index(readme, "\n    rehearse ")
	if way < 0 || way > first || !strings.Contains(makefile, "-o bin/rehearse ") {
		t.Errorf("the way to the program stands at %d, the first command at %d", way, first)
	}
}

// What pages have made or tested is there.
func TestMakeAndTestsOfPages(t *testing.T) {
	makefile := must(os.ReadFile(filepath.Join("..", "..", "Makefile")))
	n := 0
	for name, text := range pages(t) {
		for _, c := range calls(name, text, "make") {
			for _, word := range c.words[1:] {
				variable, _, assigns := strings.Cut(word, "=")
				pattern := "(?m)^" + word + ":"
				if assigns {
					pattern = "(?m)^" + variable + " *:="
				}
				if n++; !regexp.MustCompile(pattern).Match(makefile) {
					t.Errorf("%v: the Makefile has no %s", c, word)
				}
			}
		}
		for _, c := range calls(name, text, "go") {
			if run := slices.Index(c.words, "-run"); run > 2 {
				n++
				test, _, _ := strings.Cut(c.words[run+1], "/")
				files := must(filepath.Glob(filepath.Join("..", "..", c.words[2], "*_test.go")))
				if !slices.ContainsFunc(files, func(file string) bool {
					return bytes.Contains(must(os.ReadFile(file)), []byte("\nfunc "+test+"("))
				}) {
					t.Errorf("%v: there is no such test", c)
				}
			}
		}
	}
	if n < 10 {
		t.Errorf("found %d", n)
	}
}

// A flag that a page speaks of is one.
func TestFlagsOfPages(t *testing.T) {
	flags := map[string]bool{}
	eachVerb(newRoot(), func(verb *cobra.Command) {
		eachFlag(verb, func(f *pflag.Flag) { flags["--"+f.Name] = true })
	})
	flags["--help"] = true
	n := 0
	for name, text := range pages(t) {
		for _, match := range regexp.MustCompile("`(--[a-z-]+)[ `]").FindAllStringSubmatch(text, -1) {
			if n++; !flags[match[1]] {
				t.Errorf("%s: no verb has %s", name, match[1])
			}
		}
	}
	if n < 20 {
		t.Errorf("found %d flags", n)
	}
}

// eachVerb calls do for a command and those below it that are shown.
func eachVerb(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, verb := range cmd.Commands() {
		if verb.IsAvailableCommand() {
			eachVerb(verb, do)
		}
	}
}

// eachFlag calls do for the flags of a verb, in the order of its page of help, but for --help, which all have.
func eachFlag(verb *cobra.Command, do func(*pflag.Flag)) {
	verb.InitDefaultHelpFlag()
	verb.InitDefaultVersionFlag()
	verb.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && !f.Hidden {
			do(f)
		}
	})
}

// reference is the page of every verb and flag, made of the pages of help.
func reference() []byte {
	var page bytes.Buffer
	page.WriteString("# The command line\n\nEvery verb and flag, as `rehearse --help` and the `--help` of each verb say it; `-h` is short for `--help`. What to\n" +
		"take when is told [by task](README.md).\n")
	eachVerb(newRoot(), func(verb *cobra.Command) {
		fmt.Fprintf(&page, "\n## %s\n\n", verb.CommandPath())
		text := verb.Long
		if text == "" || strings.Contains(text, "\t") {
			text = verb.Short + "." // texts of cobra's own are pages for themselves
		}
		fmt.Fprintf(&page, "%s\n", strings.TrimSpace(text))
		if usage := verb.UseLine(); usage != verb.CommandPath() {
			fmt.Fprintf(&page, "\n    %s\n", usage)
		}
		if verb.HasExample() {
			fmt.Fprintf(&page, "\nExamples:\n\n  %s\n", strings.ReplaceAll(verb.Example, "\n", "\n  "))
		}
		begin := "\n| flag | value | left out | what it does |\n|---|---|---|---|\n"
		eachFlag(verb, func(f *pflag.Flag) {
			page.WriteString(begin + flagRow(f))
			begin = ""
		})
	})
	return page.Bytes()
}

func flagRow(f *pflag.Flag) string {
	value, usage := pflag.UnquoteUsage(f)
	usage, fallback, told := strings.Cut(usage, " (default")
	fallback = strings.TrimSuffix(strings.TrimLeft(fallback, ": "), ")")
	if f.DefValue != "" && f.DefValue != "0" && f.DefValue != "[]" && f.DefValue != "false" && !told {
		fallback = "`" + f.DefValue + "`"
	}
	name := "`--" + f.Name + "`"
	if f.Shorthand != "" {
		name += ", `-" + f.Shorthand + "`"
	}
	row := "|"
	for _, cell := range []string{name, value, fallback, strings.ReplaceAll(usage, "|", `\|`)} {
		row += strings.TrimRight(" "+cell, " ") + " |"
	}
	return row + "\n"
}

// The reference is what this binary says; -update rewrites it.
func TestReferenceIsCommitted(t *testing.T) {
	file, got := filepath.Join("..", "..", filepath.FromSlash(referencePage)), reference()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the pages of help are (%v); run go test ./cmd/rehearse -run TestReferenceIsCommitted -update", referencePage, err)
	}
}

// described are the places that describe a verb or a flag of one: headings with a command, and rows or items that begin with a
// flag. Text may mention them anywhere.
func described(pages map[string]string) map[string][]string {
	places := map[string][]string{}
	heading, item := regexp.MustCompile("^#+ +`?(rehearse(?: [a-z]+)*)`?$"), regexp.MustCompile("^(?:\\||[*-]|[0-9]+\\.) *\\**`(--[a-z-]+)")
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		verb := ""
		for line := range strings.SplitSeq(pages[name], "\n") {
			if match := heading.FindStringSubmatch(line); match != nil && name != "README.md" {
				verb = match[1]
				places[verb] = append(places[verb], name)
			} else if match := item.FindStringSubmatch(line); match != nil {
				places[verb+" "+match[1]] = append(places[verb+" "+match[1]], name)
			}
		}
	}
	return places
}

// What is described twice is described in two ways sooner or later.
func TestVerbsAndFlagsAreDescribedOnce(t *testing.T) {
	places := described(pages(t))
	eachVerb(newRoot(), func(verb *cobra.Command) {
		names := []string{verb.CommandPath()}
		eachFlag(verb, func(f *pflag.Flag) { names = append(names, verb.CommandPath()+" --"+f.Name) })
		for _, name := range names {
			if !slices.Equal(places[name], []string{referencePage}) {
				t.Errorf("%s is described in %q, want %s alone", name, places[name], referencePage)
			}
			delete(places, name)
		}
	})
	for name, where := range places {
		t.Errorf("%q is described in %q, and there is no such thing, or not there", name, where)
	}
	planted := described(map[string]string{"a.md": "## rehearse run\n| `--live` | x |\n* **`--live`** y", "b.md": "# rehearse run\n1. `--keep` z\nwith `--hold`\n# Run"})
	if got, want := fmt.Sprint(planted), "map[rehearse run:[a.md b.md] rehearse run --keep:[b.md] rehearse run --live:[a.md a.md]]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The run whose top the README shows is the one that is explained.
func TestSampleIsExplained(t *testing.T) {
	all := pages(t)
	_, sample, _ := strings.Cut(all["README.md"], "```\n")
	sample, _, closed := strings.Cut(sample, "```\n")
	if !closed || strings.Count(sample, "\n") < 5 || !strings.Contains(all["reports/numbers.md"], "```\n"+sample) {
		t.Errorf("the sample of the README is not the begin of the one in reports/numbers.md:\n%s", sample)
	}
}

// What the page on scenarios shows of the language is of the language, and what it says of the file of init stands there.
func TestSnippetsOfScenarios(t *testing.T) {
	text, traffic, budgets := string(scenarios.Starter()), "", ""
	edit := regexp.MustCompile(`^((?:hold|for): )(\S+) +# .*, (\S+) before$`)
	for line := range strings.Lines(pages(t)["scenarios/README.md"]) {
		snippet, is := strings.CutPrefix(line, "    ")
		if match := edit.FindStringSubmatch(strings.TrimSpace(snippet)); is && match != nil {
			if !strings.Contains(text, match[1]+match[3]+" # EDIT") {
				t.Errorf("init does not write %s%s", match[1], match[3])
			}
			text = strings.Replace(text, match[1]+match[3], match[1]+match[2], 1)
		}
		switch snippet = strings.TrimLeft(snippet, " "); {
		case is && (strings.HasPrefix(snippet, "mix:") || strings.HasPrefix(snippet, "sessions:")):
			traffic += "  " + snippet
		case is && strings.HasPrefix(snippet, "- {metric:"):
			budgets += "  " + snippet
		}
	}
	text, _, _ = strings.Cut(text, "  # EDIT 3")
	text = strings.Replace(text, "\ntraffic:\n", "\ntraffic:\n"+traffic, 1) + budgets
	// Budgets are of states that init leaves out.
	text = regexp.MustCompile(`(?m)^phases:.*\n`).ReplaceAllString(text, "")
	file := filepath.Join(t.TempDir(), "peak.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := new(variation).read(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if s.Traffic.Sessions == nil || len(s.Budgets) != 7 || !strings.Contains(text, "hold: 300/s #") {
		t.Errorf("got %d budgets and sessions %v:\n%s", len(s.Budgets), s.Traffic.Sessions, text)
	}
}
