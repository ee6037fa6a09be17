package scenarios

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// seriesSuffix ends the names of series. But for one no other file of a run directory ends like that, so a series can be
// kept there.
const (
	seriesSuffix = ".csv"
	windowsFile  = "windows.csv"
)

func (r *reader) stage(path string, n *yaml.Node) Stage {
	f := r.mapping(path, n, slices.Concat([]string{"name"}, kinds(), []string{"for", "mix", "measure"})...)
	f.require("name", "give the stage a name of its own")
	s := Stage{
		Name:     f.text("name", ""),
		Duration: value(f, "for", 0, spelt(readDuration)),
		Mix:      r.parts(f.at("mix"), f.of["mix"], spelt(readPlainRatio)),
		Measure:  f.truth("measure", true),
	}
	kind := f.kind()
	switch {
	case !f.has(kindSpike) && !f.has(kindReplay):
		f.require("for", "say how long it lasts, such as for: 8s")
	case f.of["for"] != nil && (kind == kindSpike || kind == kindReplay):
		r.reportAt(f.at("for"), mistake{"a " + kind + " has a length of its own", "remove for"})
	}
	f.require(kind, "give the stage a rate: hold: 600/s, or ramp: {from: 100/s, to: 600/s}, or a step, spike, sine or replay")
	for _, kind := range kinds() {
		if f.has(kind) {
			r.shape(&s, kind, f)
		}
	}
	return s
}

// kind is the one shape that a stage has; hold when it has none. Further ones are reported.
func (f fields) kind() string {
	first := ""
	for _, kind := range kinds() {
		switch {
		case !f.has(kind):
		case first == "":
			first = kind
		default:
			f.r.reportAt(f.at(kind), mistake{"the stage is a " + first + " already", "remove one of the two, or make two stages of it"})
		}
	}
	return cmp.Or(first, kindHold)
}

// shape reads one shape of s.
func (r *reader) shape(s *Stage, kind string, f fields) {
	at, n := f.at(kind), f.of[kind]
	switch kind {
	case kindHold:
		s.From = f.rate(kindHold)
		s.To = s.From
	case kindRamp:
		s.From, s.To = r.ends(r.mapping(at, n, "from", "to"))
	case kindStep:
		s.Shape = r.step(at, n)
	case kindSpike:
		spike := r.spike(at, n)
		s.Shape, s.Duration = spike, spike.length()
	case kindSine:
		s.Shape = r.sine(at, n)
	case kindReplay:
		replay := r.replay(at, n)
		s.Shape, s.Duration = replay, replay.length()
	}
}

func (f fields) rate(key string) float64 { return value(f, key, 0, spelt(readRate)) }

// span is the time under key; left out, it is none.
func (f fields) span(key string) time.Duration { return value(f, key, 0, spelt(readDuration)) }

// ends are the rates from and to.
func (r *reader) ends(f fields) (from, to float64) {
	f.require("from", "say where it begins, such as from: 100/s")
	f.require("to", "say where it ends, such as to: 600/s")
	return f.rate("from"), f.rate("to")
}

func (r *reader) step(path string, n *yaml.Node) Step {
	f := r.mapping(path, n, "from", "to", "steps")
	s := Step{Steps: value(f, "steps", 1, unquoted(readSteps))}
	s.From, s.To = r.ends(f)
	return s
}

func readSteps(text string) (int, *mistake) {
	steps, wrong := readWhole(text)
	if wrong == nil && (steps < 1 || steps > maxSteps) {
		wrong = &mistake{text + " steps are out of range", fmt.Sprintf("write a number from 1 to %d", maxSteps)}
	}
	return int(min(steps, maxSteps)), wrong
}

func (r *reader) spike(path string, n *yaml.Node) Spike {
	f := r.mapping(path, n, "from", "to", "rise", "hold", "decay", "decay_shape")
	f.require("from", "say where it begins and ends, such as from: 100/s")
	f.require("to", "say how high it goes, such as to: 600/s")
	return Spike{
		From: f.rate("from"), To: f.rate("to"), DecayShape: f.text("decay_shape", Linear),
		Rise: f.span("rise"), Hold: f.span("hold"), Decay: f.span("decay"),
	}
}

func (r *reader) sine(path string, n *yaml.Node) Sine {
	f := r.mapping(path, n, "low", "high", "period", "peak_at", "growth")
	f.require("low", "say how low it goes, such as low: 100/s")
	f.require("high", "say how high it goes, such as high: 600/s")
	f.require("period", "say how long it takes from one peak to the next, such as period: 24m")
	s := Sine{Low: f.rate("low"), High: f.rate("high"), Period: f.span("period"), Growth: f.rate("growth")}
	// A stage that begins with its lowest rate is the usual day.
	s.PeakAt = value(f, "peak_at", s.Period/2, spelt(readMoment))
	return s
}

// readMoment reads a time since some begin, which may be the begin itself.
func readMoment(text string) (time.Duration, *mistake) {
	if text == "0s" {
		return 0, nil
	}
	return readDuration(text)
}

func (r *reader) replay(path string, n *yaml.Node) Replay {
	f := r.mapping(path, n, "file", "speed", "scale")
	f.require("file", "name a CSV file with the columns time and rate, such as file: friday.csv")
	p := Replay{
		File: plainPath(f.text("file", "")), Speed: value(f, "speed", 1, unquoted(readSpeed)), Scale: value(f, "scale", 1, spelt(func(text string) (float64, *mistake) { return r.readRatio(text, r.old(f.at("scale"))) })),
	}
	if f.of["file"] == nil || r.broken(f.at("file")) {
		return p
	}
	points, wrong := r.library.series(p.File)
	switch {
	case wrong != nil:
		r.reportAt(f.at("file"), *wrong)
	case points == nil:
		r.spoil(f.at("file"))
	}
	for _, point := range points {
		// Longer than a trial is too long, however long it is.
		at := min(math.Round(float64(point.At)/p.Speed), float64(MaxTrial+1))
		p.Points = append(p.Points, Point{time.Duration(at), point.Rate * p.Scale})
	}
	return p
}

// plainPath is a path inside the scenario's directory in the one form that the library knows: ./friday.csv is friday.csv.
func plainPath(name string) string {
	if name == "" || strings.HasSuffix(name, "/") {
		return name
	}
	return path.Clean(name)
}

func readSpeed(text string) (float64, *mistake) {
	speed, wrong := readNumber(text)
	if wrong == nil && (speed < 1/maxSpeed || speed > maxSpeed) {
		wrong = &mistake{"speed " + text + " is out of range", "write how many times faster than recorded it is to be played, such as 60"}
	}
	return speed, wrong
}

// Bounds of replays.
const (
	// maxSpeed plays a year in a third of a second.
	maxSpeed = 1e8
	// maxPlayed bounds the points of all stages, one series played in several counting in each.
	maxPlayed = 1 << 18
)

// library reads the series a scenario names, each once.
type library struct {
	// scenario is the name of its file, and files the directory that is in.
	scenario string
	files    fs.FS
	contents map[string][]byte
	points   map[string][]Point
	// played counts the points of all replays.
	played int
	errs   Errors
}

// series returns the points of the file called name. What is wrong with naming it is returned, and what is wrong in the
// file is kept among the mistakes of the library; there are no points then.
func (l *library) series(name string) ([]Point, *mistake) {
	if _, known := l.contents[name]; !known {
		text, wrong := l.read(name)
		if wrong != nil {
			return nil, wrong
		}
		points, errs := readSeries(path.Join(path.Dir(filepath.ToSlash(l.scenario)), name), text)
		if l.contents == nil {
			l.contents, l.points = map[string][]byte{}, map[string][]Point{}
		}
		l.contents[name], l.errs = text, append(l.errs, errs...)
		if len(errs) == 0 {
			l.points[name] = points
		}
	}
	if l.played += len(l.points[name]); l.played > maxPlayed {
		return nil, &mistake{fmt.Sprintf("all replays together have more than %d points", maxPlayed), "thin the series out"}
	}
	return l.points[name], nil
}

// read returns the contents of a file, and no more of it than a series may have.
func (l *library) read(name string) ([]byte, *mistake) {
	short := clip(name)
	switch {
	case !strings.HasSuffix(name, seriesSuffix):
		return nil, &mistake{short + " is not called a CSV file", "name a file that ends in " + seriesSuffix + ", in small letters"}
	case name == windowsFile:
		return nil, &mistake{short + " is what rehearse calls a file of its own in the run directory", "give the series another name"}
	case path.IsAbs(name):
		return nil, &mistake{short + " is not below the scenario's directory: it begins at the root", "put the file beside the scenario and write its name"}
	case strings.Contains(name, `\`):
		return nil, &mistake{short + " has backslashes in it", "write / between directories"}
	case !fs.ValidPath(name):
		return nil, &mistake{short + " is not below the scenario's directory", "put the file beside the scenario and write its name"}
	case l.files == nil:
		return nil, &mistake{short + " cannot be read: the scenario has no directory", "write the stage in another shape"}
	}
	text, err := l.start(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &mistake{"there is no file " + short, "put it beside the scenario, or correct the name"}
	case errors.Is(err, ErrOutside):
		return nil, &mistake{short + " is a link out of the scenario's directory", "put the file itself beside the scenario"}
	case errors.Is(err, errNotRegular):
		return nil, &mistake{short + " is no regular file", "name a CSV file"}
	case err != nil:
		return nil, &mistake{short + " cannot be read: " + err.Error(), "check the file and its permissions"}
	}
	return text, nil
}

// ErrOutside is the error of a directory given to [File.Beside] for a name that leads out of it, as a link may.
var ErrOutside = errors.New("outside of the scenario's directory")

// errNotRegular is the error of what cannot be read like a file.
var errNotRegular = errors.New("no regular file")

// start reads a file as far as a series may go. What it is, is asked of the file that was opened: its name may stand for
// another one by then.
func (l *library) start(name string) ([]byte, error) {
	file, err := l.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	switch info, err := file.Stat(); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errNotRegular
	}
	return io.ReadAll(io.LimitReader(file, MaxBytes+1))
}
