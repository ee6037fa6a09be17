package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever single byte of a record is damaged, it is told which line it was in, or nothing was lost: the last line may
// have been cut short by a crash, but only where its end is missing.
func TestEveryByteIsWatched(t *testing.T) {
	if testing.Short() {
		t.Skip("-short tries no thousands of records")
	}
	for _, name := range []string{HeaderFile, WindowsFile, SamplesFile, EventsFile} {
		dir := write(t)
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := range whole {
			damaged := bytes.Clone(whole)
			damaged[at] ^= 1
			if err := os.WriteFile(path, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			run, err := Open(dir)
			last := at == len(whole)-1
			if err == nil && !(last && (len(run.Notes) > 0 || name == HeaderFile)) {
				t.Fatalf("%s: byte %d of %d was changed and nobody noticed: %q", name, at, len(whole), damaged[max(at-20, 0):min(at+20, len(whole))])
			}
			if err != nil && !strings.Contains(err.Error(), dir) {
				t.Fatalf("got %v, which does not name %s", err, path)
			}
		}
	}
}

// A line says where it is damaged, and whoever reads it with another tool finds an object with one member more.
func TestChecksumOfALine(t *testing.T) {
	dir := write(t)
	path := filepath.Join(dir, WindowsFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	first, _, _ := bytes.Cut(whole, []byte("\n"))
	if err := json.Unmarshal(first, &line); err != nil || len(fmt.Sprint(line["crc"])) != 8 || line["offered"] != 3.0 {
		t.Errorf("got %v of %s", err, first)
	}
	for _, tt := range []struct{ name, from, to, want string }{
		{"another number", `"second":1`, `"second":0`, "windows.jsonl:2: its checksum does not match"},
		{"no checksum", `,"crc":"`, `,"crx":"`, "windows.jsonl:1: it has no checksum, which every line of this record has"},
		{"not in capitals", `"crc":"`, `"crc":"F`, "windows.jsonl:1: it has no checksum"},
	} {
		if err := os.WriteFile(path, bytes.Replace(whole, []byte(tt.from), []byte(tt.to), 1), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "restore it from a copy, or run again") {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

// Records from before there were checksums are read without, and a line of one that has a checksum all the same is held to it.
func TestLinesWithoutChecksum(t *testing.T) {
	dir := write(t)
	unseal := func(name, member string) {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for {
			begin := bytes.Index(text, []byte(member))
			if begin < 0 {
				break
			}
			text = append(text[:begin:begin], text[begin+len(member)+checksumDigits+1:]...)
		}
		text = bytes.Replace(text, []byte("\n  \"checksums\": \"crc32c\","), nil, 1)
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	unseal(HeaderFile, headerMember)
	if _, err := Open(dir); err != nil {
		t.Errorf("got %v of lines with checksums that the header does not speak of", err)
	}
	for _, name := range []string{WindowsFile, SamplesFile, EventsFile} {
		unseal(name, lineMember)
	}
	run, err := Open(dir)
	if err != nil || len(run.Windows) != 2 || !run.Complete() {
		t.Errorf("got %v, want the run without any checksum", err)
	}
}

// What a checksum takes is compared with writing the same line without one.
func BenchmarkChecksum(b *testing.B) {
	w := wideWindow()
	text, err := json.Marshal(w)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			if _, err := json.Marshal(w); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("seal", func(b *testing.B) {
		line := make([]byte, 0, len(text)+64)
		for b.Loop() {
			seal(append(line, text...), lineMember, lineEnd)
		}
	})
}
