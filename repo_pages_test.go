package rehearse_test

import (
	"flag"
	"fmt"
	"go/ast"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var update = flag.Bool("update", false, "draw the picture of the house anew")

const (
	mapPage        = "README.md"
	housePage      = "CONTRIBUTING.md"
	maxReadmeLines = 150
)

func pageRules() []rule {
	return []rule{{
		name:   "links between pages",
		reason: "a reader who follows a link to nowhere does not come back",
		check:  checkLinks,
		planted: map[string]string{
			"README.md": "# Top\n[a](a/b.md) [a](a/b.md#two-words-2-and-code) [b](a/b.md#three) [c](c.md) [d](#top) [e](#end) [f](https://x/y) ![g](a/g.png)\n" +
				"`[h](h.md)`\n```\n[i](i.md)\n```\n    [j](j.md)\n",
			"a/b.md": "# B\n## Two words, (2) and `code`\n```\n## Three\n```\n[up](../README.md) [out](../../x.md)", "a/g.go": "package a",
		},
		want: []string{"README.md:2: a/b.md has no heading #three", "README.md:2: there is no c.md", "README.md:2: README.md has no heading #end",
			"README.md:2: there is no a/g.png", "a/b.md:6: there is no ../x.md"},
	}, {
		name:   "pages are reached",
		reason: "a page that nobody is led to is not read, and goes wrong unnoticed",
		check:  checkReached,
		planted: map[string]string{
			"README.md": "[a](a/a.md)", "a/a.md": "[b](b.md#x)", "a/b.md": "", "a/c.md": "[up](../README.md)", "a/testdata/golden.md": "", "a/testdata/README.md": "",
		},
		want: []string{"a/c.md: cannot", "a/testdata/README.md: cannot"},
	}, {
		name:    "length of the README",
		reason:  "it is a map, read in one sitting; what is longer stands in a page beside what it describes",
		check:   checkReadme,
		planted: map[string]string{"README.md": strings.Repeat("x\n", maxReadmeLines+1), "a/README.md": strings.Repeat("x\n", maxReadmeLines+1)},
		want:    []string{"README.md: has 151 lines"},
	}, {
		name:   "picture of the house",
		reason: "a picture of what was is worse than none; -update draws it anew",
		check:  checkPicture,
		planted: map[string]string{
			"CONTRIBUTING.md": "```mermaid\nflowchart TD\n  a --> b\n```\n",
			"a/a.go":          "package a\nimport _ \"" + module + "/a/b\"", "a/b/b.go": "package b",
		},
		want: []string{"CONTRIBUTING.md: the picture is not"},
	}, {
		name:   "packages are described",
		reason: "who looks for the place of something reads one table, and finds each package in it, once",
		check:  checkDescribed,
		planted: map[string]string{
			"CONTRIBUTING.md": "| `a` | does a |\n| `b` | does b |\n| `b` | does b |\n| `c` | did c |\n", "a/a.go": "package a", "b/b.go": "package b", "d/d.go": "package d", "e/e_test.go": "package e",
		},
		want: []string{"b: stands 2 times", "c: is no package", "d: stands 0 times"},
	}}
}

// With -update the picture becomes what is imported.
func updatePicture(t *testing.T, repository tree) {
	if !*update {
		return
	}
	old := drawn(repository.pages[housePage])
	if old == "" {
		t.Fatalf("%s has no picture", housePage)
	}
	repository.pages[housePage] = strings.Replace(repository.pages[housePage], old, picture(repository), 1)
	if err := os.WriteFile(housePage, []byte(repository.pages[housePage]), 0o644); err != nil {
		t.Fatal(err)
	}
}

// page tells whether a file is for readers: what tests compare with is not.
func page(name string) bool {
	return strings.HasSuffix(name, ".md") && (!strings.Contains(name, "testdata/") || path.Base(name) == mapPage)
}

// prose is a page line by line, those of blocks of code empty.
func prose(text string) []string {
	lines := strings.Split(text, "\n")
	fenced, block := false, false
	for i, line := range lines {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		// Four spaces make a block only after an empty line, or they continue a paragraph.
		block = strings.HasPrefix(line, "    ") && (block || i == 0 || lines[i-1] == "")
		if fenced || fence || block {
			lines[i] = ""
		}
		fenced = fenced != fence
	}
	return lines
}

// anchors are the headings of a page as links name them.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	for _, line := range prose(text) {
		title, is := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !is || !strings.HasPrefix(line, "#") {
			continue
		}
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, title)
		unique := anchor
		for n := 1; found[unique]; n++ {
			unique = fmt.Sprintf("%s-%d", anchor, n)
		}
		found[unique] = true
	}
	return found
}

// links calls do for every link of a page to a file or heading here; to is empty where it leads out of the repository.
func (t tree) links(name string, do func(line int, target, to, anchor string)) {
	code, link := regexp.MustCompile("`[^`]*`"), regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for i, line := range prose(t.pages[name]) {
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(line, ""), -1) {
			file, anchor, _ := strings.Cut(match[1], "#")
			switch {
			case strings.Contains(file, ":"):
				continue
			case file == "":
				file = path.Base(name)
			}
			do(i+1, file, path.Join(path.Dir(name), file), anchor)
		}
	}
}

func checkLinks(t tree) (offences []string) {
	for _, name := range slices.Sorted(maps.Keys(t.pages)) {
		t.links(name, func(line int, target, to, anchor string) {
			switch {
			case !t.names[to]:
				offences = append(offences, fmt.Sprintf("%s:%d: there is no %s", name, line, to))
			case anchor != "" && !anchors(t.pages[to])[anchor]:
				offences = append(offences, fmt.Sprintf("%s:%d: %s has no heading #%s", name, line, target, anchor))
			}
		})
	}
	return offences
}

func checkReached(t tree) (offences []string) {
	reached := map[string]bool{}
	var follow func(name string)
	follow = func(name string) {
		if _, is := t.pages[name]; !is || reached[name] {
			return
		}
		reached[name] = true
		t.links(name, func(_ int, _, to, _ string) { follow(to) })
	}
	follow(mapPage)
	for _, name := range slices.Sorted(maps.Keys(t.pages)) {
		if !reached[name] {
			offences = append(offences, name+": cannot be reached from the "+mapPage+" by links")
		}
	}
	return offences
}

func checkReadme(t tree) (offences []string) {
	if lines := strings.Count(t.pages[mapPage], "\n"); lines > maxReadmeLines {
		offences = append(offences, fmt.Sprintf("%s: has %d lines, want at most %d", mapPage, lines, maxReadmeLines))
	}
	return offences
}

// drawn is the picture in a page.
func drawn(text string) string {
	const begin, end = "```mermaid\n", "```\n"
	_, rest, found := strings.Cut(text, begin)
	inside, _, closed := strings.Cut(rest, end)
	if !found || !closed {
		return ""
	}
	return begin + inside + end
}

// uses is which of our packages each one imports.
func (t tree) uses() map[string][]string {
	uses := map[string][]string{}
	for _, s := range t.sources {
		if !s.test() {
			uses[s.dir()] = uses[s.dir()]
		}
	}
	t.imports(func(s source, _ *ast.ImportSpec, path string) {
		if to, ours := strings.CutPrefix(path, module+"/"); ours && !slices.Contains(uses[s.dir()], to) {
			uses[s.dir()] = append(uses[s.dir()], to)
		}
	})
	return uses
}

// picture draws the packages and what they import, without the arrows that a longer way shows as well.
func picture(t tree) string {
	uses := t.uses()
	var reaches func(from, to string) bool
	reaches = func(from, to string) bool {
		return slices.ContainsFunc(uses[from], func(next string) bool { return next == to || reaches(next, to) })
	}
	rooms, lines := map[string][]string{}, []string{"```mermaid", "flowchart TD"}
	var drawing []string
	for _, name := range slices.Sorted(maps.Keys(uses)) {
		room, _, _ := strings.Cut(name, "/")
		rooms[room] = append(rooms[room], name)
		shown := slices.DeleteFunc(slices.Sorted(slices.Values(uses[name])), func(to string) bool {
			return slices.ContainsFunc(uses[name], func(next string) bool { return reaches(next, to) })
		})
		if len(shown) > 0 {
			drawing = append(drawing, wrapped("  "+name+" --> ", shown, " & ")...)
		}
	}
	for _, room := range slices.Sorted(maps.Keys(rooms)) {
		lines = append(lines, "  subgraph the_"+room+"["+room+"]")
		lines = append(append(lines, wrapped("    ", rooms[room], "; ")...), "  end")
	}
	return strings.Join(slices.Concat(lines, drawing), "\n") + "\n```\n"
}

// wrapped are lines that each begin alike, with as many words as have room.
func wrapped(begin string, words []string, between string) (lines []string) {
	const width = 120
	for _, word := range words {
		last := len(lines) - 1
		if last >= 0 && len(lines[last])+len(between)+len(word) <= width {
			lines[last] += between + word
		} else {
			lines = append(lines, begin+word)
		}
	}
	return lines
}

func checkPicture(t tree) (offences []string) {
	if _, is := t.pages[housePage]; is && drawn(t.pages[housePage]) != picture(t) {
		offences = append(offences, fmt.Sprintf("%s: the picture is not that of the imports, which is made by go test . -run TestRepository -update\n%s", housePage, picture(t)))
	}
	return offences
}

func checkDescribed(t tree) (offences []string) {
	rows := map[string]int{}
	for _, match := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(t.pages[housePage], -1) {
		rows[match[1]]++
	}
	packages := t.uses()
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		if n := rows[name]; n != 1 {
			offences = append(offences, fmt.Sprintf("%s: stands %d times in the table of %s, want once", name, n, housePage))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		if _, is := packages[name]; !is {
			offences = append(offences, fmt.Sprintf("%s: is no package, but stands in the table of %s", name, housePage))
		}
	}
	slices.Sort(offences)
	return offences
}
