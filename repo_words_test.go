package rehearse_test

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/fixtures/carshare"
	"github.com/rehearse-dev/rehearse/fixtures/echo"
	"github.com/rehearse-dev/rehearse/harness/target"
)

// targets are all systems that can be rehearsed, by the package each is in.
func targets() map[string]target.Target {
	return map[string]target.Target{"fixtures/carshare": carshare.Target{}, "fixtures/echo": echo.Target{}}
}

// plain are words of a target that others may use as well, each with the reason. All but those of the language may still be
// no text of their own in the code: that would be the target's.
func plain() map[string]string {
	const language = "the language: a session begins with it, goes on by it or ends with it"
	return map[string]string{
		"login": language, "refresh": language, "logout": language,
		"auth": "a command of Redis, and a part of other words",
		"echo": "a command of Redis, and plain English",
		"say":  "plain English", "hear": "plain English", "browse": "plain English", "named": "plain English",
	}
}

// wordsOf are the names that a target gives to itself and to what is its own.
func wordsOf(t target.Target) []string {
	d := t.Describe()
	words := slices.Concat([]string{d.Vocabulary.System, d.Database}, d.Services, d.Roles, d.Vocabulary.Application.Services, d.Vocabulary.Application.Roles)
	for _, op := range d.Vocabulary.Operations {
		words = append(words, op.Name)
	}
	for _, check := range d.Vocabulary.Checks {
		words = append(words, check.Name, check.Chances)
	}
	for _, alias := range d.Vocabulary.Aliases {
		words = append(words, alias.Name)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// wordsRule keeps the names of every system behind its door.
func wordsRule() rule {
	return rule{
		name:   "no word of a system",
		reason: "whoever brings a system of one's own finds nothing to change outside of its package; a name elsewhere is a rule that holds for one system alone",
		check:  checkWords,
		planted: map[string]string{
			"harness/a/a.go":      "package a\n// Verify asks.\nconst service = \"auth\"\nvar login, author = \"login\", \"author\"",
			"reports/a.go":        "package reports\nfunc f() { g(\"role=callers\") }\nfunc isCarshare() {}",
			"reports/a_test.go":   "package reports\nconst system = \"carshare\"",
			"scenarios/a.go":      "package scenarios\n// A wrong_user is one.\ntype A struct{}",
			"fixtures/other/a.go": "package other\ntype Target struct{}",
		},
		want: []string{
			"fixtures/other/a.go:2: Target is not among the targets", "harness/a/a.go:2: has \"verify\"", "harness/a/a.go:3: has \"auth\"",
			"reports/a.go:2: has \"callers\"", "reports/a.go:3: has \"carshare\"", "scenarios/a.go:2: has \"wrong_user\"",
		},
	}
}

func checkWords(t tree) (offences []string) {
	known := targets()
	var words []string
	for _, one := range known {
		words = append(words, wordsOf(one)...)
	}
	slices.Sort(words)
	words = slices.Compact(words)
	for _, s := range t.sources {
		top, _, _ := strings.Cut(s.path, "/")
		switch {
		case s.test():
		case top == "fixtures" && known[s.dir()] == nil && declaresTarget(s):
			offences = append(offences, s.at(s.file.Decls[0], "Target is not among the targets whose words are looked for"))
		case slices.Contains([]string{"harness", "reports", "scenarios"}, top):
			offences = append(offences, wordsIn(s, words)...)
		}
	}
	slices.Sort(offences)
	return offences
}

// declaresTarget tells whether a type called Target is declared.
func declaresTarget(s source) bool {
	return s.file.Scope != nil && s.file.Scope.Lookup("Target") != nil
}

// wordsIn are the words that names, texts and comments have in them.
func wordsIn(s source, words []string) (offences []string) {
	reasons := plain()
	look := func(at ast.Node, text string) {
		whole, text := strings.Trim(text, "\"`"), strings.ToLower(text)
		for _, word := range words {
			reason, is := reasons[word]
			found := !is && strings.Contains(text, word) || is && whole != text && whole == word && !strings.HasPrefix(reason, "the language")
			if found {
				offences = append(offences, s.at(at, "has %q, a word of one system", word))
			}
		}
	}
	for _, group := range s.file.Comments {
		for _, comment := range group.List {
			look(comment, comment.Text)
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			look(n, n.Name)
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				look(n, n.Value)
			}
		}
		return true
	})
	look(s.file, path.Base(s.path))
	return offences
}
