package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/tsenart/vegeta/v12/lib/plot"
)

//go:embed assets
var assets embed.FS

// Shared is what all pages of this project are made of. Plot and PlotStyle are uPlot and its style, Style is ours: the
// colours of every role, light and dark, and the forms of headings, figures and tables.
type Shared struct{ Plot, PlotStyle, Style string }

// Assets reads what is embedded here and in the plotting library's module.
func Assets() (Shared, error) {
	var s Shared
	for name, into := range map[string]*string{"uPlot.min.js": &s.Plot, "uPlot.min.css": &s.PlotStyle} {
		text, err := bundled(name)
		if err != nil {
			return Shared{}, err
		}
		*into = text
	}
	style, err := assets.ReadFile("assets/style.css")
	if err != nil {
		return Shared{}, fmt.Errorf("read the page's style: %w", err)
	}
	s.Style = string(style)
	return s, nil
}

// bundled reads a file that comes with the load generator's module: uPlot is not in a Go module of its own.
func bundled(name string) (string, error) {
	file, err := plot.Assets.Open(name)
	if err != nil {
		return "", fmt.Errorf("read %s of the module github.com/tsenart/vegeta/v12: %w", name, err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		return "", fmt.Errorf("read %s of the module github.com/tsenart/vegeta/v12: %w", name, err)
	}
	return string(text), nil
}

// policy is the content policy: nothing is loaded, and only these very scripts and styles apply.
func policy(scripts, styles []string) string {
	return fmt.Sprintf("default-src 'none'; base-uri 'none'; form-action 'none'; script-src %s; style-src %s",
		digests(scripts), digests(styles))
}

func digests(texts []string) string {
	var list []string
	for _, text := range texts {
		sum := sha256.Sum256([]byte(text))
		list = append(list, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	return strings.Join(list, " ")
}
