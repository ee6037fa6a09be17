package rehearse_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

const (
	module           = "github.com/rehearse-dev/rehearse"
	maxFunctionLines = 70
	maxFileLines     = 500
	maxPackageLines  = 2_500
)

// rule is a habit of this repository that a machine can check, with the reason for which it is worth checking.
type rule struct {
	name, reason string
	// check lists what offends, each as "where: what".
	check func(tree) []string
	// planted files break the rule, once for each string of want, in order.
	planted map[string]string
	want    []string
}

// tree is the repository, or a planted one.
type tree struct {
	// folders are the names at the top level.
	folders []string
	goMod   string
	sources []source
	// pages are the texts of those for readers, by path.
	pages map[string]string
	// names are all paths.
	names map[string]bool
}

// source is one parsed Go file.
type source struct {
	path  string
	lines int
	fset  *token.FileSet
	file  *ast.File
}

func (s source) dir() string { return path.Dir(s.path) }
func (s source) test() bool  { return strings.HasSuffix(s.path, "_test.go") }

// at is "path:line: what".
func (s source) at(node ast.Node, format string, args ...any) string {
	return fmt.Sprintf("%s:%d: ", s.path, s.fset.Position(node.Pos()).Line) + fmt.Sprintf(format, args...)
}

func rules() []rule {
	return slices.Concat(layoutRules(), importRules(), codeRules(), pageRules(), []rule{wordsRule()})
}

func TestRepository(t *testing.T) {
	repository, err := readTree(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if len(repository.sources) < 5 || repository.goMod == "" {
		t.Fatalf("read %d Go files and %d bytes of go.mod: the test does not run at the top of the repository",
			len(repository.sources), len(repository.goMod))
	}
	updatePicture(t, repository)
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			for _, offence := range r.check(repository) {
				t.Errorf("%s\n\twhy it matters: %s", offence, r.reason)
			}
		})
	}
}

// A rule that cannot fail protects nothing: each one has to find exactly what was planted for it.
func TestRulesCanFail(t *testing.T) {
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			got := r.check(plant(t, r.planted))
			if len(got) != len(r.want) || len(r.want) == 0 {
				t.Fatalf("got %q, want %d offences: %q", got, len(r.want), r.want)
			}
			for i, want := range r.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("got %q, want it to contain %q", got[i], want)
				}
			}
			if r.reason == "" {
				t.Error("got no reason, want one: a rule without a reason is a whim")
			}
		})
	}
}

func layoutRules() []rule {
	return []rule{{
		name:    "top level folders",
		reason:  "five words are the map of the project: scenarios go in, the harness measures, the reports judge",
		check:   checkFolders,
		planted: map[string]string{"scenarios/a.go": "package scenarios", "pkg/a.go": "package pkg", ".ci/run": "", "out/x": ""},
		want:    []string{"pkg: is a sixth"},
	}, {
		name:    "package names",
		reason:  "a package named after no subject collects everything; name it after what it provides",
		check:   checkPackageNames,
		planted: map[string]string{"harness/util/a.go": "package util", "reports/a.go": "package reports"},
		want:    []string{"harness/util/a.go:1: package util"},
	}, {
		name:   "package comment",
		reason: "scope and opinion are read before the code, and two comments contradict each other sooner or later",
		check:  checkPackageComments,
		planted: map[string]string{
			"a/a.go": "package a", "a/a_test.go": "// Package a is a.\npackage a",
			"b/b.go": "// This is b.\npackage b", "c/c.go": "// Package c is c.\npackage c", "c/d.go": "// Package c is d.\npackage c",
			"cmd/e.go": "// Command e does e.\npackage main", "f/f_test.go": "package f",
		},
		want: []string{"a: has 0 package comments", `b/b.go:2: the package comment does not begin with "Package b "`, "c: has 2 package comments"},
	}, {
		name:    "file length",
		reason:  "a file is read in one sitting; a longer one has two subjects",
		check:   checkFileLength,
		planted: map[string]string{"a/a.go": "package a\n" + strings.Repeat("\n", maxFileLines), "a/b.go": "package a"},
		want:    []string{"a/a.go: has 501 lines"},
	}, {
		name:   "package length",
		reason: "a package is a room in which a reader knows what may touch what; in a larger one everything may touch everything",
		check:  checkPackageLength,
		planted: map[string]string{
			"a/a.go": "package a\n" + strings.Repeat("\n", maxPackageLines), "a/a_test.go": "package a\n" + strings.Repeat("\n", maxPackageLines),
			"b/b.go": "package b\n" + strings.Repeat("\n", maxPackageLines-1), "reports/a.go": "package reports\n" + strings.Repeat("\n", 5_200),
		},
		want: []string{"a: has 2501 lines", "reports: has 5201 lines"},
	}, {
		name:    "no replace directive",
		reason:  "go install ignores them, so users would build something else than was tested",
		check:   checkReplace,
		planted: map[string]string{"go.mod": "module m\n\nreplace a => b\nreplace (\n\tc => d\n)\n"},
		want:    []string{"go.mod:3", "go.mod:4"},
	}}
}

func importRules() []rule {
	return []rule{{
		name:   "imports between packages",
		reason: "measuring and judging meet in records and scenarios alone, so an old run can be judged again without a database",
		check:  checkArrows,
		planted: map[string]string{
			"reports/a.go": "package reports\nimport _ \"" + module + "/harness\"", "reports/a_test.go": "package reports\nimport _ \"" + module + "/harness\"",
			"harness/new/a.go": "package new", "harness/probe/a.go": "package probe\nimport _ \"" + module + "/harness/record\"",
		},
		want: []string{"harness/new/a.go:1: package harness/new is not in the table", "reports/a.go:2: reports may not import harness"},
	}, {
		name:    "third-party boundaries",
		reason:  "one package knows each of these libraries, so it can be replaced, and its types reach no other package",
		check:   checkBoundaries,
		planted: map[string]string{"harness/a.go": "package harness\nimport (\n\"C\"\n_ \"github.com/tsenart/vegeta/v12/lib\"\n)", "harness/load/a.go": "package load\nimport (\n_ \"github.com/tsenart/vegeta/v12/lib\"\n_ \"github.com/tsenart/vegeta/v12/lib/plot\"\n)"},
		want: []string{"harness/a.go:3: imports C", "harness/a.go:4: imports github.com/tsenart/vegeta/v12/lib, which is for harness/load",
			"harness/load/a.go:4: imports github.com/tsenart/vegeta/v12/lib/plot, which is for reports/page"},
	}, {
		name:    "no testing outside of tests",
		reason:  "it drags test flags into the binary, and code that takes a *testing.T can only run in tests",
		check:   checkTesting,
		planted: map[string]string{"a/a.go": "package a\nimport _ \"testing/fstest\"", "a/a_test.go": "package a\nimport _ \"testing\""},
		want:    []string{"a/a.go:2: imports testing/fstest"},
	}}
}

func codeRules() []rule {
	return []rule{{
		name:    "function length",
		reason:  "what fits a screen is understood at once; split by the steps the function's comment names",
		check:   checkFunctionLength,
		planted: map[string]string{"a/a_test.go": "package a\nfunc long() {" + strings.Repeat("\n", maxFunctionLines) + "}\nfunc short() {\n}"},
		want:    []string{"a/a_test.go:2: long has 71 lines"},
	}, {
		name:    "no init",
		reason:  "importing a package must do nothing; what happens, happens where it is called",
		check:   checkInit,
		planted: map[string]string{"a/a.go": "package a\nfunc init() {}\ntype T struct{}\nfunc (T) init() {}"},
		want:    []string{"a/a.go:2: has an init function"},
	}, {
		name:   "no package variables",
		reason: "hidden state couples two runs in one process and every test with every other; only sentinel errors and embedded files never change",
		check:  checkVariables,
		planted: map[string]string{
			"a/a.go":      "package a\nvar ErrX = errors.New(\"x\")\n//go:embed x\nvar files embed.FS\nvar cache = map[string]int{}\nvar _ I = T{}\nvar ErrY = g()",
			"cmd/v.go":    "package main\nvar version, commit string\nvar debug bool",
			"a/a_test.go": "package a\nvar update = flag.Bool()",
		},
		want: []string{"a/a.go:5: variable cache", "a/a.go:7: variable ErrY", "cmd/v.go:3: variable debug"},
	}, {
		name:   "no surroundings",
		reason: "what is measured must be the same wherever it is started, and a build server's secrets and proxies are nobody's business",
		check:  checkSurroundings,
		planted: map[string]string{
			"a/a.go": "package a\nfunc f() {\npgx.Connect(u)\npgxpool.New(u)\nhttp.DefaultClient.Do(r)\nhttp.Get(u)\nos.Environ()\n_ = http.Client{}\n}\n" +
				"func g() { exec.Command(\"x\").Run() }\nfunc h() { c := exec.Command(\"x\")\nc.Env = e\n_ = http.Client{Transport: t}\n}",
			"a/a_test.go": "package a\nfunc f() { pgx.Connect(u) }", "harness/alone/a.go": "package alone\nfunc f() { pgx.ParseConfig(u) }",
		},
		want: []string{"a/a.go:3: pgx.Connect", "a/a.go:4: pgxpool.New", "a/a.go:5: http.DefaultClient", "a/a.go:6: http.Get", "a/a.go:7: os.Environ",
			"a/a.go:8: http.Client without a Transport", "a/a.go:10: g starts a child"},
	}, {
		name:   "exported names documented",
		reason: "a signature says neither the unit nor when there is an error; the reader should not need the source",
		check:  checkDocumented,
		planted: map[string]string{
			"a/a.go": "package a\nfunc F() {}\n// G is.\nfunc G() {}\ntype T struct{}\nfunc (t *T) M() {}\ntype u struct{}\nfunc (u) M() {}\n" +
				"// Kinds.\nconst (\nA = 1\nB = 2\n)\nconst C = 3\nvar (\nErrD = 4 // ErrD is.\nErrE = 5\n)",
		},
		want: []string{"a/a.go:2: F", "a/a.go:6: M", "a/a.go:5: T", "a/a.go:14: C", "a/a.go:17: ErrE"},
	}}
}

// large are the packages that may be larger than others, and by how much: none may grow beyond that. Each has its reason.
func large() map[string]struct {
	lines  int
	reason string
} {
	return map[string]struct {
		lines  int
		reason string
	}{
		"reports":       {5_200, "the forms say the same in different shapes: cut into one room each, every sentence and table would be handed across"},
		"reports/judge": {6_000, "a judgement is one argument: what is believed decides numbers, these decide effects, and both the verdict; cut into seven rooms it came to twice the arrows"},
		"scenarios":     {7_000, "a language is one thing: what is written, what is meant and what is wrong with it name the same keys"},
		"cmd/rehearse":  {5_900, "everything meets here; each verb has its file"},
	}
}

// arrows are the imports allowed between our packages, each with its reason. A package that is not a key does not exist.
func arrows() map[string]map[string]string {
	const meets = "the command is where everything meets"
	const usedBy = "what a back end would use is found by the code that uses it"
	const withoutSurroundings = "what is measured is started and asked without the caller's environment"
	allowed := stackArrows(withoutSurroundings)
	maps.Copy(allowed, reportArrows())
	maps.Copy(allowed, targetArrows(withoutSurroundings))
	maps.Copy(allowed, map[string]map[string]string{
		"scenarios":        {},
		"harness/record":   {},
		"harness/presence": {},
		"harness/alone":    {},
		"harness/images": {
			"harness/stack/engine": "the engine imports what was installed",
			"harness/alone":        withoutSurroundings,
		},
		"harness/load": {
			"scenarios":      "the plan says which hit is due when",
			"harness/record": "windows are written in the record's own form, not copied into it",
		},
		"harness/probe": {"harness/record": "series are named by record.Key", "harness/alone": withoutSurroundings},
		"harness": {
			"scenarios":      "the plan is what is run",
			"harness/load":   "a trial is one run of the generator",
			"harness/probe":  "readings are taken at the edges of stages",
			"harness/record": "everything measured is written as it happens",
		},
		"harness/doctor": {
			"harness/stack":            "what is missing is told in the contract's words",
			"harness/stack/processes":  usedBy,
			"harness/stack/containers": usedBy,
			"harness/stack/home":       usedBy,
			"harness/stack/engine":     "the engine is greeted once, for all checks that need it",
		},
		"cmd/rehearse": {
			"scenarios": meets, "harness": meets, "harness/alone": meets, "harness/record": meets, "harness/stack": meets,
			"harness/stack/engine": meets, "harness/stack/home": meets, "harness/stack/processes": meets, "harness/stack/containers": meets, "harness/images": meets, "harness/doctor": meets, "harness/presence": meets, "harness/load": meets, "harness/probe": meets, "harness/target": meets, "reports": meets, "reports/judge": meets, "reports/model": meets, "reports/live": meets, "reports/metrics": meets, "reports/page": meets, "reports/reading": meets, "reports/stat": meets, "reports/visible": meets, "fixtures/carshare": meets, "fixtures/echo": meets,
		},
	})
	return allowed
}

// targetArrows are those of the systems under test and of the door they stand behind.
func targetArrows(withoutSurroundings string) map[string]map[string]string {
	const contract = "every system is held to one contract, in the words of the door"
	const everyService = "what every service has beside its business is made once"
	const behindTheDoor = "a system is described in the words of the door it stands behind"
	return map[string]map[string]string{
		"harness/target": {
			"scenarios":     "what scenarios may say of a system is one of its parts",
			"harness/load":  "what makes the requests and judges the answers is another",
			"harness/probe": "and so are the instruments that read what its services count",
			"harness/stack": "a system boots beside the servers of a stack",
		},
		"harness/target/targettest": {
			"harness/target": contract, "scenarios": contract, "harness/load": contract, "harness/probe": contract, "harness/record": contract,
			"harness/stack": contract, "harness/alone": withoutSurroundings,
		},
		"fixtures/service": {"harness/alone": withoutSurroundings},
		"fixtures/echo": {
			"harness/alone": withoutSurroundings, "fixtures/service": everyService,
			"harness/target": behindTheDoor, "scenarios": behindTheDoor, "harness/load": behindTheDoor, "harness/probe": behindTheDoor, "harness/stack": behindTheDoor,
		},
		"fixtures/auth": {"harness/alone": withoutSurroundings, "fixtures/service": everyService},
		"fixtures/carshare": {
			"fixtures/auth": "the calling services are clients of the auth service", "harness/alone": withoutSurroundings, "fixtures/service": everyService,
			"harness/target": behindTheDoor, "scenarios": behindTheDoor, "harness/load": behindTheDoor, "harness/probe": behindTheDoor,
			"harness/stack": behindTheDoor,
		},
	}
}

// reportArrows are those of what comes of a record: facts are read, judged into a model, and shown from that alone.
func reportArrows() map[string]map[string]string {
	const oneType = "a measured number is one type everywhere"
	return map[string]map[string]string{
		"reports/reading": {
			"harness/record": "the record is what is read",
			"reports/stat":   "a percentile is mathematics without domain words",
			"scenarios":      "numbers are written as the language writes them",
		},
		"reports/live": {
			"harness/record":  "what is recorded is shown, as it is recorded",
			"reports/reading": "a figure is on the page what it is in the report",
			"reports/stat":    "what nobody knows is told apart",
			"reports/page":    "all pages look alike, and draw with the same script",
		},
		"reports/metrics": {
			"harness/record":  "what is recorded is exported, as it is recorded",
			"reports/reading": "whose statements and look-ups count is decided once",
		},
		"reports/stat":    {},
		"reports/visible": {},
		"reports/plot":    {},
		"reports/page":    {},
		"reports/numeral": {"reports/stat": oneType},
		"reports/model": {
			"reports/reading": "answers are counted, and what they must be is declared, in the form of what is read",
			"reports/stat":    oneType,
			"reports/numeral": "a budget is called the same everywhere, its limit printed in its name",
		},
		"reports/judge": {
			"harness/record":  "the run directory is the only input",
			"scenarios":       "budgets are judged as the scenario states them",
			"reports/reading": "what windows and samples mean is known there",
			"reports/stat":    "estimates and intervals are mathematics without domain words",
			"reports/model":   "what was found is data",
			"reports/numeral": "reasons tell numbers",
		},
		"reports": {
			"reports/model":   "what was judged is shown, and nothing else is known of it",
			"reports/reading": "answers are shown as they are counted and declared",
			"reports/numeral": "numbers are printed as in reasons",
			"reports/stat":    oneType,
			"reports/plot":    "pictures are drawn from plain numbers",
			"reports/page":    "the page is filled with finished texts",
			"reports/visible": "names that a record tells are shown, and do nothing else",
			"scenarios":       "a plan is drawn, and metrics improve in the direction that the language says",
		},
	}
}

// stackArrows are those of the environment: the contract is at the bottom, the back ends at the top, and neither of these
// knows the other.
func stackArrows(withoutSurroundings string) map[string]map[string]string {
	const contract = "the contract says in which words an environment is asked for and told of"
	const bothBackEnds = "what both back ends do alike is done once"
	return map[string]map[string]string{
		"harness/stack/engine":  {},
		"harness/stack":         {},
		"harness/stack/child":   {},
		"harness/stack/limits":  {"harness/stack": contract},
		"harness/stack/home":    {"harness/stack": contract},
		"harness/stack/servers": {"harness/stack": contract},
		"harness/stack/backend": {"harness/stack": contract},
		"harness/stack/stacktest": {
			"harness/stack": contract, "harness/stack/servers": "Redis is asked as the back ends ask it", "harness/alone": withoutSurroundings,
		},
		"harness/stack/processes": {
			"harness/stack":         contract,
			"harness/stack/backend": bothBackEnds, "harness/stack/servers": bothBackEnds, "harness/stack/home": bothBackEnds,
			"harness/stack/child":  "servers and services are children that cannot outlive rehearse",
			"harness/stack/limits": "a child is born inside its limit",
			"harness/alone":        withoutSurroundings,
		},
		"harness/stack/containers": {
			"harness/stack":         contract,
			"harness/stack/backend": bothBackEnds, "harness/stack/servers": bothBackEnds, "harness/stack/home": bothBackEnds,
			"harness/stack/engine": "servers and services run in containers on an engine",
			"harness/alone":        withoutSurroundings,
		},
	}
}

// boundaries names, for the start of an import path, the package that may import it; empty is none.
func boundaries() map[string]string {
	return map[string]string{
		"C":                         "", // one static binary, built without a C compiler
		"github.com/tsenart/vegeta": "harness/load",
		// The module has uPlot in it, which is in no Go module of its own.
		"github.com/tsenart/vegeta/v12/lib/plot": "reports/page",
		"github.com/testcontainers":              "harness/stack/engine",
		"github.com/moby":                        "harness/stack/engine",
		"gonum.org/v1/plot":                      "reports/plot",
		"github.com/go-text/typesetting":         "reports/plot",
		"golang.org/x/image":                     "reports/plot",
		"go.yaml.in/yaml":                        "scenarios",
		"github.com/distribution/reference":      "scenarios",
		"github.com/HdrHistogram":                "harness/record",
		"github.com/spf13/cobra":                 "cmd/rehearse",
		"github.com/prometheus/common/expfmt":    "harness/probe, reports", // one reads the format, the other writes it
	}
}

// readTree reads pages, and parses every Go file, but for those of dot-folders and what is built, and Go files of testdata.
func readTree(files fs.FS) (tree, error) {
	t := newTree()
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return t.enter(name)
		}
		t.names[name] = true
		if !t.wants(name) {
			return nil
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return t.add(name, text)
	})
	return t, err
}

func newTree() tree { return tree{pages: map[string]string{}, names: map[string]bool{}} }

// wants tells whether a file is read.
func (t *tree) wants(name string) bool {
	return name == "go.mod" || page(name) || strings.HasSuffix(name, ".go") && !strings.Contains(name, "testdata/")
}

func (t *tree) enter(name string) error {
	if name != "." && !strings.Contains(name, "/") {
		t.folders = append(t.folders, name)
	}
	last := path.Base(name)
	if name != "." && (last[0] == '.' || name == "out" || name == "bin") {
		return fs.SkipDir
	}
	t.names[name] = true
	return nil
}

func (t *tree) add(name string, text []byte) error {
	switch {
	case name == "go.mod":
		t.goMod = string(text)
		return nil
	case page(name):
		t.pages[name] = string(text)
		return nil
	}
	s := source{path: name, lines: strings.Count(strings.TrimSuffix(string(text), "\n"), "\n") + 1, fset: token.NewFileSet()}
	var err error
	s.file, err = parser.ParseFile(s.fset, name, text, parser.ParseComments)
	t.sources = append(t.sources, s)
	return err
}

// plant makes a tree from files by path.
func plant(t *testing.T, files map[string]string) tree {
	t.Helper()
	planted := newTree()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if folder, _, inside := strings.Cut(name, "/"); inside && !slices.Contains(planted.folders, folder) {
			planted.folders = append(planted.folders, folder)
		}
		planted.names[name] = true
		if !planted.wants(name) {
			continue
		}
		if err := planted.add(name, []byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	return planted
}
