package scenarios

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.yaml
var shipped embed.FS

// Shipped lists the names of the scenarios inside this binary, sorted.
func Shipped() []string {
	files, err := shipped.ReadDir(".")
	if err != nil {
		// The pattern above is compiled in: its root is always there.
		panic(err)
	}
	var names []string
	for _, file := range files {
		if name, found := strings.CutSuffix(file.Name(), ".yaml"); found {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// ReadShipped returns the text of a shipped scenario.
func ReadShipped(name string) (text []byte, found bool) {
	text, err := shipped.ReadFile(name + ".yaml")
	return text, err == nil
}

// ShippedFiles are the files that shipped scenarios name, for [File.Beside].
func ShippedFiles() fs.FS { return shipped }
