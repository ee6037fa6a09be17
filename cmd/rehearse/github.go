package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/rehearse-dev/rehearse/reports"
)

// stepBytes is what all summaries of a step may have together; of a larger one GitHub shows nothing at all.
const stepBytes = 1 << 20

// tellGitHub shows in a workflow of GitHub what a run came to: beside the lines of the scenario, and on the page of the
// workflow. Elsewhere it does nothing. The remarks go to stderr, which the runner reads as well, since stdout may be JSON.
// What cannot be shown there is said, and changes no verdict.
func tellGitHub(stderr io.Writer, remarks []reports.Annotation, summary func(io.Writer, int) error) {
	if os.Getenv("GITHUB_ACTIONS") != "true" {
		return
	}
	for _, a := range remarks {
		a.File = inWorkspace(a.File)
		_ = composed(stderr, a.String()+"\n")
	}
	if path := os.Getenv("GITHUB_STEP_SUMMARY"); path != "" {
		if err := appendSummary(path, summary); err != nil {
			fmt.Fprintf(stderr, "the summary of the step lacks this run: %v\n", err)
		}
	}
}

// inWorkspace is the path of a file as GitHub knows it.
func inWorkspace(path string) string {
	absolute, err := filepath.Abs(path)
	if path == "" || err != nil {
		return path
	}
	if inside, err := filepath.Rel(os.Getenv("GITHUB_WORKSPACE"), absolute); err == nil && filepath.IsLocal(inside) {
		return inside
	}
	return path
}

// appendSummary adds to what the step has said so far, in one piece. It does not wait for somebody to read a pipe.
func appendSummary(path string, summary func(io.Writer, int) error) (err error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY|syscall.O_NONBLOCK, 0o644)
	if errors.Is(err, syscall.ENXIO) {
		return fmt.Errorf("GITHUB_STEP_SUMMARY %s is a pipe that nobody reads, or a socket; name a file", path)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	room := stepBytes - int(info.Size())
	var text bytes.Buffer
	if err := summary(&text, room); err != nil {
		return err
	}
	if text.Len() > room {
		return fmt.Errorf("%s has %d bytes already, and GitHub shows no more than %d", path, info.Size(), stepBytes)
	}
	_, err = file.Write(text.Bytes())
	return err
}
