package rehearse_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func checkFolders(t tree) (offences []string) {
	allowed := []string{"cmd", "fixtures", "harness", "reports", "scenarios", "out", "bin"}
	for _, name := range t.folders {
		if !strings.HasPrefix(name, ".") && !slices.Contains(allowed, name) {
			offences = append(offences, name+": is a sixth folder at the top; find its place in "+strings.Join(allowed[:5], ", "))
		}
	}
	return offences
}

func checkPackageNames(t tree) (offences []string) {
	for _, s := range t.sources {
		name := strings.TrimSuffix(s.file.Name.Name, "_test")
		if slices.Contains([]string{"util", "utils", "common", "helpers", "misc", "base", "shared", "types"}, name) {
			offences = append(offences, s.at(s.file.Name, "package %s says nothing", name))
		}
	}
	return offences
}

func checkPackageComments(t tree) (offences []string) {
	comments := map[string]int{}
	for _, s := range t.sources {
		if s.test() {
			continue
		}
		comments[s.dir()] += 0
		if s.file.Doc == nil {
			continue
		}
		comments[s.dir()]++
		begin := "Package " + s.file.Name.Name + " "
		if s.file.Name.Name == "main" {
			begin = "Command "
		}
		if !strings.HasPrefix(s.file.Doc.Text(), begin) {
			offences = append(offences, s.at(s.file.Name, "the package comment does not begin with %q", begin))
		}
	}
	for dir, n := range comments {
		if n != 1 {
			offences = append(offences, fmt.Sprintf("%s: has %d package comments, want 1", dir, n))
		}
	}
	slices.Sort(offences)
	return offences
}

func checkPackageLength(repository tree) (offences []string) {
	lines := map[string]int{}
	for _, s := range repository.sources {
		if !s.test() {
			lines[s.dir()] += s.lines
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(lines)) {
		if most := max(maxPackageLines, large()[dir].lines); lines[dir] > most {
			offences = append(offences, strings.TrimSpace(fmt.Sprintf("%s: has %d lines, more than %d %s", dir, lines[dir], most, large()[dir].reason)))
		}
	}
	return offences
}

func checkFileLength(t tree) (offences []string) {
	for _, s := range t.sources {
		if s.lines > maxFileLines {
			offences = append(offences, fmt.Sprintf("%s: has %d lines, want at most %d", s.path, s.lines, maxFileLines))
		}
	}
	return offences
}

func checkReplace(t tree) (offences []string) {
	for i, line := range strings.Split(t.goMod, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "replace") {
			offences = append(offences, fmt.Sprintf("go.mod:%d: %s", i+1, line))
		}
	}
	return offences
}

// imports calls do for every import of a file that is no test.
func (t tree) imports(do func(s source, spec *ast.ImportSpec, path string)) {
	for _, s := range t.sources {
		if s.test() {
			continue
		}
		for _, spec := range s.file.Imports {
			if path, err := strconv.Unquote(spec.Path.Value); err == nil {
				do(s, spec, path)
			}
		}
	}
}

func checkArrows(t tree) (offences []string) {
	allowed := arrows()
	for _, s := range t.sources {
		if _, known := allowed[s.dir()]; !known && !s.test() {
			offences = append(offences, s.at(s.file.Name, "package %s is not in the table of repo_test.go", s.dir()))
		}
	}
	t.imports(func(s source, spec *ast.ImportSpec, path string) {
		to, ours := strings.CutPrefix(path, module+"/")
		if ours && allowed[s.dir()][to] == "" {
			offences = append(offences, s.at(spec, "%s may not import %s", s.dir(), to))
		}
	})
	return offences
}

func checkBoundaries(t tree) (offences []string) {
	owners := boundaries()
	t.imports(func(s source, spec *ast.ImportSpec, path string) {
		// A part of a library may have an owner of its own.
		longest := ""
		for library := range owners {
			if (path == library || strings.HasPrefix(path, library+"/")) && len(library) > len(longest) {
				longest = library
			}
		}
		if owner := owners[longest]; longest != "" && !slices.Contains(strings.Split(owner, ", "), s.dir()) {
			offences = append(offences, s.at(spec, "imports %s, which is for %s", path, cmp.Or(owner, "no package")))
		}
	})
	return offences
}

func checkTesting(t tree) (offences []string) {
	t.imports(func(s source, spec *ast.ImportSpec, path string) {
		if path == "testing" || strings.HasPrefix(path, "testing/") {
			offences = append(offences, s.at(spec, "imports %s", path))
		}
	})
	return offences
}

// functions calls do for every function declaration.
func (t tree) functions(do func(s source, f *ast.FuncDecl)) {
	for _, s := range t.sources {
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				do(s, f)
			}
		}
	}
}

func checkFunctionLength(t tree) (offences []string) {
	t.functions(func(s source, f *ast.FuncDecl) {
		lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
		if lines > maxFunctionLines {
			offences = append(offences, s.at(f, "%s has %d lines, want at most %d", f.Name, lines, maxFunctionLines))
		}
	})
	return offences
}

func checkInit(t tree) (offences []string) {
	t.functions(func(s source, f *ast.FuncDecl) {
		if f.Name.Name == "init" && f.Recv == nil {
			offences = append(offences, s.at(f, "has an init function"))
		}
	})
	return offences
}

// specs calls do for every constant, variable and type declared at the top level outside of tests.
func (t tree) specs(do func(s source, group *ast.GenDecl, spec ast.Spec)) {
	for _, s := range t.sources {
		for _, decl := range s.file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || s.test() {
				continue
			}
			for _, spec := range group.Specs {
				do(s, group, spec)
			}
		}
	}
}

func checkVariables(t tree) (offences []string) {
	t.specs(func(s source, group *ast.GenDecl, spec ast.Spec) {
		value, ok := spec.(*ast.ValueSpec)
		if !ok || group.Tok != token.VAR || embedded(group.Doc) || embedded(value.Doc) {
			return
		}
		for i, name := range value.Names {
			// The linker sets these two; an assertion that a type fits an interface has no name.
			linked := s.file.Name.Name == "main" && (name.Name == "version" || name.Name == "commit")
			if name.Name != "_" && !linked && !sentinel(name, value.Values, i) {
				offences = append(offences, s.at(name, "variable %s at package level", name))
			}
		}
	})
	return offences
}

func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// sentinel tells whether the i-th value is an error made by errors.New and named like one.
func sentinel(name *ast.Ident, values []ast.Expr, i int) bool {
	if i >= len(values) || !strings.HasPrefix(strings.ToLower(name.Name), "err") {
		return false
	}
	call, ok := values[i].(*ast.CallExpr)
	if !ok {
		return false
	}
	maker, ok := call.Fun.(*ast.SelectorExpr)
	return ok && maker.Sel.Name == "New" && fmt.Sprint(maker.X) == "errors"
}

func checkDocumented(t tree) (offences []string) {
	report := func(s source, name *ast.Ident, documented bool) {
		if name != nil && name.IsExported() && !documented {
			offences = append(offences, s.at(name, "%s is exported and has no comment", name))
		}
	}
	t.functions(func(s source, f *ast.FuncDecl) {
		report(s, f.Name, s.test() || f.Doc != nil || !exportedReceiver(f))
	})
	t.specs(func(s source, group *ast.GenDecl, spec ast.Spec) {
		name, documented := documentation(group, spec)
		report(s, name, documented)
	})
	return offences
}

// exportedReceiver tells whether f is a function, or a method of an exported type: others are not in the documentation.
func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	exported := false
	ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok {
			exported = name.IsExported()
			return false
		}
		return true
	})
	return exported
}

// documentation is the first name of spec and whether it or its group is explained.
func documentation(group *ast.GenDecl, spec ast.Spec) (*ast.Ident, bool) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		return spec.Name, spec.Doc != nil || group.Doc != nil
	case *ast.ValueSpec:
		return spec.Names[0], spec.Doc != nil || spec.Comment != nil || group.Doc != nil
	}
	return nil, false
}

// checkSurroundings finds what reads the environment of whoever started rehearse on its way to a server or a child.
func checkSurroundings(t tree) (offences []string) {
	readers := []string{"pgx.Connect", "pgx.ParseConfig", "pgx.ParseConfigWithOptions", "pgxpool.New", "pgxpool.ParseConfig", "pgconn.ParseConfig", "pgconn.Connect",
		"http.DefaultClient", "http.DefaultTransport", "http.ProxyFromEnvironment", "http.Get", "http.Head", "http.Post", "http.PostForm", "os.Environ", "os.StartProcess"}
	for _, s := range t.sources {
		if s.test() || s.dir() == "harness/alone" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if name := fmt.Sprint(n.X) + "." + n.Sel.Name; slices.Contains(readers, name) {
					offences = append(offences, s.at(n, "%s reads the environment; see harness/alone", name))
				}
			case *ast.CompositeLit:
				if of, ok := n.Type.(*ast.SelectorExpr); ok && fmt.Sprint(of.X)+"."+of.Sel.Name == "http.Client" && !mentions(n, "Transport") {
					offences = append(offences, s.at(n, "http.Client without a Transport reads the environment; see harness/alone"))
				}
			case *ast.FuncDecl:
				if (calls(n, "exec", "Command") || calls(n, "exec", "CommandContext")) && !mentions(n, "Env") {
					offences = append(offences, s.at(n, "%s starts a child with the caller's environment; see harness/alone", n.Name))
				}
			}
			return true
		})
	}
	return offences
}

// mentions tells whether an identifier of that name is anywhere inside.
func mentions(in ast.Node, name string) (found bool) {
	ast.Inspect(in, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	})
	return found
}

// calls tells whether something inside is pkg.name.
func calls(in ast.Node, pkg, name string) (found bool) {
	ast.Inspect(in, func(n ast.Node) bool {
		of, ok := n.(*ast.SelectorExpr)
		found = found || ok && fmt.Sprint(of.X) == pkg && of.Sel.Name == name
		return !found
	})
	return found
}
