package plot

import (
	"bytes"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/go-text/typesetting/fontscan"
	"github.com/go-text/typesetting/language"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
)

// Fonts are where a PNG finds the letters that the built-in font does not have, such as Hangul. They are looked for once,
// and only when there is such a letter. What no font has is drawn as a box; ask Missing, and say so beside the picture.
// An SVG leaves all this to its reader, and names families that have Hangul. It may be used concurrently.
type Fonts struct {
	// Dirs are searched, with everything below, instead of where the system keeps its fonts; nil is the system.
	Dirs []string

	mu     sync.Mutex
	fonts  *fontscan.FontMap
	chosen map[choice]*opentype.Font
	files  map[fontscan.Location]*opentype.Font
}

// choice is of a font for a letter.
type choice struct {
	letter rune
	bold   bool
}

// Missing lists the letters of words, each once, that no font of this machine can draw.
func Missing(words string) []rune { return new(Fonts).Missing(words) }

// Missing lists the letters of words, each once, that neither the built-in font nor one of these can draw.
func (f *Fonts) Missing(words string) (missing []rune) {
	own := builtIn()
	for _, letter := range clean(words) {
		if !drawable(own, letter) && f.font(letter, false) == nil && !slices.Contains(missing, letter) {
			missing = append(missing, letter)
		}
	}
	return missing
}

// builtIn is the font that is part of the program.
func builtIn() *opentype.Font {
	style := letters(labelSize, ink(), false)
	return font.DefaultCache.Lookup(style.Font, labelSize).Face
}

// drawable tells whether a font has a letter, or nothing of it would be seen anyhow.
func drawable(face *opentype.Font, letter rune) bool {
	index, err := face.GlyphIndex(nil, letter)
	return err == nil && index != 0 || unicode.IsSpace(letter) || unicode.In(letter, unicode.Cf, unicode.Variation_Selector)
}

// box stands for a letter that no font has.
const box = "□"

// piece is a part of a line that one font draws.
type piece struct {
	face    font.Face
	letters string
}

// pieces cuts a line where the font changes.
func (f *Fonts) pieces(own font.Face, line string) (list []piece) {
	for _, letter := range line {
		face, drawn := own, string(letter)
		if !drawable(own.Face, letter) {
			if other := f.font(letter, own.Font.Weight > 0); other != nil {
				face.Face = other
			} else {
				drawn = box
			}
		}
		if last := len(list) - 1; last >= 0 && list[last].face.Face == face.Face {
			list[last].letters += drawn
		} else {
			list = append(list, piece{face, drawn})
		}
	}
	return list
}

// font finds one that has a letter; nil if none has.
func (f *Fonts) font(letter rune, bold bool) *opentype.Font {
	f.mu.Lock()
	defer f.mu.Unlock()
	wanted := choice{letter, bold}
	if face, known := f.chosen[wanted]; known {
		return face
	}
	if f.fonts == nil {
		f.fonts = f.look()
		f.chosen, f.files = map[choice]*opentype.Font{}, map[fontscan.Location]*opentype.Font{}
	}
	f.chosen[wanted] = f.choose(wanted)
	return f.chosen[wanted]
}

// look finds out which fonts there are. Where that fails there are none, which Missing tells.
func (f *Fonts) look() *fontscan.FontMap {
	found := fontscan.NewFontMap(log.New(io.Discard, "", 0))
	if f.Dirs == nil {
		// The index it keeps there would be of use next time, but nobody expects a report to leave files elsewhere.
		cache, err := os.MkdirTemp("", "rehearse-fonts-")
		if err != nil {
			return found
		}
		defer os.RemoveAll(cache)
		_ = found.UseSystemFonts(cache)
		return found
	}
	for _, dir := range f.Dirs {
		_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !slices.Contains([]string{".ttf", ".otf", ".ttc", ".otc"}, strings.ToLower(filepath.Ext(path))) {
				return nil
			}
			if content, err := os.ReadFile(path); err == nil {
				_ = found.AddFont(bytes.NewReader(content), path, "")
			}
			return nil
		})
	}
	return found
}

// choose asks for a sans serif like the built-in font, as a browser would, and takes it only if the letter has an outline:
// pictures of letters, as emoji have, would be drawn as nothing.
func (f *Fonts) choose(wanted choice) *opentype.Font {
	query := fontscan.Query{Families: []string{fontscan.SansSerif}}
	if wanted.bold {
		query.Aspect.Weight = 700
	}
	f.fonts.SetQuery(query)
	f.fonts.SetScript(language.LookupScript(wanted.letter))
	face := f.fonts.ResolveFace(wanted.letter)
	if face == nil {
		return nil
	}
	if _, has := face.NominalGlyph(wanted.letter); !has {
		return nil
	}
	parsed := f.file(f.fonts.FontLocation(face.Font))
	if parsed == nil {
		return nil
	}
	var buffer sfnt.Buffer
	index, err := parsed.GlyphIndex(&buffer, wanted.letter)
	if err != nil || index == 0 {
		return nil
	}
	if outline, err := parsed.LoadGlyph(&buffer, index, fixed.I(16), nil); err != nil || len(outline) == 0 {
		return nil
	}
	return parsed
}

// file reads a font the way the plotting library needs it; nil if it cannot.
func (f *Fonts) file(at fontscan.Location) *opentype.Font {
	if parsed, known := f.files[at]; known {
		return parsed
	}
	f.files[at] = nil
	content, err := os.ReadFile(at.File)
	if err != nil {
		return nil
	}
	collection, err := opentype.ParseCollection(content)
	if err != nil || int(at.Index) >= collection.NumFonts() {
		return nil
	}
	if parsed, err := collection.Font(int(at.Index)); err == nil {
		f.files[at] = parsed
	}
	return f.files[at]
}
