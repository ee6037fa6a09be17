package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// The mark stands below the mistake whatever the letters before it are, and nothing of a file reaches the terminal raw.
func TestMistakesText(t *testing.T) {
	errs := scenarios.Errors{
		{File: "f", Line: 7, Column: 6, What: "a \x1b[31m is wrong", Do: "write b", Excerpt: scenarios.Excerpt{Line: 7, Text: "日本:\té \u009b!", Column: 5, Span: 1}},
		{File: "f", What: "no such file", Do: "name another"},
		{Flag: "--set x", What: "it is empty", Do: "write one", Excerpt: scenarios.Excerpt{Text: "y", Column: 9, Span: 3}},
	}
	const want = "f:7:6: a \ufffd[31m is wrong\n    7 │ 日本: é \ufffd!\n      │       ^ write b\n" +
		"\nf: no such file; name another\n\n--set x: it is empty\n      │ y\n      │  ^ write one\n"
	if diff := cmp.Diff(want, mistakesText(errs, false)); diff != "" {
		t.Error(diff)
	}
	if got := mistakesText(errs[:1], true); !strings.HasPrefix(got, "\x1b[1mf:7:6\x1b[0m: ") || !strings.HasSuffix(got, "\x1b[31m^ write b\x1b[0m\n") {
		t.Errorf("got %q", got)
	}
	t.Setenv("NO_COLOR", "1")
	var b bytes.Buffer
	if err := writeText(&b, errs); err != nil || b.String() != want {
		t.Errorf("got %v, %q", err, b.String())
	}
}

// Only the first mistakes are shown, and how many there are besides.
func TestMistakesTextIsCapped(t *testing.T) {
	errs := make(scenarios.Errors, scenarios.MaxShown+3)
	if got := mistakesText(errs, false); strings.Count(got, "; ") != scenarios.MaxShown || !strings.HasSuffix(got, "\nand 3 more\n") {
		t.Errorf("got %q", got)
	}
}

// A workflow command ends at a line break and its properties at colons and commas: each is escaped where it would.
func TestWriteGitHub(t *testing.T) {
	var b bytes.Buffer
	err := writeGitHub(&b, scenarios.Errors{{File: "a,b:c%.yaml", Line: 3, Column: 1, EndColumn: 5, What: "100%, x: y\r\nz", Do: "stop"}})
	const want = "::error file=a%2Cb%3Ac%25.yaml,line=3,col=1,endColumn=5,title=invalid scenario::100%25, x: y%0D%0Az; stop\n"
	if err != nil || b.String() != want {
		t.Errorf("got  %v, %qwant %q", err, b.String(), want)
	}
}

// A fingerprint follows a mistake that moves, and tells each from the others: GitLab shows one issue of each.
func TestFingerprints(t *testing.T) {
	prints := func(errs ...scenarios.Error) (list []string) {
		var b bytes.Buffer
		if err := writeGitLab(&b, errs); err != nil {
			t.Fatal(err)
		}
		var issues []struct{ Fingerprint string }
		if err := json.Unmarshal(b.Bytes(), &issues); err != nil {
			t.Fatal(err)
		}
		for _, issue := range issues {
			list = append(list, issue.Fingerprint)
		}
		return list
	}
	at := func(file string, line int, what string) scenarios.Error {
		return scenarios.Error{File: file, Line: line, What: what}
	}
	before := prints(at("f", 3, "x"), at("f", 4, "x"), at("f", 5, "y"), at("g", 3, "x"))
	if after := prints(at("f", 13, "x"), at("f", 14, "x"), at("f", 15, "y"), at("g", 1, "x")); !cmp.Equal(before, after) {
		t.Errorf("got %v, then %v", before, after)
	}
	distinct := map[string]bool{}
	for _, print := range before {
		distinct[print] = true
	}
	if len(distinct) != 4 {
		t.Errorf("got %v", before)
	}
}
