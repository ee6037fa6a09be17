package scenarios

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/distribution/reference"
	"go.yaml.in/yaml/v4"
)

// Bounds of what a node may be given. A scheduler cannot portion out less than a hundredth of a CPU.
const (
	minCPUs   = 0.01
	maxCPUs   = 1024
	maxMemory = 64 << 40
)

func (r *reader) limits(n *yaml.Node, v Vocabulary) map[string]Node {
	f := r.mapping("nodes", n, slices.Sorted(maps.Keys(v.Nodes))...)
	var nodes map[string]Node
	for name, n := range f.of {
		if nodes == nil {
			nodes = map[string]Node{}
		}
		of := r.mapping(f.at(name), n, "cpus", "memory")
		nodes[name] = Node{
			CPUs:        value(of, "cpus", 0, unquoted(readCPUs)),
			MemoryBytes: value(of, "memory", 0, spelt(readBytes)),
		}
		if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
			r.reportAt(f.at(name), mistake{"it is given no limit", "write cpus:, memory: or both, or leave the node out"})
		}
	}
	return nodes
}

func (r *reader) images(n *yaml.Node) Images {
	f := r.mapping("images", n, "postgres", "redis")
	return Images{Postgres: value(f, "postgres", "", readImage), Redis: value(f, "redis", "", readImage)}
}

// nodes checks that each can run in what it is given.
func (c *checker) nodes() {
	for _, name := range slices.Sorted(maps.Keys(c.s.Nodes)) {
		memory, least := c.s.Nodes[name].MemoryBytes, c.s.Vocabulary.Nodes[name]
		c.must(memory == 0 || memory >= least, "nodes."+name+".memory", "give it "+sizeText(least)+" or more",
			"%s is less than %s needs to run", sizeText(memory), name)
	}
}

// readCPUs reads a number of CPUs. Other tools write shares of one in percent or in thousandths.
func readCPUs(text string) (float64, *mistake) {
	for suffix, parts := range map[string]float64{"%": 100, "m": 1000} {
		number, found := strings.CutSuffix(text, suffix)
		if value, wrong := readNumber(number); found && wrong == nil {
			return 0, &mistake{text + " is not a number of CPUs", "write " + trim(value/parts)}
		}
	}
	value, wrong := readNumber(text)
	if wrong == nil && (value < minCPUs || value > maxCPUs) {
		wrong = &mistake{text + " CPUs are out of range", fmt.Sprintf("write a number from %v to %d, or leave it out for no limit", minCPUs, maxCPUs)}
	}
	return value, wrong
}

// sizeUnits are the units of memory, with those first that are suggested.
func sizeUnits() []string { return []string{"MiB", "GiB", "TiB", "KiB", "MB", "GB", "TB", "KB"} }

func unitBytes(unit string) float64 {
	base := 1000.0
	if unit[1] == 'i' {
		base = 1024
	}
	return math.Pow(base, float64(1+strings.IndexByte("KMGT", unit[0])))
}

// readBytes reads a size with its unit, such as 512MiB or 1GB. A bare number, or an M that is 1000² to one tool and 1024²
// to the next, would be guessed at.
func readBytes(text string) (int64, *mistake) {
	number := strings.TrimRightFunc(text, unicode.IsLetter)
	unit := text[len(number):]
	value, wrong := readNumber(number)
	switch {
	case wrong != nil:
		return 0, &mistake{strconv.Quote(text) + " is not a size: " + wrong.what, "write it like 512MiB or 1GB"}
	case unit == "":
		return 0, &mistake{text + " is a size without a unit", "write " + text + "MiB or " + text + "GiB"}
	case !slices.Contains(sizeUnits(), unit):
		return 0, &mistake{text + " has an unknown unit of memory", "write " + number + meantUnit(unit)}
	}
	size := value * unitBytes(unit)
	if size < 1 || size > maxMemory {
		return 0, &mistake{text + " is out of range", "write at most " + sizeText(maxMemory) + ", or leave it out for no limit"}
	}
	return int64(size), nil
}

// meantUnit is the unit that was most likely meant: the letters in another case, or else the first of its magnitude.
func meantUnit(unit string) string {
	for _, known := range sizeUnits() {
		if strings.EqualFold(unit, known) {
			return known
		}
	}
	for _, known := range sizeUnits() {
		if strings.EqualFold(unit[:1], known[:1]) {
			return known
		}
	}
	return sizeUnits()[0]
}

// sizeText writes a size as a scenario would.
func sizeText(size int64) string {
	for _, unit := range []string{"TiB", "GiB", "MiB", "KiB"} {
		if count := float64(size) / unitBytes(unit); count >= 1 {
			return Plain(count, 4) + unit
		}
	}
	return strconv.FormatInt(size, 10) + " bytes"
}

// readImage reads the reference of an image as the container tools do.
func readImage(n *yaml.Node) (string, *mistake) {
	text, wrong := readText(n)
	if wrong != nil {
		return "", wrong
	}
	if _, err := reference.ParseNormalizedNamed(text); err != nil {
		return "", &mistake{fmt.Sprintf("%.80q is not an image: %v", text, err), "write it like postgres:17 or registry.example/team/postgres:17"}
	}
	return text, nil
}
