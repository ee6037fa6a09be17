package images

import (
	"bytes"
	"strings"
)

// tailLines is how much of mmdebstrap's talk an error repeats.
const tailLines = 15

// talk reads what mmdebstrap has to say: steps are passed on, the version is kept, and the last lines for an error.
type talk struct {
	tell    func(step string)
	server  string
	version string
	last    []string
	partial []byte
}

// Write takes lines in pieces of any size.
func (t *talk) Write(p []byte) (int, error) {
	t.partial = append(t.partial, p...)
	for {
		line, rest, found := bytes.Cut(t.partial, []byte("\n"))
		if !found {
			return len(p), nil
		}
		t.line(string(line))
		t.partial = rest
	}
}

func (t *talk) line(line string) {
	if version, ok := strings.CutPrefix(line, "version: "); ok {
		t.version = version
	}
	for _, s := range steps() {
		if strings.HasPrefix(line, "I: "+s.said) {
			t.tell(strings.ReplaceAll(s.told, "SERVER", t.server))
		}
	}
	t.last = append(t.last, line)
	t.last = t.last[max(0, len(t.last)-tailLines):]
}

// tail is the end of the talk.
func (t *talk) tail() string {
	return strings.Join(append(t.last, string(t.partial)), "\n")
}

// step is how mmdebstrap and we call the same thing.
type step struct{ said, told string }

func steps() []step {
	return []step{
		{"running apt-get update", "reading the lists of packages"},
		{"downloading packages", "fetching packages"},
		{"extracting archives", "unpacking the base system"},
		{"installing essential packages", "installing the base system"},
		{"installing remaining packages", "installing SERVER"},
		{"creating tarball", "handing the files to the engine"},
	}
}
